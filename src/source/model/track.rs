//! What the pages of one server say one after another: rates, latencies, whether a model stands still.
//!
//! It keeps a minute of growth for each model, and nothing of a model that is no longer on the page.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::metric::server::{Figure, Figures, Scrape, names};
use crate::metric::{Distribution, Grown};
use crate::model::reading::{Reading, Why};
use crate::model::serving::{Engine, Finish, Latency, Serving};
use crate::model::text::SafeText;
use crate::model::unit::{PerSecond, Ratio, Seconds};

/// What "the last minute" is.
const STRETCH: Duration = Duration::from_mins(1);

/// The models of one server.
#[derive(Debug, Default)]
pub(super) struct Tracks(BTreeMap<String, Track>);

/// What is kept of one model.
#[derive(Debug, Default)]
struct Track {
    totals: BTreeMap<(Figure, String), Grown<1>>,
    histograms: BTreeMap<Figure, Distribution>,
    /// When tokens came last, or nothing was at work.
    moved: Option<Instant>,
}

impl Tracks {
    /// How each model of `scrape`, which was read at `now`, is served.
    pub(super) fn take(&mut self, now: Instant, scrape: &Scrape) -> Vec<Serving> {
        let engine = scrape.engine.unwrap_or_default();
        self.0.retain(|model, _| scrape.models.contains_key(model));
        let models = scrape.models.iter();
        let serving = models.map(|(model, figures)| {
            let track = self.0.entry(model.clone()).or_default();
            track.take(now, figures);
            let still = track.still(now, figures);
            let shown = Shown { track, figures, engine };
            Serving { still_seconds: still, ..shown.serving(model) }
        });
        serving.collect()
    }
}

impl Track {
    fn take(&mut self, now: Instant, figures: &Figures) {
        self.totals.retain(|name, _| figures.totals.contains_key(name));
        for (name, series) in &figures.totals {
            let grown = self.totals.entry(name.clone()).or_insert_with(|| Grown::over(STRETCH));
            grown.take(now, series.iter().map(|(key, value)| (key, [*value])));
        }
        self.histograms.retain(|name, _| figures.histograms.contains_key(name));
        for (name, histogram) in &figures.histograms {
            let seen = self.histograms.entry(*name).or_insert_with(|| Distribution::over(STRETCH));
            seen.take(now, histogram);
        }
    }

    /// How long requests have been at work and no token came.
    fn still(&mut self, now: Instant, figures: &Figures) -> Reading<Seconds> {
        let rate = |figure| {
            let grown = self.totals.get(&(figure, String::new()));
            grown.map(|grown| grown.per_second(0))
        };
        let running = figures.gauges.get(&Figure::Running).map(|all| all.iter().sum::<f64>());
        let (Some(running), Some(tokens)) = (running, rate(Figure::Tokens)) else {
            return Reading::Missing(Why::NotSupported);
        };
        let prompt = rate(Figure::Prompt).and_then(|rate| rate.get()).unwrap_or_default();
        let Reading::Known(tokens) = tokens else {
            self.moved = Some(now);
            return Reading::Missing(Why::NotYet);
        };
        if running <= 0.0 || tokens > 0.0 || prompt > 0.0 {
            self.moved = Some(now);
        }
        let moved = *self.moved.get_or_insert(now);
        Reading::Known(Seconds::from(now.saturating_duration_since(moved)))
    }
}

/// A model as it is told.
struct Shown<'t> {
    track: &'t Track,
    figures: &'t Figures,
    engine: Engine,
}

