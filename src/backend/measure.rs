//! Starts one program and watches it to its end: the only code between the two clock readings.
//!
//! It does as little as can be: one spawn, one poll for each thing that happens. Pipes and
//! descriptors are made before the clock starts; output is read as it comes, so that a sandbox
//! never waits for us, and what is too much is dropped.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags};

use super::beside::Beside;
use super::mark::{self, Mark, Marks};
use super::outflow::Outflow;
use super::residue;
use super::scan::Scan;
use super::serial::{News, Serial};
use super::upright;
use super::wire::{Input, Launch, Report};
use crate::model::job::Stream;

/// Standard error kept for the message.
const COMPLAINT: usize = 4096;
/// Output read after the end, at most: something left behind may write for ever.
const LAST_WORDS: usize = 1 << 20;

/// Starts what `launch` names and reports what became of it. Gives up, and kills it, when the other
/// end of `lifeline` closes.
pub(super) fn measure(launch: &Launch, lifeline: BorrowedFd<'_>) -> Report {
    match begin(launch) {
        Ok(watch) => watch.see_out(launch, lifeline),
        Err(error) => refused(&error),
    }
}

/// A program that stands: its streams stay open, and nobody waits for it.
pub(super) struct Held {
    _child: Child,
    _ends: Ends,
    _marks: Option<Marks>,
}

/// Starts what `launch` names and watches it until it is ready; the report says how that went, and
/// what stands is to be kept.
pub(super) fn stand(launch: &Launch, lifeline: BorrowedFd<'_>) -> (Report, Option<Held>) {
    match begin(launch) {
        Ok(watch) => watch.stand_up(launch, lifeline),
        Err(error) => (refused(&error), None),
    }
}

fn begin(launch: &Launch) -> std::io::Result<Watch> {
    let marks = launch.marks.then(Marks::lend).transpose();
    match marks.and_then(|marks| Ok((Pipes::open(&launch.input)?, marks))) {
        Ok(((pipes, ours), marks)) => start(launch, pipes, (ours, marks)),
        Err(error) => {
            // What was lent by then is not for the next program.
            let taken_back = if launch.marks { mark::reserve() } else { Ok(()) };
            Err(taken_back.err().unwrap_or(error))
        }
    }
}

/// Spawns `program`, waits for it, and reports how long that took.
pub(super) fn measure_empty(program: &std::path::Path) -> Report {
    let mut command = empty(program);
    let clock = Instant::now();
    match command.spawn().and_then(|mut child| child.wait()) {
        Ok(status) => Report {
            exited_ns: Some(nanoseconds(clock)),
            status: status.code(),
            ..Report::default()
        },
        Err(error) => refused(&error),
    }
}

/// `program` with nothing to read, nobody to tell and no variables.
fn empty(program: &std::path::Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn refused(error: &std::io::Error) -> Report {
    Report { start_error: Some(error.to_string()), ..Report::default() }
}

/// The sandbox's ends of its standard streams.
struct Pipes {
    input: File,
    output: OwnedFd,
    error: OwnedFd,
}

/// Our ends of its output and its errors, and of its input where that is kept open.
type Ends = (File, File, Option<OwnedFd>);

impl Pipes {
    fn open(input: &Input) -> std::io::Result<(Self, Ends)> {
        let (ours, output) = pipe()?;
        let (our_error, error) = pipe()?;
        let (input, our_input) = match input {
            Input::Nothing => (File::open("/dev/null")?, None),
            Input::File(path) => (File::open(path)?, None),
            Input::Line(_) => {
                let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
                (File::from(reader), Some(writer))
            }
        };
        let pipes = Self { input, output, error };
        Ok((pipes, (ours, our_error, our_input)))
    }
}

/// A pipe whose reading end never blocks.
fn pipe() -> std::io::Result<(File, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&reader, rustix::fs::OFlags::NONBLOCK)?;
    Ok((File::from(reader), writer))
}

