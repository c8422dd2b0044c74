//! What a workload says, as server-sent events: from the beginning, or after the last one seen.
//!
//! A reader has a place in the log and is given what comes after it when it is ready for more, so a
//! slow one holds up nobody and misses nothing silently: where lines are not kept, it is told how
//! many. The end is always said.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::Platform;
use super::life::{Living, Seen};
use crate::serve::answer::{Reply, with_type};
use crate::store::workload::{Error, Line};

/// Lines in one piece.
const PIECE: u32 = 256;
/// Time without a line after which a sign of life is sent.
const SILENCE: Duration = Duration::from_secs(15);

/// The events of a workload.
#[derive(Debug)]
pub(super) struct Events(pub(super) Body);

impl Reply for Events {
    const STATUS: u16 = 200;
    const MEDIA: &'static str = "text/event-stream";

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }

    fn respond(self) -> Response {
        let mut response = with_type(Self::STATUS, Self::MEDIA, self.0);
        let cache = HeaderValue::from_static("no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, cache);
        response
    }
}

/// Where a reader is.
struct Reader {
    platform: Arc<Platform>,
    id: String,
    living: Option<(Arc<Living>, watch::Receiver<Seen>)>,
    next: u64,
    over: bool,
    _stream: OwnedSemaphorePermit,
}

/// The events of workload `id` from line `next` on; `stream` is held until the reader goes.
pub(super) fn events(
    platform: Arc<Platform>,
    id: String,
    next: u64,
    stream: OwnedSemaphorePermit,
) -> Events {
    let living = platform.alive(&id).map(|living| {
        let watch = living.watch();
        (living, watch)
    });
    let reader = Reader { platform, id, living, next, over: false, _stream: stream };
    let stream = unfold(reader, |mut reader| async move {
        let piece = reader.piece().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), reader))
    });
    Events(Body::from_stream(stream))
}

impl Reader {
    /// What is sent next; `None` after the end.
    async fn piece(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        loop {
            let Some((living, watch)) = &mut self.living else {
                return Some(self.recorded().await);
            };
            // Seen before it is looked at: what comes in between wakes again.
            let ended = watch.borrow_and_update().1;
            let part = living.log().from(self.next, PIECE as usize);
            if part.skipped > 0 || !part.lines.is_empty() {
                return Some(self.tell(part.skipped, &part.lines));
            }
            if ended {
                return Some(self.end());
            }
            if tokio::time::timeout(SILENCE, watch.changed()).await.is_err() {
                return Some(Bytes::from_static(b": still there\n\n"));
            }
        }
    }

    /// The next of a workload that is over.
    async fn recorded(&mut self) -> Bytes {
        let lines = self.platform.ledger.lines(&self.id, self.next, PIECE).await;
        match lines {
            Ok(lines) if lines.is_empty() => self.end(),
            Ok(lines) => self.gapless(&lines),
            Err(error) => self.fault(&error),
        }
    }

    /// `lines` up to the first gap between them; a gap before them is told.
    fn gapless(&mut self, lines: &[Line]) -> Bytes {
        let first = lines.first().map_or(self.next, |line| line.seq);
        let whole = lines.iter().zip(first..).take_while(|(line, seq)| line.seq == *seq).count();
        let (lines, _) = lines.split_at(whole);
        self.tell(first.saturating_sub(self.next), lines)
    }

    fn tell(&mut self, skipped: u64, lines: &[Line]) -> Bytes {
        let mut text = String::new();
        if skipped > 0 {
            event(&mut text, format_args!("event: gap\ndata: {skipped} lines were not kept\n\n"));
            self.next += skipped;
        }
        for line in lines {
            event(&mut text, format_args!("id: {}\ndata: {}\n\n", line.seq, line.text));
            self.next = line.seq + 1;
        }
        text.into()
    }

    fn end(&mut self) -> Bytes {
        self.over = true;
        Bytes::from_static(b"event: done\ndata: stream complete\n\n")
    }

    fn fault(&mut self, error: &Error) -> Bytes {
        self.over = true;
        format!("event: error\ndata: {error}\n\nevent: done\ndata: stream incomplete\n\n").into()
    }
}

fn event(text: &mut String, event: std::fmt::Arguments<'_>) {
    // A string takes everything.
    text.write_fmt(event).ok();
}
