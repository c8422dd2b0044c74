//! Asks for a password on the terminal, which does not show it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::pin::Pin;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use tokio::sync::Mutex;

use crate::host::Ask;
use crate::model::secret::Secret;
use crate::model::text::SafeText;

/// Letters of a password.
const LONGEST: u64 = 4_096;

/// Asks whoever sits at the terminal, one question at a time: hosts are opened all at once.
#[derive(Debug, Default)]
pub(super) struct Terminal(Mutex<()>);

impl Ask for Terminal {
    fn ask<'a>(
        &'a self,
        host: &'a str,
        what: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Secret>> + Send + 'a>> {
        let question = format!("{} of {}: ", SafeText::new(what), SafeText::new(host));
        Box::pin(async move {
            let _alone = self.0.lock().await;
            tokio::task::spawn_blocking(move || answer(&question)).await.ok().flatten()
        })
    }
}

/// What is typed in answer to `question`; `None` where there is no terminal or nothing is typed.
fn answer(question: &str) -> Option<Secret> {
    let mut tty = File::options().read(true).write(true).open("/dev/tty").ok()?;
    let before = tcgetattr(&tty).ok()?;
    let mut silent = before.clone();
    silent.local_modes -= LocalModes::ECHO;
    tcsetattr(&tty, OptionalActions::Flush, &silent).ok()?;
    let mut line = zeroize::Zeroizing::new(String::new());
    let read = tty
        .write_all(question.as_bytes())
        .and_then(|()| BufReader::new(Read::by_ref(&mut tty).take(LONGEST)).read_line(&mut line));
    tcsetattr(&tty, OptionalActions::Now, &before).ok()?;
    // The end of the line was not shown either.
    tty.write_all(b"\n").ok()?;
    read.ok().filter(|_| !line.trim().is_empty()).map(|_| Secret::new(&line))
}