fn start(
    launch: &Launch,
    pipes: Pipes,
    (ends, marks): (Ends, Option<Marks>),
) -> std::io::Result<Watch> {
    let mut command = Command::new(&launch.argv[0]);
    command.args(&launch.argv[1..]).env_clear().current_dir("/");
    command.envs(launch.env.iter().map(|(name, value)| (name, value)));
    // Else the end of its errors would wake us just before its own end does.
    let plug = launch.silent.then(|| pipes.error.try_clone()).transpose()?;
    command.stdin(pipes.input).stderr(pipes.error);
    if launch.silent {
        // Nobody looks at it, and a pipe would cost the program more than its own writing.
        command.stdout(Stdio::null());
    } else {
        command.stdout(pipes.output);
    }
    if let Some(program) = &launch.before {
        // What becomes of it is of no interest: the program's own start tells what is wrong.
        empty(program).status().ok();
    }
    let clock = Instant::now();
    let spawned = command.spawn();
    let created_ns = marks.is_none().then(|| nanoseconds(clock));
    let taken_back = if marks.is_some() { mark::reserve() } else { Ok(()) };
    let child = taken_back.and(spawned)?;
    drop(command);
    Ok(Watch {
        clock,
        scan: Scan::new(launch.nonce, launch.keep_bytes),
        complaint: Vec::new(),
        out: Outflow::new(launch),
        serial: launch.framed.then(|| Serial::new(launch.nonce)),
        ready: launch.ready_ms.map(Duration::from_millis),
        ends,
        _plug: plug,
        marks,
        child,
        report: Report {
            created_ns,
            framed: launch.framed,
            silent: launch.silent,
            ..Report::default()
        },
    })
}

/// A program under observation.
pub(super) struct Watch {
    clock: Instant,
    scan: Scan,
    complaint: Vec<u8>,
    out: Outflow,
    /// What a Linux guest says on its one line.
    serial: Option<Serial>,
    ready: Option<Duration>,
    ends: Ends,
    _plug: Option<OwnedFd>,
    marks: Option<Marks>,
    child: Child,
    report: Report,
}

/// What else a watch looks at.
pub(super) struct Sight<'a> {
    /// Readable when the program has ended.
    held: BorrowedFd<'a>,
    /// Closed when nobody listens any more.
    lifeline: BorrowedFd<'a>,
    /// When its time is over.
    timeout: Duration,
    /// Whether its output, its errors and its marks may go on.
    open: [bool; 3],
}

impl Watch {
    fn see_out(mut self, launch: &Launch, lifeline: BorrowedFd<'_>) -> Report {
        let ended = self.watch(launch, lifeline, |_| false).unwrap_or_default();
        if !ended {
            // Ignored: it may have ended in this instant, and then the wait below tells.
            self.child.kill().ok();
        }
        self.wait();
        self.read_last_words();
        self.settle_guest();
        let grace = if ended { residue::GRACE } else { Duration::ZERO };
        self.report.left_over = !residue::clear(grace, &launch.gone, lifeline);
        residue::remove(&launch.remove);
        self.report.clean_ns = Some(nanoseconds(self.clock));
        self.out.finish(lifeline);
        self.report().0
    }

    /// Watches until it is ready; it, if it stands.
    fn stand_up(mut self, launch: &Launch, lifeline: BorrowedFd<'_>) -> (Report, Option<Held>) {
        let pid = self.child.id();
        let happened = self.watch(launch, lifeline, |watch| watch.scan.ready_ns.is_some());
        if happened.is_some() {
            let family = upright::family(pid);
            // Ignored: it may have ended in this instant, and then the wait below tells.
            self.child.kill().ok();
            self.wait();
            upright::disperse(&family);
            self.read_last_words();
            residue::remove(&launch.remove);
            return (self.report().0, None);
        }
        self.report.pid = Some(pid);
        let (report, held) = self.report();
        (report, Some(held))
    }

    /// Watches until it ends (`Some(true)`), its time is over or nobody listens any more
    /// (`Some(false)`), or it is seen `enough` of.
    fn watch(
        &mut self,
        launch: &Launch,
        lifeline: BorrowedFd<'_>,
        enough: impl Fn(&Self) -> bool,
    ) -> Option<bool> {
        let pid = Pid::from_child(&self.child);
        let Ok(held) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else {
            return Some(false);
        };
        let timeout = Duration::from_millis(launch.timeout_ms);
        // Of what is silent the pipe is closed already, and would wake us for nothing.
        let open = [!launch.silent, true, self.marks.is_some()];
        let mut sight = Sight { held: held.as_fd(), lifeline, timeout, open };
        let mut happened = self.prompt(launch, &mut sight);
        while happened.is_none() && !enough(self) {
            happened = self.look(&mut sight, None, timeout);
        }
        happened
    }

