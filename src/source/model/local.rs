//! Servers of models on this machine: which processes listen on which ports, and which they started.
//!
//! Read from `/proc`, of which a user sees his own processes alone; a port whose process is not to be seen
//! is told without it. Only what can be reached by the loopback address counts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use crate::model::serving::Engine;

/// Processes looked at, and files of one of them.
const MOST_PROCESSES: usize = 100_000;
const MOST_FILES: usize = 4_096;
/// Processes that one server is said to have.
const MOST_CHILDREN: usize = 256;
/// Bytes of a file of `/proc` that are read.
const MOST_BYTES: u64 = 4 << 20;
/// The state of a socket that listens, as the kernel writes it.
const LISTEN: &str = "0A";

/// A process that listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// Port it listens on.
    pub port: u16,
    /// Its id.
    pub pid: u32,
    /// Its id and those of all it started, which hold its GPUs.
    pub pids: Vec<u32>,
    /// What its arguments say it is.
    pub engine: Option<Engine>,
}

impl Listener {
    /// Whether its process still runs.
    pub fn is_there(&self) -> bool {
        Path::new("/proc").join(self.pid.to_string()).exists()
    }
}

/// Who listens on `port` of this machine; `None` where that is nobody, or not to be seen.
pub fn listener(port: u16) -> Option<Listener> {
    listeners(Path::new("/proc")).into_iter().find(|listener| listener.port == port)
}

/// Every process under `proc` that can be reached by the loopback address, lowest port first.
pub fn listeners(proc: &Path) -> Vec<Listener> {
    let sockets = sockets(proc);
    if sockets.is_empty() {
        return Vec::new();
    }
    let processes = processes(proc);
    let mut found: BTreeMap<u16, Listener> = BTreeMap::new();
    for pid in processes.keys() {
        for inode in inodes(proc, *pid) {
            let Some(port) = sockets.get(&inode).copied() else { continue };
            // Of several that share a socket, the one that started the others.
            found.entry(port).or_insert_with(|| listener_of(port, *pid, &processes, proc));
        }
    }
    found.into_values().collect()
}

fn listener_of(port: u16, pid: u32, processes: &HashMap<u32, u32>, proc: &Path) -> Listener {
    let engine = arguments(proc, pid).and_then(|words| engine(&words));
    let mut root = pid;
    // A launcher starts the server that listens beside those that work.
    while let Some(parent) = processes.get(&root).copied().filter(|parent| *parent > 1) {
        let known = arguments(proc, parent).and_then(|words| self::engine(&words));
        if known.is_none() || engine.is_none() {
            break;
        }
        root = parent;
    }
    Listener { port, pid, pids: family(root, processes), engine }
}

/// `root` and all below it.
fn family(root: u32, processes: &HashMap<u32, u32>) -> Vec<u32> {
    let mut family = vec![root];
    let mut known = HashSet::from([root]);
    let mut at = 0;
    while let Some(parent) = family.get(at).copied().filter(|_| family.len() < MOST_CHILDREN) {
        let mut children: Vec<u32> = processes
            .iter()
            .filter(|(pid, of)| **of == parent && known.insert(**pid))
            .map(|(pid, _)| *pid)
            .collect();
        children.sort_unstable();
        family.extend(children);
        at += 1;
    }
    family.truncate(MOST_CHILDREN);
    family
}

