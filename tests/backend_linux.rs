//! Linux guests, live under QEMU without KVM: jobs with their own status, streams and bounds; our
//! own work with the phase `init`; a look from inside; and what gives up says why.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
mod home;
#[path = "live/ground.rs"]
mod live;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use isomon::backend::{Camp, Launch, Task, Trial, Work, host_kernel};
use isomon::model::backend::{BackendId, Inside};
use isomon::model::bench::{Cell, Limits, Outcome, Payload, Phase};
use isomon::model::job::Kernel;
use isomon::model::unit::{Bytes, Seconds};

use home::{Home, err, out, status};
use live::{Ground, id};

const MACHINE: BackendId = BackendId::QemuTcg;
/// Where `.ci/install` puts a kernel that it does not install.
const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/boot");

/// A kernel, where there is QEMU and a kernel.
fn kernel() -> Option<PathBuf> {
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let qemu = std::env::split_paths(&dirs).any(|dir| dir.join("qemu-system-x86_64").exists());
    let unpacked = std::fs::read_dir(UNPACKED).into_iter().flatten().flatten();
    let mut kernels = unpacked.map(|entry| entry.path());
    let named = |path: &PathBuf| path.to_string_lossy().contains("/vmlinuz-");
    let found = host_kernel().ok().or_else(|| kernels.find(named));
    if !qemu || found.is_none() {
        println!("skipped: needs qemu-system-x86 and linux-image-cloud-amd64: {found:?}");
        assert!(!live::must_be_live());
    }
    found.filter(|_| qemu)
}

/// Memory for a guest with the program as tests build it, which is unpacked twice at its start.
const ROOMY: &str = "768MiB";

/// `isomon exec` in the machine.
fn exec(kernel: &Path, words: &[&str]) -> Output {
    let home = Home::new();
    let kernel = kernel.to_string_lossy();
    let first = ["exec", "-b", MACHINE.name(), "--kernel", &kernel];
    let output = home.run(&[&first[..], words].concat());
    println!("{words:?}: {}", err(&output));
    output
}

fn shell<'a>(more: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [more, &["--", "sh", "-c", script]].concat()
}

#[test]
fn a_job_has_its_own_kernel_streams_input_and_variables() {
    let Some(kernel) = kernel() else { return };
    let script = "read line; echo \"$line $X\"; echo oops >&2; uname -sn; id -u; ls /; exit 7";
    let output = exec(&kernel, &shell(&["--input", "{\"a\": 1}", "-e", "X=y z"], script));
    assert_eq!(status(&output), Some(7), "{}", err(&output));
    let said = out(&output);
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("{\"a\":1} y z"));
    assert_eq!(lines.next(), Some("Linux (none)"), "another kernel, without a name");
    assert_eq!(lines.next(), Some("65534"), "nobody");
    assert!(!lines.any(|name| matches!(name, "home" | "boot" | "var")), "{said}");
    assert!(err(&output).starts_with("oops\n"), "{}", err(&output));
    for phase in ["status 7", "create ", "init ", "ready ", "run ", "exit "] {
        assert!(err(&output).contains(phase), "{phase}: {}", err(&output));
    }
}

#[test]
fn signals_and_what_cannot_be_executed_are_told_as_a_shell_tells_them() {
    let Some(kernel) = kernel() else { return };
    let killed = exec(&kernel, &shell(&[], "kill -KILL $$; sleep 100"));
    assert_eq!(status(&killed), Some(137));
    assert!(err(&killed).contains("signal 9 (killed)"), "{}", err(&killed));
    let missing = exec(&kernel, &["--", "no-such-program"]);
    assert_eq!(status(&missing), Some(127));
    assert!(err(&missing).contains("no-such-program is not in the guest"), "{}", err(&missing));
    assert_eq!(status(&exec(&kernel, &["--", "/etc/passwd"])), Some(126));
}

