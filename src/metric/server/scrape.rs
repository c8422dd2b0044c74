//! One page of a server's metrics, as the figures of each model it serves.
//!
//! Pure. Series of one figure stay apart (their labels are the key), because what counts up must be compared
//! with itself; engines are added up later. `_created` lines, names nobody knows, numbers that are none and
//! the other ranks of one engine, which say the same, are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{self, Figure, PAGES, Row};
use crate::metric::grown::Key;
use crate::metric::histogram::{Histogram, MOST_BUCKETS};
use crate::metric::{Bounds, Error, Page, Series};
use crate::model::serving::Engine;
use crate::model::text::SafeText;

/// Models of one server.
const MOST_MODELS: usize = 64;
/// Series of one figure of a model.
const MOST_SERIES: usize = 1_024;
/// Reasons why requests end.
const MOST_REASONS: usize = 16;
/// From here on a number with a fraction does not hold every whole number; nothing counts so far.
const BEYOND: f64 = 9_007_199_254_740_992.0;
/// Adapters that are named.
const MOST_ADAPTERS: usize = 32;
/// Labels in which servers name a model, the surest first.
const MODEL: [&str; 3] = ["model_name", "model", "name"];
/// Labels in which servers say why a request ended.
const REASON: [&str; 2] = ["finished_reason", "reason"];
/// Labels of the ranks that work on one request together: all but the first tell what it tells.
const RANKS: [&str; 2] = ["tp_rank", "pp_rank"];

/// A page as far as it was understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    /// Whose names it speaks; `None` where nobody's.
    pub engine: Option<Engine>,
    /// Each model, by the name on the page; empty where the page names none.
    pub models: BTreeMap<String, Figures>,
}

/// What is told of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Present values, one for each engine.
    pub gauges: BTreeMap<Figure, Vec<f64>>,
    /// Totals, by reason where there is one.
    pub totals: BTreeMap<(Figure, String), Vec<(Key, f64)>>,
    /// Times, as servers sort them into buckets.
    pub histograms: BTreeMap<Figure, Histogram>,
    /// Adapters that are loaded.
    pub adapters: Vec<SafeText>,
    /// Counts of which a value was left out, because no count has it: below 0, or beyond all counting.
    pub odd: BTreeSet<Figure>,
    /// The engines that tell something.
    pub engines: BTreeSet<String>,
}

impl Scrape {
    /// Reads `body`, in the names of `wanted` if it has any of those, else of who has.
    ///
    /// # Errors
    /// What of the page is too much, or is none of this form.
    pub fn read(body: &[u8], wanted: Engine) -> Result<Self, Error> {
        let page = Page::read(body, &Bounds::default())?;
        let first = PAGES.iter().filter(|(engine, ..)| *engine == wanted);
        let others = PAGES.iter().filter(|(engine, ..)| *engine != wanted);
        for (engine, word, rows) in first.chain(others) {
            let models = models(&page, word, rows);
            if !models.is_empty() {
                return Ok(Self { engine: Some(*engine), models });
            }
        }
        Ok(Self::default())
    }
}

/// Whose names stand on the page `body`.
pub fn speaker(body: &[u8]) -> Option<Engine> {
    Scrape::read(body, Engine::Vllm).ok()?.engine
}

fn models(page: &Page<'_>, word: &str, rows: &[Row]) -> BTreeMap<String, Figures> {
    let best = best(page, word, rows);
    let mut models: BTreeMap<String, Figures> = BTreeMap::new();
    let (mut failed, mut adapters) = (Vec::new(), Vec::new());
    for series in page.series() {
        if is_failure(&series) {
            failed.push((key(&series, &[]), series.value));
        }
        let Some(own) = names::own(word, series.name) else { continue };
        if RANKS.iter().any(|rank| series.label(rank).is_some_and(|rank| rank != "0")) {
            continue;
        }
        for (row, name) in rows.iter().zip(&best) {
            let Some(name) = name else { continue };
            match part(row, name, own) {
                Some(_) if row.figure == Figure::Adapters => adapt(&mut adapters, &series),
                Some(part) => take(&mut models, row, part, &series),
                None => {}
            }
        }
    }
    models.values_mut().for_each(Figures::leave_out_odd);
    // A server tells its adapters and its errors of HTTP for all its models together.
    if let Some(figures) = models.values_mut().next() {
        figures.adapters = adapters;
        failed.truncate(MOST_SERIES);
        if !failed.is_empty() {
            figures.totals.entry((Figure::Failed, String::new())).or_insert(failed);
        }
    }
    models
}

