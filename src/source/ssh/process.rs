//! Processes, from what the script read of `/proc/PID`.
//!
//! Their counters come each time; who they are (owner, command, sandbox) is asked for once, some at a
//! time, since that costs the host two programs a process. Until then a process has its short name.

use std::collections::HashMap;
use std::time::Duration;

use super::files::Files;
use crate::model::process::Process;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, BytesPerSecond, Seconds};
use crate::procfs::counter::rate;
use crate::procfs::process::{command, io, owner, users};
use crate::procfs::sandbox::{Claim, Facts, Ground, claim, resolve};
use crate::procfs::stat::Stat;

/// Most processes.
const MOST: usize = 32_768;
/// Most that are asked who they are at once.
const ASKED: usize = 48;

/// Everything kept of processes between two looks.
#[derive(Debug, Default)]
pub(super) struct Processes {
    known: HashMap<u32, Known>,
    users: HashMap<u32, SafeText>,
    ground: Ground,
    ticks: f64,
    page: u64,
}

#[derive(Debug, Default)]
struct Known {
    began: u64,
    ticks: u64,
    io: Option<[u64; 2]>,
    is_kernel: bool,
    who: Option<Who>,
}

#[derive(Debug)]
struct Who {
    user: SafeText,
    command: SafeText,
    claim: Option<Claim>,
}

impl Processes {
    /// Of the host that `facts` are of.
    pub(super) fn new(facts: &Files) -> Self {
        let told = |name: &str| facts.told(name).and_then(|told| told.parse::<u32>().ok());
        let ground = Ground::new(facts.text("/proc/1/cgroup").unwrap_or_default(), None);
        let ticks = f64::from(told("ticks").filter(|ticks| *ticks > 0).unwrap_or(100));
        let page = u64::from(told("page").unwrap_or(4096));
        Self { ground, ticks, page, ..Self::default() }
    }

    /// What is to be asked beside the counters: the users once, and who is not known yet.
    pub(super) fn wanted(&self) -> String {
        let mut wanted = " processes".to_owned();
        if self.users.is_empty() {
            wanted.push_str(" users");
        }
        let unknown = self.known.iter().filter(|(_, known)| known.who.is_none());
        for (pid, _) in unknown.take(ASKED) {
            wanted.push(' ');
            wanted.push_str(&pid.to_string());
        }
        wanted
    }

    /// The processes; their rates over `elapsed`, which is none the first time.
    pub(super) fn take(&mut self, files: &Files, elapsed: Option<Duration>) -> Vec<Process> {
        if self.users.is_empty() {
            self.users = users(&files.all_told("user").join("\n"));
        }
        let commands = commands(files);
        let mut before = std::mem::take(&mut self.known);
        let mut rows = Vec::new();
        for (pid, text) in files.between("/proc/", "/stat").take(MOST) {
            let (Ok(pid), Some(stat)) = (pid.parse::<u32>(), Stat::parse(text.as_bytes())) else {
                continue;
            };
            let kept = before.remove(&pid).filter(|kept| kept.began == stat.began);
            let counts =
                files.text(&format!("/proc/{pid}/io")).and_then(|text| io(text.as_bytes()));
            let seconds = elapsed.filter(|_| kept.is_some()).unwrap_or_default().as_secs_f64();
            let process = self.process(pid, &stat, kept.as_ref(), counts, seconds);
            let who = kept.and_then(|kept| kept.who).or_else(|| {
                let line = commands.get(&pid)?;
                Some(self.who(files, (pid, process.name.as_str(), stat.is_kernel), line))
            });
            let (began, ticks, is_kernel) = (stat.began, stat.ticks, stat.is_kernel);
            self.known.insert(pid, Known { began, ticks, io: counts, is_kernel, who });
            rows.push(process);
        }
        rows.sort_by_key(|process| process.pid);
        self.name(&mut rows);
        rows
    }

