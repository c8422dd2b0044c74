//! `p` stops all that is asked, here and elsewhere, and starts it again.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::rig::{Place, Rig, until};

const SOON: Duration = Duration::from_secs(3);

/// A Solstice without jobs, and how often it was asked for them.
fn solstice() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let count = Arc::clone(&count);
            std::thread::spawn(move || answer(stream, &count));
        }
    });
    (port, asked)
}

fn answer(mut stream: TcpStream, count: &AtomicUsize) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(first) = lines.next().transpose()? {
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        count.fetch_add(usize::from(first.contains("/api/jobs?")), Ordering::SeqCst);
        let body = r#"{"running":[],"completed":[]}"#;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        write!(stream, "{head} {}\r\n\r\n{body}", body.len())?;
    }
    Ok(())
}

/// This machine as it was read last; the two lines above have a clock and an age.
fn panels(rig: &Rig) -> String {
    rig.text().lines().skip(2).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_pause_stops_this_machine_and_all_sources_until_it_goes_on() {
    let (port, asked) = solstice();
    let home = tempfile::tempdir().unwrap();
    let place = home.path().to_str().unwrap();
    std::fs::create_dir_all(home.path().join("isomon")).unwrap();
    let source =
        format!("[[source]]\nname = \"tasks\"\nurl = \"solstice+http://127.0.0.1:{port}\"\n");
    let settings = format!("[watch]\ninterval = \"250ms\"\n{source}interval = \"1s\"\n");
    std::fs::write(home.path().join("isomon/isomon.toml"), settings).unwrap();
    let set = [("HOME", place), ("XDG_STATE_HOME", place), ("XDG_CONFIG_HOME", place)];
    let mut rig = Rig::started(Place::Leader, &set);
    let count = || asked.load(Ordering::SeqCst);
    let moves = |rig: &Rig, within| {
        let (screen, questions) = (panels(rig), count());
        let (mut screens, mut asks) = (false, false);
        until(within, || {
            screens |= panels(rig) != screen;
            asks |= count() > questions;
            screens && asks
        });
        (screens, asks)
    };
    rig.send(b"2");
    rig.wait_for("NODE");
    rig.send(b"\r");
    rig.wait_for("COMMAND");
    assert_eq!(moves(&rig, SOON), (true, true), "both are watched");
    rig.send(b"p");
    rig.wait_for("paused");
    // What was on its way has come.
    until(Duration::from_millis(800), || false);
    assert_eq!(moves(&rig, SOON), (false, false), "paused:\n{}", rig.text());
    rig.send(b"p");
    rig.wait_until("it goes on", |screen| !screen.contents().contains("paused"));
    assert_eq!(moves(&rig, SOON), (true, true), "both are watched again");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
}
