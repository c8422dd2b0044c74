//! The keeper: stands between isomon and one thing it runs here, so that nothing of it outlives its owner.
//!
//! What the program starts and leaves behind becomes the keeper's own child, whatever it does to its
//! session or parent. When the socket on standard input closes, however the owner died, all of them are
//! asked to end and then killed. Output does not pass through here. It has one thread and no runtime.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The hidden subcommand. Its arguments: a directory that goes with it, `-`, or [`FED`]; then the program and
/// its arguments.
pub(super) const NAME: &str = "__keeper";
/// In place of a directory: the program reads what the keeper has as its output, and writes nowhere.
pub(super) const FED: &str = "<";

/// Time that is given to what still runs when the owner is gone.
const GRACE: Duration = Duration::from_secs(2);
/// Time in which killed processes must be gone.
const DEATH: Duration = Duration::from_secs(2);
/// Longest order.
const LONGEST: usize = 64;

/// Runs what `arguments` name until nothing of it is left and the owner wants no more of it.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let [dir, program, rest @ ..] = arguments else {
        return ExitCode::from(2);
    };
    let kept = keep(program, rest, dir == FED);
    clear(Path::new(dir));
    if kept.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Removes the sockets of a connection, in a directory that was made for them.
fn clear(dir: &Path) {
    if dir.is_absolute() {
        // Ignored: the owner removes it too, and may have been the first.
        std::fs::remove_dir_all(dir).ok();
    }
}

fn keep(program: &OsString, arguments: &[OsString], is_fed: bool) -> std::io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // Ignored: where it leads its own session already there is nothing to leave.
    rustix::process::setsid().ok();
    let owner = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let (woken, wake) = UnixStream::pair()?;
    woken.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(SIGCHLD, wake)?;
    let unheard = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, unheard.clone())?;
    }
    let mut keeper = Keeper { owner, woken, main: None, until: None, is_left: false };
    match spawn(program, arguments, is_fed) {
        Ok(main) => keeper.watch(main),
        Err(error) => keeper.say(&format!("fail {error}")),
    }
    Ok(())
}

/// Starts the program in a session of its own. It is killed if the keeper is.
#[expect(unsafe_code, reason = "a session can be begun in the child alone")]
fn spawn(program: &OsString, arguments: &[OsString], is_fed: bool) -> std::io::Result<Pid> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    if is_fed {
        command.stdin(std::io::stdout().as_fd().try_clone_to_owned()?).stdout(Stdio::null());
    }
    // SAFETY: both calls may be made between fork and exec, and nothing else is.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
        });
    }
    let child = command.spawn()?;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| std::io::Error::other("it has no process"))
}

/// What is kept, and for whom.
struct Keeper {
    owner: UnixStream,
    /// Readable when a child has ended.
    woken: UnixStream,
    /// The program, until it has ended.
    main: Option<Pid>,
    /// When everything is killed, once it was asked to end.
    until: Option<Instant>,
    /// The owner is gone, or wants no more.
    is_left: bool,
}

impl Keeper {
    fn watch(&mut self, main: Pid) {
        self.main = Some(main);
        self.say(&format!("pid {}", main.as_raw_nonzero()));
        loop {
            if self.reap() {
                return;
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return self.kill();
            }
            self.hear();
        }
    }

    /// Takes the end of every child that has ended; true when none is left.
    fn reap(&mut self) -> bool {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if self.main == Some(pid) => self.tell(status),
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Says how the program ended.
    fn tell(&mut self, status: WaitStatus) {
        self.main = None;
        let words = status.exit_status().map_or_else(
            || format!("signal {}", status.terminating_signal().unwrap_or_default()),
            |exit| format!("exit {exit}"),
        );
        self.say(&words);
    }

    /// Waits until something happens, and obeys the owner.
    fn hear(&mut self) {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let wanted = if self.is_left { PollFlags::empty() } else { PollFlags::IN };
        let mut polled =
            [PollFd::new(&self.woken, PollFlags::IN), PollFd::new(&self.owner, wanted)];
        let all = if self.is_left { 1 } else { 2 };
        let Some(polled) = polled.get_mut(..all) else { return };
        // Ignored: an interrupted wait is one that is over.
        rustix::event::poll(polled, timeout.as_ref()).ok();
        let has_order = polled.get(1).is_some_and(|owner| !owner.revents().is_empty());
        // Ignored: that something has ended is known, and how much was written of it means nothing.
        rustix::io::read(&self.woken, &mut [0; 64]).ok();
        if has_order {
            self.obey();
        }
    }

    /// `end MILLISECONDS` asks for the end; a closed socket does so too.
    fn obey(&mut self) {
        let mut order = [0; LONGEST];
        let length = (&self.owner).read(&mut order).unwrap_or_default();
        let words = String::from_utf8_lossy(order.get(..length).unwrap_or_default()).into_owned();
        let given = words.lines().last().and_then(|line| line.strip_prefix("end "));
        let milliseconds = given.and_then(|text| text.trim().parse().ok());
        self.is_left |= length == 0;
        let grace = milliseconds.map_or(GRACE, Duration::from_millis);
        let until = Instant::now() + grace;
        self.until = Some(self.until.map_or(until, |known| known.min(until)));
        for pid in below(std::process::id()) {
            signal(pid, Signal::TERM);
        }
    }

    /// Kills everything below until nothing is, or time is up.
    fn kill(&mut self) {
        let end = Instant::now() + DEATH;
        while !self.reap() && Instant::now() < end {
            for pid in below(std::process::id()) {
                signal(pid, Signal::KILL);
            }
            let nap = Timespec::try_from(Duration::from_millis(1)).unwrap_or_default();
            rustix::event::poll(&mut [], Some(&nap)).ok();
        }
    }

    fn say(&mut self, words: &str) {
        // Ignored: an owner that is gone is seen by the next look at the socket.
        self.owner.write_all(format!("{words}\n").as_bytes()).ok();
    }
}

/// Signals a descendant. It cannot be another by now: it is ours to wait for, or its parent's, which is
/// told of it first.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Ignored: it may have ended meanwhile.
        rustix::process::kill_process(pid, signal).ok();
    }
}

/// All that descends from `pid`: parents before their children, so that none can start another unseen
/// for long.
fn below(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(parent) = found.get(at) {
        let children = children(*parent);
        found.extend(children);
        at += 1;
    }
    found.split_off(1)
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = PathBuf::from(format!("/proc/{pid}/task"));
    let lists = std::fs::read_dir(tasks).into_iter().flatten().flatten();
    let lists = lists.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
        })
        .collect()
}