    fn process(
        &self,
        pid: u32,
        stat: &Stat<'_>,
        kept: Option<&Known>,
        counts: Option<[u64; 2]>,
        seconds: f64,
    ) -> Process {
        let moved = |at: usize| match counts {
            Some(now) => {
                let before = kept.and_then(|kept| kept.io).and_then(|io| io.get(at).copied());
                rate(before, now.get(at).copied().unwrap_or_default(), seconds).map(BytesPerSecond)
            }
            None => Reading::Missing(Why::NoPermission),
        };
        let cores = rate(kept.map(|kept| kept.ticks), stat.ticks, seconds);
        Process {
            pid,
            parent: stat.parent,
            name: SafeText::from_bytes(stat.name),
            state: stat.state,
            cpu_cores: cores.map(|ticks| ticks / self.ticks),
            memory_bytes: Bytes(stat.pages.saturating_mul(self.page)),
            threads: stat.threads,
            cpu_seconds: Seconds(stat.ticks as f64 / self.ticks),
            read_bytes_per_second: moved(0),
            write_bytes_per_second: moved(1),
            ..Process::default()
        }
    }

    fn who(&self, files: &Files, (pid, name, is_kernel): (u32, &str, bool), line: &str) -> Who {
        let status = files.text(&format!("/proc/{pid}/status")).unwrap_or_default();
        let user = owner(status).map_or_else(SafeText::default, |uid| {
            self.users.get(&uid).cloned().unwrap_or_else(|| SafeText::from(uid.to_string()))
        });
        if is_kernel {
            return Who { user, command: format!("[{name}]").into(), claim: None };
        }
        let line = line.trim_end_matches('\u{1}');
        let arguments: Vec<&str> =
            if line.is_empty() { Vec::new() } else { line.split('\u{1}').collect() };
        let cgroup = files.text(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
        let facts = Facts { pid, name, arguments: &arguments, cgroup, namespaces: None };
        Who { user, command: command(name, &arguments), claim: claim(&facts, &self.ground) }
    }

    /// Says of each who it is and in which sandbox, as far as that is known.
    fn name(&self, rows: &mut [Process]) {
        let parents: HashMap<u32, u32> = rows.iter().map(|row| (row.pid, row.parent)).collect();
        let look = |pid: u32| {
            let claim = self.known.get(&pid)?.who.as_ref().and_then(|who| who.claim.as_ref());
            Some((*parents.get(&pid)?, claim))
        };
        for row in rows.iter_mut() {
            let known = self.known.get(&row.pid);
            match known.and_then(|known| known.who.as_ref()) {
                Some(who) => (row.user, row.command) = (who.user.clone(), who.command.clone()),
                None if known.is_some_and(|known| known.is_kernel) => {
                    row.command = format!("[{}]", row.name).into();
                }
                None => row.command = row.name.clone(),
            }
            row.sandbox = resolve(row.pid, look).cloned();
        }
    }
}

/// The command lines that were asked for: arguments parted by U+0001.
fn commands(files: &Files) -> HashMap<u32, &str> {
    let rows = files.all_told("command").iter();
    rows.filter_map(|row| {
        row.split_once(':').and_then(|(pid, line)| Some((pid.parse().ok()?, line)))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: &str = "@ticks:100\n@page:4096";
    const STAT: &str =
        "(sh) S 1 42 42 0 -1 4194560 1 2 3 4 TICKS 50 0 0 20 0 5 0 9000 1000000 300 0 0";

    fn look(ticks: u32, more: &str) -> Files {
        let stat = STAT.replace("TICKS", &ticks.to_string());
        Files::read(&format!(
            "/proc/42/stat:42 {stat}\n/proc/42/io:read_bytes: 4096\n/proc/42/io:write_bytes: {ticks}\n{more}"
        ))
    }

    #[test]
    fn who_a_process_is_is_asked_once() {
        let mut processes = Processes::new(&Files::read(FACTS));
        assert_eq!(processes.wanted(), " processes users");
        let first = processes.take(&look(100, "@user:root:x:0"), None);
        assert_eq!(first[0].command.as_str(), "sh");
        assert_eq!(first[0].cpu_cores.get(), None);
        assert_eq!(processes.wanted(), " processes 42");
        let more =
            "/proc/42/status:Uid:\t0\t0\n@command:42:sh\u{1}-c\u{1}app --password hunter2\u{1}";
        let second = processes.take(&look(300, more), Some(Duration::from_secs(2)));
        assert_eq!(second[0].user.as_str(), "root");
        assert_eq!(second[0].command.as_str(), "sh -c app --password ***");
        assert!((second[0].cpu_cores.get().unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(second[0].write_bytes_per_second.get(), Some(BytesPerSecond(100.0)));
        assert_eq!(processes.wanted(), " processes");
        assert!(processes.take(&Files::default(), None).is_empty());
    }
}
