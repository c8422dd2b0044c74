//! The server's own metrics while it is asked: what it says of itself beside what was seen of it.
//!
//! Engines and models of one server are summed up. A server without metrics, or one whose page cannot be
//! read, is no trouble of the load: the row says why it is empty.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::exchange::Counts;
use super::tables::Row;
use crate::metric::histogram::{Bucket, quantile};
use crate::metric::server::{Figure, Figures, Scrape};
use crate::model::request::ServerRow;
use crate::model::serving::Engine;
use crate::model::text::SafeText;
use crate::source::client::Client;
use crate::stats::serving::{Own, Quick};

/// Time from one row to the next.
pub(super) const EVERY: Duration = Duration::from_secs(1);
/// Time of the last reading: who ends a load does not wait for a server that hangs.
pub(super) const LAST: Duration = Duration::from_secs(1);

/// A histogram of times: upper bounds by their bits, which rise as they do, and totals.
#[derive(Clone, Debug, Default, PartialEq)]
struct Times {
    buckets: BTreeMap<u64, f64>,
    sum: f64,
    count: f64,
}

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Totals {
    running: Option<f64>,
    waiting: Option<f64>,
    cache: Option<f64>,
    generated: Option<f64>,
    prompted: Option<f64>,
    first: Option<Times>,
    between: Option<Times>,
    whole: Option<Times>,
}

impl Totals {
    /// Reads `body`; why it cannot be read.
    pub(super) fn read(body: &[u8]) -> Result<Self, SafeText> {
        let scrape = Scrape::read(body, Engine::Vllm);
        let scrape = scrape.map_err(|why| SafeText::new(&format!("/metrics: {why}")))?;
        let models: Vec<&Figures> = scrape.models.values().collect();
        let gauges = |figure| models.iter().filter_map(move |of| of.gauges.get(&figure)).flatten();
        let sum = |figure| gauges(figure).copied().reduce(|one, other| one + other);
        Ok(Self {
            running: sum(Figure::Running),
            waiting: sum(Figure::Waiting),
            cache: gauges(Figure::Cache).copied().reduce(f64::max),
            generated: total(&models, Figure::Tokens),
            prompted: total(&models, Figure::Prompt),
            first: Times::of(&models, Figure::FirstToken),
            between: Times::of(&models, Figure::InterToken),
            whole: Times::of(&models, Figure::EndToEnd),
        })
    }

    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The sum of a total over all engines and models; `None` where nobody tells it.
fn total(models: &[&Figures], figure: Figure) -> Option<f64> {
    let name = (figure, String::new());
    let series = models.iter().filter_map(|of| of.totals.get(&name)).flatten();
    let values = series.map(|(_, value)| *value).filter(|value| value.is_finite());
    values.reduce(|one, other| one + other)
}

impl Times {
    /// The histogram of `figure`, all engines and models together.
    fn of(models: &[&Figures], figure: Figure) -> Option<Self> {
        let mut times = Self::default();
        let mut known = false;
        for histogram in models.iter().filter_map(|of| of.histograms.get(&figure)) {
            known |= !histogram.sums.is_empty() && !histogram.counts.is_empty();
            let finite = |(_, value): &(_, f64)| Some(*value).filter(|value| value.is_finite());
            times.sum += histogram.sums.iter().filter_map(finite).sum::<f64>();
            times.count += histogram.counts.iter().filter_map(finite).sum::<f64>();
            for (_, bound, value) in &histogram.buckets {
                if *bound > 0.0 && value.is_finite() {
                    *times.buckets.entry(bound.to_bits()).or_insert(0.0) += value;
                }
            }
        }
        known.then_some(times)
    }

    /// What came since `before`; `None` where nothing did, or the server began anew.
    fn since(&self, before: &Self) -> Option<Self> {
        let count = self.count - before.count;
        if count <= 0.0 || self.sum < before.sum {
            return None;
        }
        let of = |(bound, value): (&u64, &f64)| {
            (*bound, value - before.buckets.get(bound).copied().unwrap_or_default())
        };
        let buckets = self.buckets.iter().map(of).collect();
        Some(Self { buckets, sum: self.sum - before.sum, count })
    }

    fn mean_ms(&self) -> f64 {
        self.sum / self.count * 1e3
    }

