//! A load from its first arrival to its last answer.
//!
//! Arrivals are held when as many are at work as may be, and sent as soon as there is room; each keeps
//! the time at which it was meant to come. When the time is over, what is held is not sent any more; who
//! reads the server beside it goes on until then, also where the last answer is there before.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::arrivals::Times;
use super::exchange::{Asker, Counts, Seen, When, rows};
use super::judge::{self, Beside};
use super::tables::{self, Row, Writer};
use super::trial::{self, Found};
use super::{Error, Load, Own, Progress, Said, Told, host, metrics};
use crate::model::request::Table;
use crate::model::text::SafeText;
use crate::source::Spec;
use crate::source::client::Client;
use crate::stats::request::figures;

/// Time from the last preparation to the first arrival.
const LEAD: Duration = Duration::from_millis(100);

/// Everything that the tasks of a load share.
#[derive(Debug)]
struct Shared {
    found: Found,
    begun: Instant,
    wall_ns: i64,
}

impl Shared {
    const fn counts(&self) -> &Arc<Counts> {
        &self.found.asker.counts
    }
}

/// What came of sending.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    unsent: u64,
    given_up: u64,
    capped: bool,
    /// Seconds for which arrivals came, or could have come; 0 where only their number ends them.
    offered_s: f64,
}

/// Puts `load` on its server.
pub(super) async fn run(load: Load) -> Result<Told, Error> {
    let found = tokio::select! {
        biased;
        () = load.cancel.cancelled() => return Ok(Told { cancelled: true, ..head(&load) }),
        found = prepared(&load) => found?,
    };
    let writer = Writer::begin(&load.tables)?;
    let begun = Instant::now() + LEAD;
    let wall_ns = load.clock.wall_ns() + i64::try_from(LEAD.as_nanos()).unwrap_or_default();
    let shared = Arc::new(Shared { found, begun, wall_ns });
    let stop = CancellationToken::new();
    let (rows, ended) = (writer.rows.clone(), stop.clone());
    let counts = Arc::clone(shared.counts());
    let own = metrics::Watch { client: beside(&load)?, begun, wall_ns, rows, counts };
    let own = tokio::spawn(own.run(ended));
    let (rows, ended) = (writer.rows.clone(), stop.clone());
    let host = tokio::spawn(host::watch(load.roots.clone(), begun, wall_ns, rows, ended));
    let sent = send(&load, &shared, &writer).await;
    stop.cancel();
    let own = own.await.unwrap_or_default();
    let own_cpu = host.await.unwrap_or_default();
    let left_out = writer.end().await?;
    let beside = Beside { own_cpu, left_out, capped: sent.capped };
    conclude(&load, &shared.found, sent, own, beside).await
}

/// Finds out how to ask, and warms the server up.
async fn prepared(load: &Load) -> Result<Found, Error> {
    let found = trial::find(load).await?;
    if load.plan.warmup > 0 {
        load.say(&format!("warming up with {} requests", load.plan.warmup));
    }
    let asker = Asker { counts: Arc::default(), ..found.asker.clone() };
    for number in 0..load.plan.warmup {
        let prompt = found.prompts.prompt(u64::MAX / 2 + u64::from(number));
        // Ignored: what is wrong now is wrong later too, and counted then.
        asker.ask(&prompt, &mut Seen::default()).await.ok();
    }
    Ok(found)
}

/// Who asks for metrics, on a connection of its own.
fn beside(load: &Load) -> Result<Client, Error> {
    let spec = Spec { clients: crate::source::Clients::default(), ..load.plan.server.clone() };
    Ok(Client::new(&spec)?)
}

/// Sends every request when it is meant to be sent, and waits for all answers.
async fn send(load: &Load, shared: &Arc<Shared>, writer: &Writer) -> Sent {
    let room = Arc::new(Semaphore::new(usize::try_from(load.plan.at_once).unwrap_or(usize::MAX)));
    let mut sent = Sent::default();
    let work = async {
        let sending = arrive(load, shared, &room, writer, &mut sent);
        // What is cancelled is not sent any more, and what is at work gives itself up.
        load.cancel.run_until_cancelled(sending).await;
        // There is room for all when none is at work.
        drop(room.acquire_many(load.plan.at_once).await);
    };
    tokio::select! {
        () = work => {}
        () = tell(load, shared) => {}
    }
    sent.given_up = shared.counts().at_work();
    // Who was cancelled, or had sent all, did not take the whole time.
    let elapsed_s = shared.begun.elapsed().as_secs_f64();
    sent.offered_s = load.plan.seconds.map_or(0.0, |seconds| seconds.min(elapsed_s));
    sent
}