/// Of each row the first of its names that is on the page.
fn best(page: &Page<'_>, word: &str, rows: &[Row]) -> Vec<Option<&'static str>> {
    let mut ranks = vec![usize::MAX; rows.len()];
    for series in page.series() {
        let Some(own) = names::own(word, series.name) else { continue };
        for (row, rank) in rows.iter().zip(&mut ranks) {
            let is = |name: &&&str| part(row, name, own).is_some();
            let found = row.names.iter().take(*rank).position(|name| is(&name));
            *rank = found.unwrap_or(*rank);
        }
    }
    rows.iter().zip(ranks).map(|(row, rank)| row.names.get(rank).copied()).collect()
}

/// Which part of a figure a series is.
#[derive(Clone, Copy)]
enum Part {
    Whole,
    Bucket,
    Sum,
    Count,
}

fn part(row: &Row, name: &str, own: &str) -> Option<Part> {
    let rest = own.strip_prefix(name)?;
    match (row.figure.is_histogram(), rest) {
        (false, "") => Some(Part::Whole),
        (true, "_bucket") => Some(Part::Bucket),
        (true, "_sum") => Some(Part::Sum),
        (true, "_count") => Some(Part::Count),
        _ => None,
    }
}

fn take(models: &mut BTreeMap<String, Figures>, row: &Row, part: Part, series: &Series<'_>) {
    let model = MODEL.iter().find_map(|name| series.label(name)).unwrap_or_default();
    if models.len() >= MOST_MODELS && !models.contains_key(model) {
        return;
    }
    let figures = models.entry(model.to_owned()).or_default();
    let engine = ["engine", "dp_rank"].iter().find_map(|name| series.label(name));
    if let Some(engine) = engine.filter(|_| figures.engines.len() < MOST_SERIES) {
        figures.engines.insert(engine.to_owned());
    }
    let value = series.value * row.worth;
    if row.figure.is_count() && value.is_finite() && !(0.0..BEYOND).contains(&value) {
        figures.odd.insert(row.figure);
        return;
    }
    match row.figure {
        figure if figure.is_histogram() => {
            let histogram = figures.histograms.entry(figure).or_default();
            observe(histogram, part, series, row.worth);
        }
        figure if figure.is_counter() => figures.total(figure, series, value),
        figure if value.is_finite() => {
            let values = figures.gauges.entry(figure).or_default();
            values.extend((values.len() < MOST_SERIES).then_some(value));
        }
        _ => {}
    }
}

impl Figures {
    /// Of a count that is odd for one engine nothing is known for all of them together.
    fn leave_out_odd(&mut self) {
        self.gauges.retain(|figure, _| !self.odd.contains(figure));
        self.totals.retain(|(figure, _), _| !self.odd.contains(figure));
    }

    fn total(&mut self, figure: Figure, series: &Series<'_>, value: f64) {
        let reason = REASON.iter().find_map(|name| series.label(name)).unwrap_or_default();
        let reason = if figure == Figure::Finished { reason } else { "" };
        let named = (figure, reason.to_owned());
        let reasons = self.totals.keys().filter(|(one, _)| *one == figure).count();
        if reasons >= MOST_REASONS && !self.totals.contains_key(&named) {
            return;
        }
        let all = self.totals.entry(named).or_default();
        all.extend((all.len() < MOST_SERIES).then(|| (key(series, &[]), value)));
    }
}

/// The adapters that work or wait, as vLLM lists them: names with commas between.
fn adapt(adapters: &mut Vec<SafeText>, series: &Series<'_>) {
    let lists = ["running_lora_adapters", "waiting_lora_adapters"];
    let names = lists.iter().filter_map(|list| series.label(list)).flat_map(|all| all.split(','));
    for name in names.map(|name| SafeText::new(name.trim())) {
        let room = adapters.len() < MOST_ADAPTERS;
        if room && !name.is_empty() && !adapters.contains(&name) {
            adapters.push(name);
        }
    }
}

fn observe(histogram: &mut Histogram, part: Part, series: &Series<'_>, worth: f64) {
    let key = key(series, &["le"]);
    match part {
        Part::Bucket if histogram.buckets.len() < MOST_BUCKETS => {
            let bound = series.label("le").and_then(crate::metric::number);
            let bound = bound.filter(|bound| !bound.is_nan());
            histogram.buckets.extend(bound.map(|bound| (key, bound * worth, series.value)));
        }
        Part::Sum if histogram.sums.len() < MOST_SERIES => {
            histogram.sums.push((key, series.value * worth));
        }
        Part::Count if histogram.counts.len() < MOST_SERIES => {
            histogram.counts.push((key, series.value));
        }
        _ => {}
    }
}

/// A request that the server of HTTP in front of the model could not answer.
fn is_failure(series: &Series<'_>) -> bool {
    let status = |label: &str| series.label(label).is_some_and(|status| status.starts_with('5'));
    series.name == "http_requests_total" && status("status")
}

/// The labels but `without`, with lengths, so that no two label sets make one key.
fn key(series: &Series<'_>, without: &[&str]) -> Key {
    use std::fmt::Write as _;
    let mut key = String::new();
    let mut labels: Vec<_> =
        series.labels.iter().filter(|label| !without.contains(&label.name.as_ref())).collect();
    labels.sort_by(|one, other| one.name.cmp(&other.name));
    for label in labels {
        // Writing to a string never fails.
        write!(key, "{}={}:{},", label.name, label.value.len(), label.value).ok();
    }
    key.into()
}

#[cfg(test)]
mod tests;