    /// The time that `share` of all are below, as Prometheus does it.
    fn quantile_ms(&self, share: f64) -> Option<f64> {
        let bucket = |(bound, total): (&u64, &f64)| (f64::from_bits(*bound), *total);
        let buckets: Vec<Bucket> = self.buckets.iter().map(bucket).collect();
        Some(quantile(share, &buckets)? * 1e3)
    }

    fn quick(&self) -> Quick {
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|share| self.quantile_ms(share));
        Quick { mean: self.mean_ms(), p50, p95, p99 }
    }
}

/// Growth of a total a second; `None` where the server began anew.
fn rate(before: Option<f64>, now: Option<f64>, seconds: f64) -> Option<f64> {
    let grown = now? - before?;
    (grown >= 0.0 && seconds > 0.0).then(|| grown / seconds)
}

/// Readings of a server, one after another.
#[derive(Debug, Default)]
struct Readings {
    first: Option<(f64, Totals)>,
    last: Option<(f64, Totals)>,
    most: [Option<f64>; 3],
}

impl Readings {
    /// Takes in what was read `since` the beginning; the row it makes, without its time.
    fn take(&mut self, since: f64, totals: Totals) -> ServerRow {
        let mut row = ServerRow {
            running: totals.running,
            waiting: totals.waiting,
            kv_cache_percent: totals.cache.map(|share| share * 100.0),
            generated_total: totals.generated,
            prompted_total: totals.prompted,
            ..ServerRow::default()
        };
        for (most, now) in
            self.most.iter_mut().zip([row.running, row.waiting, row.kv_cache_percent])
        {
            *most = [*most, now].into_iter().flatten().reduce(f64::max);
        }
        if let Some((at, before)) = &self.last {
            let own = own(before, &totals, since - at);
            row.generated_per_s = own.generated_per_s;
            row.prompted_per_s = own.prompted_per_s;
            row.ttft_mean_ms = own.ttft_ms.map(|of| of.mean);
            row.itl_mean_ms = own.itl_ms.map(|of| of.mean);
            row.e2e_mean_ms = own.e2e_ms.map(|of| of.mean);
        }
        self.first.get_or_insert_with(|| (since, totals.clone()));
        self.last = Some((since, totals));
        row
    }

    fn own(self) -> Option<Own> {
        let ((from, first), (to, last)) = (self.first?, self.last?);
        if last.is_nothing() {
            return None;
        }
        let [running_most, waiting_most, kv_cache_most_percent] = self.most;
        Some(Own {
            running_most,
            waiting_most,
            kv_cache_most_percent,
            ..own(&first, &last, to - from)
        })
    }
}

/// What grew from `before` to `now`.
fn own(before: &Totals, now: &Totals, seconds: f64) -> Own {
    let times = |before: &Option<Times>, now: &Option<Times>| {
        Some(now.as_ref()?.since(before.as_ref()?)?.quick())
    };
    Own {
        seconds,
        generated_per_s: rate(before.generated, now.generated, seconds),
        prompted_per_s: rate(before.prompted, now.prompted, seconds),
        ttft_ms: times(&before.first, &now.first),
        itl_ms: times(&before.between, &now.between),
        e2e_ms: times(&before.whole, &now.whole),
        ..Own::default()
    }
}

/// Who reads a server while it is asked.
pub(super) struct Watch {
    pub(super) client: Client,
    /// The beginning of the load.
    pub(super) begun: Instant,
    /// The same in nanoseconds since 1970 UTC.
    pub(super) wall_ns: i64,
    pub(super) rows: mpsc::Sender<Row>,
    /// What was seen of the server, which stands beside what it says.
    pub(super) counts: Arc<Counts>,
}

