//! What the `wasm` host hears and says: lines on its standard streams, from any thread.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::host::Lines;
use crate::backend::isolate::{Ask, Tell};
use crate::model::job::Stream;

/// Longest line that is taken; a module comes in one.
const LONGEST: usize = 256 << 20;
/// Output said in one line, at most.
const PIECE: usize = 32 << 10;

/// `mutex`, whoever panicked with it.
pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads what is asked.
#[derive(Default)]
pub(super) struct Ear {
    lines: Lines,
}

impl Ear {
    /// The next ask; `None` when there will be none, or none that can be understood.
    pub(super) fn next(&mut self) -> Option<Ask> {
        let mut buffer = [0; 16 << 10];
        loop {
            if let Some(line) = self.lines.next(LONGEST).ok()? {
                return serde_json::from_slice(line).ok();
            }
            let read = rustix::io::retry_on_intr(|| {
                rustix::io::read(rustix::stdio::stdin(), &mut buffer[..])
            });
            let length = read.ok().filter(|length| *length > 0)?;
            self.lines.feed(buffer.get(..length)?);
        }
    }
}

/// Where lines go.
type Sink = Arc<Mutex<dyn Write + Send>>;

/// Says things about one instance.
#[derive(Clone)]
pub(super) struct Voice {
    id: u64,
    sink: Sink,
}

impl Voice {
    /// One that speaks on standard output.
    pub(super) fn new() -> Self {
        // Not std's: that looks for ends of lines and has a buffer of its own.
        let own = rustix::io::dup(rustix::stdio::stdout()).map(std::fs::File::from);
        let sink: Sink = match own {
            Ok(file) => Arc::new(Mutex::new(file)),
            Err(_) => Arc::new(Mutex::new(std::io::stdout())),
        };
        Self { id: 0, sink }
    }

    /// The same about the instance `id`.
    pub(super) fn about(&self, id: u64) -> Self {
        Self { id, sink: self.sink.clone() }
    }

    /// The instance's id.
    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    /// Says it in one write. When nobody listens any more, the asks end too.
    pub(super) fn say(&self, tell: &Tell) {
        let Ok(mut line) = serde_json::to_vec(tell) else {
            return;
        };
        line.push(b'\n');
        lock(&self.sink).write_all(&line).ok();
    }

    /// One whose words a test can read.
    #[cfg(test)]
    pub(super) fn recorded() -> (Self, Arc<Mutex<Vec<u8>>>) {
        let said = Arc::new(Mutex::new(Vec::new()));
        (Self { id: 1, sink: said.clone() }, said)
    }
}

/// Output of an instance: passed on up to a limit, the rest is counted.
#[derive(Clone)]
pub(super) struct Output {
    voice: Voice,
    left: Arc<Mutex<Room>>,
}

/// What may be said yet.
#[derive(Default)]
struct Room {
    bytes: u64,
    dropped: u64,
}

impl Output {
    /// At most `bytes` on both streams together.
    pub(super) fn new(voice: Voice, bytes: u64) -> Self {
        Self { voice, left: Arc::new(Mutex::new(Room { bytes, dropped: 0 })) }
    }

    /// Output beyond the limit.
    pub(super) fn dropped(&self) -> u64 {
        lock(&self.left).dropped
    }

    /// Passes `bytes` on, as far as there is room, and keeps in `tail` the beginning of a letter that
    /// has not come to its end.
    pub(super) fn write(&self, stream: Stream, tail: &mut Vec<u8>, bytes: &[u8]) {
        let (taken, over) = {
            let mut left = lock(&self.left);
            let room = usize::try_from(left.bytes).unwrap_or(usize::MAX).min(bytes.len());
            left.bytes -= room as u64;
            left.dropped += (bytes.len() - room) as u64;
            bytes.split_at(room)
        };
        tail.extend_from_slice(taken);
        let whole = if over.is_empty() { whole_letters(tail) } else { tail.len() };
        let rest = tail.split_off(whole);
        let said = std::mem::replace(tail, rest);
        for piece in said.chunks(PIECE) {
            let text = String::from_utf8_lossy(piece).into_owned();
            self.voice.say(&Tell::Output { id: self.voice.id(), stream, text });
        }
    }
}

/// Bytes of `text` before a letter that is cut at the end.
fn whole_letters(text: &[u8]) -> usize {
    match std::str::from_utf8(text) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_keeps_letters_whole_and_is_bounded() {
        let (voice, said) = Voice::recorded();
        let output = Output::new(voice, 6);
        let mut tail = Vec::new();
        for byte in "aö→bcd".as_bytes() {
            output.write(Stream::Output, &mut tail, &[*byte]);
        }
        let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
        let texts: Vec<String> = said
            .lines()
            .map(|line| match serde_json::from_str(line).unwrap() {
                Tell::Output { text, .. } => text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((texts.concat().as_str(), output.dropped()), ("aö→", 3));
    }
}
