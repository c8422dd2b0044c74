//! A task on a host: a script there starts it and watches it, and this end hears both.
//!
//! The script says which process it is and how it ended in frames, apart from its output. It watches its
//! own input: as soon as that ends, by whatever death, it ends everything the task started.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdin};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::channel::{self, Channel};
use super::super::running::{PIECE, Running, lost};
use super::super::{End, Error, Item, Order, Piece, Scanner};
use crate::model::text::SafeText;

/// Starts a task: directory, mark, how many variables, how many words, then all of them.
pub(super) const RUN: &str = include_str!("../script/run.sh");
/// Frames that wait.
const FRAMES: usize = 8;
/// Orders that wait.
const WISHES: usize = 4;
/// Time for what is left there to be ended, beyond what it is given.
const LEAVE: Duration = Duration::from_secs(8);
/// Statuses by which a shell says that a signal ended something: this and the signal's number.
const BY_SIGNAL: i32 = 128;
/// The highest signal.
const LAST_SIGNAL: i32 = 64;

/// The fields of an order; what is wrong with it.
pub(super) fn fields(order: &Order) -> Result<Vec<String>, String> {
    let mark = channel::nonce().unwrap_or_default().trim_start_matches('\u{1e}').to_owned();
    let words = order.env.len() + order.argv.len();
    let dir = order.dir.clone().unwrap_or_default();
    let mut all = vec![dir, mark, order.env.len().to_string(), words.to_string()];
    for (name, value) in &order.env {
        let mut letters = name.bytes();
        let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let good = letters.next().is_some_and(is_first)
            && letters.all(|byte| is_first(byte) || byte.is_ascii_digit())
            && !name.starts_with("isomon_");
        if !good {
            return Err(format!("{name} cannot be a variable of its environment"));
        }
        all.push(format!("{name}={value}"));
    }
    all.extend(order.argv.iter().cloned());
    if all.iter().any(|field| field.contains('\0')) {
        return Err("a word of it holds a NUL".to_owned());
    }
    Ok(all)
}

/// What came of one of its streams.
#[derive(Debug)]
enum Heard {
    /// A frame of the output, or of the error output.
    Frame(bool, String),
    /// All streams are closed.
    Closed,
}

/// Who hears the script and tells the owner.
#[derive(Debug)]
pub(super) struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    frames: mpsc::Receiver<(bool, String)>,
    given: mpsc::Receiver<Duration>,
    tell: watch::Sender<Option<End>>,
    program: SafeText,
    ended: [Option<String>; 2],
    /// Its place on the connection is held until it is over.
    channel: Channel,
}

/// Hears whether the task was started, then hands out both ends of it.
pub(super) async fn begin(
    mut channel: Channel,
    order: &Order,
    out: mpsc::Sender<Piece>,
) -> Result<(Running, Driver), Error> {
    let (give, frames) = mpsc::channel(FRAMES);
    let (output, error, child) = channel.part();
    if let Some(output) = output {
        tokio::spawn(hear(output, channel.scanner(), false, out.clone(), give.clone()));
    }
    if let Some(error) = error {
        tokio::spawn(hear(error, channel.scanner(), true, out, give));
    }
    let host = channel.host.clone();
    let (tell, outcome) = watch::channel(None);
    let (wishes, given) = mpsc::channel(WISHES);
    let program: SafeText = order.argv.first().map_or("", String::as_str).into();
    let input = channel.input.take();
    let child =
        child.ok_or_else(|| Error::Lost { host: host.clone(), why: "no channel".into() })?;
    let ended = [None, None];
    let mut driver = Driver { child, input, frames, given, tell, program, ended, channel };
    let pid = driver.pid(&host, order).await?;
    Ok((Running { pid: Some(pid), wishes, outcome }, driver))
}

/// Passes on one stream, and its frames apart.
async fn hear(
    mut from: impl AsyncRead + Unpin,
    mut scanner: Scanner,
    bad: bool,
    out: mpsc::Sender<Piece>,
    frames: mpsc::Sender<(bool, String)>,
) {
    let mut buffer = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let items = scanner.take(buffer.get(..length).unwrap_or_default());
        for item in items {
            match item {
                // Ignored: who takes no more gets no more, and the writer goes on.
                Item::Data(bytes) => out.send(Piece { bad, bytes }).await.unwrap_or_default(),
                Item::Frame(words) => frames.send((bad, words)).await.unwrap_or_default(),
            }
        }
    }
    if let Some(Item::Data(bytes)) = scanner.rest() {
        out.send(Piece { bad, bytes }).await.ok();
    }
}

