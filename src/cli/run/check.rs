//! A workflow's file, read: all that is wrong with it is said before anything starts.

use std::io::Read as _;
use std::path::Path;

use color_eyre::eyre::{Report, Result, WrapErr, eyre};

use super::super::advice::Advise;
use super::super::bench::words_are_right;
use super::super::{Exit, Outcome, print};
use crate::config::Mistake;
use crate::dialect::{self, Read};
use crate::model::text::SafeText;
use crate::model::workflow::{Dialect, Work, Workflow, WorkflowWish};

/// Mistakes that are shown; a file that is something else altogether has one in each line.
const SHOWN: usize = 20;

/// Reads the workflow in `path`. Fails with everything that is wrong.
pub(in crate::cli) fn read(path: &Path) -> Result<Read> {
    let text = text(path)?;
    let name = path.to_string_lossy();
    let read = dialect::read(&name, &text).map_err(|mistakes| wrong(&mistakes))?;
    benches(&read.workflow)?;
    Ok(read)
}

fn wrong(mistakes: &[Mistake]) -> Report {
    let mut shown: Vec<String> = mistakes.iter().take(SHOWN).map(ToString::to_string).collect();
    let count = match mistakes.len() {
        1 => "one mistake".to_owned(),
        count => format!("{count} mistakes"),
    };
    let more = mistakes.len() - shown.len();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    eyre!("{count}; nothing was run\n{}", shown.join("\n"))
        .advise("mend them; `isomon init --file other.yaml` writes an example")
}

fn text(path: &Path) -> Result<String> {
    let cannot = || format!("cannot read {}", path.display());
    let remedy = "name a workflow's file; `isomon init` writes one";
    let about = std::fs::metadata(path).wrap_err_with(cannot).advise(remedy)?;
    if !about.is_file() {
        return Err(eyre!("{} is no file", path.display()).advise(remedy));
    }
    let file = std::fs::File::open(path).wrap_err_with(cannot).advise(remedy)?;
    let mut text = String::new();
    let within = file.take(dialect::LONGEST as u64 + 1).read_to_string(&mut text);
    within.wrap_err_with(cannot).advise("a workflow is a text in UTF-8 of at most 1 MiB")?;
    Ok(text)
}

/// The words of each `bench` are those of `isomon bench`.
fn benches(workflow: &Workflow) -> Result<()> {
    for stage in &workflow.stages {
        let Work::Bench(words) = &stage.work else { continue };
        if words.iter().any(|word| word.contains("{{")) {
            continue;
        }
        words_are_right(words).map_err(|why| {
            eyre!("the benchmark of stage '{}': {why}", SafeText::new(&stage.name))
                .advise("`isomon bench --help` has the words")
        })?;
    }
    Ok(())
}

/// What `wish` names is there: stages and the case.
pub(in crate::cli) fn wished(workflow: &Workflow, wish: &WorkflowWish) -> Result<()> {
    let all = workflow.stages.iter().chain(&workflow.cleanup);
    let stages: Vec<&str> = all.map(|stage| stage.name.as_str()).collect();
    if let Some(name) = wish.skip.iter().find(|name| !stages.contains(&name.as_str())) {
        return Err(eyre!("there is no stage '{}' to skip", SafeText::new(name))
            .advise(&format!("there are {}", stages.join(", "))));
    }
    let cases: Vec<&str> = workflow.cases.iter().map(|case| case.name.as_str()).collect();
    if let Some(name) = wish.case.as_deref().filter(|name| !cases.contains(name)) {
        let there = if cases.is_empty() {
            "the file has no cases".to_owned()
        } else {
            format!("there are {}", cases.join(", "))
        };
        return Err(eyre!("there is no case '{}'", SafeText::new(name)).advise(&there));
    }
    Ok(())
}

/// Says that the file is right, and what it is.
pub(in crate::cli) fn told(path: &Path, read: &Read) -> Outcome {
    let workflow = &read.workflow;
    for note in &read.notes {
        print::err(&format!("note: {note}"));
    }
    let count = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    let tasks = dialect::plan::plan(workflow, &WorkflowWish::default()).len();
    print::out(&format!(
        "{}: right; {}, {}, {}, {} ({})\n",
        path.display(),
        count(workflow.stages.len(), "stage"),
        count(workflow.hosts.len(), "host"),
        count(workflow.cases.len(), "case"),
        count(tasks, "task"),
        language(workflow.dialect),
    ))?;
    Ok(Exit::Good)
}

pub(super) const fn language(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Seed => "benchctl's design",
        Dialect::Plots => "benchctl 0.1 or 0.2",
        Dialect::Cases => "benchctl 0.3",
        Dialect::Own => "isomon's own keys",
    }
}
