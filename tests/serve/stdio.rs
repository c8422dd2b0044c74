//! `isomon serve --stdio`, as another isomon runs it by SSH.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use isomon::backend::{CampSettings, audit};
use isomon::model::bench::Limits;
use isomon::model::live::{Hello, Line};
use isomon::model::run::RunEvent;
use isomon::model::update::What;

use crate::home::Home;
use crate::server::SOON;

struct Far {
    _home: Home,
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
}

impl Far {
    fn start(words: &[&str]) -> (Self, Hello) {
        let home = Home::new();
        let mut command = home.command(&[&["serve", "--stdio", "--no-check"], words].concat());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            output.map_while(Result::ok).take_while(|line| to.send(line.clone()).is_ok()).count()
        });
        let input = child.stdin.take();
        let far = Self { _home: home, child, input, lines };
        let hello = serde_json::from_str(&far.lines.recv_timeout(SOON).unwrap()).unwrap();
        (far, hello)
    }

    fn wish(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The first update of which `wanted` is true.
    fn hear(&self, wanted: impl Fn(&What) -> bool) -> What {
        let begin = Instant::now();
        loop {
            let left = (SOON * 3).saturating_sub(begin.elapsed());
            let line = self.lines.recv_timeout(left).expect("it is told in time");
            let line: Line = match serde_json::from_str(&line) {
                Ok(line) => line,
                Err(_) if line.is_empty() => continue,
                Err(error) => panic!("{error}: {line}"),
            };
            if wanted(&line.update.what) {
                return line.update.what;
            }
        }
    }

    fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        let begin = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < SOON, "it does not end with its input");
            let _line = self.lines.recv_timeout(Duration::from_millis(20));
        }
        self.child.wait().unwrap().code()
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // One that has ended already is fine.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn it_tells_does_what_is_wished_and_ends_with_its_input() {
    let (mut far, hello) = Far::start(&["--interval", "200ms"]);
    assert!(hello.can_bench && !hello.resumed);
    far.hear(|what| matches!(what, What::Node(_)));
    far.wish("{\"focus\":\"local\"}");
    far.hear(|what| matches!(what, What::Processes(processes) if !processes.is_empty()));
    far.wish("{\"pause\":true}");
    far.hear(|what| matches!(what, What::Notice(notice) if notice.bad));
    far.wish("nonsense");
    far.hear(
        |what| matches!(what, What::Notice(notice) if notice.text.as_str().contains("no wish")),
    );
    far.wish("{\"interval\":{\"secs\":1,\"nanos\":0}}");
    far.hear(
        |what| matches!(what, What::Notice(notice) if notice.text.as_str().contains("interval")),
    );
    assert_eq!(far.end(), Some(0));
}

#[test]
fn a_run_that_goes_on_is_cleared_up_when_the_input_ends() {
    let (mut far, _) = Far::start(&[]);
    let backends = [isomon::model::backend::BackendId::Process];
    let plan = isomon::bench::preset::plan(isomon::model::bench::Preset::Standard, &backends, 1);
    let id = isomon::model::id::RunId::new(1_000, 0x5e1f_0001);
    let settings = CampSettings::detect(Limits::default()).unwrap();
    let wish = isomon::model::command::Command::BenchAs { id: id.clone(), plan: Box::new(plan) };
    far.wish(&serde_json::to_string(&wish).unwrap());
    let begun = |what: &What| matches!(what, What::Run { event: RunEvent::Sample(_), .. });
    far.hear(begun);
    assert_ne!(audit(&settings, &id), [], "there is something to be cleared up");
    let runtime = far.child.id();
    assert_eq!(far.end(), Some(0));
    let left = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).to_owned();
        after.split(' ').nth(1) == Some(runtime.to_string().as_str())
    });
    assert_eq!(left.count(), 0, "nothing of it is left");
    assert_eq!(audit(&settings, &id), [], "neither groups nor files");
}
