//! What is known of a run from its start on, and never changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mask::Mask;
use crate::dialect::plan::{self, Task};
use crate::dialect::template::Values;
use crate::host::Host;
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::model::workflow::{Output, Stage, Workflow, WorkflowWish};

/// What is known of a run from its start on.
pub(super) struct About {
    pub(super) id: RunId,
    pub(super) wish: WorkflowWish,
    pub(super) workflow: Workflow,
    pub(super) tasks: Vec<Task>,
    /// The file, absolute.
    pub(super) file: PathBuf,
    /// Its id in its output directory.
    pub(super) number: String,
    /// Its directory, absolute.
    pub(super) dir: PathBuf,
    pub(super) output_dir: PathBuf,
    /// This program.
    pub(super) exe: PathBuf,
    /// Hosts, each at hand or with why it is not.
    pub(super) hosts: BTreeMap<String, Result<Arc<dyn Host>, SafeText>>,
    pub(super) mask: Arc<Mask>,
    /// Names of the files of outputs, by task and output.
    pub(super) files: BTreeMap<(usize, usize), String>,
}

impl About {
    /// What is known in `case` before anything is done.
    pub(super) fn values(&self, case: Option<usize>) -> Values {
        let mut values = plan::values(&self.workflow, case);
        values.set("run.id", &self.number);
        values.set("run.dir", &self.dir.to_string_lossy());
        values
    }

    /// What the outputs of the task at `at` of `stage` are known as, each with its path.
    pub(super) fn paths(&self, at: usize, stage: &Stage) -> Vec<(String, String)> {
        let path = |(nth, output): (usize, &Output)| {
            let path = self.dir.join(self.files.get(&(at, nth))?);
            let name = format!("{}.{}", stage.name, output.name);
            Some((name, path.to_string_lossy().into_owned()))
        };
        stage.outputs.iter().enumerate().filter_map(path).collect()
    }

    /// Whether the host `name` is this machine.
    pub(super) fn is_local(&self, name: &str) -> bool {
        self.workflow.hosts.get(name).is_none_or(|host| host.address.is_none())
    }

    /// Where the script `name` is: beside the workflow's file, else where isomon is called.
    pub(super) fn script(&self, name: &str) -> Result<PathBuf, String> {
        let path = home(name);
        let beside = self.file.parent().map(|dir| dir.join(&path));
        let here = std::path::absolute(&path).ok();
        let found = beside.into_iter().chain(here).find(|path| path.is_file());
        found.ok_or_else(|| format!("there is no script {}", SafeText::new(name)))
    }

    /// The words that run a benchmark of isomon's own for the task at `at` of `stage`, whose result is put
    /// into the directory.
    pub(super) fn bench(&self, at: usize, stage: &Stage, words: Vec<String>) -> Vec<String> {
        let exe = self.exe.to_string_lossy().into_owned();
        let mut argv = vec![exe, "bench".to_owned()];
        // What came of a model's server are tables, which are outputs.
        let told =
            |word: &String| ["--export-json", "--model"].iter().any(|it| word.starts_with(it));
        let file = self.files.get(&(at, stage.outputs.len()));
        if let Some(file) = file.filter(|_| !words.iter().any(told)) {
            let to = self.dir.join(file);
            argv.extend(["--export-json".to_owned(), to.to_string_lossy().into_owned()]);
        }
        argv.extend(words);
        argv
    }
}

/// `path` with `~/` as the home directory.
pub(super) fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}
