//! What is left when a viewer goes, when the server ends, and when either hangs.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::is_built_in;
use crate::server::{SOON, Server};
use crate::viewer::Viewer;

/// The screens of `server`: its children that are isomon.
fn screens(server: &Server) -> Vec<Pid> {
    let path = format!("/proc/{0}/task", server.pid());
    let tasks = std::fs::read_dir(path).unwrap().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<i32> = lists
        .flat_map(|list| list.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    let is_screen = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.starts_with(b"isomon\0")
    };
    pids.into_iter().filter(is_screen).filter_map(Pid::from_raw).collect()
}

/// Waits until none of `pids` is there, or only as what nobody has asked after.
fn are_gone(pids: &[Pid]) {
    let begin = Instant::now();
    let is_there = |pid: &Pid| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        let state = stat.unwrap_or_default();
        test_kill_process(*pid).is_ok() && !state.contains(") Z ")
    };
    while pids.iter().any(is_there) {
        assert!(begin.elapsed() < SOON, "{pids:?} are still there");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn opened(server: &Server) -> Viewer {
    let mut viewer = Viewer::at(server, &[]);
    viewer.wait_for("1 Overview");
    viewer
}

#[test]
fn a_screen_ends_with_its_viewer_and_with_the_server() {
    if !is_built_in() {
        return;
    }
    let server = Server::start(&["--web"]);
    let viewer = opened(&server);
    let pids = screens(&server);
    assert_eq!(pids.len(), 1);
    drop(viewer);
    are_gone(&pids);
    let mut viewer = opened(&server);
    let pids = screens(&server);
    let (status, _) = server.end(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    are_gone(&pids);
    assert_eq!(viewer.end().0, 1001, "the server ends");
}

#[test]
fn a_server_that_is_killed_leaves_no_screen() {
    if !is_built_in() {
        return;
    }
    let server = Server::start(&["--web"]);
    let _viewers: Vec<Viewer> = (0..3).map(|_| opened(&server)).collect();
    let pids = screens(&server);
    assert_eq!(pids.len(), 3);
    server.end(Signal::KILL);
    are_gone(&pids);
}

#[test]
fn a_screen_that_is_stopped_goes_on_for_there_is_no_shell() {
    if !is_built_in() {
        return;
    }
    let server = Server::start(&["--web"]);
    let mut viewer = opened(&server);
    let pids = screens(&server);
    viewer.type_in(b"\x1a");
    viewer.type_in(b"2");
    viewer.wait_for("NODE");
    kill_process(pids[0], Signal::STOP).unwrap();
    viewer.type_in(b"1");
    viewer.until("the first tab", |viewer| !viewer.text().contains("NODE"));
    kill_process(pids[0], Signal::STOP).unwrap();
    drop(viewer);
    are_gone(&pids);
}

#[test]
fn the_ninth_viewer_is_told_and_a_seat_is_free_again() {
    if !is_built_in() {
        return;
    }
    let server = Server::start(&["--web"]);
    let mut viewers: Vec<Viewer> = (0..8).map(|_| Viewer::at(&server, &[])).collect();
    for viewer in &mut viewers {
        viewer.until("a greeting", |viewer| !viewer.hello.is_null());
    }
    let (code, words) = Viewer::at(&server, &[]).end();
    assert_eq!(code, 1013);
    assert!(words.contains("8 screens are open"), "{words}");
    drop(viewers.pop());
    let begin = Instant::now();
    loop {
        let mut viewer = Viewer::at(&server, &[]);
        while viewer.hello.is_null() && viewer.look() {}
        if !viewer.hello.is_null() {
            return;
        }
        assert!(begin.elapsed() < SOON, "no seat is free again");
    }
}

#[test]
fn a_viewer_that_does_not_say_what_it_has_shown_is_sent_no_more_than_fits() {
    if !is_built_in() {
        return;
    }
    let server = Server::start(&["--web"]);
    let mut viewer = Viewer::at(&server, &[]);
    viewer.tells = false;
    viewer.wait_for("1 Overview");
    // Each draws the whole screen anew.
    let (begin, mut turn) = (Instant::now(), 0);
    while begin.elapsed() < SOON && viewer.bytes < 250_000 {
        turn = turn % 9 + 1;
        viewer.type_in(turn.to_string().as_bytes());
        viewer.type_in(b"\x0c");
        assert!(viewer.look(), "{:?}", viewer.over);
    }
    assert!(viewer.bytes > 200_000, "it draws: {}", viewer.bytes);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(2) {
        assert!(viewer.look(), "{:?}", viewer.over);
    }
    assert!(viewer.bytes < (256 + 16) << 10, "{}", viewer.bytes);
    viewer.tells = true;
    let before = viewer.bytes;
    viewer.say(&format!("{{\"seen\":{before}}}"));
    viewer.type_in(b"1");
    viewer.until("what goes on", |viewer| viewer.bytes > before);
}
