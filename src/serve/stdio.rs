//! `isomon serve --stdio`: the same stream on standard output, wishes on standard input.
//!
//! It is what another isomon runs by SSH. A wish is a [`Command`] as JSON, one a line; only those that
//! another isomon has are taken. A run that is kept here is read by the wish to open it, one at a time.
//! When the input ends, so does everything.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use super::context::Context;
use super::live;
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::live::Line;
use crate::model::text::SafeText;
use crate::model::update::{Notice, Update, What};
use reading::Reading;

mod reading;

/// Longest line of a wish, in bytes.
const LONGEST: u64 = 256 << 10;
/// How often it is said that processes are still wanted.
const AGAIN: Duration = Duration::from_secs(10);

/// What came in.
#[derive(Debug)]
enum Heard {
    /// Something to do.
    Wish(Command),
    /// Something that cannot be done, and why.
    Wrong(SafeText),
}

/// Speaks until the input ends, or nobody takes the output.
pub async fn speak(
    context: Arc<Context>,
    input: impl AsyncRead + Unpin + Send + 'static,
    mut output: impl AsyncWrite + Unpin,
) {
    let (to, mut heard) = mpsc::channel(16);
    let hearing = tokio::spawn(hear(input, to));
    let told = tell(&context, &mut heard, &mut output);
    if let Err(error) = told.await {
        tracing::debug!(%error, "nobody takes what is told");
    }
    hearing.abort();
}

/// Tells what happens and does what is heard.
async fn tell(
    context: &Context,
    heard: &mut mpsc::Receiver<Heard>,
    output: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<()> {
    let (piece, mut told) = live::begin(context, None, false, true);
    send(output, &piece).await?;
    let (mut deep, mut reading) = (false, None::<Reading>);
    let mut again = tokio::time::interval(AGAIN);
    loop {
        tokio::select! {
            biased;
            said = heard.recv() => match said {
                None => return Ok(()),
                Some(Heard::Wish(Command::Focus(on))) => {
                    deep = on == Some(SourceId::local());
                    again.reset_immediately();
                }
                Some(Heard::Wish(Command::OpenRun(id))) => match context.read_run(&id).await {
                    Ok(record) => reading = Some(Reading::of(&id, record)),
                    Err(why) => send(output, &complaint(context, told, why)).await?,
                },
                Some(Heard::Wish(command)) => drop(context.wish(command).await),
                Some(Heard::Wrong(why)) => send(output, &complaint(context, told, why)).await?,
            },
            () = std::future::ready(()), if reading.is_some() => {
                let page = reading.as_mut().and_then(|of| of.page(context.clock.now(), told));
                match page {
                    Some(page) => send(output, &page).await?,
                    None => reading = None,
                }
            }
            next = live::next(context, told, deep) => {
                let (piece, last) = next.unwrap_or_else(|| live::begin(context, None, deep, true));
                told = last;
                send(output, &piece).await?;
            }
            _ = again.tick(), if deep => context.depth.want(context.clock.now()),
        }
    }
}

async fn send(output: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    output.write_all(bytes).await?;
    output.flush().await
}

/// A line that says why a wish is none.
fn complaint(context: &Context, seq: u64, text: SafeText) -> bytes::Bytes {
    let what = What::Notice(Notice { bad: true, text });
    let update = Update { at: context.clock.now(), from: SourceId::local(), what };
    live::line(&Line { seq, update })
}

/// Reads wishes until there are no more.
async fn hear(input: impl AsyncRead + Unpin, to: mpsc::Sender<Heard>) {
    let mut input = BufReader::new(input);
    loop {
        let mut line = Vec::new();
        let read = (&mut input).take(LONGEST).read_until(b'\n', &mut line).await;
        if !matches!(read, Ok(length) if length > 0) {
            return;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if to.send(read_wish(&line)).await.is_err() {
            return;
        }
    }
}

fn read_wish(line: &[u8]) -> Heard {
    if line.len() as u64 == LONGEST {
        return Heard::Wrong("a wish is longer than 256 KiB".into());
    }
    match serde_json::from_slice(line) {
        Ok(
            wish @ (Command::BenchAs { .. }
            | Command::Cancel(_)
            | Command::CheckBackends
            | Command::Focus(_)
            | Command::OpenRun(_)
            | Command::Interval(_)),
        ) => Heard::Wish(wish),
        Ok(_) => Heard::Wrong("only this machine's own isomon can wish that".into()),
        Err(error) => Heard::Wrong(format!("this is no wish: {error}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wishes_of_another_isomon_are_taken() {
        let taken = |line: &str| matches!(read_wish(line.as_bytes()), Heard::Wish(_));
        assert!(taken(r#""check_backends""#));
        assert!(taken(r#"{"focus":"local"}"#) && taken(r#"{"focus":null}"#));
        assert!(taken(r#"{"cancel":"19700101-000001-a1b2c3d4"}"#));
        assert!(taken(r#"{"interval":{"secs":2,"nanos":0}}"#));
        assert!(taken(r#"{"open_run":"19700101-000001-a1b2c3d4"}"#));
        let refused = [r#""list_runs""#, r#"{"mend":"runc"}"#, "{", "", r#"{"pause":true}"#];
        for line in refused {
            assert!(!taken(line), "{line}");
        }
        let export = r#"{"export":{"run":"19700101-000001-a1b2c3d4","to":"/etc/passwd"}}"#;
        assert!(!taken(export), "a file is never written for another");
    }
}
