//! Everything that is done before the first task: what can be wrong is found now.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::join_all;

use super::about::{About, home};
use super::journal::local_time;
use super::load::MADE;
use super::mask::Mask;
use super::resume::{self, Before};
use super::{Error, Job, collect, git};
use crate::dialect::plan;
use crate::model::run::FORMAT;
use crate::model::text::SafeText;
use crate::model::workflow::{Dialect, Host, Workflow, WorkflowHead, WorkflowWish};
use crate::store::result::ResultWriter;
use crate::store::result::log::Level;

/// Settings of a file that are told.
const SETTINGS: usize = 1_000;
/// Letters of a path or a command that are told.
const LONG: usize = 2_000;

/// A run that can begin.
pub(super) struct Ready {
    pub(super) about: Arc<About>,
    pub(super) head: WorkflowHead,
    pub(super) writer: ResultWriter,
    pub(super) repository: Option<git::Repository>,
    pub(super) before: Before,
    /// The file as JSON, without secrets.
    pub(super) config: serde_json::Value,
}

/// Makes `job` ready: its directory is there and its hosts are connected with.
pub(super) async fn begin(job: Job) -> Result<Ready, Error> {
    let wish = job.loaded.wish;
    let workflow = job.loaded.read.workflow;
    let mut config = job.loaded.read.config;
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let repository = git::look(&here, workflow.git).await;
    let repository = repository.map_err(|what| Error::Wish {
        what: SafeText::new(&what),
        remedy: "commit or stash what is changed, or leave git.require_clean out".into(),
    })?;
    let mut about = About {
        tasks: plan::plan(&workflow, &wish),
        mask: Arc::new(Mask::of(&workflow, &wish)),
        id: job.id,
        file: job.loaded.file,
        number: "run".to_owned(),
        dir: PathBuf::new(),
        output_dir: PathBuf::new(),
        exe: job.exe,
        hosts: std::collections::BTreeMap::new(),
        files: std::collections::BTreeMap::new(),
        workflow,
        wish,
    };
    // Once before there is a directory, for mistakes; and once more with its name.
    names(&about)?;
    scripts(&about)?;
    let (mut writer, before) = match &job.loaded.goes_on {
        None => (
            ResultWriter::create(&home(&about.workflow.output_dir), about.workflow.dialect)?,
            Before::default(),
        ),
        Some(link) => reopen(&about, link, &job.loaded.sha256)?,
    };
    writer.link(&job.runs, &about.id)?;
    about.dir = writer.path().to_owned();
    about.output_dir = about.dir.parent().unwrap_or_else(|| Path::new("/")).to_owned();
    about.number = writer.number();
    if let Some(text) = &job.loaded.made {
        about.file = about.dir.join(MADE);
        keep_file(&about.file, text)?;
    }
    about.files = names(&about)?;
    keep_log(&about.workflow, &mut writer)?;
    writer.keep_wish(&resume::kept(&about.wish, &about.file))?;
    open_hosts(&mut about, &job.open).await;
    about.mask.hide_all(&mut config);
    for word in about.tasks.iter_mut().flat_map(|task| &mut task.plan.argv) {
        *word = SafeText::new(&about.mask.hide(word.as_str()));
    }
    let mut head = head(&about, job.clock.as_ref(), &config);
    head.fingerprint = job.fingerprint;
    head.file_sha256 = job.loaded.sha256.into();
    head.resumed = job.loaded.goes_on.is_some();
    Ok(Ready { about: Arc::new(about), head, writer, repository, before, config })
}

/// Keeps the file of a workflow that isomon wrote itself.
fn keep_file(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|why| Error::File {
        path: SafeText::within(&path.to_string_lossy(), LONG),
        why: why.to_string().into(),
    })
}

fn names(about: &About) -> Result<std::collections::BTreeMap<(usize, usize), String>, Error> {
    collect::names(about).map_err(|wrong| Error::Wish {
        what: SafeText::within(&wrong.join("; "), LONG),
        remedy: "set it with -e NAME=VALUE, in `env:` or in the case; `$$` is a dollar".into(),
    })
}

/// Scripts that are not there are found before anything starts.
fn scripts(about: &About) -> Result<(), Error> {
    let stages = about.workflow.stages.iter().chain(&about.workflow.cleanup);
    for stage in stages.filter(|stage| !stage.skip && !about.wish.skip.contains(&stage.name)) {
        if let crate::model::workflow::Work::Script(script) = &stage.work
            && !script.contains("{{")
        {
            about.script(script).map_err(|what| Error::Wish {
                what: SafeText::within(&format!("stage {}: {what}", stage.name), LONG),
                remedy:
                    "it is looked for beside the file of the workflow, then where isomon is called"
                        .into(),
            })?;
        }
    }
    Ok(())
}

fn reopen(about: &About, link: &Path, sha256: &str) -> Result<(ResultWriter, Before), Error> {
    let again = ResultWriter::reopen(link)?;
    if again.run.head.file_sha256.as_str() != sha256 {
        return Err(Error::Wish {
            what: format!("{} was changed since the run began", about.file.display()).into(),
            remedy: "run the file anew, or put it back as it was".into(),
        });
    }
    let before = resume::before(&about.id, again.events, &about.workflow, &about.tasks);
    Ok((again.writer, before))
}

