//! A channel to a host: an `ssh` process and the frames that the script there answers with.
//!
//! A frame is a line `NONCE LENGTH`, so many bytes, and a line end. The nonce is random and travels on
//! the script's input alone, so that no file, name or greeting there can be taken for a frame. Before the
//! first one there may be noise, as log-in files make it; afterwards there may be none.

use std::process::Stdio;
use std::time::Duration;

use rand::TryRngCore;
use rand::rngs::OsRng;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;

use super::super::{Error, Spec};
use super::argv;
use super::files::Files;
use super::script;
use crate::ssh::Checking;

/// Longest frame.
const LONGEST: usize = 16 << 20;
/// Longest line before a frame.
const LONGEST_LINE: usize = 8 << 10;
/// Most noise before the first frame.
const NOISE: usize = 64 << 10;
/// The end of what `ssh` says that is kept.
const SAID: usize = 8 << 10;
/// How long it has to end by itself once nothing more is wanted.
const LEAVE: Duration = Duration::from_millis(500);

/// An `ssh` process and its channel. When it is dropped, all that was started here is ended; what runs
/// there ends with its input.
#[derive(Debug)]
pub(super) struct Link {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    said: Option<JoinHandle<Vec<u8>>>,
    /// The script and the nonce, until they are sent.
    first: Vec<u8>,
    nonce: String,
    noise: usize,
}

impl Link {
    /// Starts `ssh`, which runs `script` once it is there. Nothing is waited for.
    pub(super) fn open(
        spec: &Spec,
        checking: Checking,
        script: &'static str,
    ) -> Result<Self, Error> {
        let mut command = argv::call(spec, checking);
        argv::at(&mut command, spec, Some(&script::command(script)))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Error::Setting {
            why: format!("{} cannot be started: {error}", spec.ssh.program).into(),
            remedy: "install OpenSSH's client (Debian: openssh-client)".into(),
        })?;
        let gone = || Error::Ssh { why: "it has no input or output".into() };
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        let said = child.stderr.take().map(|stderr| tokio::spawn(tail(stderr)));
        let mut random = [0; 16];
        OsRng.try_fill_bytes(&mut random).map_err(|_| gone())?;
        let nonce = format!("isomon-{:032x}", u128::from_ne_bytes(random));
        let first = format!("{script}{nonce}\n").into_bytes();
        Ok(Self { child, input, output, said, first, nonce, noise: NOISE })
    }

    /// Sends one line and reads the frame that answers it.
    pub(super) async fn exchange(&mut self, question: &str) -> Result<Files, Error> {
        self.send(format!("{question}\n").as_bytes()).await?;
        Files::of(&self.frame().await?)
    }

    /// Sends bytes as they are.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let input = self.input.as_mut().ok_or_else(|| cut("its input is closed"))?;
        let first = std::mem::take(&mut self.first);
        for bytes in [first.as_slice(), bytes] {
            input.write_all(bytes).await.map_err(|error| cut(&error.to_string()))?;
        }
        input.flush().await.map_err(|error| cut(&error.to_string()))
    }

    /// Says that there is no more.
    pub(super) fn finish(&mut self) {
        self.input = None;
    }

    /// The next frame.
    pub(super) async fn frame(&mut self) -> Result<Vec<u8>, Error> {
        let length = loop {
            let line = line(&mut self.output, LONGEST_LINE).await?;
            match header(&line, &self.nonce) {
                Some(length) => break length,
                None if line.len() < self.noise => self.noise -= line.len() + 1,
                None => return Err(cut("it says other things than were asked")),
            }
        };
        self.noise = 0;
        if length > LONGEST {
            return Err(Error::Limit { what: "what the host tells at once", most: "16 MiB" });
        }
        let mut body = Vec::new();
        let wanted = length as u64 + 1;
        let read = (&mut self.output).take(wanted).read_to_end(&mut body).await;
        read.map_err(|error| cut(&error.to_string()))?;
        match body.pop() {
            Some(b'\n') if body.len() == length => Ok(body),
            _ => Err(cut("it ended in the middle")),
        }
    }

    /// The next line that is no frame, without its end; at most `most` bytes.
    pub(super) async fn line(&mut self, most: usize) -> Result<Vec<u8>, Error> {
        line(&mut self.output, most).await
    }

    /// What can be read without waiting, or after a wait that may be given up.
    pub(super) async fn fill(&mut self) -> Result<&[u8], Error> {
        self.output.fill_buf().await.map_err(|error| cut(&error.to_string()))
    }

    /// Passes over `length` bytes of what was read.
    pub(super) fn consume(&mut self, length: usize) {
        self.output.consume(length);
    }

    /// Its input, for who writes while another reads.
    pub(super) const fn take_input(&mut self) -> Option<ChildStdin> {
        self.input.take()
    }

    /// Ends it and says what `ssh`, and what ran there, had to say.
    pub(super) async fn end(mut self) -> String {
        self.input = None;
        tokio::time::timeout(LEAVE, self.child.wait()).await.ok();
        self.kill();
        let Some(said) = self.said.take() else { return String::new() };
        let said = tokio::time::timeout(LEAVE, said).await;
        String::from_utf8_lossy(&said.ok().and_then(Result::ok).unwrap_or_default()).into_owned()
    }

    /// Ends `ssh` and what it started (a jump, a proxy): it leads a group of its own.
    fn kill(&self) {
        let group = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(group) = group {
            rustix::process::kill_process_group(group, Signal::KILL).ok();
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a line of this nonce says is the length of the frame behind it.
fn header(line: &[u8], nonce: &str) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    // Noise without a line end stands before the first frame on its line.
    let (_, length) = text.split_once(nonce)?;
    length.strip_prefix(' ')?.parse().ok()
}

async fn line(from: &mut (impl AsyncBufRead + Unpin), most: usize) -> Result<Vec<u8>, Error> {
    let mut line = Vec::new();
    let read = from.take(most as u64 + 1).read_until(b'\n', &mut line).await;
    read.map_err(|error| cut(&error.to_string()))?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        None => Err(cut("it ended")),
        Some(_) if line.len() >= most => {
            Err(Error::Limit { what: "a line of the host", most: "what is ever taken" })
        }
        Some(_) => Err(cut("it ended in the middle of a line")),
    }
}

/// The last of what is said, to the end.
async fn tail(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        said.extend_from_slice(piece.get(..length).unwrap_or_default());
        let more = said.len().saturating_sub(SAID);
        said.drain(..more);
    }
    said
}

/// The connection is over.
pub(super) fn cut(why: &str) -> Error {
    Error::Cut { why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_nonce_makes_a_frame() {
        assert_eq!(header(b"isomon-1 42", "isomon-1"), Some(42));
        assert_eq!(header(b"noise isomon-1 7", "isomon-1"), Some(7));
        for odd in ["isomon-2 42", "isomon-1", "isomon-1 x", "isomon-1 -1", ""] {
            assert_eq!(header(odd.as_bytes(), "isomon-1"), None, "{odd}");
        }
    }

    #[tokio::test]
    async fn a_line_is_never_longer_than_that() {
        let mut long = BufReader::new(&[b'x'; 100][..]);
        assert!(matches!(line(&mut long, 10).await, Err(Error::Limit { .. })));
        let mut lines = BufReader::new(&b"one\ntwo"[..]);
        assert_eq!(line(&mut lines, 10).await.unwrap(), b"one");
        assert!(matches!(line(&mut lines, 10).await, Err(Error::Cut { .. })));
        assert_eq!(tail(vec![b'a'; 100_000].as_slice()).await.len(), SAID);
    }
}