#[test]
fn its_memory_and_its_time_are_bounded() {
    let Some(kernel) = kernel() else { return };
    let hog = exec(&kernel, &["--memory", ROOMY, "--", "tail", "/dev/zero"]);
    assert_eq!(status(&hog), Some(137), "{}", err(&hog));
    assert!(err(&hog).contains("more than 768 MiB of memory"), "{}", err(&hog));
    let long = exec(
        &kernel,
        &shell(&["--memory", ROOMY, "--timeout", "15s"], "trap '' TERM; sleep 1000 & wait"),
    );
    assert_eq!(status(&long), Some(124), "{}", err(&long));
    let early = exec(&kernel, &["--timeout", "300ms", "--", "true"]);
    assert_eq!(status(&early), Some(125));
    assert!(err(&early).contains("a Linux guest was not up in time"), "{}", err(&early));
    let small = exec(&kernel, &["--memory", "64MiB", "--", "true"]);
    assert_eq!(status(&small), Some(125));
    assert!(err(&small).contains("the limit is 64 MiB"), "{}", err(&small));
    assert!(err(&small).contains("try: --memory "), "{}", err(&small));
}

#[test]
fn a_flood_is_cut_and_who_stays_behind_holds_nothing_up() {
    let Some(kernel) = kernel() else { return };
    let flood = exec(&kernel, &shell(&["--output", "10KiB"], "yes | head -c 200000"));
    assert_eq!((status(&flood), out(&flood).len()), (Some(0), 10 << 10), "{}", err(&flood));
    assert!(err(&flood).contains("of output dropped"), "{}", err(&flood));
    let left = exec(&kernel, &shell(&[], "sleep 1000 & for n in 1 2 3; do true & done; echo over"));
    assert_eq!((status(&left), out(&left).as_str()), (Some(0), "over\n"));
}

#[test]
fn code_is_run_by_a_shell_and_by_others_only_where_a_root_has_them() {
    let Some(kernel) = kernel() else { return };
    let home = Home::new();
    let script = home.path().join("work.sh");
    std::fs::write(&script, "echo $0; cat").unwrap();
    let output = exec(&kernel, &["--code", script.to_str().unwrap(), "--input", "3"]);
    assert_eq!(out(&output), "/job/code.sh\n3\n");
    let python = home.path().join("work.py");
    std::fs::write(&python, "print(1)").unwrap();
    let code = python.to_str().unwrap();
    let refused = exec(&kernel, &["--code", code]);
    assert_eq!(status(&refused), Some(125));
    assert!(err(&refused).contains("--root with a directory that has it"), "{}", err(&refused));
    let root = home.path().join("root");
    std::fs::create_dir_all(root.join("usr/bin")).unwrap();
    let refused = exec(&kernel, &["--root", root.to_str().unwrap(), "--code", code]);
    assert!(err(&refused).contains("there is no python3 in"), "{}", err(&refused));
}

#[test]
fn a_root_is_packed_whole_with_its_own_libraries() {
    let Some(kernel) = kernel() else { return };
    let busybox = Path::new("/bin/busybox");
    if !busybox.exists() {
        println!("skipped: needs busybox-static");
        assert!(!live::must_be_live());
        return;
    }
    let home = Home::new();
    let root = home.path().join("root");
    for dir in ["usr/bin", "etc"] {
        std::fs::create_dir_all(root.join(dir)).unwrap();
    }
    std::fs::copy(busybox, root.join("usr/bin/busybox")).unwrap();
    std::os::unix::fs::symlink("usr/bin", root.join("bin")).unwrap();
    // isomon must not need a loader or a library of the root's.
    std::os::unix::fs::symlink("nowhere", root.join("lib64")).unwrap();
    std::os::unix::fs::symlink("nowhere", root.join("lib")).unwrap();
    std::fs::write(root.join("etc/mine"), "of the root\n").unwrap();
    let words = ["--root", root.to_str().unwrap(), "--", "/bin/busybox", "cat", "/etc/mine"];
    let output = exec(&kernel, &words);
    assert_eq!((status(&output), out(&output).as_str()), (Some(0), "of the root\n"));
}

