//! What a task runs: words for its host, and the environment they find.
//!
//! A command reaches its shell as one word, and no field of a file ever becomes part of another's. What
//! a stage finds in its environment goes from what is general to what is particular: the run, the stage,
//! the command line's `-e`, the case, the host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::about::About;
use crate::dialect::plan;
use crate::dialect::template::{self, Values};
use crate::host::Order;
use crate::model::text::SafeText;
use crate::model::workflow::{Stage, VARIABLES, Work, Workflow};

/// What a task does on its host.
#[derive(Debug)]
pub(super) enum Deed {
    /// It runs this.
    Run(Order),
    /// It has this script sent there first, runs it and removes it.
    Script {
        /// Where it is here.
        from: PathBuf,
        /// Where it is put; `None` where the host is this machine.
        to: Option<String>,
        /// What is run.
        order: Order,
    },
    /// It copies a file.
    Copy {
        /// On its host.
        from: String,
        /// The other host.
        host: String,
        /// There.
        to: String,
    },
}

/// The environment of the commands of `stage` on `host`, in the case at `case`, with `values` put in.
pub(super) fn environment(
    about: &About,
    stage: &Stage,
    host: &str,
    case: Option<usize>,
    values: &Values,
) -> BTreeMap<String, String> {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let name = case.and_then(|at| about.workflow.cases.get(at)).map(|case| case.name.clone());
    let general: [Option<String>; 7] = [
        Some(about.number.clone()),
        Some(path(&about.output_dir)),
        Some(path(&about.dir)),
        Some(path(&about.file)),
        Some(path(&about.exe)),
        name,
        Some(host.to_owned()),
    ];
    let mut env = plan::environment(&about.workflow, &about.wish, stage, case, values);
    for (name, value) in VARIABLES.iter().zip(general) {
        for prefix in ["BENCHCTL", "ISOMON"] {
            if let Some(value) = &value {
                // What the user set goes before it, but for what is of the case and the host.
                let (own, key) =
                    (matches!(*name, "CASE_NAME" | "HOST"), format!("{prefix}_{name}"));
                if own || !env.contains_key(&key) {
                    env.insert(key, value.clone());
                }
            }
        }
    }
    env
}

/// The texts of `stage` that something is put into.
pub(super) fn texts(stage: &Stage) -> Vec<&str> {
    let mut texts: Vec<&str> = match &stage.work {
        Work::Command(text) | Work::Script(text) | Work::Exec { command: text, .. } => {
            vec![text.as_str()]
        }
        Work::Bench(words) => words.iter().map(String::as_str).collect(),
        Work::Copy { from, to } => vec![from.path.as_str(), to.path.as_str()],
    };
    texts.extend(stage.check.iter().map(|check| check.target.as_str()));
    texts.extend(stage.env.values().map(String::as_str));
    for output in &stage.outputs {
        texts.push(&output.remote_path);
        texts.extend(output.local_path.as_deref());
    }
    texts
}

/// What `stage` runs on `host`; why it cannot be said in words.
pub(super) fn deed(
    about: &About,
    stage: &Stage,
    task: usize,
    env: &BTreeMap<String, String>,
    values: &Values,
) -> Result<Deed, String> {
    let order =
        |argv: Vec<String>| Order { argv, env: env.clone().into_iter().collect(), dir: None };
    let host = about.tasks.get(task).map_or("local", |task| task.host.as_str());
    Ok(match &stage.work {
        Work::Command(command) => {
            let command = template::command(command, values).map_err(|why| why.to_string())?;
            Deed::Run(order(shelled(&about.workflow, stage, command)?))
        }
        Work::Script(script) => {
            let script = template::plain(script, values).map_err(|why| why.to_string())?;
            let from = about.script(&script)?;
            let to = (!about.is_local(host)).then(|| remote(about, task, &from));
            let path = to.clone().unwrap_or_else(|| from.to_string_lossy().into_owned());
            let order = order(vec!["bash".to_owned(), path]);
            Deed::Script { from, to, order }
        }
        Work::Bench(words) => {
            let put = |word: &String| template::plain(word, values).map_err(|why| why.to_string());
            let words = words.iter().map(put).collect::<Result<Vec<_>, _>>()?;
            Deed::Run(order(about.bench(task, stage, words)))
        }
        Work::Exec { backend, command } => {
            let command = template::command(command, values).map_err(|why| why.to_string())?;
            let words = ["exec", "--quiet", "--backend", backend.name()];
            let mut argv = vec![about.exe.to_string_lossy().into_owned()];
            argv.extend(words.map(str::to_owned));
            // Values stand in the environment of isomon alone, where no other user reads them.
            argv.extend(env.keys().flat_map(|name| ["--env".to_owned(), name.clone()]));
            if let Some(timeout) = stage.timeout {
                argv.extend(["--timeout".to_owned(), format!("{}s", timeout.0.ceil().max(1.0))]);
            }
            argv.extend(["--", "sh", "-c", &command].map(str::to_owned));
            Deed::Run(order(argv))
        }
        Work::Copy { from, to } => {
            let plain = |path: &str| template::plain(path, values).map_err(|why| why.to_string());
            let (from, at) = (plain(&from.path)?, plain(&to.path)?);
            Deed::Copy { from, host: to.host.clone(), to: at }
        }
    })
}

/// The order of a health check: what `command` runs, and the environment.
pub(super) fn of_check(
    about: &About,
    stage: &Stage,
    target: &str,
    env: &BTreeMap<String, String>,
) -> Result<Order, String> {
    let argv = shelled(&about.workflow, stage, target.to_owned())?;
    Ok(Order { argv, env: env.clone().into_iter().collect(), dir: None })
}

/// The shell of `stage`, with `command` as its last word.
fn shelled(workflow: &Workflow, stage: &Stage, command: String) -> Result<Vec<String>, String> {
    let mut words = plan::shell(workflow, stage);
    if words.is_empty() {
        let shell = SafeText::new(stage.shell.as_deref().unwrap_or(&workflow.shell));
        return Err(format!("`{shell}` is no shell: it cannot be split into words"));
    }
    words.push(command);
    Ok(words)
}

/// Where a script is put on a host: in a name of letters that mean nothing to anybody.
fn remote(about: &About, task: usize, script: &Path) -> String {
    let name = script.file_name().unwrap_or_default().to_string_lossy();
    let plain = |letter: char| match letter {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '_' | '-' => letter,
        _ => '_',
    };
    let name: String = name.chars().map(plain).take(64).collect();
    format!("/tmp/isomon-{}-{task}-{name}", about.id.as_str())
}
