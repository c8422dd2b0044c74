//! A page of metrics: text format 0.0.4, and OpenMetrics as far as servers speak it.
//!
//! The series borrow from the page, and all labels lie in one list, so that a large page costs few
//! allocations. A series that stands there twice is kept once, the first, and counted: a sum over both
//! would be wrong. Exemplars are passed over, `# EOF` ends the page.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

pub use super::label::Label;
use super::label::{Fault, blank, labels, word};
use super::number::number;
use super::{Bounds, Error};

/// What is told of a metric beside its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About<'a> {
    /// `counter`, `gauge` and so on, as written.
    pub kind: Option<&'a str>,
    /// What it is, as written.
    pub help: Option<&'a str>,
}

/// A page that was read as a whole.
#[derive(Clone, Debug, Default)]
pub struct Page<'a> {
    rows: Vec<Row<'a>>,
    labels: Vec<Label<'a>>,
    about: HashMap<&'a str, About<'a>>,
    duplicates: usize,
}

#[derive(Clone, Debug)]
struct Row<'a> {
    name: Cow<'a, str>,
    labels: Range<usize>,
    value: f64,
    timestamp: Option<f64>,
}

/// One series of a page.
#[derive(Clone, Copy, Debug)]
pub struct Series<'p> {
    /// The metric's name.
    pub name: &'p str,
    /// Its labels, in the order of the page.
    pub labels: &'p [Label<'p>],
    /// Its value; may be NaN or infinite.
    pub value: f64,
    /// When it was true, as written: milliseconds in 0.0.4, seconds in OpenMetrics.
    pub timestamp: Option<f64>,
}

impl<'p> Series<'p> {
    /// The value of the label `name`.
    pub fn label(&self, name: &str) -> Option<&'p str> {
        self.labels.iter().find(|label| label.name == name).map(|label| label.value.as_ref())
    }
}

impl<'a> Page<'a> {
    /// Reads `body` within `bounds`.
    pub fn read(body: &'a [u8], bounds: &Bounds) -> Result<Self, Error> {
        if body.len() > bounds.bytes {
            return Err(Error::Limit { line: 1, what: "bytes", most: bounds.bytes });
        }
        let text = std::str::from_utf8(body);
        Self::parse(text.map_err(|error| Error::NotText { at: error.valid_up_to() })?, bounds)
    }

