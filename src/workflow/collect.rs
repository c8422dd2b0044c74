//! What a stage made is fetched: each output to a file of its own in the run's directory.
//!
//! Names are made up before anything starts, so that those that cannot be are an error then, and no two
//! outputs ever meet in one file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::about::{About, home};
use super::journal::Journal;
use super::order::environment;
use super::table;
use crate::dialect::expand::variables;
use crate::dialect::plan::{Task, Where};
use crate::dialect::template::{self, Values};
use crate::model::text::SafeText;
use crate::model::unit::Bytes;
use crate::model::workflow::{Collected, Dialect, Output, Stage, TaskPlan, Work, WorkflowEvent};
use crate::store::result::log::Level;

/// Files of a run's directory that no output may be.
const OWN: [&str; 8] = [
    "metadata.json",
    "run.json",
    "brief.json",
    "events.ndjson",
    "benchctl.ndjson",
    "git.patch",
    "wish.json",
    "workflow.yaml",
];
/// Time that each file of something that was ended has to be fetched.
const REST: Duration = Duration::from_secs(5);
/// Letters of a file's name.
const LONGEST: usize = 200;

/// The names of all files, by task and output, after which stands that of a benchmark's result; every name that is not known, in a sentence.
pub(super) fn names(about: &About) -> Result<BTreeMap<(usize, usize), String>, Vec<String>> {
    let mut taken: BTreeSet<String> = OWN.iter().map(|name| (*name).to_owned()).collect();
    let (mut names, mut wrong) = (BTreeMap::new(), Vec::new());
    for (at, task) in about.tasks.iter().enumerate() {
        let Where::Stage(stage) = task.stage else { continue };
        let Some(stage) = about.workflow.stages.get(stage) else { continue };
        if matches!(stage.work, Work::Bench(_)) {
            let file = format!("{}.json", plain(&stem(stage, task, &stage.name, &stage.name)));
            names.insert((at, stage.outputs.len()), free(file, &mut taken));
        }
        let values = about.values(task.case);
        let env = environment(about, stage, &task.host, task.case, &values);
        for (nth, output) in stage.outputs.iter().enumerate() {
            let own = variables(&output.name, &env);
            let known =
                own.and_then(|name| variables(&output.remote_path, &env).map(|path| (name, path)));
            match known {
                Ok((name, path)) => {
                    let file = file(stage, task, output, &name, &path);
                    names.insert((at, nth), free(file, &mut taken));
                }
                Err(missing) => wrong.push(format!(
                    "output `{}` of stage `{}`: undefined variable {}",
                    output.name,
                    stage.name,
                    missing.join(", ")
                )),
            }
        }
    }
    wrong.dedup();
    if wrong.is_empty() { Ok(names) } else { Err(wrong) }
}

/// The name of the file of one output, if no other has it.
fn file(stage: &Stage, task: &Task, output: &Output, name: &str, path: &str) -> String {
    let stem = stem(stage, task, name, &output.name);
    let ending = Path::new(path).extension().map(|ending| ending.to_string_lossy().into_owned());
    let ending = ending.map(|ending| format!(".{}", plain(&ending))).unwrap_or_default();
    format!("{}{ending}", plain(&stem))
}

/// `name` with what tells the task from the others of its stage, where `written`, which stands in the
/// workflow, does not say it itself.
fn stem(stage: &Stage, task: &Task, name: &str, written: &str) -> String {
    let mut stem = name.to_owned();
    let holds = |word: &str| written.contains(word);
    let plan: &TaskPlan = &task.plan;
    if let Some(case) = plan.case.as_ref().filter(|_| !holds("CASE_NAME")) {
        stem = format!("{stem}__{case}");
    }
    if plan.repetition > 0 {
        stem = format!("{stem}__{}", plan.repetition);
    }
    if stage.hosts.len() > 1 && !holds("_HOST") {
        stem = format!("{stem}__{}", task.host);
    }
    stem
}