/// What the arguments of a process say it is: its program, or the module that Python runs.
pub fn engine(words: &[String]) -> Option<Engine> {
    let name = |word: &str| word.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let first = words.first().map(|word| name(word))?;
    let script = words.get(1).map(|word| name(word)).filter(|_| first.starts_with("python"));
    let module = words.iter().position(|word| word == "-m").and_then(|at| words.get(at + 1));
    for program in [Some(first), script].into_iter().flatten() {
        let found = match program.as_str() {
            "vllm" => Some(Engine::Vllm),
            "sglang" => Some(Engine::Sglang),
            "llama-server" | "llama-cpp-server" => Some(Engine::LlamaCpp),
            "text-generation-launcher" | "text-generation-router" => Some(Engine::Tgi),
            "ollama" => Some(Engine::Ollama),
            "tritonserver" => Some(Engine::Triton),
            other if other.starts_with("vllm::") => Some(Engine::Vllm),
            other if other.starts_with("sglang::") => Some(Engine::Sglang),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    let module = module.map(|module| module.split('.').next().unwrap_or_default())?;
    match module {
        "vllm" => Some(Engine::Vllm),
        "sglang" => Some(Engine::Sglang),
        "llama_cpp" => Some(Engine::OpenAi),
        _ => None,
    }
}

fn arguments(proc: &Path, pid: u32) -> Option<Vec<String>> {
    let bytes = read(&proc.join(pid.to_string()).join("cmdline"))?;
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    Some(words.take(64).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

/// Each process, and who started it, in no order.
fn processes(proc: &Path) -> HashMap<u32, u32> {
    let entries = fs::read_dir(proc).into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parent = |pid: u32| {
        let stat = read(&proc.join(pid.to_string()).join("stat"))?;
        let text = String::from_utf8_lossy(&stat).into_owned();
        // The name may hold blanks and brackets; the last bracket ends it.
        let (_, rest) = text.rsplit_once(')')?;
        Some((pid, rest.split_ascii_whitespace().nth(1)?.parse().ok()?))
    };
    pids.take(MOST_PROCESSES).filter_map(parent).collect()
}

/// The sockets a process holds.
fn inodes(proc: &Path, pid: u32) -> Vec<u64> {
    let files = fs::read_dir(proc.join(pid.to_string()).join("fd")).into_iter().flatten().flatten();
    let inode = |file: fs::DirEntry| {
        let link = fs::read_link(file.path()).ok()?;
        link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    files.take(MOST_FILES).filter_map(inode).collect()
}

/// Sockets that listen where the loopback address reaches them, and their ports.
fn sockets(proc: &Path) -> HashMap<u64, u16> {
    let tables = ["net/tcp", "net/tcp6"].map(|table| read(&proc.join(table)).unwrap_or_default());
    let mut found = HashMap::new();
    for table in tables {
        found.extend(String::from_utf8_lossy(&table).lines().filter_map(socket));
    }
    found
}

/// A line of the kernel's table: `sl local remote state … inode`.
fn socket(line: &str) -> Option<(u64, u16)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, local, _, state, rest @ ..] = words.as_slice() else { return None };
    let (address, port) = local.split_once(':').filter(|_| *state == LISTEN)?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let inode = rest.get(5)?.parse().ok()?;
    reached(address).then_some((inode, port))
}

/// Whether the loopback address reaches who listens at `address`, in the kernel's letters: any address, or
/// one of its own, also as IPv4 within IPv6.
fn reached(address: &str) -> bool {
    const LOOPBACK: &str = "00000000000000000000000001000000";
    let four = |four: &str| four == "00000000" || four.ends_with("7F");
    match address.len() {
        8 => four(address),
        32 if address == LOOPBACK || address.bytes().all(|digit| digit == b'0') => true,
        32 => address.strip_prefix("0000000000000000FFFF0000").is_some_and(four),
        _ => false,
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn this_very_process_is_found_by_its_port() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let found = listener(port).unwrap();
        assert_eq!((found.port, found.pid), (port, std::process::id()));
        assert!(found.pids.contains(&found.pid) && found.is_there());
        drop(socket);
        assert_eq!(listener(port), None);
    }

    #[test]
    fn arguments_tell_what_a_process_is() {
        let rows: [(&[&str], Option<Engine>); 10] = [
            (&["/usr/bin/python3", "/opt/bin/vllm", "serve", "m"], Some(Engine::Vllm)),
            (&["python", "-m", "vllm.entrypoints.openai.api_server"], Some(Engine::Vllm)),
            (&["python3.11", "-m", "sglang.launch_server"], Some(Engine::Sglang)),
            (&["./llama-server", "-m", "x.gguf"], Some(Engine::LlamaCpp)),
            (&["text-generation-router"], Some(Engine::Tgi)),
            (&["/usr/bin/ollama", "serve"], Some(Engine::Ollama)),
            (&["tritonserver"], Some(Engine::Triton)),
            (&["VLLM::EngineCore"], Some(Engine::Vllm)),
            (&["vim", "vllm"], None),
            (&[], None),
        ];
        for (words, wanted) in rows {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(engine(&words), wanted, "{words:?}");
        }
    }

    #[test]
    fn only_what_loopback_reaches_counts() {
        let line = |local: &str, state: &str| {
            format!(
                "0: {local}:1F40 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 77 1"
            )
        };
        assert_eq!(socket(&line("0100007F", "0A")), Some((77, 8000)));
        assert_eq!(socket(&line("00000000", "0A")), Some((77, 8000)));
        assert_eq!(socket(&line("0100000A", "0A")), None, "10.0.0.1");
        assert_eq!(socket(&line("0100007F", "01")), None, "a connection");
        assert_eq!(socket("sl local_address rem_address st"), None);
        assert!(reached("00000000000000000000000001000000"));
        assert!(reached("0000000000000000FFFF00000100007F"));
        assert!(!reached("000080FE00000000FF005450B6C7FFFE"));
    }

    #[test]
    fn a_family_is_who_was_started_and_no_loop_hangs() {
        let processes = HashMap::from([(2, 1), (3, 2), (4, 3), (5, 1), (2_000, 4)]);
        assert_eq!(family(2, &processes), [2, 3, 4, 2_000]);
        assert_eq!(family(7, &HashMap::from([(7, 8), (8, 7)])), [7, 8]);
    }
}