    /// Reads `text` within `bounds`.
    pub fn parse(text: &'a str, bounds: &Bounds) -> Result<Self, Error> {
        if text.len() > bounds.bytes {
            return Err(Error::Limit { line: 1, what: "bytes", most: bounds.bytes });
        }
        let mut page = Self::default();
        let mut seen = HashSet::new();
        for (at, line) in text.split('\n').enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let read = match line.as_bytes().first() {
                None => Ok(()),
                Some(b'#') if line.trim_end() == "# EOF" => break,
                Some(b'#') => page.comment(line, bounds),
                Some(b' ' | b'\t') if line.trim().is_empty() => Ok(()),
                Some(_) => page.sample(blank(line), bounds, &mut seen),
            };
            read.map_err(|fault| fault.at(at + 1))?;
        }
        Ok(page)
    }

    /// Every series, in the order of the page.
    pub fn series(&self) -> impl Iterator<Item = Series<'_>> {
        self.rows.iter().map(|row| self.shown(row))
    }

    /// The series of the metric `name`, exactly: neither its `_created` nor its `_bucket`.
    pub fn named<'p>(&'p self, name: &'p str) -> impl Iterator<Item = Series<'p>> {
        self.rows.iter().filter(move |row| row.name == name).map(|row| self.shown(row))
    }

    /// What is told of the metric `name`.
    pub fn about(&self, name: &str) -> Option<&About<'a>> {
        self.about.get(name)
    }

    /// How many series there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no series.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many series stood there again and were left out.
    pub const fn duplicates(&self) -> usize {
        self.duplicates
    }

    fn shown<'p>(&'p self, row: &'p Row<'a>) -> Series<'p> {
        Series {
            name: &row.name,
            labels: self.labels.get(row.labels.clone()).unwrap_or_default(),
            value: row.value,
            timestamp: row.timestamp,
        }
    }

    /// `# TYPE name kind` and `# HELP name words`; any other comment is for people.
    fn comment(&mut self, line: &'a str, bounds: &Bounds) -> Result<(), Fault> {
        let Some(rest) = line.strip_prefix("# ") else { return Ok(()) };
        let Some((what @ ("TYPE" | "HELP"), rest)) = rest.split_once(' ') else { return Ok(()) };
        let (name, told) = rest.split_once(' ').unwrap_or((rest, ""));
        if name.len() > bounds.name_bytes {
            return Err(Fault::Limit("bytes in a name", bounds.name_bytes));
        }
        if self.about.len() >= bounds.series && !self.about.contains_key(name) {
            return Err(Fault::Limit("metrics", bounds.series));
        }
        let about = self.about.entry(name).or_default();
        *(if what == "TYPE" { &mut about.kind } else { &mut about.help }) = Some(told.trim());
        Ok(())
    }

    fn sample(
        &mut self,
        line: &'a str,
        bounds: &Bounds,
        seen: &mut HashSet<&'a str>,
    ) -> Result<(), Fault> {
        if self.rows.len() >= bounds.series {
            return Err(Fault::Limit("series", bounds.series));
        }
        let (name, rest) = word(line);
        if name.len() > bounds.name_bytes {
            return Err(Fault::Limit("bytes in a name", bounds.name_bytes));
        }
        let first = self.labels.len();
        let mut metric = Cow::Borrowed(name);
        let mut rest = blank(rest);
        if let Some(inner) = rest.strip_prefix('{') {
            let (read, after) = labels(inner, bounds, Some(&mut self.labels))?;
            match read.metric {
                Some(quoted) if name.is_empty() => metric = quoted,
                Some(_) => return Err(Fault::Line("a label without a value")),
                None => {}
            }
            rest = after;
        }
        if metric.is_empty() {
            return Err(Fault::Line("no name of a metric"));
        }
        let key = line.strip_suffix(rest).unwrap_or(line);
        let (value, timestamp) = figures(rest, bounds)?;
        if seen.insert(key.trim_end()) {
            let labels = first..self.labels.len();
            self.rows.push(Row { name: metric, labels, value, timestamp });
        } else {
            self.labels.truncate(first);
            self.duplicates += 1;
        }
        Ok(())
    }
}

impl Fault {
    const fn at(self, line: usize) -> Error {
        match self {
            Self::Limit(what, most) => Error::Limit { line, what, most },
            Self::Line(why) => Error::Line { line, why },
        }
    }
}

/// The value, the time if there is one, and an exemplar that is passed over.
fn figures(rest: &str, bounds: &Bounds) -> Result<(f64, Option<f64>), Fault> {
    let (figures, exemplar) = match rest.split_once('#') {
        Some((figures, exemplar)) => (figures, Some(exemplar)),
        None => (rest, None),
    };
    if let Some(exemplar) = exemplar {
        let inner = blank(exemplar).strip_prefix('{').ok_or(Fault::Line("no exemplar behind #"))?;
        let (_, after) = labels(inner, bounds, None)?;
        pair(after, "an exemplar without a value")?;
    }
    pair(figures, "no value")
}

fn pair(text: &str, lacking: &'static str) -> Result<(f64, Option<f64>), Fault> {
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let value = words.next().ok_or(Fault::Line(lacking))?;
    let value = number(value).ok_or(Fault::Line("a value that is no number"))?;
    let timestamp = words.next().map(|at| number(at).filter(|at| at.is_finite()));
    match (timestamp, words.next()) {
        (Some(None), _) => Err(Fault::Line("a time that is no number")),
        (_, Some(_)) => Err(Fault::Line("more than a value and a time")),
        (timestamp, None) => Ok((value, timestamp.flatten())),
    }
}

#[cfg(test)]
mod tests;
