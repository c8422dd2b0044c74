//! A user's own work in a sandbox: the job in, pieces of output out, what became of it back.

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Local, new_id, sentence};
use crate::backend::{self, Camp, Task, Trial, Work};
use crate::model::backend::{BackendId, Traits};
use crate::model::bench::{Failure, Outcome};
use crate::model::job::{Chunk, Job, Runtime, What};
use crate::model::text::SafeText;

/// Why a job was not even begun, or not cleared up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub why: SafeText,
    /// What to do; empty where nothing is known.
    pub remedy: SafeText,
}

impl Refusal {
    fn new(why: impl Into<SafeText>, remedy: &str) -> Self {
        Self { why: why.into(), remedy: remedy.into() }
    }
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// How it went. Its result and message are hostile.
    pub trial: Trial,
    /// What its backend gave and kept.
    pub traits: Traits,
    /// What mends the backend, where the job could not be begun in it.
    pub remedy: Option<SafeText>,
}

impl Local {
    /// Does `task`, whose work is a job, and tells its output through `out`; `None` if it was
    /// cancelled. Whatever happens, nothing is left of it. Only its own backend is tried, by the job
    /// itself.
    pub async fn exec(
        &self,
        task: Task,
        out: mpsc::Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<Option<Ended>, Refusal> {
        refuse_what_cannot_be(&task)?;
        // Whoever measures must not be disturbed.
        let Some(_alone) = cancel.run_until_cancelled(self.known.lock()).await else {
            return Ok(None);
        };
        let told = |error: backend::Error| Refusal::new(sentence(error), "isomon doctor");
        let settings = self.settings(task.limits).map_err(|why| Refusal::new(why, ""))?;
        let mut camp = Camp::open(&new_id(), &settings).await.map_err(told)?;
        let traits = camp.traits(task.backend);
        let trial = cancel.run_until_cancelled(camp.exec(&task, &out)).await;
        // Whoever reads the output learns here that no more comes.
        drop(out);
        let swept = camp.close().await.map_err(told)?;
        if !swept.left.is_empty() {
            let why = format!("{} things of it could not be removed", swept.left.len());
            return Err(Refusal::new(why, "isomon gc"));
        }
        let Some(trial) = trial else { return Ok(None) };
        let trial = trial.map_err(told)?;
        let remedy = remedy(task.backend, &trial);
        Ok(Some(Ended { trial, traits, remedy }))
    }
}

/// What mends the backend, if it was its fault.
fn remedy(backend: BackendId, trial: &Trial) -> Option<SafeText> {
    match &trial.outcome {
        Outcome::Failed { kind: Failure::Start | Failure::NotReady, message } => {
            Some(backend::remedy_words(backend, message.as_str()).into())
        }
        _ => None,
    }
}

/// What the job needs its backend to run.
pub fn runtime(job: &Job) -> Runtime {
    match &job.what {
        What::Code { runtime, .. } => *runtime,
        What::Command(_) if job.root.is_some() => Runtime::Oci,
        What::Command(_) => Runtime::Command,
    }
}

/// Says at once what no attempt would change.
fn refuse_what_cannot_be(task: &Task) -> Result<(), Refusal> {
    let Work::Job(job) = &task.work else {
        return Err(Refusal::new("this is no user's work", ""));
    };
    let id = task.backend;
    if !backend::is_built(id) {
        let why = backend::Error::NotBuilt { id }.to_string();
        return Err(Refusal::new(why.as_str(), &backend::remedy_words(id, &why)));
    }
    if !id.starts().contains(&task.start) {
        let starts: Vec<&str> = id.starts().iter().map(|start| start.name()).collect();
        let why = format!("{id} has no {} start", task.start.name());
        return Err(Refusal::new(why, &format!("--start {}", starts.join(" or "))));
    }
    let runtime = runtime(job);
    let able = backend::able(runtime);
    if !able.contains(&id) {
        let names: Vec<&str> = able.iter().map(|id| id.name()).collect();
        let why = match runtime {
            Runtime::Command => format!("{id} runs no commands"),
            other => format!("{id} does not run {other}"),
        };
        let those = match names.as_slice() {
            [] => "another isomon: this one was built without a backend that can".to_owned(),
            names => format!("--backend with one that can: {}", names.join(", ")),
        };
        return Err(Refusal::new(why, &those));
    }
    refuse_what_is_missing(job, runtime)
}

/// Interpreters come from the host unless the user brings a root.
fn refuse_what_is_missing(job: &Job, runtime: Runtime) -> Result<(), Refusal> {
    let (program, package) = match runtime {
        Runtime::Node => ("node", "nodejs"),
        Runtime::Python => ("python3", "python3"),
        Runtime::Go => ("go", "golang-go"),
        _ => return Ok(()),
    };
    let path = job.env.iter().rev().find(|(name, _)| name == "PATH");
    let path = path.map_or(backend::PATH, |(_, path)| path);
    let mut dirs = path.split(':').map(|dir| PathBuf::from(dir).join(program));
    if job.root.is_some() || dirs.any(|file| file.exists()) {
        return Ok(());
    }
    let why = format!("there is no {program} in {path}, which is what a sandbox shows");
    Err(Refusal::new(why, &format!("apt-get install {package}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::backend::Start;
    use crate::model::bench::Limits;

    fn refused(backend: BackendId, start: Start, job: Job) -> Option<Refusal> {
        let work = Work::Job(Arc::new(job));
        let task = Task { backend, start, work, nonce: 1, limits: Limits::default(), kernel: None };
        refuse_what_cannot_be(&task).err()
    }

    fn code(runtime: Runtime) -> Job {
        Job { what: What::Code { runtime, code: Vec::new() }, ..Job::default() }
    }

    #[test]
    fn what_cannot_be_is_said_with_what_can() {
        let command = Job { what: What::Command(vec!["true".into()]), ..Job::default() };
        assert_eq!(refused(BackendId::Process, Start::Cold, command.clone()), None);
        let warm = refused(BackendId::Runc, Start::Warm, command).unwrap();
        assert_eq!(warm.remedy.as_str(), "--start cold");
        let js = refused(BackendId::Runc, Start::Cold, code(Runtime::Js)).unwrap();
        assert!(js.why.as_str().starts_with("runc does not run js"), "{js:?}");
        let mut go = code(Runtime::Go);
        go.env.push(("PATH".into(), "/nowhere".into()));
        let go = refused(BackendId::Runc, Start::Cold, go).unwrap();
        assert_eq!(go.remedy.as_str(), "apt-get install golang-go");
    }

    #[test]
    fn a_root_needs_a_backend_with_roots() {
        let what = What::Command(vec!["true".into()]);
        let root = Job { what, root: Some("/".into()), ..Job::default() };
        assert_eq!(runtime(&root), Runtime::Oci);
        let process = refused(BackendId::Process, Start::Cold, root.clone()).unwrap();
        assert!(process.remedy.as_str().contains("namespaces"), "{process:?}");
        assert_eq!(refused(BackendId::Namespaces, Start::Cold, root), None);
    }
}
