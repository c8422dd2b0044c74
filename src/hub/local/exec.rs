//! A user's own work in a sandbox: the job in, pieces of output out, what became of it back.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Local, new_id, sentence};
use crate::backend::{self, Camp, Ended, Refusal, Task, Trial, Work};
use crate::model::backend::BackendId;
use crate::model::bench::{Failure, Outcome};
use crate::model::job::{Chunk, Job, Runtime};
use crate::model::text::SafeText;

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
        // Whoever measures must not be disturbed; others of its kind may go on beside it.
        let Some(_share) = cancel.run_until_cancelled(self.known.read()).await else {
            return Ok(None);
        };
        self.exec_now(task, out, cancel).await
    }

    /// The same, by who has a share already.
    pub(super) async fn exec_now(
        &self,
        task: Task,
        out: mpsc::Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<Option<Ended>, Refusal> {
        refuse_what_cannot_be(&task)?;
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
    refuse_a_kernel(task, job)?;
    let runtime = job.runtime();
    let able = backend::able(runtime);
    // A machine with Linux in it runs what its root, or its initrd, has.
    let brought = job.root.is_some() || task.kernel.as_ref().is_some_and(|of| of.initrd.is_some());
    let program = !matches!(runtime, Runtime::Js | Runtime::Wasm);
    let plain = matches!(runtime, Runtime::Command | Runtime::Oci);
    let machine = id.boots_linux() && (plain || (brought && program));
    if id.boots_linux() && program && !machine {
        let why = format!("{id} shows nothing of this machine, so no {runtime} either");
        return Err(Refusal::new(why, "--root with a directory that has it, or another --backend"));
    }
    if !machine && !able.contains(&id) {
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

/// A kernel is for machines that boot it; and those need one that they can boot.
fn refuse_a_kernel(task: &Task, job: &Job) -> Result<(), Refusal> {
    let id = task.backend;
    let kernel = task.kernel.as_deref();
    let runs = !matches!(job.runtime(), Runtime::Js | Runtime::Wasm);
    if !id.boots_linux() && kernel.is_some() {
        let why = format!("{id} boots no Linux kernel");
        let able = BackendId::ALL.into_iter().filter(|id| id.boots_linux());
        let names: Vec<&str> = able.map(BackendId::name).collect();
        return Err(Refusal::new(why, &format!("--kernel is for {}", names.join(", "))));
    }
    if !id.boots_linux() || !runs {
        return Ok(());
    }
    match backend::kernel_fault(id, kernel.map(|kernel| kernel.image.as_path())) {
        None => Ok(()),
        Some(fault) => {
            let why = fault.to_string();
            Err(Refusal::new(why.as_str(), &backend::remedy_words(id, &why)))
        }
    }
}

/// Interpreters come from the host unless the user brings a root, which must have them then.
fn refuse_what_is_missing(job: &Job, runtime: Runtime) -> Result<(), Refusal> {
    let (program, package) = match runtime {
        Runtime::Node => ("node", "nodejs"),
        Runtime::Python => ("python3", "python3"),
        Runtime::Go => ("go", "golang-go"),
        _ => return Ok(()),
    };
    let path = job.env.iter().rev().find(|(name, _)| name == "PATH");
    let path = path.map_or(backend::PATH, |(_, path)| path);
    if let Some(root) = &job.root {
        if path.split(':').any(|dir| is_in(root, dir, program)) {
            return Ok(());
        }
        let why = format!("there is no {program} in {}", root.display());
        return Err(Refusal::new(why, "--root with a directory that has it"));
    }
    let mut dirs = path.split(':').map(|dir| PathBuf::from(dir).join(program));
    if dirs.any(|file| file.exists()) {
        return Ok(());
    }
    let why = format!("there is no {program} in {path}, which is what a sandbox shows");
    Err(Refusal::new(why, &format!("apt-get install {package}")))
}

/// Whether `root` has `program` in `dir`, as seen from inside; a link is not followed to its end.
fn is_in(root: &Path, dir: &str, program: &str) -> bool {
    let below = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let dir = below(Path::new(dir));
    let dir = match std::fs::read_link(&dir) {
        Ok(target) if target.is_absolute() => below(&target),
        _ => dir,
    };
    std::fs::symlink_metadata(dir.join(program)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::backend::Start;
    use crate::model::bench::Limits;
    use crate::model::job::Kernel;
    use crate::model::job::What;

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
    fn a_kernel_is_for_machines_and_machines_have_what_is_brought() {
        let kernel = |image: &str| Kernel { image: image.into(), initrd: None };
        let with = |backend, image, job| {
            let work = Work::Job(Arc::new(job));
            let kernel = Some(Arc::new(kernel(image)));
            let (start, limits) = (Start::Cold, Limits::default());
            let task = Task { backend, start, work, nonce: 1, limits, kernel };
            refuse_what_cannot_be(&task).unwrap_err()
        };
        let command = || Job { what: What::Command(vec!["true".into()]), ..Job::default() };
        let runc = with(BackendId::Runc, "/etc/passwd", command());
        assert!(runc.remedy.as_str().starts_with("--kernel is for qemu-tcg"), "{runc:?}");
        let wrong = with(BackendId::QemuTcg, "/etc/passwd", command());
        assert!(wrong.why.as_str().contains("no Linux kernel for x86-64"), "{wrong:?}");
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/usr/bin", root.path().join("bin")).unwrap();
        std::fs::create_dir_all(root.path().join("usr/bin")).unwrap();
        let python = Job { root: Some(root.path().to_owned()), ..code(Runtime::Python) };
        let none = refused(BackendId::Namespaces, Start::Cold, python.clone()).unwrap();
        assert!(none.why.as_str().starts_with("there is no python3 in"), "{none:?}");
        std::fs::write(root.path().join("usr/bin/python3"), "").unwrap();
        assert_eq!(refused(BackendId::Namespaces, Start::Cold, python), None);
        assert!(is_in(root.path(), "/bin", "python3"));
    }

    #[test]
    fn a_root_needs_a_backend_with_roots() {
        let what = What::Command(vec!["true".into()]);
        let root = Job { what, root: Some("/".into()), ..Job::default() };
        assert_eq!(root.runtime(), Runtime::Oci);
        let process = refused(BackendId::Process, Start::Cold, root.clone()).unwrap();
        assert!(process.remedy.as_str().contains("namespaces"), "{process:?}");
        assert_eq!(refused(BackendId::Namespaces, Start::Cold, root), None);
    }
}
