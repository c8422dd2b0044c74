//! A program in a pseudo-terminal of its own, with what it writes, shows and costs.

use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Rows and columns.
pub(crate) type Size = (u16, u16);

/// A running program and its screen.
pub(crate) struct Program {
    child: Box<dyn Child + Send + Sync>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    keys: Box<dyn Write + Send>,
    /// Must live as long as the program, or it is hung up.
    _master: Box<dyn MasterPty + Send>,
    pub(crate) screen: vt100::Parser,
    started: Instant,
    /// From start to the first screen that shows something.
    pub(crate) first_frame: Option<Duration>,
    /// Bytes written so far.
    pub(crate) written: usize,
}

/// What a program and its children have used, and hold now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    pub(crate) pss_bytes: f64,
}

impl Program {
    /// Starts `command` on a screen of `size`, with a home of its own.
    pub(crate) fn start(
        command: &[&str],
        size: Size,
        home: &Path,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let (rows, cols) = size;
        let pair =
            native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })?;
        let mut builder = CommandBuilder::new(command[0]);
        builder.args(&command[1..]);
        for (name, value) in [
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "C.UTF-8"),
            ("LC_ALL", "C.UTF-8"),
        ] {
            builder.env(name, value);
        }
        builder.env("HOME", home);
        for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "NO_COLOR", "TMUX"] {
            builder.env_remove(name);
        }
        let reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let started = Instant::now();
        let child = pair.slave.spawn_command(builder)?;
        let cells = |cells: u16| NonZeroU16::new(cells).unwrap_or(NonZeroU16::MIN);
        Ok(Self {
            child,
            chunks: read(reader),
            keys,
            _master: pair.master,
            screen: vt100::Parser::new(cells(rows), cells(cols), 0),
            started,
            first_frame: None,
            written: 0,
        })
    }

    /// Reads what it writes and answers what it asks, for `time`.
    pub(crate) fn watch(&mut self, time: Duration) {
        self.watch_until(time, |_| false);
    }

    /// The same until `done`; false if `time` is up first.
    pub(crate) fn watch_until(&mut self, time: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + time;
        while !done(self) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok((at, bytes)) = self.chunks.recv_timeout(left) else {
                return done(self);
            };
            self.take(at, &bytes);
        }
        true
    }

    fn take(&mut self, at: Instant, bytes: &[u8]) {
        self.written += bytes.len();
        self.screen.process(bytes);
        self.answer(bytes);
        if self.first_frame.is_none() && self.shows_something() {
            self.first_frame = Some(at.duration_since(self.started));
        }
    }

    /// A twentieth of the cells hold something.
    fn shows_something(&self) -> bool {
        let screen = self.screen.screen();
        let (rows, cols) = screen.size();
        let contents = screen.contents();
        let shown = contents.chars().filter(|letter| !letter.is_whitespace());
        shown.count() * 20 > usize::from(rows.get()) * usize::from(cols.get())
    }

    /// Programs ask the terminal where the cursor is and what it can do, and may wait for that.
    fn answer(&mut self, bytes: &[u8]) {
        let (row, column) = self.screen.screen().cursor_position();
        let cursor = format!("\x1b[{};{}R", row + 1, column + 1);
        let questions: [(&[u8], &str); 5] = [
            (b"\x1b[6n", &cursor),
            (b"\x1b[c", "\x1b[?62;22c"),
            (b"\x1b[0c", "\x1b[?62;22c"),
            (b"\x1b[>c", "\x1b[>0;10;1c"),
            (b"\x1b]11;?", "\x1b]11;rgb:0000/0000/0000\x07"),
        ];
        for (question, answer) in questions {
            if bytes.windows(question.len()).any(|window| window == question) {
                self.press(answer);
            }
        }
    }

    /// Types `keys`; a program that has gone does not hear them.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).ok();
        self.keys.flush().ok();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// What it and its children use.
    pub(crate) fn usage(&self) -> Usage {
        let family = self.child.process_id().map(family).unwrap_or_default();
        Usage {
            cpu_seconds: family.iter().filter_map(|pid| cpu_seconds(*pid)).sum(),
            pss_bytes: family.iter().filter_map(|pid| pss_bytes(*pid)).sum(),
        }
    }

    /// Asks it to leave, and ends it if it does not.
    pub(crate) fn stop(mut self) {
        self.press("q");
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            self.watch(Duration::from_millis(50));
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a thread reads, in order.
fn read(mut reader: Box<dyn Read + Send>) -> Receiver<(Instant, Vec<u8>)> {
    let (to, chunks) = sync_channel(256);
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            if to.send((Instant::now(), buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    });
    chunks
}

/// A process and all that descend from it, whichever thread started them.
fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        let children = of_threads(parent, "children").join(" ");
        family.extend(children.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        at += 1;
    }
    family
}

/// The file `name` of each thread of a process.
fn of_threads(pid: u32, name: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| fs::read_to_string(thread.path().join(name)).ok()).collect()
}

/// Time on a processor of the threads of a process, in nanoseconds (`schedstat`, first field), and
/// of its children that have ended, in ticks (`proc(5)`, fields 16 and 17 of `stat`).
fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(13).take(2);
    let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
    let threads = of_threads(pid, "schedstat");
    let times = threads.iter().filter_map(|line| line.split_whitespace().next());
    let nanoseconds: f64 = times.filter_map(|time| time.parse::<f64>().ok()).sum();
    Some(nanoseconds / 1e9 + ticks / rustix::param::clock_ticks_per_second() as f64)
}

/// Memory with shared pages divided among those who share them.
fn pss_bytes(pid: u32) -> Option<f64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024.0)
}