impl Watch {
    /// Reads it every second until `stop`, and once more then; its own figures over all, where it has any.
    pub(super) async fn run(self, stop: CancellationToken) -> Option<Own> {
        let mut readings = Readings::default();
        let mut every = tokio::time::interval_at(self.begun, EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut before = None;
        loop {
            let over = tokio::select! {
                biased;
                () = stop.cancelled() => true,
                _ = every.tick() => false,
            };
            let limit = if over { LAST } else { Duration::MAX };
            let read = tokio::time::timeout(limit, self.read(&mut readings)).await;
            let Ok(mut row) = read else { return readings.own() };
            let chunks = Counts::of(&self.counts.chunks) as f64;
            let seen = before.replace((row.since_s, chunks));
            row.seen_chunks_per_s =
                seen.and_then(|(at, before)| rate(Some(before), Some(chunks), row.since_s - at));
            let gone = self.rows.send(Row::Server(Box::new(row))).await.is_err();
            if gone || over {
                return readings.own();
            }
        }
    }

    async fn read(&self, readings: &mut Readings) -> ServerRow {
        let path = "/metrics";
        let read = self.client.get(path).await.and_then(|reply| self.client.good(path, reply));
        let read = read.map_err(|why| SafeText::new(&why.to_string()));
        let since_s = self.begun.elapsed().as_secs_f64();
        let row = match read.and_then(|reply| Totals::read(&reply.body)) {
            Ok(totals) => readings.take(since_s, totals),
            Err(trouble) => ServerRow { trouble, ..ServerRow::default() },
        };
        let at = self.wall_ns as f64 / 1e9 + since_s;
        ServerRow { at, since_s, seen_at_work: self.counts.at_work(), ..row }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &[u8] = include_bytes!("../../../tests/fixture/vllm/v1_two_engines.txt");
    const V0: &[u8] = include_bytes!("../../../tests/fixture/vllm/v0_llama31.txt");
    const LLAMA: &[u8] = include_bytes!("../../../tests/fixture/vllm/llamacpp_metrics.txt");

    #[test]
    fn pages_of_real_servers_are_read() {
        let v1 = Totals::read(V1).unwrap();
        assert_eq!((v1.running, v1.waiting, v1.cache), (Some(8.0), Some(2.0), Some(0.45)));
        let v0 = Totals::read(V0).unwrap();
        assert!(v0.running.is_some() && v0.generated.is_some(), "{v0:?}");
        let llama = Totals::read(LLAMA).unwrap();
        assert!(llama.generated.is_some() && llama.prompted.is_some(), "{llama:?}");
        assert!(Totals::read(b"up 1\n").unwrap().is_nothing());
        assert!(Totals::read(b"<html>").is_err());
    }

    #[test]
    fn figures_are_of_what_came_within_the_time() {
        let page = |count: u32, tokens: u32| {
            let name = "vllm:time_to_first_token_seconds";
            let half = count / 2;
            format!(
                "{name}_bucket{{le=\"0.1\"}} {half}\n{name}_bucket{{le=\"0.3\"}} {count}\n\
                 {name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {}\n{name}_count {count}\n\
                 vllm:generation_tokens_total{{engine=\"0\"}} {tokens}\n\
                 vllm:generation_tokens_total{{engine=\"1\"}} {tokens}\n\
                 vllm:num_requests_running {half}\n",
                f64::from(count) * 0.15
            )
        };
        let mut readings = Readings::default();
        let read = |count, tokens| Totals::read(page(count, tokens).as_bytes()).unwrap();
        let first = readings.take(0.0, read(100, 1_000));
        assert_eq!(first.generated_per_s, None, "one reading is no rate");
        let second = readings.take(2.0, read(120, 1_500));
        assert_eq!(second.generated_per_s, Some(500.0));
        assert!((second.ttft_mean_ms.unwrap() - 150.0).abs() < 1e-6);
        readings.take(4.0, read(140, 2_000));
        let own = readings.own().unwrap();
        assert_eq!((own.generated_per_s, own.running_most), (Some(500.0), Some(70.0)));
        let ttft = own.ttft_ms.unwrap();
        // Half of 40 in the first bucket, half in the second.
        assert!((ttft.p50.unwrap() - 100.0).abs() < 1e-6);
        assert!((ttft.p95.unwrap() - 280.0).abs() < 1e-6);
    }

    #[test]
    fn a_server_that_began_anew_tells_no_rate() {
        let read = |tokens: u32| {
            Totals::read(format!("llamacpp:tokens_predicted_total {tokens}\n").as_bytes()).unwrap()
        };
        let mut readings = Readings::default();
        readings.take(0.0, read(100));
        assert_eq!(readings.take(1.0, read(5)).generated_per_s, None);
        assert_eq!(readings.own().unwrap().generated_per_s, None);
    }
}
