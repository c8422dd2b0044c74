//! What a run can be seen by from outside, without a word of isomon's own audit: processes, groups,
//! mounts, sockets, network interfaces and files that name it.

#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use isomon::model::id::RunId;

/// Where programs leave files of which nobody told them.
const COMMON: [&str; 5] = ["/tmp", "/dev/shm", "/run", "/var/lock", "/var/run/docker"];

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The lots of run `id` in which a sandbox is alive now: one that has a process with one of `signs`
/// at the end of a word of its command.
pub(crate) fn alive(id: &RunId, signs: &[&str]) -> BTreeSet<String> {
    let marks = [format!("/isomon/{id}/"), format!("ISOMON_RUN={id}/")];
    let lot = |pid: u32| {
        let of = |name: &str| read(Path::new(&format!("/proc/{pid}/{name}")));
        let command = of("cmdline");
        let shown = command.split('\0').any(|word| signs.iter().any(|sign| word.ends_with(sign)));
        if !shown {
            return None;
        }
        let marked = [of("cgroup"), of("environ")];
        let after = |(text, mark): (&String, &String)| Some(text.split_once(mark)?.1.to_owned());
        let rest = marked.iter().zip(&marks).find_map(after)?;
        Some(rest.split(['/', '\0', '\n']).next()?.to_owned())
    };
    pids().filter_map(lot).collect()
}

/// The pids of run `id` with one of `signs` at the end of a word of their command.
pub(crate) fn pids_of(id: &RunId, signs: &[&str]) -> Vec<u32> {
    let ours = |pid: &u32| {
        let of = |name: &str| read(Path::new(&format!("/proc/{pid}/{name}")));
        let shown = of("cmdline").split('\0').any(|word| signs.iter().any(|s| word.ends_with(s)));
        shown && ["cgroup", "environ", "cmdline"].iter().any(|name| of(name).contains(id.as_str()))
    };
    pids().filter(ours).collect()
}

/// Everything that names run `id`, but for the processes `spare` and what belongs to decoys.
pub(crate) fn traces(id: &RunId, spare: &[u32]) -> Vec<String> {
    let mut found = Vec::new();
    for pid in pids().filter(|pid| !spare.contains(pid)) {
        let names = ["cmdline", "environ", "cgroup", "mountinfo"];
        let said = names.map(|name| read(Path::new(&format!("/proc/{pid}/{name}"))));
        let foreign = said[2].contains("/isomonx/");
        // Init takes away what is dead in its own time.
        if !foreign && !is_dead(pid) && said.iter().any(|text| text.contains(id.as_str())) {
            found.push(format!("process {pid}: {}", said[0].replace('\0', " ")));
        }
    }
    for table in ["/proc/net/unix", "/proc/self/mountinfo", "/proc/mounts"] {
        let text = read(Path::new(table));
        let lines = text.lines().filter(|line| names(line, id));
        found.extend(lines.map(|line| format!("{table}: {line}")));
    }
    for root in COMMON.into_iter().chain(["/sys/class/net"]) {
        walk(Path::new(root), 2, id, &mut found);
    }
    walk(Path::new("/sys/fs/cgroup"), 4, id, &mut found);
    found
}

/// Every file below `dir`, for a message.
pub(crate) fn files(dir: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        all.push(path.display().to_string());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all.extend(files(&path));
        }
    }
    all.truncate(200);
    all
}

fn is_dead(pid: u32) -> bool {
    let stat = read(Path::new(&format!("/proc/{pid}/stat")));
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// Whether `text` names the run, or one of its sandboxes.
fn names(text: &str, id: &RunId) -> bool {
    text.contains(id.as_str()) || text.contains(&format!("im-{}", id.short()))
}

fn walk(dir: &Path, depth: u32, id: &RunId, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // What decoys made.
        let foreign = name.starts_with("isomonx") || name == format!("{id}0");
        if foreign {
            continue;
        }
        if names(&name, id) {
            found.push(path.display().to_string());
        } else if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, depth - 1, id, found);
        }
    }
}