impl Shown<'_> {
    fn serving(&self, model: &str) -> Serving {
        let (tokens, estimated) = self.rate(Figure::Tokens, Figure::TokenRate);
        let (prompt, _) = self.rate(Figure::Prompt, Figure::PromptRate);
        Serving {
            model: SafeText::new(model),
            engine: Some(self.engine),
            engines: u32::try_from(self.figures.engines.len()).unwrap_or(u32::MAX).max(1),
            running: self.sum(Figure::Running),
            waiting: self.sum(Figure::Waiting),
            tokens_per_second: tokens,
            prompt_tokens_per_second: prompt,
            tokens_total: self.total(Figure::Tokens),
            prompt_tokens_total: self.total(Figure::Prompt),
            requests_per_second: self.requests(),
            finished: self.finished(),
            failures_per_second: self.lately(Figure::Failed),
            failures_total: self.total(Figure::Failed),
            kv_cache: self.mean(Figure::Cache),
            prefix_hits: self.hits(),
            preemptions_per_second: self.lately(Figure::Preempted),
            preemptions_total: self.total(Figure::Preempted),
            first_token: self.latency(Figure::FirstToken),
            inter_token: self.latency(Figure::InterToken),
            end_to_end: self.latency_or(Figure::EndToEnd, Figure::EndToEndSum),
            queued: self.latency_or(Figure::Queued, Figure::QueuedSum),
            also: self.figures.adapters.clone(),
            estimated,
            ..Serving::silent(SafeText::default())
        }
    }

    fn none<T>(&self, figure: Figure) -> Reading<T> {
        let is_odd = self.figures.odd.contains(&figure);
        let why = if is_odd { names::odd } else { names::why };
        Reading::Missing(why(self.engine, figure))
    }

    fn sum(&self, figure: Figure) -> Reading<f64> {
        let values = self.figures.gauges.get(&figure).filter(|values| !values.is_empty());
        values.map_or_else(|| self.none(figure), |values| Reading::Known(values.iter().sum()))
    }

    /// The mean of all engines; below 0 it is switched off.
    fn mean(&self, figure: Figure) -> Reading<Ratio> {
        let values = self.figures.gauges.get(&figure).filter(|values| !values.is_empty());
        let Some(values) = values else { return self.none(figure) };
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let share = Some(mean).filter(|mean| *mean >= 0.0).and_then(Ratio::new);
        Reading::from_option(share, Why::Absent("what it counts (it is off)".into()))
    }

    fn grown(&self, figure: Figure) -> Option<&Grown<1>> {
        self.track.totals.get(&(figure, String::new()))
    }

    fn total(&self, figure: Figure) -> Reading<f64> {
        let series = self.figures.totals.get(&(figure, String::new()));
        let values = series.into_iter().flatten().map(|(_, value)| *value);
        let sum = values.filter(|value| value.is_finite()).reduce(|sum, value| sum + value);
        sum.map_or_else(|| self.none(figure), Reading::Known)
    }

    /// Growth since the sample before; what the server works out where it does not count, and that it
    /// did.
    fn rate(&self, counter: Figure, gauge: Figure) -> (Reading<PerSecond>, bool) {
        if let Some(grown) = self.grown(counter) {
            return (grown.per_second(0).map(PerSecond), false);
        }
        let told = self.sum(gauge);
        let known = told.get().is_some();
        let rate = if known { told } else { self.none(counter) };
        (rate.map(|rate| PerSecond(rate.max(0.0))), known)
    }

    /// Growth over the last minute.
    fn lately(&self, figure: Figure) -> Reading<PerSecond> {
        let grown = self.grown(figure);
        grown.map_or_else(|| self.none(figure), |grown| grown.mean_per_second(0).map(PerSecond))
    }

    fn reasons(&self) -> impl Iterator<Item = (&str, &Grown<1>, f64)> {
        let all = self.figures.totals.iter().filter(|((name, _), _)| *name == Figure::Finished);
        all.filter_map(|(name, series)| {
            let total = series.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
            Some((name.1.as_str(), self.track.totals.get(name)?, total.sum()))
        })
    }

    /// Requests that ended for any reason, else those whose whole time was measured.
    fn requests(&self) -> Reading<PerSecond> {
        let rates = self.reasons().map(|(_, grown, _)| grown.mean_per_second(0));
        let sum = rates.reduce(|sum, rate| match (sum.get(), rate.get()) {
            (Some(sum), Some(rate)) => Reading::Known(sum + rate),
            _ => Reading::Missing(Why::NotYet),
        });
        sum.unwrap_or_else(|| self.none(Figure::Finished)).map(PerSecond)
    }

    fn finished(&self) -> Vec<Finish> {
        let finish = |(reason, grown, total): (&str, &Grown<1>, f64)| Finish {
            reason: SafeText::new(if reason.is_empty() { "finished" } else { reason }),
            total,
            per_second: grown.mean_per_second(0).map(PerSecond),
        };
        self.reasons().map(finish).collect()
    }

    /// Hits of all that was looked for in the last minute, else as the server works it out.
    fn hits(&self) -> Reading<Ratio> {
        let (Some(hits), Some(queries)) = (self.grown(Figure::Hits), self.grown(Figure::Queries))
        else {
            let told = self.mean(Figure::HitRate);
            let unknown = !self.figures.gauges.contains_key(&Figure::HitRate);
            return if unknown { self.none(Figure::Hits) } else { told };
        };
        match (hits.whole(), queries.whole()) {
            (Some([hits]), Some([queries])) if queries > 0.0 => {
                Reading::from_option(Ratio::of(hits, queries), Why::NotYet)
            }
            (Some(_), Some(_)) => {
                Reading::Missing(Why::Absent("a request in the last minute".into()))
            }
            _ => Reading::Missing(Why::NotYet),
        }
    }

    fn latency(&self, figure: Figure) -> Latency {
        let Some(seen) = self.track.histograms.get(&figure) else {
            let none = || self.none(figure);
            return Latency {
                p50: none(),
                p95: none(),
                p99: none(),
                mean: none(),
                count: self.none(figure),
            };
        };
        Latency {
            p50: seen.quantile(0.5).map(Seconds),
            p95: seen.quantile(0.95).map(Seconds),
            p99: seen.quantile(0.99).map(Seconds),
            mean: seen.mean().map(Seconds),
            count: seen.count(),
        }
    }

    /// The same; where there are no buckets, the mean alone, from what all requests took together.
    fn latency_or(&self, figure: Figure, together: Figure) -> Latency {
        let mut latency = self.latency(figure);
        let took = self.grown(together).and_then(Grown::whole);
        let ended = [Figure::Finished, Figure::Failed]
            .map(|figure| self.grown(figure).and_then(Grown::whole).map_or(0.0, |[count]| count));
        let count: f64 = ended.iter().sum();
        if let Some([took]) = took.filter(|_| latency.p50.get().is_none() && count > 0.0) {
            latency.mean = Reading::Known(Seconds(took / count));
            latency.count = Reading::Known(count);
        }
        latency
    }
}

#[cfg(test)]
mod tests;
