//! Where in its program a process is: what the kernel says of each of its threads, and what `py-spy` or
//! `gdb` say where they are installed and may look.
//!
//! The kernel is asked of any process that it lets us ask of. A debugger is let at a process of a run or of
//! a sandbox alone, at the user's wish: `gdb` stops it for a moment, and reads its program. So it is not let
//! at what runs inside a sandbox, whose program may be made to deceive it; `py-spy` reads memory alone, and
//! does not stop it. Programs are named by path, no shell is asked, time and output are bounded.

use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::update::Stack;

mod words;

/// Time a debugger has.
const PATIENCE: Duration = Duration::from_secs(10);
/// Output that is kept of one.
const MOST_BYTES: usize = 256 << 10;
/// Lines that are told.
const MOST_LINES: usize = 1_000;
/// Threads that are looked at.
const THREADS: usize = 64;
/// Processes below the one that is asked of that are told of too.
const BELOW: usize = 16;
/// Longest file that is read.
const LONGEST: u64 = 64 << 10;

/// Why nothing can be said of a process.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("there is no process {pid} on this machine any more")]
    Gone {
        /// The one that was meant.
        pid: u32,
    },
}

/// Where process `pid` is.
pub fn stack(roots: &Roots, pid: u32) -> Result<Stack, Error> {
    let dir = roots.proc.join(pid.to_string());
    let threads = threads(&dir);
    if pid == 0 || threads.is_empty() {
        return Err(Error::Gone { pid });
    }
    let mut lines = vec![format!("process {pid} {}", name(&dir))];
    lines.extend(threads.iter().flat_map(|thread| told(thread, threads.len() > 1)));
    lines.extend(below(roots, pid).into_iter().flat_map(|child| started(roots, child)));
    let mut stack = Stack { pid, by: "/proc".into(), ..Stack::default() };
    match debugger(roots, &dir, pid) {
        Ok(asked) => match run(&asked.argv, PATIENCE) {
            Ok(said) => {
                stack.by = SafeText::new(&format!("/proc, {}", asked.name));
                lines.push(format!("{} says:", asked.name));
                lines.extend(said.lines().map(ToOwned::to_owned));
            }
            Err(why) => stack.gap = Some(SafeText::new(&format!("{}: {why}", asked.name))),
        },
        Err(why) => stack.gap = Some(SafeText::new(&why)),
    }
    let shown = lines.iter().filter(|line| !line.trim().is_empty()).take(MOST_LINES);
    stack.lines = shown.map(|line| SafeText::new(line)).collect();
    Ok(stack)
}

