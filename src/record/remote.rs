//! Remote write: a node that nobody can reach sends its numbers to a Prometheus-compatible store.
//!
//! What is sent is the page of `/metrics`, read back, so that names and labels are the same whichever
//! way they come. Taking never waits for sending: between them stands a short queue, and what finds no
//! room in it is lost, counted and told. A store that is busy or down is asked again, ever more seldom;
//! one that refuses is not. Protocol: Prometheus remote write 1.0.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::model::time::Clock;
use crate::model::update::{Notice, What};
use crate::watch::Outlet;

mod wire;

pub use wire::Sender;

/// Batches that may wait: an hour of them at the usual interval.
const WAITING: usize = 240;
/// Time to connect, and for all of a request.
const CONNECT: Duration = Duration::from_secs(4);
const TOTAL: Duration = Duration::from_secs(15);
/// Time until a store is asked again, first and at most.
const AGAIN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_mins(1);
/// Longest time that a store may ask to be left alone.
const ALONE: Duration = Duration::from_mins(5);

/// Where to, as who, how often.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The store's address for remote write.
    pub url: Url,
    /// Who asks, where the store wants a name and a password.
    pub user: Option<String>,
    /// The token; the password where there is a name.
    pub secret: Option<Secret>,
    /// Time between two batches.
    pub interval: Duration,
    /// Labels of every series, beside its own.
    pub labels: Vec<(String, String)>,
}

/// What became of the samples, since the start.
#[derive(Debug, Default)]
pub struct Counts {
    sent: AtomicU64,
    lost: AtomicU64,
    waiting: AtomicU64,
}

impl Counts {
    /// Samples that a store took.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Samples that were refused, or found no room while the store was away.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Samples that wait to be sent.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Samples of one moment, ready to be sent.
#[derive(Debug)]
struct Batch {
    body: Vec<u8>,
    samples: u64,
}

/// What a store said to a batch.
enum Said {
    Taken,
    /// It does not want it, now or ever.
    Refused(String),
    /// It may want it later.
    Later(String, Option<Duration>),
}

/// Sends what `page` gives at every interval, until `stop`. What goes wrong is told through `outlet`.
pub async fn run(
    settings: Settings,
    counts: Arc<Counts>,
    page: impl Fn() -> String + Send,
    clock: Arc<dyn Clock>,
    outlet: Outlet,
    stop: CancellationToken,
) {
    let (to, batches) = mpsc::channel(WAITING);
    let mut take = tokio::time::interval(settings.interval);
    take.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut sender = Sender::new(settings.labels.clone());
    let line = Line { settings, counts: Arc::clone(&counts), outlet, down: false };
    let sending = tokio::spawn(line.send(batches, stop.clone()));
    while stop.run_until_cancelled(take.tick()).await.is_some() {
        let Some((body, samples)) = sender.batch(&page(), clock.now().wall_ms) else { continue };
        counts.waiting.fetch_add(samples, Ordering::Relaxed);
        if to.try_send(Batch { body, samples }).is_err() {
            counts.waiting.fetch_sub(samples, Ordering::Relaxed);
            counts.lost.fetch_add(samples, Ordering::Relaxed);
        }
    }
    // It ends with the same token.
    sending.await.unwrap_or_default();
}

/// The way to the store.
struct Line {
    settings: Settings,
    counts: Arc<Counts>,
    outlet: Outlet,
    /// Whether it was told that the store does not take anything.
    down: bool,
}

impl Line {
    async fn send(mut self, mut batches: mpsc::Receiver<Batch>, stop: CancellationToken) {
        let client = match client() {
            Ok(client) => client,
            Err(error) => return self.tell(true, &format!("nothing can be sent: {error}")).await,
        };
        while let Some(Some(batch)) = stop.run_until_cancelled(batches.recv()).await {
            if stop.run_until_cancelled(self.deliver(&client, batch)).await.is_none() {
                return;
            }
        }
    }