#[test]
fn an_initrd_of_the_users_is_joined_and_one_that_is_broken_says_so() {
    let Some(kernel) = kernel() else { return };
    let home = Home::new();
    let file = home.path().join("initrd");
    std::fs::write(&file, b"no archive at all").unwrap();
    let words = ["--initrd", file.to_str().unwrap(), "--", "true"];
    let broken = exec(&kernel, &words);
    assert_eq!(status(&broken), Some(125));
    let said = err(&broken);
    assert!(said.contains("unpacking failed") || said.contains("Kernel panic"), "{said}");
    let busybox = Path::new("/bin/busybox");
    let packs = std::process::Command::new("cpio").arg("--version").output().is_ok();
    if !busybox.exists() || !packs {
        println!("skipped: needs busybox-static and cpio");
        assert!(!live::must_be_live());
        return;
    }
    let pack = format!(
        "mkdir bin && cp {} bin && echo mine >hello && find . | cpio -o -H newc --quiet | gzip >{}",
        busybox.display(),
        file.display(),
    );
    let tree = tempfile::tempdir().unwrap();
    let mut packing = std::process::Command::new("sh");
    assert!(packing.args(["-c", &pack]).current_dir(&tree).status().unwrap().success());
    let words = ["--initrd", file.to_str().unwrap(), "--", "/bin/busybox", "cat", "/hello"];
    let output = exec(&kernel, &words);
    assert_eq!((status(&output), out(&output).as_str()), (Some(0), "mine\n"));
}

/// One launch in a camp of its own, which must leave nothing.
async fn launch(task: &Task) -> Trial {
    let (ground, id) = (Ground::new(), id());
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let trial = camp.launch(task).await.unwrap();
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    trial
}

fn task(kernel: PathBuf, payload: Payload) -> Task {
    let limits = Limits {
        memory_bytes: Bytes(768 << 20),
        timeout_seconds: Seconds(30.0),
        ..Limits::default()
    };
    let kernel = Some(Arc::new(Kernel { image: kernel, initrd: None }));
    Task { kernel, ..Task::of(Cell::cold(MACHINE, payload), 0xfeed_0001, limits) }
}

#[tokio::test]
async fn our_own_work_is_done_in_it_with_the_right_result() {
    let Some(kernel) = kernel() else { return };
    let payloads = [
        Payload::Noop,
        Payload::Cpu { rounds: 1_000_000 },
        Payload::Memory { mib: 32 },
        Payload::Syscall { calls: 20_000 },
    ];
    for payload in payloads {
        assert_eq!(payload.lack(MACHINE, true), None);
        let trial = launch(&task(kernel.clone(), payload)).await;
        assert_eq!(trial.outcome, Outcome::Good, "{payload}");
        println!("{payload}: {:?}", trial.phases);
        for phase in [Phase::Create, Phase::Init, Phase::Ready, Phase::Run, Phase::Exit] {
            assert!(trial.phases.get(phase).is_some(), "{payload} {phase:?}");
        }
    }
}

#[tokio::test]
async fn a_look_from_inside_sees_the_guests_kernel() {
    let Some(kernel) = kernel() else { return };
    let trial = launch(&Task { work: Work::Look, ..task(kernel, Payload::Noop) }).await;
    assert_eq!(trial.outcome, Outcome::Good);
    let inside = Inside::read(&trial.value.unwrap()).unwrap();
    println!("{inside:?}");
    let ours = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert!(!inside.kernel.as_ref().unwrap().as_str().contains(ours.trim()), "{inside:?}");
    // Of another kernel's files nothing is the host's, so there is nothing to tell.
    assert_eq!((inside.host_kernel, inside.host_writable), (Some(false), None));
    assert_eq!(inside.uid, Some(65534));
}
