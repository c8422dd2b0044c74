//! A pseudo-terminal with isomon in it: keys in, bytes and a parsed screen out.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// Longest any of these tests waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether it has happened.
const LOOK: Duration = Duration::from_millis(5);

/// How isomon is started.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// As the leader of a session whose terminal this is: like a login.
    Leader,
    /// As somebody who merely has it as input and output, and gets no SIGHUP.
    Guest,
    /// As another user in a session of root, like after `su`: this copy of isomon, which that user may run.
    Stranger(&'static str),
}

/// isomon in a terminal.
pub struct Rig {
    child: Child,
    master: Option<Arc<OwnedFd>>,
    /// Held open, so that its mode can be read when isomon is gone.
    slave: Option<OwnedFd>,
    mode: String,
    seen: Arc<Seen>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// What came out of the terminal.
pub struct Seen {
    log: Mutex<Vec<u8>>,
    screen: Mutex<vt100::Parser>,
    stop: AtomicBool,
    hold: AtomicBool,
}

impl Rig {
    /// Starts isomon at 80×24 with `set` added to a small environment.
    pub fn start(place: Place, set: &[(&str, &str)]) -> Self {
        Self::start_at(place, set, (80, 24))
    }

    /// Starts isomon at `size`, columns and rows.
    pub fn start_at(place: Place, set: &[(&str, &str)], size: (u16, u16)) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
        resize(&master, size);
        let mode = mode(&slave);
        let child = spawn(place, set, &slave);
        let seen = Arc::new(Seen {
            log: Mutex::default(),
            screen: Mutex::new(parser(size)),
            stop: AtomicBool::new(false),
            hold: AtomicBool::new(false),
        });
        let master = Arc::new(master);
        let (from, into) = (Arc::clone(&master), Arc::clone(&seen));
        let reader = std::thread::spawn(move || read(&from, &into));
        Self { child, master: Some(master), slave: Some(slave), mode, seen, reader: Some(reader) }
    }

    /// Starts isomon and waits until its first frame is there.
    pub fn started(place: Place, set: &[(&str, &str)]) -> Self {
        let rig = Self::start(place, set);
        rig.wait_for("1 Overview");
        rig
    }

    /// Types `text`.
    pub fn send(&self, text: &[u8]) {
        let master = self.master.as_ref().unwrap().try_clone().unwrap();
        File::from(master).write_all(text).unwrap();
    }

    /// Sends `signal`.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Gives the terminal another size.
    pub fn resize(&self, size: (u16, u16)) {
        *self.seen.screen.lock().unwrap() = parser(size);
        resize(self.master.as_ref().unwrap(), size);
    }

    /// Stops reading, as a terminal does that hangs; or goes on.
    pub fn hold(&self, hold: bool) {
        self.seen.hold.store(hold, Ordering::SeqCst);
    }

    /// Takes the terminal away.
    pub fn hang_up(&mut self) {
        self.seen.stop.store(true, Ordering::SeqCst);
        self.reader.take().unwrap().join().unwrap();
        self.slave = None;
        self.master = None;
    }

    /// Waits until `words` are on the screen.
    pub fn wait_for(&self, words: &str) {
        let there = until(PATIENCE, || self.text().contains(words));
        assert!(there, "no {words:?} on the screen:\n{}", self.text());
    }

    /// Waits until `holds` of the screen.
    pub fn wait_until(&self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) {
        let held = until(PATIENCE, || holds(self.seen.screen.lock().unwrap().screen()));
        assert!(held, "{what}:\n{}", self.text());
    }

    /// The letters on the screen.
    pub fn text(&self) -> String {
        self.seen.screen.lock().unwrap().screen().contents()
    }

    /// Every byte so far.
    pub fn log(&self) -> Vec<u8> {
        self.seen.log.lock().unwrap().clone()
    }

    /// Forgets the bytes so far.
    pub fn clear_log(&self) {
        self.seen.log.lock().unwrap().clear();
    }

    /// Waits for the end and returns the exit status.
    pub fn end_within(&mut self, time: Duration) -> ExitStatus {
        let mut status = None;
        let child = &mut self.child;
        until(time, || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap_or_else(|| panic!("still there after {time:?}"))
    }

    /// The state letter of the process (`R`, `S`, `T`, `Z`) and the processor time it took.
    pub fn process(&self) -> (char, Duration) {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        let state = fields[0].chars().next().unwrap();
        let each = 1000 / rustix::param::clock_ticks_per_second();
        (state, Duration::from_millis(ticks * each))
    }

    /// Fails unless the terminal is as it was before isomon came.
    pub fn assert_restored(&self) {
        assert_eq!(mode(self.slave.as_ref().unwrap()), self.mode, "terminal mode");
        self.wait_until("the terminal was not given back", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.seen.stop.store(true, Ordering::SeqCst);
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}

/// Looks until `done`, for at most `time`.
pub fn until(time: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + time;
    loop {
        if done() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::park_timeout(LOOK);
    }
}

fn spawn(place: Place, set: &[(&str, &str)], slave: &OwnedFd) -> Child {
    let program = env!("CARGO_BIN_EXE_isomon");
    let mut command = match place {
        Place::Guest => Command::new(program),
        Place::Leader => {
            let mut command = Command::new("setsid");
            command.args(["--ctty", program]);
            command
        }
        Place::Stranger(copy) => {
            let mut command = Command::new("setsid");
            command.args([
                "--ctty",
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                copy,
            ]);
            command
        }
    };
    let end = || Stdio::from(slave.try_clone().unwrap());
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", std::env::temp_dir())
        .env("XDG_STATE_HOME", std::env::temp_dir())
        .envs([("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC")])
        .envs(set.iter().copied())
        .stdin(end())
        .stdout(end())
        .stderr(end())
        .spawn()
        .unwrap()
}

fn read(master: &OwnedFd, seen: &Seen) {
    let mut from = File::from(master.try_clone().unwrap());
    let mut buffer = [0; 8192];
    while !seen.stop.load(Ordering::SeqCst) {
        if seen.hold.load(Ordering::SeqCst) || !readable(master) {
            std::thread::park_timeout(LOOK);
            continue;
        }
        // Once nobody has the other end open, reading is an error: wait to be stopped.
        let Ok(count) = from.read(&mut buffer) else {
            std::thread::park_timeout(LOOK);
            continue;
        };
        seen.screen.lock().unwrap().process(&buffer[..count]);
        seen.log.lock().unwrap().extend_from_slice(&buffer[..count]);
    }
}

fn readable(master: &OwnedFd) -> bool {
    let timeout = Timespec::try_from(LOOK).unwrap();
    let mut ready = [PollFd::new(master, PollFlags::IN)];
    poll(&mut ready, Some(&timeout)).is_ok_and(|count| count > 0)
}

fn parser(size: (u16, u16)) -> vt100::Parser {
    let least = |length: u16| length.max(1).try_into().unwrap();
    vt100::Parser::new(least(size.1), least(size.0), 0)
}

fn resize(master: impl AsFd, size: (u16, u16)) {
    let size = Winsize { ws_col: size.0, ws_row: size.1, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(master, size).unwrap();
}

fn mode(slave: &OwnedFd) -> String {
    format!("{:?}", tcgetattr(slave).unwrap())
}
