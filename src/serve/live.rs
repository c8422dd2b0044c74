//! `GET /v1/live`: what happens here, line by line, as [`crate::model::live`] says.
//!
//! Who asks with `wait=0` gets what there is and is done, which is how a fleet is polled: a request each.
//! Who asks without gets every further line as it comes. Only what this machine says of itself is told.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::{Reply, with_type};
use super::setting::Permit;
use super::{Answer, Ask, Context, Door, Problem};
use crate::model::live::{FORMAT, Hello, Line};
use crate::model::unit::Seconds;

mod log;
mod retell;

pub use log::Log;
use log::Taken;

/// Streams at once; half of the connections, so that there is room for questions.
const STREAMS: usize = 32;
/// What can be done without one.
const POLL: &str = "poll with wait=0";
/// Longest wait of a poll.
const LONGEST: Duration = Duration::from_mins(1);
/// Bytes given to a connection at a time.
const PIECE: usize = 64 << 10;
/// Time without anything to tell after which an empty line says that the stream is alive.
const PULSE: Duration = Duration::from_secs(15);

/// Streams that may still be opened.
#[derive(Clone, Debug)]
pub(super) struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(STREAMS)))
    }
}

/// How the stream is asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Query {
    /// Number of the last line that was seen.
    after: Option<u64>,
    /// The instance that number is of.
    #[schemars(length(max = 64))]
    instance: Option<String>,
    /// Seconds to wait for something to tell, 0 to 60, after which the answer ends; without it the
    /// answer goes on.
    #[schemars(range(max = 60))]
    wait: Option<u64>,
    /// 1: tell processes too.
    #[schemars(range(max = 1))]
    depth: Option<u8>,
}

/// Lines of JSON.
pub struct Lines(Body);

impl Reply for Lines {
    const STATUS: u16 = 200;
    const MEDIA: &'static str = "application/x-ndjson";

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Hello>();
        generator.subschema_for::<Line>();
        schemars::json_schema!({
            "type": "string",
            "description": "A line of JSON each: a Hello, then Lines.",
        })
    }

    fn respond(self) -> Response {
        with_type(Self::STATUS, Self::MEDIA, self.0)
    }
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/live", "What happens here, line by line", live).time(None)
}

async fn live(context: Arc<Context>, ask: Ask<Query>) -> Answer<Lines> {
    let Query { after, instance, wait, depth } = ask.query;
    if depth.is_some_and(|depth| depth > 1) {
        return Err(Problem::bad("depth is 0 or 1"));
    }
    if wait.is_some_and(|wait| wait > LONGEST.as_secs()) {
        return Err(Problem::bad(format!("wait is at most {} s", LONGEST.as_secs())));
    }
    let deep = depth == Some(1);
    if deep {
        context.depth.want(context.clock.now());
    }
    let after = after.filter(|_| instance.as_deref() == Some(context.instance.as_str()));
    let can_bench = context.setting.may(ask.caller, Permit::Bench);
    let Some(wait) = wait else {
        return stream(context, after, deep, can_bench).map(Lines);
    };
    let _stream = match wait {
        0 => None,
        _ => Some(seat(&context, POLL)?),
    };
    let wait = Duration::from_secs(wait);
    if let Some(after) = after.filter(|_| !wait.is_zero()) {
        tokio::time::timeout(wait, context.log.beyond(after, deep)).await.ok();
    }
    let (piece, _) = begin(&context, after, deep, can_bench);
    Ok(Lines(piece.into()))
}

/// A stream, as long as it is held, for who is answered late or for long; `instead`: what else can be done.
pub(super) fn seat(context: &Context, instead: &str) -> Result<OwnedSemaphorePermit, Problem> {
    let seat = Arc::clone(&context.streams.0).try_acquire_owned();
    let words = || format!("too many streams at once; {instead}, or ask later");
    seat.map_err(|_| Problem::busy(words()))
}

/// The first lines, and the number of the last.
pub(super) fn begin(
    context: &Context,
    after: Option<u64>,
    deep: bool,
    can_bench: bool,
) -> (Bytes, u64) {
    let resumed = after.and_then(|after| context.log.since(after, deep, usize::MAX));
    let is_resumed = resumed.is_some();
    let Taken { last, skipped, mut lines } =
        resumed.unwrap_or_else(|| retell::how_things_stand(context, deep));
    let hello = Hello {
        isomon_live: FORMAT,
        version: super::context::VERSION.into(),
        instance: context.instance.clone(),
        hostname: context.hostname(),
        now: context.clock.now(),
        seq: last,
        resumed: is_resumed,
        skipped,
        interval_seconds: Seconds::from(context.pace.borrow().interval),
        can_bench,
    };
    lines.insert(0, line(&hello));
    (join(&lines), last)
}

/// Every line from now on.
fn stream(context: Arc<Context>, after: Option<u64>, deep: bool, can_bench: bool) -> Answer<Body> {
    let seat = seat(&context, POLL)?;
    let start = (context, seat, None::<u64>);
    let pieces = stream::unfold(start, move |(context, seat, told)| async move {
        let (piece, last) = match told {
            None => begin(&context, after, deep, can_bench),
            Some(told) => next(&context, told, deep).await?,
        };
        Some((Ok::<_, std::convert::Infallible>(piece), (context, seat, Some(last))))
    });
    Ok(Body::from_stream(pieces))
}

/// The lines after `told`; `None` where some of them were let go of, so that the client begins anew.
pub(super) async fn next(context: &Context, told: u64, deep: bool) -> Option<(Bytes, u64)> {
    if deep {
        context.depth.want(context.clock.now());
    }
    if tokio::time::timeout(PULSE, context.log.beyond(told, deep)).await.is_err() {
        return Some((Bytes::from_static(b"\n"), told));
    }
    let Taken { last, lines, .. } = context.log.since(told, deep, PIECE)?;
    Some((join(&lines), last))
}

/// `value` as a line.
pub(super) fn line(value: &impl serde::Serialize) -> Bytes {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line.into()
}

fn join(lines: &[Bytes]) -> Bytes {
    let mut piece = BytesMut::with_capacity(lines.iter().map(Bytes::len).sum());
    for line in lines {
        piece.put_slice(line);
    }
    piece.freeze()
}

#[cfg(test)]
mod tests;
