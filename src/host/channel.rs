//! A channel to a host: a program that runs a fixed script there and takes what it needs on its input.
//!
//! A host's own login shell reads one line that is the same for every script of a length. All that comes
//! from a workflow travels behind the script, one field a line, so that no shell ever parses it.

use std::process::Stdio;
use std::time::Duration;

use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::running::PIECE;
use super::{Error, Item, Scanner};
use crate::model::text::SafeText;

/// What every script begins with: how a field is read, and where a path is.
const COMMON: &str = include_str!("script/common.sh");
/// The end of what is said on the error output that is kept.
const SAID: usize = 4 << 10;
/// Time for it to end once its output has.
const LEAVE: Duration = Duration::from_millis(500);

/// What a host's login shell is given for a script of `length` bytes.
pub(super) fn line(length: usize) -> String {
    let (head, dd) = (format!("head -c {length}"), format!("dd bs=1 count={length}"));
    format!("exec /bin/sh -c 'eval \"$({head} 2>/dev/null || {dd} 2>/dev/null)\"'")
}

/// The script as it is sent.
pub(super) fn whole(script: &str) -> String {
    format!("{COMMON}{script}")
}

/// A random word that begins with a byte no text holds.
pub(super) fn nonce() -> Option<String> {
    let mut random = [0; 16];
    OsRng.try_fill_bytes(&mut random).ok()?;
    Some(format!("\u{1e}isomon-{:032x}", u128::from_ne_bytes(random)))
}

/// One line that `read -r` and `printf %b` make the same bytes of.
pub(super) fn field(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'\\' => line.push(char::from(byte)),
            _ => line.push_str(&format!("\\0{byte:03o}")),
        }
    }
    line.push('\n');
    line
}

/// A script that runs. When it is dropped its input ends and nobody hears it, and that ends it.
#[derive(Debug)]
pub(super) struct Channel {
    child: Option<Child>,
    pub(super) input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    error: Option<ChildStderr>,
    nonce: String,
    scanner: Scanner,
    pub(super) host: SafeText,
    said: Option<JoinHandle<Vec<u8>>>,
    items: std::collections::VecDeque<Item>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Channel {
    /// Starts `command`, which runs [`line`], and sends `script` and `fields`.
    pub(super) async fn open(
        mut command: Command,
        slot: Option<OwnedSemaphorePermit>,
        host: &SafeText,
        script: &str,
        fields: &[&str],
    ) -> Result<Self, Error> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0);
        let lost = |why: String| Error::Lost { host: host.clone(), why: why.into() };
        let mut child = command.spawn().map_err(|error| lost(error.to_string()))?;
        let nonce = nonce().ok_or_else(|| lost("the system has no random numbers".into()))?;
        let (mut input, output) = (child.stdin.take(), child.stdout.take());
        let error = child.stderr.take();
        let first = std::iter::once(nonce.as_str()).chain(fields.iter().copied()).map(field);
        let sent = std::iter::once(whole(script)).chain(first).collect::<String>();
        if let Some(input) = &mut input {
            // Ignored: who takes nothing has said why, and that is told when its answer is read.
            input.write_all(sent.as_bytes()).await.ok();
        }
        let (scanner, host, items) = (Scanner::new(&nonce), host.clone(), [].into());
        let child = Some(child);
        Ok(Self {
            child,
            input,
            output,
            error,
            nonce,
            scanner,
            host,
            said: None,
            items,
            _slot: slot,
        })
    }

    /// Its streams and its program, for who hears both streams.
    pub(super) fn part(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>, Option<Child>) {
        (self.output.take(), self.error.take(), self.child.take())
    }

    /// What parts one of its streams.
    pub(super) fn scanner(&self) -> Scanner {
        Scanner::new(&self.nonce)
    }

    /// The next of what it says; `None` at its end.
    pub(super) async fn next(&mut self) -> Option<Item> {
        self.listen();
        let mut buffer = vec![0; PIECE * 4];
        loop {
            if let Some(item) = self.items.pop_front() {
                return Some(item);
            }
            let length = self.output.as_mut()?.read(&mut buffer).await.unwrap_or_default();
            if length == 0 {
                self.output = None;
                return self.scanner.rest();
            }
            self.items.extend(self.scanner.take(buffer.get(..length)?));
        }
    }

    /// Keeps what it says on its error output.
    fn listen(&mut self) {
        if let Some(error) = self.error.take() {
            self.said = Some(tokio::spawn(tail(error)));
        }
    }

    /// Sends bytes as they are.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match &mut self.input {
            Some(input) => input.write_all(bytes).await,
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Says that there is no more.
    pub(super) fn finish(&mut self) {
        self.input = None;
    }

    /// The next frame; what stands before it is passed over.
    pub(super) async fn frame(&mut self) -> Result<String, Error> {
        loop {
            match self.next().await {
                Some(Item::Frame(words)) => return Ok(words),
                Some(Item::Data(_)) => {}
                None => return Err(self.lost().await),
            }
        }
    }

    /// Why it ended without an answer.
    pub(super) async fn lost(&mut self) -> Error {
        let said = self.said().await;
        let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
        let why = last.unwrap_or("it ended without an answer").into();
        Error::Lost { host: self.host.clone(), why }
    }

    /// The end of what was said on its error output.
    pub(super) async fn said(&mut self) -> String {
        self.listen();
        self.input = None;
        let Some(said) = &mut self.said else { return String::new() };
        let said = timeout(LEAVE, said).await.ok().and_then(Result::ok).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }
}

/// The end of all that comes.
pub(super) async fn tail(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let (mut said, mut piece) = (Vec::new(), vec![0; 4096]);
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        said.extend_from_slice(piece.get(..length).unwrap_or_default());
        let more = said.len().saturating_sub(SAID);
        said.drain(..more);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_one_line_of_plain_letters() {
        assert_eq!(field("a b'$(x)\""), "a b'$(x)\"\n");
        assert_eq!(field("a\\b\nc\té"), "a\\0134b\\0012c\\0011\\0303\\0251\n");
    }

    #[test]
    fn no_script_holds_what_the_line_of_a_login_shell_may_not() {
        assert_eq!(line(7).matches('\'').count(), 2);
        assert!(nonce().unwrap().starts_with('\u{1e}'));
    }
}