/// `name`, or with a number where it is taken.
fn free(name: String, taken: &mut BTreeSet<String>) -> String {
    let (stem, ending) = name.rsplit_once('.').map_or((name.as_str(), ""), |parts| parts);
    let dot = if ending.is_empty() { "" } else { "." };
    let others = (2..).map(|number| format!("{stem}__{number}{dot}{ending}"));
    let found = std::iter::once(name.clone()).chain(others).find(|name| !taken.contains(name));
    let found = found.unwrap_or(name);
    taken.insert(found.clone());
    found
}

/// A name of a file, whatever stands in `name`: no directory, nothing hidden, nothing that steers.
pub(super) fn plain(name: &str) -> String {
    let letter = |letter: char| {
        let good = letter.is_alphanumeric() || "._-+=@, ".contains(letter);
        if good { letter } else { '_' }
    };
    let name: String = name.chars().map(letter).take(LONGEST).collect();
    let name = name.trim();
    match name.strip_prefix(['.', '-']) {
        Some(rest) => format!("_{rest}"),
        None if name.is_empty() => "_".to_owned(),
        None => name.to_owned(),
    }
}

/// Fetches every output of the task at `at`; what went wrong, output by output.
pub(super) async fn fetch_all(
    about: &About,
    journal: &Journal,
    at: usize,
    stage: &Stage,
    values: &Values,
) -> Vec<(String, SafeText)> {
    let mut wrong = Vec::new();
    for (nth, output) in stage.outputs.iter().enumerate() {
        let Some(file) = about.files.get(&(at, nth)) else { continue };
        let collected = fetch(about, at, stage, output, file, values).await;
        if let Some(error) = &collected.error {
            let error = error.clone();
            if is_only_unlike(&collected, about) {
                let about =
                    vec![("output", output.name.as_str().into()), ("error", error.as_str().into())];
                journal.log(Level::Warn, "output is not as its columns say", about).await;
            } else {
                wrong.push((output.name.clone(), error));
            }
        } else {
            tell_log(journal, &collected, about).await;
        }
        let columns = collected.columns.clone();
        journal.tell(WorkflowEvent::File(Box::new(collected))).await;
        if let Some(view) = table::view(about, &output.name, file, columns).await {
            journal.tell(WorkflowEvent::Table(Box::new(view))).await;
        }
    }
    wrong
}

/// Whether a file is there and only not as its columns say, which no version of benchctl looks at: a
/// file in isomon's own language fails by it, those that were written for benchctl are told of it.
pub(super) fn is_only_unlike(file: &Collected, about: &About) -> bool {
    let fetched = file.sha256.is_some() && file.error.is_some();
    fetched && about.workflow.dialect != Dialect::Own
}

async fn tell_log(journal: &Journal, collected: &Collected, about: &About) {
    let local = about.dir.join(collected.file.as_str());
    let words = vec![
        ("output", collected.output.as_str().into()),
        ("remote_path", collected.remote_path.as_str().into()),
        ("local_path", local.to_string_lossy().into_owned().into()),
    ];
    journal.log(Level::Info, "output collected", words).await;
}

/// Fetches what a benchmark that was ended or failed kept until then; what is not there is passed over.
pub(super) async fn fetch_rest(
    about: &About,
    journal: &Journal,
    at: usize,
    stage: &Stage,
    values: &Values,
) {
    for (nth, output) in stage.outputs.iter().enumerate() {
        let Some(file) = about.files.get(&(at, nth)) else { continue };
        let fetched = fetch(about, at, stage, output, file, values);
        let Ok(collected) = tokio::time::timeout(REST, fetched).await else { return };
        if collected.error.is_none() {
            journal.tell(WorkflowEvent::File(Box::new(collected))).await;
        }
    }
}

