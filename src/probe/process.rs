//! The processes of this machine.
//!
//! Once a second, for thousands of them: each costs one read of its `stat`, through a handle that
//! is kept for the first few hundred. Owner, command line and sandbox are kept for each process
//! (pid and time of its begin together: pids are used again) and looked at anew when its name
//! changes, shortly after it appeared, and now and then. Storage counters are read every fourth
//! time. What vanishes in between is left out.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use rustix::io::Errno;

use super::identity::{Identity, Reader};
use super::pid_dir::PidDir;
use super::user::Users;
use super::{Error, Probe};
use crate::model::process::Process;
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, BytesPerSecond, Seconds};
use crate::procfs::counter::rate;
use crate::procfs::process::io as parse_io;
use crate::procfs::sandbox::{Ground, resolve};
use crate::procfs::stat::Stat;

/// Most handles kept open; the usual limit of a process is 1024.
const MOST_KEPT: usize = 256;
/// Samples between two looks at a process's storage counters.
const IO_EVERY: u64 = 4;
/// Samples between two looks at who a process is.
const IDENTITY_EVERY: u64 = 32;
/// Samples after a process appeared in which it may still become another by `exec`.
const YOUNG: u64 = 2;

/// Reads `/proc/PID`, at most 100,000 of them.
#[derive(Debug)]
pub struct ProcessProbe {
    pids: PidDir,
    room: Vec<u32>,
    reader: Reader,
    users: Users,
    known: HashMap<u32, Known>,
    ground: Option<Ground>,
    turn: u64,
    handles: usize,
    vanished: u64,
}

/// What is kept of one process.
#[derive(Debug)]
struct Known {
    began: u64,
    handle: Option<OwnedFd>,
    first_turn: u64,
    turn: u64,
    at: Option<Instant>,
    ticks: u64,
    identity: Identity,
    io: Io,
    now: Process,
}

#[derive(Debug, Default)]
struct Io {
    at: Option<Instant>,
    before: Option<[u64; 2]>,
    rates: [Reading<BytesPerSecond>; 2],
}

impl ProcessProbe {
    /// A reader under `roots`, with the user names of this machine.
    pub fn new(roots: &Roots) -> Self {
        Self::naming(roots, Path::new("/etc/passwd"))
    }

    /// A reader under `roots`, with the user names in the file `passwd`.
    pub fn naming(roots: &Roots, passwd: &Path) -> Self {
        Self {
            pids: PidDir::new(roots.proc.clone()),
            room: Vec::new(),
            reader: Reader::default(),
            users: Users::new(passwd.to_owned()),
            known: HashMap::new(),
            ground: None,
            turn: 0,
            handles: 0,
            vanished: 0,
        }
    }

    /// How many processes were listed but gone or unreadable when looked at, since the beginning.
    pub const fn vanished(&self) -> u64 {
        self.vanished
    }

    fn look(&mut self, proc: &OwnedFd, pid: u32, now: Instant) -> Option<()> {
        let mut known = self.known.remove(&pid);
        if known.as_ref().is_some_and(|known| known.handle.is_some()) {
            self.handles -= 1;
        }
        let handle = known.as_mut().and_then(|known| known.handle.take());
        let (handle, line) = read_stat(&mut self.reader, proc, pid, handle).ok()?;
        let stat = Stat::parse(line)?;
        let mut known = known
            .filter(|known| known.began == stat.began)
            .unwrap_or_else(|| Known::new(pid, stat.began, self.turn));
        let renamed = known.update(&stat, now, self.turn);
        let age = self.turn - known.first_turn;
        let stagger = self.turn + u64::from(pid);
        if renamed || age < YOUNG || stagger.is_multiple_of(IDENTITY_EVERY) {
            let who = (pid, known.now.name.as_str(), stat.is_kernel);
            let ground = self.ground.get_or_insert_default();
            known.identity = Identity::read(&mut self.reader, proc, who, &self.users, ground);
        }
        if age < YOUNG || stagger.is_multiple_of(IO_EVERY) {
            known.io.read(&mut self.reader, proc, pid, now);
        }
        if self.handles < MOST_KEPT {
            known.handle = Some(handle);
            self.handles += 1;
        }
        self.known.insert(pid, known);
        Some(())
    }

    fn shown(&self) -> Vec<Process> {
        let look = |pid: u32| {
            let known = self.known.get(&pid)?;
            Some((known.now.parent, known.identity.claim.as_ref()))
        };
        self.room
            .iter()
            .filter_map(|pid| self.known.get(pid))
            .map(|known| Process {
                user: known.identity.user.clone(),
                command: known.identity.command.clone(),
                read_bytes_per_second: known.io.rates[0].clone(),
                write_bytes_per_second: known.io.rates[1].clone(),
                sandbox: resolve(known.now.pid, look).cloned(),
                ..known.now.clone()
            })
            .collect()
    }
}

