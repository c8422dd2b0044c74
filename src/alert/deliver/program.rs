//! A program that is told: its arguments are those of the file, what is told comes on its standard
//! input and nowhere else, and it has ten seconds. Whatever it started is ended with it; should isomon be
//! killed meanwhile, the program itself goes with it.

use std::process::Stdio;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::model::text::SafeText;

/// Time it has.
const TIME: Duration = Duration::from_secs(10);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);
/// Variables that it sees; no other, since secrets are kept in those.
const VARIABLES: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"];

/// Why it did not take a message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started.
    #[error("{program}: {source}")]
    Start {
        /// Which one.
        program: SafeText,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It did not end in time.
    #[error("it did not end within 10 s, and was ended")]
    Late,
    /// It failed.
    #[error("it ended with {0}")]
    Failed(String),
}

/// A program and its arguments.
#[derive(Clone, Debug)]
pub struct Program(Vec<String>);

impl Program {
    /// The program that `argv` names.
    pub fn new(argv: &[String]) -> Self {
        Self(argv.to_vec())
    }

    /// Runs it with `body` on its standard input.
    pub async fn run(&self, body: &[u8]) -> Result<(), Error> {
        let (program, arguments) = self.0.split_first().map_or(("", &[][..]), |(a, b)| (a, b));
        let start = |source| Error::Start { program: SafeText::new(program), source };
        let known = VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut command = Command::new(program);
        bind(&mut command);
        let mut child = command
            .args(arguments)
            .env_clear()
            .envs(known)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        let group = Group::of(&child);
        let mut input = child.stdin.take();
        let feed = async {
            if let Some(input) = &mut input {
                // Who does not read is not made to.
                input.write_all(body).await.ok();
                input.shutdown().await.ok();
            }
            drop(input);
            ended(&child).await;
        };
        let in_time = tokio::time::timeout(TIME, feed).await.is_ok();
        // Its group is ended while its own number still stands for it.
        drop(group);
        let status = child.wait().await.map_err(start)?;
        match (in_time, status.success()) {
            (false, _) => Err(Error::Late),
            (true, true) => Ok(()),
            (true, false) => Err(Error::Failed(status.to_string())),
        }
    }
}

/// Has what `command` starts killed when isomon is gone, however that came.
#[expect(unsafe_code, reason = "only the child itself can bind itself to its parent")]
fn bind(command: &mut Command) {
    let own = rustix::process::getpid();
    let bound = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // Who died before that was said sends no signal.
        if rustix::process::getppid() == Some(own) { Ok(()) } else { Err(Errno::SRCH.into()) }
    };
    // SAFETY: both system calls may be made between fork and exec, and nothing is allocated.
    unsafe { command.pre_exec(bound) };
}

/// Waits until `child` has ended, and leaves it to be asked how.
async fn ended(child: &Child) {
    let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else { return };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while let Ok(None) = rustix::process::waitid(WaitId::Pid(pid), options) {
        tokio::time::sleep(LOOK).await;
    }
}

/// The processes that a program started, which go when this does.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // None are left where it started none.
            rustix::process::kill_process_group(group, Signal::KILL).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new(&["/bin/sh", "-c", script].map(str::to_owned))
    }

    #[tokio::test]
    async fn it_reads_what_is_told_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (out, pid) = (home.path().join("out"), home.path().join("pid"));
        let script = format!(
            "cat > {}; env > {}.env; sleep 60 & echo $! > {}",
            out.display(),
            out.display(),
            pid.display()
        );
        shell(&script).run(b"{\"firing\":1}").await.unwrap();
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "{\"firing\":1}");
        let seen = std::fs::read_to_string(home.path().join("out.env")).unwrap();
        assert!(!seen.contains("CARGO"), "{seen}");
        let pid: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        for _ in 0..100 {
            let gone = state()
                .rsplit(')')
                .next()
                .is_none_or(|rest| rest.is_empty() || rest.starts_with(" Z"));
            if gone {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("what it started is still there: {}", state());
    }

    #[tokio::test]
    async fn one_that_fails_or_is_not_there_is_said() {
        assert!(matches!(shell("exit 3").run(b"{}").await, Err(Error::Failed(_))));
        let gone = Program::new(&["/nonexistent/x".to_owned()]);
        assert!(matches!(gone.run(b"{}").await, Err(Error::Start { .. })));
        assert!(shell("exec true").run(&vec![b'x'; 1 << 20]).await.is_ok(), "it need not read");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_is_ended() {
        assert!(matches!(shell("sleep 600").run(b"{}").await, Err(Error::Late)));
    }
}
