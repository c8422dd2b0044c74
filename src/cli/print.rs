//! The only way out for text: standard output and standard error.
//!
//! `println!` panics on a closed pipe and on a full disk; here both are errors, of which the first
//! is none for the user.

use std::io::{self, IsTerminal, Write};

/// Columns of a terminal that does not say how many it has.
const UNKNOWN_WIDTH: usize = 80;

/// Why text could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Who read has gone (`| head -1`).
    #[error("the reader has gone")]
    ReaderGone,
    /// Something else, a full disk for example.
    #[error("standard output: {0}")]
    Failed(#[source] io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Failed(error),
        }
    }
}

/// Writes `text` to standard output, all of it, now.
pub(super) fn out(text: &str) -> Result<(), Error> {
    bytes(text.as_bytes())
}

/// The same with bytes.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Writes a line to standard error; if that is gone too, nobody is left to tell.
pub(super) fn err(line: &str) {
    let mut err = io::stderr().lock();
    writeln!(err, "{line}").ok();
}

/// Writes over the present line of standard error, no more than there is room for: what wraps
/// could not be written over again.
pub(super) fn over(line: &str) {
    let mut err = io::stderr().lock();
    let columns = rustix::termios::tcgetwinsize(&err).map_or(0, |size| usize::from(size.ws_col));
    let room = if columns == 0 { UNKNOWN_WIDTH } else { columns } - 1;
    let line: String = line.chars().take(room).collect();
    write!(err, "\r{line}\x1b[K").ok();
    err.flush().ok();
}

/// Whether standard error can be written over.
pub(super) fn can_over() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    io::stderr().is_terminal() && !dumb
}