impl Probe for ProcessProbe {
    type Sample = Vec<Process>;

    /// Every process, in the order of `/proc`. An error means that there is no list at all.
    fn sample(&mut self, now: Instant) -> Result<Vec<Process>, Error> {
        self.turn += 1;
        self.users.refresh(now);
        let mut room = std::mem::take(&mut self.room);
        let proc = self.pids.list(&mut room)?.try_clone();
        let proc = proc.map_err(|source| Error::read(Path::new("/proc"), source))?;
        if self.ground.is_none() {
            self.ground = Some(ground(&mut self.reader, &proc));
        }
        for &pid in &room {
            if self.look(&proc, pid, now).is_none() {
                self.vanished += 1;
            }
        }
        self.room = room;
        self.known.retain(|_, known| known.turn == self.turn);
        self.handles = self.known.values().filter(|known| known.handle.is_some()).count();
        Ok(self.shown())
    }
}

/// What the first process is in; isomon itself where that may not be seen.
fn ground(reader: &mut Reader, proc: &OwnedFd) -> Ground {
    let mut group = |pid: &str| {
        let raw = reader.read(proc, pid, "cgroup").unwrap_or_default();
        String::from_utf8_lossy(raw).into_owned()
    };
    let cgroup = Some(group("1")).filter(|text| !text.is_empty());
    let cgroup = cgroup.unwrap_or_else(|| group("self"));
    let first = reader.namespaces(proc, 1);
    Ground::new(&cgroup, first.or_else(|| reader.namespaces(proc, "self")))
}

/// A kept handle fails once its process is gone, also if the pid is in use again: then it is
/// opened anew.
fn read_stat<'a>(
    reader: &'a mut Reader,
    proc: &OwnedFd,
    pid: u32,
    kept: Option<OwnedFd>,
) -> Result<(OwnedFd, &'a [u8]), Errno> {
    if let Some(handle) = kept
        && let Ok(length @ 1..) = reader.fill(&handle)
    {
        return Ok((handle, reader.text(length)));
    }
    let handle = reader.open(proc.as_fd(), pid, "stat")?;
    let length = reader.fill(&handle)?;
    Ok((handle, reader.text(length)))
}

impl Known {
    fn new(pid: u32, began: u64, turn: u64) -> Self {
        Self {
            began,
            handle: None,
            first_turn: turn,
            turn,
            at: None,
            ticks: 0,
            identity: Identity::default(),
            io: Io::default(),
            now: Process { pid, ..Process::default() },
        }
    }

    /// Takes in a line; whether the process has another name than before.
    fn update(&mut self, stat: &Stat<'_>, now: Instant, turn: u64) -> bool {
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        let elapsed = self.at.map(|at| now.saturating_duration_since(at));
        let before = self.at.map(|_| self.ticks);
        let seconds = elapsed.unwrap_or_default().as_secs_f64();
        let name = SafeText::from_bytes(stat.name);
        let renamed = name != self.now.name;
        let page = rustix::param::page_size() as u64;
        self.now = Process {
            name,
            parent: stat.parent,
            state: stat.state,
            cpu_cores: rate(before, stat.ticks, seconds).map(|ticks| ticks / per_second),
            memory_bytes: Bytes(stat.pages.saturating_mul(page)),
            threads: stat.threads,
            cpu_seconds: Seconds(stat.ticks as f64 / per_second),
            ..std::mem::take(&mut self.now)
        };
        (self.at, self.ticks, self.turn) = (Some(now), stat.ticks, turn);
        renamed
    }
}

impl Io {
    fn read(&mut self, reader: &mut Reader, proc: &OwnedFd, pid: u32, now: Instant) {
        let elapsed = self.at.map(|at| now.saturating_duration_since(at));
        let seconds = elapsed.unwrap_or_default().as_secs_f64();
        let counts = match reader.read(proc, pid, "io") {
            Ok(raw) => parse_io(raw).ok_or_else(|| Why::Failed("io has no counters".into())),
            Err(errno) => Err(Why::from(&std::io::Error::from(errno))),
        };
        self.rates = std::array::from_fn(|i| match &counts {
            Ok(now) => {
                rate(self.before.map(|before| before[i]), now[i], seconds).map(BytesPerSecond)
            }
            Err(why) => Reading::Missing(why.clone()),
        });
        (self.at, self.before) = (Some(now), counts.ok());
    }
}