/// What process `pid` started and what that started, the nearest first: a launcher waits, and it is its
/// sandbox that is stuck.
fn below(roots: &Roots, pid: u32) -> Vec<u32> {
    let (mut found, mut seen) = (vec![pid], 0);
    while let Some(pid) = found.get(seen).copied().filter(|_| found.len() <= BELOW) {
        seen += 1;
        for thread in threads(&roots.proc.join(pid.to_string())) {
            let children = text(&thread.join("children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    found.into_iter().skip(1).take(BELOW).collect()
}

/// What the kernel says of a process that one that is asked of started.
fn started(roots: &Roots, pid: u32) -> Vec<String> {
    let dir = roots.proc.join(pid.to_string());
    let threads = threads(&dir);
    let mut lines = Vec::new();
    if !threads.is_empty() {
        lines.push(format!("below it, process {pid} {}", name(&dir)));
        lines.extend(threads.iter().flat_map(|thread| told(thread, threads.len() > 1)));
    }
    lines
}

/// A small file's text; `None` where it is not to be had.
fn text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// The directories of its threads, the first first.
fn threads(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join("task")).into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).take(THREADS).collect();
    all.sort_by_key(number);
    all
}

fn name(dir: &Path) -> String {
    let comm = text(&dir.join("comm")).unwrap_or_default();
    let argv = fs::read(dir.join("cmdline")).unwrap_or_default();
    let argv = String::from_utf8_lossy(&argv).into_owned();
    let shown = crate::procfs::redact::redact(argv.split('\0').filter(|word| !word.is_empty()));
    if shown.is_empty() { format!("[{comm}]") } else { format!("({comm}): {shown}") }
}

/// What the kernel says of a thread.
fn told(thread: &Path, many: bool) -> Vec<String> {
    let field = |name: &str| {
        let status = text(&thread.join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?.trim().to_owned();
        Some(line)
    };
    let mut lines = Vec::new();
    if many {
        let tid = thread.file_name().unwrap_or_default().to_string_lossy();
        lines.push(format!("thread {tid} {}", text(&thread.join("comm")).unwrap_or_default()));
    }
    lines.extend(field("State:").map(|state| format!("  state: {}", words::state(&state))));
    let waits = text(&thread.join("wchan")).filter(|at| !at.is_empty() && at != "0");
    lines.extend(waits.map(|at| format!("  waits in the kernel in: {at}")));
    let call = text(&thread.join("syscall")).map(|call| words::call(&call));
    lines.extend(call.map(|call| format!("  system call: {call}")));
    let kernel = text(&thread.join("stack")).filter(|stack| !stack.is_empty());
    lines.extend(kernel.iter().flat_map(|stack| stack.lines()).map(|line| format!("  {line}")));
    lines
}

/// A program that can say more.
struct Asked {
    name: &'static str,
    argv: Vec<String>,
}

/// The debugger for a process; why there is none.
fn debugger(roots: &Roots, dir: &Path, pid: u32) -> Result<Asked, String> {
    let inside = is_inside(roots, dir);
    if !inside && !is_of_a_run(roots, pid) {
        return Err("a debugger is let at processes of runs and sandboxes alone, as it stops them"
            .to_owned());
    }
    let python = fs::read_link(dir.join("exe"));
    let python = python.is_ok_and(|exe| exe.to_string_lossy().contains("python"));
    let number = pid.to_string();
    if let Some(tool) = find("py-spy").filter(|_| python) {
        let words = [&tool, "dump", "--nonblocking", "--pid", &number].map(ToOwned::to_owned);
        return Ok(Asked { name: "py-spy", argv: words.to_vec() });
    }
    if inside {
        let install =
            if python { "; `pip install py-spy` lets it say where Python is" } else { "" };
        return Err(format!("gdb is not let at what runs inside a sandbox{install}"));
    }
    let Some(tool) = find("gdb") else {
        return Err(
            "neither py-spy nor gdb is installed: `apt install gdb` lets it say more".to_owned()
        );
    };
    let words = [
        tool.as_str(),
        "-nx",
        "-batch",
        "-iex",
        "set auto-load off",
        "-iex",
        "set debuginfod enabled off",
        "-p",
        &number,
        "-ex",
        "thread apply all bt 40",
    ];
    Ok(Asked { name: "gdb", argv: words.map(ToOwned::to_owned).to_vec() })
}

/// Whether it sees other files than we do.
fn is_inside(roots: &Roots, dir: &Path) -> bool {
    let own = fs::read_link(roots.proc.join("self/ns/mnt"));
    let its = fs::read_link(dir.join("ns/mnt"));
    // What may not be seen is taken for the worst.
    own.ok().zip(its.ok()).is_none_or(|(own, its)| own != its)
}

/// Whether isomon started it: by its control group, or by who its parents are.
fn is_of_a_run(roots: &Roots, pid: u32) -> bool {
    let groups = text(&roots.proc.join(pid.to_string()).join("cgroup")).unwrap_or_default();
    if groups.lines().any(|line| line.split('/').any(|part| part == "isomon")) {
        return true;
    }
    let parent = |pid: &u32| {
        let status = text(&roots.proc.join(pid.to_string()).join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
        line.trim().parse().ok().filter(|parent| *parent > 1)
    };
    std::iter::successors(parent(&pid), parent).take(64).any(|above| above == std::process::id())
}

/// The tool called `name`, on the path.
fn find(name: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let mut dirs = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
    let found = dirs.find(|dir| {
        rustix::fs::access(dir.join(name), rustix::fs::Access::EXEC_OK).is_ok()
            && dir.join(name).is_file()
    })?;
    found.join(name).to_str().map(ToOwned::to_owned)
}

/// What `argv` says within `patience`; it does not outlive that.
fn run(argv: &[String], patience: Duration) -> Result<String, String> {
    let (program, words) = argv.split_first().ok_or("no program")?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn().map_err(|error| error.to_string())?;
    let heard = hear(&mut child, Instant::now() + patience);
    if heard.is_err() {
        end(&child);
    }
    // It has closed its output, or was killed.
    let status = child.wait().map_err(|error| error.to_string())?;
    let (said, complaint) = heard?;
    if status.success() && !said.trim().is_empty() {
        return Ok(said);
    }
    let why =
        complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    let remedy = if words::is_refused(&complaint) {
        "; the kernel lets only root look: run isomon as root, or set kernel.yama.ptrace_scope to 0"
    } else {
        ""
    };
    Err(format!("{}{remedy}", why.trim()))
}

/// Kills a program with all it started.
fn end(child: &Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended in this instant.
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
    }
}

/// Both outputs of `child` until they end; an error when it is late or says too much.
fn hear(child: &mut Child, until: Instant) -> Result<(String, String), String> {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (mut said, mut complaint) = (Vec::new(), Vec::new());
    while out.is_some() || err.is_some() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("it took longer than {} s and was ended", PATIENCE.as_secs()));
        }
        let ready = ready(out.as_ref().map(AsFd::as_fd), err.as_ref().map(AsFd::as_fd), left);
        if ready[0] && !take(&mut out, &mut said) {
            out = None;
        }
        if ready[1] && !take(&mut err, &mut complaint) {
            err = None;
        }
        if said.len() + complaint.len() > MOST_BYTES {
            return Err("it said more than can be shown and was ended".to_owned());
        }
    }
    let plain = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((plain(said), plain(complaint)))
}

/// Which of two outputs has something, or has ended, within `left`.
fn ready(
    out: Option<std::os::fd::BorrowedFd<'_>>,
    err: Option<std::os::fd::BorrowedFd<'_>>,
    left: Duration,
) -> [bool; 2] {
    let both = [out, err];
    let mut polled: Vec<PollFd<'_>> =
        both.iter().flatten().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let timeout = Timespec::try_from(left).ok();
    // Interrupted: nothing is ready, and it is asked again.
    poll(&mut polled, timeout.as_ref()).ok();
    let mut found = polled.iter().map(|fd| !fd.revents().is_empty());
    both.map(|fd| fd.is_some() && found.next().unwrap_or(false))
}

/// Reads what is there; false at the end.
fn take(from: &mut Option<impl Read>, to: &mut Vec<u8>) -> bool {
    let mut room = [0; 4096];
    match from.as_mut().map(|from| from.read(&mut room)) {
        Some(Ok(read)) if read > 0 => {
            to.extend_from_slice(&room[..read]);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