/// benchctl's log is kept for its own dialect, or where the file names a place.
fn keep_log(workflow: &Workflow, writer: &mut ResultWriter) -> Result<(), Error> {
    let logging = &workflow.logging;
    let path = logging.path.as_deref().map(home);
    if path.is_some() || workflow.dialect == Dialect::Cases {
        writer.keep_log(path.as_deref(), Level::of(&logging.level))?;
    }
    Ok(())
}

/// Connects with every host that a task needs, all at the same time. What it takes to log in there is
/// known from then on, and hidden.
async fn open_hosts(about: &mut About, open: &super::Opener) {
    let mut needed: Vec<&str> = about.tasks.iter().map(|task| task.host.as_str()).collect();
    for stage in about.workflow.stages.iter().chain(&about.workflow.cleanup) {
        if let crate::model::workflow::Work::Copy { from, to } = &stage.work {
            needed.extend([from.host.as_str(), to.host.as_str()]);
        }
    }
    needed.sort_unstable();
    needed.dedup();
    let opened = needed.into_iter().map(async |name| {
        let host = about.workflow.hosts.get(name).cloned().unwrap_or_else(Host::default);
        (name.to_owned(), open(name.to_owned(), host).await)
    });
    let opened = join_all(opened).await;
    let secrets = opened.iter().flat_map(|(_, opened)| opened.secrets.iter().cloned());
    let mask = Mask::of(&about.workflow, &about.wish).with(secrets);
    let hidden = |why: crate::host::Error| SafeText::new(&mask.hide(&why.to_string()));
    let hosts = opened.into_iter().map(|(name, opened)| (name, opened.host.map_err(hidden)));
    about.hosts = hosts.collect();
    about.mask = Arc::new(mask);
}

fn head(
    about: &About,
    clock: &dyn crate::model::time::Clock,
    config: &serde_json::Value,
) -> WorkflowHead {
    let workflow = &about.workflow;
    let path = |path: &Path| SafeText::within(&path.to_string_lossy(), LONG);
    let stage = |at: usize| {
        let stage = workflow.stages.get(at);
        SafeText::new(stage.map_or("", |stage| stage.name.as_str()))
    };
    let outputs = workflow.stages.iter().flat_map(|stage| {
        stage.outputs.iter().map(|output| (SafeText::new(&output.name), SafeText::new(&stage.name)))
    });
    let mut configuration = Vec::new();
    flatten("", config, &mut configuration);
    WorkflowHead {
        format: FORMAT,
        id: Some(about.id.clone()),
        number: SafeText::new(&about.number),
        dir: path(&about.dir),
        file: path(&about.file),
        name: workflow.name.clone(),
        dialect: workflow.dialect,
        started: clock.now(),
        started_at: local_time(clock).into(),
        tasks: about.tasks.iter().map(|task| task.plan.clone()).collect(),
        edges: plan::edges(workflow).iter().map(|(from, to)| (stage(*from), stage(*to))).collect(),
        hosts: workflow
            .hosts
            .iter()
            .map(|(name, host)| (SafeText::new(name), place(host)))
            .collect(),
        configuration,
        outputs: outputs.collect(),
        repeat: repeat(&about.wish, &about.file),
        ..WorkflowHead::default()
    }
}

/// `ubuntu@10.0.0.10:22`; `this machine` where it is that.
fn place(host: &Host) -> SafeText {
    let Some(address) = &host.address else { return "this machine".into() };
    let user = host.username.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
    let port = host.port.map(|port| format!(":{port}")).unwrap_or_default();
    SafeText::new(&format!("{user}{address}{port}"))
}

/// The settings in `value` by their paths.
fn flatten(path: &str, value: &serde_json::Value, into: &mut Vec<(SafeText, SafeText)>) {
    use serde_json::Value;
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        _ if into.len() >= SETTINGS => {}
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| flatten(&below(name), value, into));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{at}]"), item, into);
            }
        }
        Value::String(text) => into.push((SafeText::new(path), SafeText::new(text))),
        other => into.push((SafeText::new(path), SafeText::new(&other.to_string()))),
    }
}

/// The command that repeats it.
fn repeat(wish: &WorkflowWish, file: &Path) -> SafeText {
    let wish = resume::kept(wish, file);
    let mut words =
        vec!["isomon".to_owned(), "run".to_owned(), file.to_string_lossy().into_owned()];
    let mut flag = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
    wish.metadata.iter().for_each(|(key, value)| flag("-m", format!("{key}={value}")));
    wish.env.iter().for_each(|(key, value)| flag("-e", format!("{key}={value}")));
    wish.skip.iter().for_each(|stage| flag("--skip", stage.clone()));
    wish.case.iter().for_each(|case| flag("--case", case.clone()));
    wish.timeout.iter().for_each(|time| flag("--timeout", format!("{}s", time.0)));
    SafeText::within(&shell_words::join(words), LONG)
}
