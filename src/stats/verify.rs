//! Whether a run says what its samples say.
//!
//! Every figure is made again from the samples with the file's seed and set beside what the file
//! states; and the samples themselves are looked at for what no run can have. It answers whether a
//! published table follows from the published samples, not whether those were ever measured.

use serde::Serialize;
use serde_json::Value;

use super::interval::RESAMPLES;
use super::load;
use super::place::Rivals;
use super::summary::{middle, summarise_among};
use super::verdict::verdict;
use crate::model::run::Run;

mod data;
mod host;

pub use host::outcomes;

/// Figures this far apart, as a share, are the same: another machine rounds logarithms otherwise.
const ROUNDING: f64 = 1e-9;

/// Differences that are told; of those beyond only the number is.
pub const TOLD: usize = 100;

/// Something that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Where, as a path in the file's JSON: `tail.summary[3].estimate.median_seconds`.
    pub at: String,
    /// What it has to be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verified {
    /// Samples that were looked at, warm-up and steps' shots included.
    pub samples: usize,
    /// Figures that were made again.
    pub figures: usize,
    /// What is wrong, at most [`TOLD`].
    pub findings: Vec<Finding>,
    /// How much more is wrong.
    pub more: usize,
    /// Whether the run came to its end; of one that did not only the samples can be looked at.
    pub whole: bool,
}

impl Verified {
    /// Whether everything is as it has to be.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// Notes that `at` is not what it has to be.
    pub fn note(&mut self, at: String, expected: impl Into<String>, found: impl Into<String>) {
        if self.findings.len() < TOLD {
            let (expected, found) = (expected.into(), found.into());
            self.findings.push(Finding { at, expected, found });
        } else {
            self.more += 1;
        }
    }
}

/// Looks `run` over and makes its figures again.
pub fn verify(run: &Run) -> Verified {
    let mut verified = Verified { whole: run.tail.is_some(), ..Verified::default() };
    data::look(run, &mut verified);
    host::marks(run, &mut verified);
    host::counts(run, &mut verified);
    let Some(tail) = &run.tail else {
        return verified;
    };
    let (cells, seed) = (&run.head.cells, run.head.plan.seed);
    // In files of before, what has no wall was placed too.
    let rivals = Rivals::of(cells, &tail.summary);
    let mut summary = summarise_among(cells, &run.samples, (RESAMPLES, seed), rivals);
    // Files of before there were places have none.
    if tail.summary.iter().all(|of| of.place.is_none()) {
        for of in &mut summary {
            of.place = None;
        }
    }
    verified.figures = summary.len();
    differ("tail.summary", &summary, &tail.summary, &mut verified);
    let loads = load::summarise(cells, &run.steps, seed);
    differ("tail.loads", &loads, &tail.loads, &mut verified);
    verified.figures += loads.len();
    if !tail.empty_seconds.is_empty() {
        let overhead = middle(&tail.empty_seconds);
        differ("tail.overhead_seconds", &overhead, &tail.overhead_seconds, &mut verified);
        verified.figures += 1;
    }
    if let Some(said) = &tail.verdict {
        differ("tail.verdict", &verdict(&run.samples, &run.steps), said, &mut verified);
        verified.figures += 1;
    }
    verified
}

/// Notes where `expected` and `found` are not the same in JSON.
fn differ<T: Serialize>(at: &str, expected: &T, found: &T, verified: &mut Verified) {
    let json = |value: &T| serde_json::to_value(value).unwrap_or_default();
    compare(at, &json(expected), &json(found), verified);
}

/// Notes every place below `at` where two documents are not the same.
fn compare(at: &str, expected: &Value, found: &Value, verified: &mut Verified) {
    match (expected, found) {
        (Value::Object(wanted), Value::Object(there)) => {
            for (key, wanted) in wanted {
                let found = there.get(key).unwrap_or(&Value::Null);
                compare(&format!("{at}.{key}"), wanted, found, verified);
            }
            for (key, there) in there.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
                compare(&format!("{at}.{key}"), &Value::Null, there, verified);
            }
        }
        (Value::Array(wanted), Value::Array(there)) => {
            if wanted.len() != there.len() {
                let entries = |list: &[Value]| format!("{} entries", list.len());
                verified.note(at.to_owned(), entries(wanted), entries(there));
            }
            for (index, (wanted, there)) in wanted.iter().zip(there).enumerate() {
                compare(&format!("{at}[{index}]"), wanted, there, verified);
            }
        }
        _ if is_same(expected, found) => {}
        _ => verified.note(at.to_owned(), said(expected), said(found)),
    }
}

fn is_same(expected: &Value, found: &Value) -> bool {
    match (expected.as_f64(), found.as_f64()) {
        (Some(wanted), Some(there)) => {
            (wanted - there).abs() <= ROUNDING * wanted.abs().max(there.abs())
        }
        _ => expected == found,
    }
}

/// A value in a line.
fn said(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Object(_) => "figures".to_owned(),
        Value::Array(list) => format!("{} entries", list.len()),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests;