/// Fetches one output to `file`.
async fn fetch(
    about: &About,
    at: usize,
    stage: &Stage,
    output: &Output,
    file: &str,
    values: &Values,
) -> Collected {
    let task = about.tasks.get(at);
    let mut collected = Collected {
        output: SafeText::new(&output.name),
        task: u32::try_from(at).unwrap_or(u32::MAX),
        file: SafeText::new(file),
        remote_path: SafeText::new(&output.remote_path),
        columns: output.schema.clone().map(|schema| schema.columns).unwrap_or_default(),
        ..Collected::default()
    };
    let fetched = async {
        let task = task.ok_or("there is no such task")?;
        let env = environment(about, stage, &task.host, task.case, values);
        let path = |path: &str| {
            let path = variables(path, &env).map_err(|missing| missing.join(", "))?;
            template::plain(&path, values).map_err(|why| why.to_string())
        };
        let from = path(&output.remote_path)?;
        collected.remote_path = SafeText::within(&about.mask.hide(&from), 1_024);
        let host = about.hosts.get(&task.host).ok_or("there is no such host")?;
        let host = host.as_ref().map_err(ToString::to_string)?;
        let to = about.dir.join(file);
        let fetched = host.fetch(&from, &to).await.map_err(|why| why.why())?;
        (collected.bytes, collected.sha256) = (Some(fetched.bytes), Some(fetched.sha256.into()));
        table::check(&to, &collected.columns).await?;
        match &output.local_path {
            Some(local) => copy(&to, &path(local)?).await,
            None => Ok(()),
        }
    };
    let done: Result<(), String> = fetched.await;
    collected.error = done.err().map(|why| SafeText::new(&about.mask.hide(&why)));
    collected
}

/// Tells of the result that a benchmark of isomon's own put into the directory.
pub(super) async fn bench(about: &About, journal: &Journal, at: usize, stage: &Stage) {
    let Some(file) = about.files.get(&(at, stage.outputs.len())) else { return };
    let path = about.dir.join(file);
    let read = tokio::task::spawn_blocking(move || {
        let run = crate::store::RunDir::read(&path).ok()?;
        Some((run.head.id, std::fs::metadata(&path).ok()?.len()))
    });
    let Some((id, bytes)) = read.await.ok().flatten() else { return };
    let collected = Collected {
        output: SafeText::new(&stage.name),
        task: u32::try_from(at).unwrap_or(u32::MAX),
        file: SafeText::new(file),
        bytes: Some(Bytes(bytes)),
        ..Collected::default()
    };
    journal.tell(WorkflowEvent::File(Box::new(collected))).await;
    let name = SafeText::new(&format!("{}.run", file.trim_end_matches(".json")));
    journal.tell(WorkflowEvent::Metadata(vec![(name, id.as_str().into())])).await;
}

/// Copies what was fetched to where the file wishes it as well.
async fn copy(from: &Path, to: &str) -> Result<(), String> {
    let (from, to) = (from.to_owned(), home(to));
    let copied = tokio::task::spawn_blocking(move || {
        if let Some(above) = to.parent().filter(|above| !above.as_os_str().is_empty()) {
            std::fs::create_dir_all(above).map_err(|why| format!("{}: {why}", above.display()))?;
        }
        let copied = std::fs::copy(&from, &to);
        copied.map(drop).map_err(|why| format!("{}: {why}", to.display()))
    });
    copied.await.unwrap_or_else(|why| Err(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_plain_file_whatever_it_holds() {
        for (name, wanted) in [
            ("results", "results"),
            ("../../etc/passwd", "_._.._etc_passwd"),
            ("a\0b\n\u{1b}[2J", "a_b__[2J"),
            ("", "_"),
            (".hidden", "_hidden"),
            ("-rf", "_rf"),
        ] {
            let plain = plain(name);
            assert!(!plain.contains(['/', '\0']) && !plain.starts_with(['.', '-']), "{plain}");
            if !wanted.contains('[') && !wanted.contains("etc") {
                assert_eq!(plain, wanted);
            }
        }
    }

    #[test]
    fn no_two_outputs_meet_in_one_file_and_none_is_isomons_own() {
        let mut taken = OWN.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(free("metadata.json".to_owned(), &mut taken), "metadata__2.json");
        assert_eq!(free("a".to_owned(), &mut taken), "a");
        assert_eq!(free("a".to_owned(), &mut taken), "a__2");
        assert_eq!(free("a".to_owned(), &mut taken), "a__3");
    }
}
