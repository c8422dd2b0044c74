//! What a run's own files say: which plots are wished, which files its outputs are, what their columns are.

use std::collections::BTreeSet;
use std::fs::File;

use color_eyre::eyre::{Result, eyre};

use super::super::super::advice::Advise;
use crate::dialect;
use crate::model::text::SafeText;
use crate::model::workflow::{Column, Dialect, PlotSpec, WorkflowRun};
use crate::store::result::ResultDir;
use crate::table::{nearest, view};

/// What the file of a run says of its outputs.
pub(super) struct Wish {
    pub(super) plots: Vec<PlotSpec>,
    /// Whether pictures stand in `plots/`.
    pub(super) in_plots: bool,
    outputs: Vec<Part>,
}

/// A file of an output.
#[derive(Clone)]
pub(super) struct Part {
    output: String,
    /// Its name in the run's directory.
    pub(super) file: String,
    /// What tells it from other files of the same output.
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

impl Wish {
    /// Of a run by its `run.json`; where benchctl wrote it, by `config` in its `metadata.json`.
    pub(super) fn of(dir: &ResultDir) -> Self {
        let mut wish = dir.run.as_ref().map_or_else(|| Self::of_config(dir), Self::of_run);
        let known = |name: &str| wish.outputs.iter().any(|part| part.file == name);
        let files = dir.files().unwrap_or_default().into_iter().map(|file| file.name);
        let more: Vec<Part> = files
            .filter(|name| !known(name))
            .filter_map(|file| {
                let output = file.strip_suffix(".csv")?.to_owned();
                Some(Part { name: output.clone(), output, file, columns: Vec::new() })
            })
            .collect();
        wish.outputs.extend(more);
        wish
    }

    fn of_run(run: &WorkflowRun) -> Self {
        let files = run.files.iter().filter(|file| file.sha256.is_some() || file.error.is_none());
        let part = |file: &crate::model::workflow::Collected| Part {
            output: file.output.to_string(),
            file: file.file.to_string(),
            name: place(run, file.task).unwrap_or_else(|| file.output.to_string()),
            columns: file.columns.clone(),
        };
        Self {
            plots: run.plots.clone(),
            in_plots: run.head.dialect == Dialect::Seed,
            outputs: files.map(part).collect(),
        }
    }

    fn of_config(dir: &ResultDir) -> Self {
        let none = Self { plots: Vec::new(), in_plots: false, outputs: Vec::new() };
        let text = dir.metadata.config.to_string();
        let Ok(read) = dialect::read("metadata.json", &text) else { return none };
        let workflow = read.workflow;
        let outputs = workflow.stages.iter().flat_map(|stage| &stage.outputs).map(|output| Part {
            output: output.name.clone(),
            file: format!("{}.csv", output.name),
            name: output.name.clone(),
            columns: output.schema.clone().unwrap_or_default().columns,
        });
        Self {
            outputs: outputs.collect(),
            in_plots: workflow.dialect == Dialect::Seed,
            plots: workflow.plots,
        }
    }

    /// The names of the outputs, for a sentence.
    pub(super) fn names(&self) -> String {
        // An output has a file for each case and repetition.
        let names: BTreeSet<&str> = self.outputs.iter().map(|part| part.output.as_str()).collect();
        let names: Vec<&str> = names.into_iter().take(8).collect();
        if names.is_empty() {
            "OUTPUT".to_owned()
        } else {
            SafeText::new(&names.join("|")).to_string()
        }
    }

    /// The files of the output `name`.
    pub(super) fn tables(&self, dir: &ResultDir, name: &str) -> Result<Vec<Part>> {
        let of = |part: &&Part| {
            let stem = part.file.rsplit_once('.').map_or(part.file.as_str(), |(stem, _)| stem);
            part.output == name || part.file == name || stem == name
        };
        let found: Vec<Part> = self.outputs.iter().filter(of).cloned().collect();
        if !found.is_empty() {
            return Ok(found);
        }
        if self.outputs.is_empty() {
            let number = dir.number();
            return Err(eyre!("run {number} kept no output to draw")
                .advise(&format!("`isomon show {number}` says how its stages went")));
        }
        let near = nearest(name, self.outputs.iter().map(|part| part.output.as_str()));
        let remedy = near.map_or_else(
            || format!("name one of its outputs: {}", self.names()),
            |near| format!("--source {}", SafeText::new(near)),
        );
        Err(eyre!("run {} has no output {}", dir.number(), SafeText::new(name)).advise(&remedy))
    }

    /// The columns of an output that have numbers.
    pub(super) fn numbers(&self, dir: &ResultDir, name: &str) -> Result<Vec<String>> {
        let Some(part) = self.tables(dir, name)?.into_iter().next() else { return Ok(Vec::new()) };
        let file = dir.file(&part.file).map(File::open);
        let Some(Ok(file)) = file else { return Ok(Vec::new()) };
        let seen = view(name, &part.file, file, &part.columns);
        let columns = seen.map(|table| table.columns).unwrap_or_default();
        let numbers = columns.into_iter().filter(|column| column.count > 0);
        Ok(numbers.map(|column| column.name.to_string()).take(8).collect())
    }
}

/// Case, repetition and host of a task, as far as they tell it from others.
fn place(run: &WorkflowRun, task: u32) -> Option<String> {
    let task = run.head.tasks.get(usize::try_from(task).ok()?)?;
    let case = task.case.as_ref().map(ToString::to_string);
    let repetition = (task.repetition > 0).then(|| format!("#{}", task.repetition));
    let host = (task.host.as_str() != crate::model::workflow::LOCAL).then(|| task.host.to_string());
    let parts: Vec<String> = [case, repetition, host].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