    /// Says what it is to be told. `Some(true)`: it has ended; `Some(false)`: it is to be ended.
    fn prompt(&mut self, launch: &Launch, sight: &mut Sight<'_>) -> Option<bool> {
        let mut beside = Beside::new(self, sight);
        let talked = launch.talk.as_ref().map_or(Ok(()), |talk| beside.talk(talk));
        let happened = beside.happened;
        match talked {
            // It ended meanwhile, or its time is over: that says more than what it did not answer.
            _ if happened.is_some() => return happened,
            Ok(()) => {}
            Err(error) => {
                self.report.start_error = Some(error.to_string());
                return Some(false);
            }
        }
        if let (Input::Line(line), Some(input)) = (&launch.input, &self.ends.2) {
            // An empty pipe takes a line at once; if it is closed, the program shows what follows.
            rustix::io::write(input, line.as_bytes()).ok();
        }
        None
    }

    /// Waits, at most so long, until something is read, or `beside` comes. `Some(true)`: it has
    /// ended; `Some(false)`: its time is over, or nobody listens any more.
    pub(super) fn look(
        &mut self,
        sight: &mut Sight<'_>,
        beside: Option<PollFd<'_>>,
        at_most: Duration,
    ) -> Option<bool> {
        let left = self.patience(sight.timeout).saturating_sub(self.clock.elapsed());
        if left.is_zero() {
            self.report.timed_out = true;
            return Some(false);
        }
        let nap = self.out.nap().unwrap_or(left);
        let happened = wait_for(self, sight, beside, left.min(at_most).min(nap));
        self.out.go_on();
        if happened[5] {
            self.out.write();
        }
        if happened[2] {
            sight.open[2] = self.read_marks().is_some();
        }
        if happened[0] {
            sight.open[0] = self.read_output().is_some();
        }
        if happened[1] {
            sight.open[1] = self.read_error().is_some();
        }
        (happened[3] || happened[4]).then_some(happened[3])
    }

    /// The answer before the last came.
    pub(super) fn mark_created(&mut self) {
        self.report.created_ns = Some(nanoseconds(self.clock));
    }

    /// The last answer came.
    pub(super) fn mark_booted(&mut self) {
        self.report.booted_ns = Some(nanoseconds(self.clock));
    }

    /// Takes the marks that came; `None` at the end of the stream.
    fn read_marks(&mut self) -> Option<()> {
        let now = nanoseconds(self.clock);
        self.marks.as_mut()?.read(now)
    }

    /// Time it has in all: until its marker must have come, then until its end.
    fn patience(&self, timeout: Duration) -> Duration {
        let ready = self.ready.filter(|_| self.scan.ready_ns.is_none());
        ready.map_or(timeout, |ready| ready.min(timeout))
    }

    /// Reads what there is; `None` at the end of the stream.
    fn read_output(&mut self) -> Option<usize> {
        let mut buffer = [0; 16 << 10];
        let length = read(&mut self.ends.0, &mut buffer)?;
        let now = nanoseconds(self.clock);
        let bytes = buffer.get(..length).unwrap_or_default();
        if let Some(serial) = &mut self.serial {
            for news in serial.feed(bytes) {
                self.hear(news, now);
            }
            return Some(length);
        }
        self.out.take(Stream::Output, bytes);
        // Of what is passed on, nothing but the marker is looked for.
        if self.out.dropped().is_none() || self.scan.ready_ns.is_none() {
            self.scan.feed(bytes, now);
        }
        Some(length)
    }

    /// Takes what a Linux guest said.
    fn hear(&mut self, news: News, now: u64) {
        match news {
            News::Line(line) => self.scan.feed(&line, now),
            News::Init => self.report.inited_ns = self.report.inited_ns.or(Some(now)),
            News::End => self.scan.done_ns = self.scan.done_ns.or(Some(now)),
            News::Output(stream, bytes) => {
                self.out.take(stream, &bytes);
                if stream == Stream::Error {
                    self.complain(&bytes);
                }
            }
        }
    }

    fn complain(&mut self, bytes: &[u8]) {
        let room = COMPLAINT.saturating_sub(self.complaint.len());
        self.complaint.extend(bytes.iter().take(room));
    }

    fn read_error(&mut self) -> Option<usize> {
        let mut buffer = [0; 16 << 10];
        let length = read(&mut self.ends.1, &mut buffer)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if self.serial.is_none() {
            self.out.take(Stream::Error, bytes);
        }
        self.complain(bytes);
        Some(length)
    }

    fn wait(&mut self) {
        if let Ok(status) = self.child.wait() {
            self.report.exited_ns = Some(nanoseconds(self.clock));
            self.report.status = status.code();
            self.report.signal = status.signal();
        }
    }

