//! What a sandbox holds and sees, looked at from the host while it works.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use isomon::backend::{Camp, CampSettings, Kind, Launch, Task, audit};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, Limits, Outcome, Payload};
use isomon::model::id::RunId;
use isomon::model::unit::Seconds;

use live::{Ground, id};

/// Backends whose work is a process that the host can look at.
const SHOWN: [BackendId; 4] =
    [BackendId::Namespaces, BackendId::Bubblewrap, BackendId::Runc, BackendId::Crun];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_holds_no_power_and_sees_no_secrets() {
    let ground = Ground::new();
    let ready = live::ready(&ground).await;
    for backend in SHOWN.into_iter().filter(|backend| ready.contains(backend)) {
        let id = id();
        let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
        let limits = Limits { timeout_seconds: Seconds(120.0), ..Limits::default() };
        let payload = Payload::Cpu { rounds: 60_000_000 };
        let task = Task::of(Cell::cold(backend, payload), 1, limits);
        let seen = tokio::task::spawn_blocking({
            let settings = ground.settings.clone();
            move || look(&settings, &id, backend)
        });
        assert_eq!(camp.launch(&task).await.unwrap().outcome, Outcome::Good, "{backend}");
        seen.await.unwrap();
        assert_eq!(camp.close().await.unwrap().left, []);
    }
}

/// Waits for the work to begin, then looks at its process.
fn look(settings: &CampSettings, id: &RunId, backend: BackendId) {
    let dir = wait_for_work(settings, id);
    let status = fs::read_to_string(dir.join("status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().to_owned()
    };
    for set in ["CapEff:", "CapPrm:", "CapInh:", "CapBnd:", "CapAmb:"] {
        assert_eq!(u64::from_str_radix(&field(set), 16), Ok(0), "{backend} {set}");
    }
    assert_eq!(field("NoNewPrivs:"), "1", "{backend}");
    if backend != BackendId::Bubblewrap {
        assert_eq!(field("Seccomp:"), "2", "{backend}");
        assert!(field("Uid:").starts_with("65534"), "{backend} {}", field("Uid:"));
    }
    for namespace in ["mnt", "pid", "net", "ipc", "uts"] {
        let inside = fs::read_link(dir.join("ns").join(namespace)).unwrap();
        let ours = fs::read_link(Path::new("/proc/self/ns").join(namespace)).unwrap();
        assert_ne!(inside, ours, "{backend} {namespace}");
    }
    look_at_files(&dir, backend);
}

fn look_at_files(dir: &Path, backend: BackendId) {
    let root = dir.join("root");
    for secret in ["root", "home", "run", "var", "sys", "etc/passwd", "etc/shadow", "dev/mem"] {
        assert!(!root.join(secret).exists(), "{backend} sees /{secret}");
    }
    let mounts = fs::read_to_string(dir.join("mountinfo")).unwrap();
    let writable = mounts.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let kind = fields.iter().position(|field| *field == "-").unwrap();
        let read_only = |options: &str| options.split(',').any(|option| option == "ro");
        (!read_only(fields[5]) && fields[kind + 1] == "ext4").then(|| fields[4].to_owned())
    });
    assert_eq!(writable.collect::<Vec<_>>(), Vec::<String>::new(), "{backend}");
    let networks = fs::read_to_string(dir.join("net/dev")).unwrap();
    assert!(networks.lines().skip(2).all(|line| line.trim().starts_with("lo:")), "{networks}");
}

fn wait_for_work(settings: &CampSettings, id: &RunId) -> PathBuf {
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(1) {
        let alive = audit(settings, id).into_iter().filter(|one| one.kind == Kind::Process);
        let mut dirs = alive.map(|one| Path::new("/proc").join(one.name.as_str()));
        let works = |dir: &PathBuf| {
            fs::read(dir.join("cmdline")).is_ok_and(|said| said.starts_with(b"/isomon\0__payload"))
        };
        if let Some(dir) = dirs.find(works) {
            return dir;
        }
    }
    panic!("no work began");
}
