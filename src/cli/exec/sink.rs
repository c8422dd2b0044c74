//! Where a job's output goes: to the two streams as it comes, or into memory for `--json`.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::super::print::{self, Error};
use crate::model::job::{Chunk, Stream};
use crate::model::text::SafeStream;

/// Output of each stream that is kept in memory.
const KEPT: usize = 16 << 20;

/// What was kept, and what was too much for that.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) output: Vec<u8>,
    pub(super) error: Vec<u8>,
    pub(super) dropped: u64,
}

impl Kept {
    fn take(&mut self, chunk: &Chunk) {
        let to = match chunk.stream {
            Stream::Output => &mut self.output,
            Stream::Error => &mut self.error,
        };
        let room = KEPT.saturating_sub(to.len()).min(chunk.bytes.len());
        to.extend(chunk.bytes.iter().take(room));
        self.dropped += (chunk.bytes.len() - room) as u64;
    }
}

/// The terminal's lines, as far as output has changed them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sink {
    /// Whether the terminal's cursor stands behind something.
    amid: Arc<Mutex<bool>>,
}

impl Sink {
    /// Keeps all that comes.
    pub(super) fn keep(mut from: mpsc::Receiver<Chunk>) -> Kept {
        let mut kept = Kept::default();
        while let Some(chunk) = from.blocking_recv() {
            kept.take(&chunk);
        }
        kept
    }

    /// Writes all that comes, and waits for whoever reads it.
    pub(super) fn pour(&self, mut from: mpsc::Receiver<Chunk>) -> Result<(), Error> {
        let mut output = Outlet::of(io::stdout());
        let mut error = Outlet::of(io::stderr());
        while let Some(chunk) = from.blocking_recv() {
            match chunk.stream {
                Stream::Output => output.write(&chunk.bytes, self)?,
                Stream::Error => error.write(&chunk.bytes, self)?,
            }
        }
        output.finish(self)?;
        error.finish(self)
    }

    /// A result on standard output, on a line of its own.
    pub(super) fn result(&self, value: Option<&str>) -> Result<(), Error> {
        let Some(value) = value.filter(|value| !matches!(*value, "" | "null")) else {
            return Ok(());
        };
        self.begin_line();
        Outlet::of(io::stdout()).write(format!("{value}\n").as_bytes(), self)
    }

    /// A line of ours.
    pub(super) fn say(&self, line: &str) {
        self.begin_line();
        print::err(&format!("isomon: {line}"));
    }

    /// A line of ours below the `^C` that a terminal shows.
    pub(super) fn stopped(&self, line: &str) {
        let mut amid = self.amid.lock().unwrap_or_else(PoisonError::into_inner);
        *amid |= io::stderr().is_terminal();
        drop(amid);
        self.say(line);
    }

    /// Leaves a line that output has begun, on a terminal.
    fn begin_line(&self) {
        if std::mem::take(&mut *self.amid.lock().unwrap_or_else(PoisonError::into_inner)) {
            print::err("");
        }
    }
}

/// One of our two streams.
struct Outlet<W> {
    to: W,
    /// Makes it safe, where a terminal would obey.
    safe: Option<SafeStream>,
}

impl<W: Write + IsTerminal> Outlet<W> {
    fn of(to: W) -> Self {
        let safe = to.is_terminal().then(SafeStream::default);
        Self { to, safe }
    }

    fn write(&mut self, bytes: &[u8], sink: &Sink) -> Result<(), Error> {
        match &mut self.safe {
            None => self.to.write_all(bytes)?,
            Some(safe) => {
                let text = safe.feed(bytes);
                self.show(&text, sink)?;
            }
        }
        Ok(self.to.flush()?)
    }

    fn finish(&mut self, sink: &Sink) -> Result<(), Error> {
        let rest = self.safe.as_mut().map(SafeStream::finish);
        self.show(&rest.unwrap_or_default(), sink)
    }

    fn show(&mut self, text: &str, sink: &Sink) -> Result<(), Error> {
        if let Some(last) = text.chars().next_back() {
            *sink.amid.lock().unwrap_or_else(PoisonError::into_inner) = last != '\n';
        }
        self.to.write_all(text.as_bytes())?;
        Ok(self.to.flush()?)
    }
}