impl Driver {
    async fn next(&mut self) -> Heard {
        let frame = self.frames.recv().await;
        frame.map_or(Heard::Closed, |(bad, words)| Heard::Frame(bad, words))
    }

    /// The process, once it runs.
    async fn pid(&mut self, host: &SafeText, order: &Order) -> Result<u32, Error> {
        let refused = |program: SafeText, why: &str| Error::Start {
            host: host.clone(),
            program,
            why: why.into(),
        };
        loop {
            let Heard::Frame(bad, words) = self.next().await else {
                let why = "the connection ended before it was started".into();
                return Err(Error::Lost { host: host.clone(), why });
            };
            match words.split_once(' ').unwrap_or((&words, "")) {
                ("pid", pid) => {
                    // The script ends this process and its group when it has to.
                    self.write(&format!("{pid}\n")).await;
                    return pid
                        .parse()
                        .map_err(|_| refused(self.program.clone(), "it has no process"));
                }
                ("bad", why) => {
                    let dir = order.dir.as_deref().filter(|_| why.contains("directory"));
                    return Err(refused(
                        dir.map_or_else(|| self.program.clone(), SafeText::from),
                        why,
                    ));
                }
                ("end", _) if !bad => {
                    return Err(refused(
                        self.program.clone(),
                        "the shell there refuses its environment",
                    ));
                }
                // Of the error output it may be heard first.
                _ => self.take(bad, &words),
            }
        }
    }

    async fn write(&mut self, line: &str) {
        use tokio::io::AsyncWriteExt;
        if let Some(input) = &mut self.input {
            // Ignored: a script that is gone has closed its streams, which is heard.
            input.write_all(line.as_bytes()).await.ok();
        }
    }

    /// Until the owner lets go, or the connection is gone.
    pub(super) async fn drive(mut self, over: CancellationToken) {
        let mut grace = Duration::ZERO;
        loop {
            tokio::select! {
                heard = self.frames.recv() => match heard {
                    Some((bad, words)) => self.take(bad, &words),
                    None => break,
                },
                wish = self.given.recv() => match wish {
                    Some(wish) => {
                        grace = wish;
                        // Tenths of a second; then no more can be ordered.
                        self.write(&format!("{}\n", wish.as_millis().div_ceil(100))).await;
                    }
                    None => break,
                },
                () = over.cancelled() => break,
            }
        }
        self.input = None;
        let rest = async { while self.frames.recv().await.is_some() {} };
        timeout(LEAVE + grace, rest).await.ok();
        if timeout(LEAVE, self.child.wait()).await.is_err() {
            self.child.start_kill().ok();
        }
        if self.tell.borrow().is_none() {
            let why = if over.is_cancelled() {
                "it was ended with all that ran there"
            } else {
                "the connection ended while it ran"
            };
            self.tell.send_replace(Some(lost(why)));
        }
        drop(self.channel);
    }

    /// `end STATUS` on the output and `end` on the error output: all that was written by then is passed on.
    fn take(&mut self, bad: bool, words: &str) {
        let Some(status) = words.strip_prefix("end") else { return };
        if let Some(ended) = self.ended.get_mut(usize::from(bad)) {
            *ended = Some(status.trim().to_owned());
        }
        if let [Some(status), Some(_)] = &self.ended {
            self.tell.send_replace(Some(end(status)));
        }
    }
}

/// What a shell's status means, and what it said at that: `137 signal`, `137 exit`, `0`.
///
/// By a number above 128 a shell says that a signal ended something, and programs end with such numbers
/// themselves. But a shell tells the user of a signal in words; where it does so for this signal, as the
/// script tries, its silence means the program's own number. Of signals 2 and 13 no shell says a word:
/// there the number alone speaks, and is taken for a signal.
fn end(words: &str) -> End {
    let (status, how) = words.split_once(' ').unwrap_or((words, ""));
    match status.parse().ok() {
        Some(status)
            if (BY_SIGNAL + 1..=BY_SIGNAL + LAST_SIGNAL).contains(&status) && how != "exit" =>
        {
            End { signal: Some(status - BY_SIGNAL), ..End::default() }
        }
        exit => End { exit, ..End::default() },
    }
}