    /// Sends one batch, for as long as the store may want it.
    async fn deliver(&mut self, client: &reqwest::Client, batch: Batch) {
        let mut again = AGAIN;
        loop {
            match self.post(client, &batch.body).await {
                Said::Taken => {
                    self.count(&batch, |counts| &counts.sent);
                    return self.up().await;
                }
                Said::Refused(why) => {
                    self.count(&batch, |counts| &counts.lost);
                    return self.fail(&format!("{why}; what it refuses is lost")).await;
                }
                Said::Later(why, after) => {
                    self.fail(&format!("{why}; it is asked again")).await;
                    tokio::time::sleep(after.map_or(again, |after| after.min(ALONE))).await;
                    again = (again * 2).min(SELDOM);
                }
            }
        }
    }

    fn count(&self, batch: &Batch, of: fn(&Counts) -> &AtomicU64) {
        self.counts.waiting.fetch_sub(batch.samples, Ordering::Relaxed);
        of(&self.counts).fetch_add(batch.samples, Ordering::Relaxed);
    }

    async fn post(&self, client: &reqwest::Client, body: &[u8]) -> Said {
        let Settings { url, user, secret, .. } = &self.settings;
        let mut request = client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header(CONTENT_ENCODING, "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0")
            .body(body.to_vec());
        request = match (user, secret) {
            (Some(user), secret) => request.basic_auth(user, secret.as_ref().map(Secret::reveal)),
            (None, Some(secret)) => request.bearer_auth(secret.reveal()),
            (None, None) => request,
        };
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Said::Later(cause(&error), None),
        };
        let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        judge(answer.status(), after)
    }

    async fn up(&mut self) {
        if std::mem::take(&mut self.down) {
            self.tell(false, "it takes samples again").await;
        }
    }

    /// Says what is wrong, once until it is well again.
    async fn fail(&mut self, why: &str) {
        if !std::mem::replace(&mut self.down, true) {
            self.tell(true, why).await;
        }
    }

    async fn tell(&self, bad: bool, words: &str) {
        let host = self.settings.url.host_str().unwrap_or_default();
        let text = SafeText::within(&format!("remote write to {host}: {words}"), 256);
        if bad {
            tracing::warn!("{text}");
        } else {
            tracing::info!("{text}");
        }
        self.outlet.send(What::Notice(Notice { bad, text })).await;
    }
}

/// What a status means.
fn judge(status: StatusCode, after: Option<Duration>) -> Said {
    let number = status.as_u16();
    match number {
        200..=299 => Said::Taken,
        429 => Said::Later("it answered 429, too many requests".to_owned(), after),
        500..=599 => Said::Later(format!("it answered {number}"), after),
        300..=399 => Said::Refused(format!("it answered {number}, a redirect, not followed")),
        401 | 403 => Said::Refused(format!("it answered {number}: it does not let us in")),
        404 => Said::Refused("it answered 404: it takes no remote write at this path".to_owned()),
        _ => Said::Refused(format!("it answered {number}")),
    }
}

/// The last cause of an error, which has no address in it.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut words = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        words = error.to_string();
        source = error.source();
    }
    let words = words.split(" (os error ").next().unwrap_or_default().to_lowercase();
    if words.is_empty() { "it cannot be reached".to_owned() } else { words }
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    // Whoever was first has set it.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("isomon/", env!("CARGO_PKG_VERSION")))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_not_sent_again_and_what_is_busy_is() {
        let of = |status: u16| judge(StatusCode::from_u16(status).unwrap(), None);
        for status in [200, 204] {
            assert!(matches!(of(status), Said::Taken));
        }
        for status in [301, 307, 400, 401, 403, 404, 413, 422] {
            assert!(matches!(of(status), Said::Refused(_)), "{status}");
        }
        for status in [429, 500, 502, 503, 504] {
            assert!(matches!(of(status), Said::Later(..)), "{status}");
        }
    }
}
