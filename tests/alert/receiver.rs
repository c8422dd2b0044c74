//! A receiver that is a program: what it is told, and that nothing it started outlives it or isomon.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use isomon::alert::deliver::program::{Error, Program};

/// Waits until `is_so`, at most `within`.
async fn eventually(what: &str, within: Duration, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < within, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Processes with `mark` among their arguments.
fn alive(mark: &str) -> usize {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let has_mark = |entry: &std::fs::DirEntry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(mark)
    };
    pids.filter(has_mark).count()
}

fn shell(script: &str) -> Program {
    Program::new(&["/bin/sh", "-c", script].map(str::to_owned))
        .kept_by(Path::new(env!("CARGO_BIN_EXE_isomon")))
}

/// What leaves its session and its parent, and does not end when it is asked to.
fn stubborn(mark: &str) -> String {
    format!(
        "trap '' TERM; setsid sleep {mark} & (setsid sh -c \"trap '' TERM; sleep {mark}; :\" &) ; "
    )
}

#[tokio::test]
async fn it_reads_what_is_told_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let mark = "86415.125";
    let out_of = out.display();
    let script =
        format!("{}cat > {out_of}; env > {out_of}.env; pwd > {out_of}.dir", stubborn(mark));
    shell(&script).run(b"{\"firing\":1}").await.unwrap();
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "{\"firing\":1}");
    assert_eq!(std::fs::read_to_string(home.path().join("out.dir")).unwrap(), "/\n");
    let seen = std::fs::read_to_string(home.path().join("out.env")).unwrap();
    assert!(seen.contains("PATH=") && !seen.contains("CARGO"), "{seen}");
    assert_eq!(alive(mark), 0, "it is told when all of it is gone");
}

#[tokio::test]
async fn one_that_fails_or_is_not_there_is_said() {
    let said = async |program: Program| program.run(b"{}").await.unwrap_err().to_string();
    assert_eq!(said(shell("exit 3")).await, "it ended with exit status 3");
    assert_eq!(said(shell("kill -9 $$")).await, "it ended with signal 9");
    let gone = Program::new(&["/nonexistent/x".to_owned()])
        .kept_by(Path::new(env!("CARGO_BIN_EXE_isomon")));
    assert_eq!(said(gone).await, "/nonexistent/x: No such file or directory (os error 2)");
    assert!(shell("exec true").run(&vec![b'x'; 1 << 20]).await.is_ok(), "it need not read");
    let began = Instant::now();
    shell("exec 3<&0; setsid sleep 86416.5 <&3 & exit 0").run(&vec![b'x'; 1 << 20]).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "nor what it leaves behind");
}

#[tokio::test]
async fn one_that_hangs_is_ended_with_all_it_started() {
    let mark = "86417.75";
    let error = shell(&format!("{}sleep {mark}", stubborn(mark))).run(b"{}").await;
    assert!(matches!(error, Err(Error::Late)), "{error:?}");
    assert_eq!(alive(mark), 0);
}

/// isomon is killed while a receiver is told.
#[tokio::test]
async fn nothing_is_left_after_a_kill() {
    let home = tempfile::tempdir().unwrap();
    let mark = "86418.25";
    let script = format!("{}sleep {mark}", stubborn(mark));
    let command = serde_json::to_string(&["/bin/sh", "-c", &script]).unwrap();
    let rules = format!("[[receiver]]\nname = \"ops\"\nkind = \"command\"\ncommand = {command}\n");
    let settings = home.path().join(".config/isomon");
    std::fs::create_dir_all(&settings).unwrap();
    std::fs::write(settings.join("rules.toml"), rules).unwrap();
    let mut victim = Command::new(env!("CARGO_BIN_EXE_isomon"))
        .args(["alerts", "test"])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it runs", Duration::from_secs(8), || alive(mark) >= 5).await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    eventually("it is gone", Duration::from_secs(8), || alive(mark) == 0).await;
}