    /// How the work of a Linux guest ended is what its first process said, not how its machine did;
    /// a guest that said nothing has not ended well, and its last words say why.
    fn settle_guest(&mut self) {
        let Some(serial) = self.serial.take() else { return };
        self.report.starved |= serial.starved;
        if self.report.status == Some(0) {
            (self.report.status, self.report.signal) = serial.end.unwrap_or_default();
        }
        if let Some(words) = serial.gave_up.filter(|_| serial.end.is_none()) {
            self.complaint = words.into_bytes();
        }
    }

    fn read_last_words(&mut self) {
        let before = self.report.exited_ns;
        if let Some((marks, end)) = self.marks.as_mut().zip(before) {
            marks.read(end);
        }
        let mut total = 0;
        while let Some(length @ 1..) = self.read_output() {
            total += length;
            if total > LAST_WORDS {
                break;
            }
        }
        // What was written before the end was there before the end.
        self.scan.ready_ns = self.scan.ready_ns.min(before);
        self.scan.done_ns = self.scan.done_ns.map(|at| before.map_or(at, |end| at.min(end)));
        total = 0;
        while let Some(length @ 1..) = self.read_error() {
            total += length;
            if total > LAST_WORDS {
                break;
            }
        }
    }

    fn report(self) -> (Report, Held) {
        let at = |mark| self.marks.as_ref().and_then(|marks| marks.at(mark));
        let report = Report {
            created_ns: at(Mark::Create).or(self.report.created_ns),
            // Who has said something was let run before.
            booted_ns: at(Mark::Boot)
                .or(self.report.booted_ns)
                .map(|at| self.scan.ready_ns.map_or(at, |ready| at.min(ready))),
            starved: self.report.starved || at(Mark::Starved).is_some(),
            inited_ns: at(Mark::Init).or(self.report.inited_ns),
            ready_ns: self.scan.ready_ns,
            done_ns: self.scan.done_ns,
            dropped_bytes: self.out.dropped().unwrap_or_else(|| self.scan.dropped()),
            value: self.scan.value,
            first_line: self.scan.first_line,
            complaint: String::from_utf8_lossy(&self.complaint).into_owned(),
            ..self.report
        };
        (report, Held { _child: self.child, _ends: self.ends, _marks: self.marks })
    }
}

/// Bytes read; 0 when there is nothing now; `None` at the end or on an error.
pub(super) fn read(file: &mut File, buffer: &mut [u8]) -> Option<usize> {
    match file.read(buffer) {
        Ok(0) => None,
        Ok(length) => Some(length),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Some(0),
        Err(_) => None,
    }
}

/// Waits at most `left` for output, errors, marks, the end, a closed lifeline, room for what is to be
/// told, or `beside`; which of the first six came.
fn wait_for(
    watch: &Watch,
    sight: &Sight<'_>,
    beside: Option<PollFd<'_>>,
    left: Duration,
) -> [bool; 6] {
    let Sight { held, lifeline, mut open, .. } = *sight;
    if watch.out.is_full() {
        (open[0], open[1]) = (false, false);
    }
    let some = watch.out.has_some();
    let output = if open[0] { watch.ends.0.as_fd() } else { held };
    let error = if open[1] { watch.ends.1.as_fd() } else { held };
    let marks = watch.marks.as_ref().filter(|_| open[2]).map_or(held, AsFd::as_fd);
    let mut polled = [
        PollFd::from_borrowed_fd(output, PollFlags::IN),
        PollFd::from_borrowed_fd(error, PollFlags::IN),
        PollFd::from_borrowed_fd(marks, PollFlags::IN),
        PollFd::from_borrowed_fd(held, PollFlags::IN),
        PollFd::from_borrowed_fd(lifeline, PollFlags::empty()),
        beside.unwrap_or_else(|| PollFd::from_borrowed_fd(held, PollFlags::IN)),
        PollFd::from_borrowed_fd(if some { rustix::stdio::stdout() } else { held }, PollFlags::OUT),
    ];
    let timeout = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    // An interrupted wait reads as nothing happened; the caller looks at the time and waits again.
    rustix::event::poll(&mut polled, Some(&timeout)).ok();
    let came = polled.map(|entry| !entry.revents().is_empty());
    [came[0] && open[0], came[1] && open[1], came[2] && open[2], came[3], came[4], came[6] && some]
}

fn nanoseconds(clock: Instant) -> u64 {
    u64::try_from(clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