/// Sends one request after another, until the time is over or all are sent. What has no room by the end
/// of the time is not sent.
async fn arrive(
    load: &Load,
    shared: &Arc<Shared>,
    room: &Arc<Semaphore>,
    writer: &Writer,
    sent: &mut Sent,
) {
    let seconds = load.plan.seconds.and_then(|of| Duration::try_from_secs_f64(of).ok());
    let end = seconds.map(|seconds| shared.begun + seconds);
    let mut came = 0;
    for (number, intended) in (1..).zip(Times::of(&load.plan)) {
        came = number;
        let due = shared.begun + Duration::try_from_secs_f64(intended).unwrap_or_default();
        sleep_until(due).await;
        let permit = if let Ok(permit) = Arc::clone(room).try_acquire_owned() {
            Some(permit)
        } else {
            sent.capped = true;
            let waited = Arc::clone(room).acquire_owned();
            match end {
                None => waited.await.ok(),
                Some(end) => tokio::time::timeout_at(end, waited).await.ok().and_then(Result::ok),
            }
        };
        let Some(permit) = permit else {
            sent.unsent += 1;
            continue;
        };
        Counts::add(&shared.counts().sent, 1);
        let (shared, rows) = (Arc::clone(shared), writer.rows.clone());
        let cancel = load.cancel.clone();
        tokio::spawn(async move {
            let asked = one(&shared, number, intended, &rows);
            // What was cancelled is no row.
            cancel.run_until_cancelled(asked).await;
            drop(permit);
        });
    }
    if let Some(end) = end.filter(|_| load.plan.requests != Some(came)) {
        sleep_until(end).await;
    }
}

/// One request, and its row.
async fn one(shared: &Shared, number: u64, intended: f64, rows_to: &mpsc::Sender<Row>) {
    let prompt = shared.found.prompts.prompt(number);
    let (begun, wall_ns) = (shared.begun, shared.wall_ns);
    let when = When { begun, wall_ns, intended, sent: Instant::now() };
    let mut seen = Seen::default();
    let result = shared.found.asker.ask(&prompt, &mut seen).await;
    let counts = shared.counts();
    let ended = if result.is_ok() { &counts.good } else { &counts.bad };
    let (row, gaps) = rows(number, &when, &seen, result);
    // Who writes has stopped only where the disk is full, which is told at the end.
    rows_to.send(Row::Request(Box::new(row), gaps)).await.ok();
    Counts::add(ended, 1);
}

/// Tells every second how far it is.
async fn tell(load: &Load, shared: &Shared) {
    let mut every = tokio::time::interval_at(shared.begun, Duration::from_secs(1));
    loop {
        every.tick().await;
        let counts = shared.counts();
        let progress = Progress {
            seconds: shared.begun.elapsed().as_secs(),
            sent: Counts::of(&counts.sent),
            good: Counts::of(&counts.good),
            bad: Counts::of(&counts.bad),
        };
        load.say.try_send(Said::Progress(progress)).ok();
    }
}

/// What is known before anything was asked.
fn head(load: &Load) -> Told {
    let plan = &load.plan;
    Told {
        server: SafeText::new(&plan.server.address.to_string()),
        model: SafeText::new(plan.model.as_deref().unwrap_or_default()),
        stream: plan.stream,
        rate: plan.rate,
        arrivals: plan.arrivals.word().into(),
        seed: plan.seed,
        prompt_tokens: plan.prompt_tokens,
        output_tokens: plan.output_tokens,
        at_once: plan.at_once,
        ..Told::default()
    }
}

/// What all of it came to, by the tables as they are on the disk.
async fn conclude(
    load: &Load,
    found: &Found,
    sent: Sent,
    own: Option<Own>,
    beside: Beside,
) -> Result<Told, Error> {
    let (tables, seed, offered_s) = (load.tables.clone(), load.plan.seed, sent.offered_s);
    let read = tokio::task::spawn_blocking(move || {
        let requests = tables::read(&tables::path(&tables, Table::Requests))?;
        let gaps = tables::read(&tables::path(&tables, Table::Gaps))?;
        Ok::<_, Error>(figures(&requests, &gaps, offered_s, seed))
    });
    let figures = read.await.map_err(|why| Error::Fault(SafeText::new(&why.to_string())))??;
    let form = &found.asker.form;
    let mut told = Told {
        model: SafeText::new(form.model.as_deref().unwrap_or_default()),
        api: form.api.word().into(),
        figures,
        unsent: sent.unsent,
        given_up: sent.given_up,
        own,
        notes: found.notes.clone(),
        cancelled: load.cancel.is_cancelled(),
        ..head(load)
    };
    let again = Counts::of(&found.asker.counts.again);
    if again > 0 {
        let note = format!(
            "{again} requests were sent once more: the server closed the connection without a word"
        );
        told.notes.push(note.into());
    }
    told.warnings = judge::warnings(&told, beside);
    Ok(told)
}
