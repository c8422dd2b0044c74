//! A run as CSV: one line for each figure of each cell, then one for each step of a load. Times are
//! in seconds; what is not known is empty. The ratios are all to `process` started cold with the same
//! payload. New columns are added at the end only.

use super::cell::cell;
use super::load_row::{LoadRow, load_rows};
use super::run_row::{Row, rows};
use crate::model::bench::{Cell, Estimate, Place, Summary};
use crate::model::load::LoadFigure;
use crate::model::run::Run;
use crate::model::unit::Seconds;

const HEADS: &str = "run,name,backend,start,payload,amount,baseline,figure,n,failures,tainted,\
    median_seconds,low_seconds,high_seconds,mad_seconds,min_seconds,max_seconds,mean_seconds,\
    sd_seconds,p90_seconds,p95_seconds,p99_seconds,outliers,times_process,times_low,times_high,\
    p999_seconds,place,at_once,arrivals_per_second,beside,rate_per_second,rate_low_per_second,\
    rate_high_per_second,pss_each_bytes,available_each_bytes,most,energy_each_joules,\
    run_counted,run_disturbed,run_repeated";

/// The table, with its heads.
pub fn csv(run: &Run) -> String {
    let mut text = format!("{HEADS}\n");
    for row in rows(run) {
        for summary in &row.figures {
            text.push_str(&line(run, &row, summary).join(","));
            text.push('\n');
        }
    }
    for row in load_rows(run) {
        text.push_str(&load_line(run, &row).join(","));
        text.push('\n');
    }
    text
}

/// What each line begins with: of which run, which cell.
fn head(run: &Run, cell_of: Cell, baseline: bool) -> Vec<String> {
    let name = run.head.plan.name.as_ref().map(|name| cell(name.as_str()));
    vec![
        cell(run.head.id.as_str()),
        name.unwrap_or_default(),
        cell_of.backend.to_string(),
        cell_of.start.name().to_owned(),
        cell_of.payload.to_string(),
        cell_of.payload.amount().to_string(),
        baseline.to_string(),
    ]
}

fn line(run: &Run, row: &Row, summary: &Summary) -> Vec<String> {
    let mut line = head(run, row.cell, row.baseline);
    line.push(summary.figure.name().to_owned());
    line.extend([summary.n, summary.failures, summary.tainted].map(|count| count.to_string()));
    line.extend(times(summary.estimate.as_ref()));
    let decides = row.deciding().is_some_and(|deciding| deciding.figure == summary.figure);
    let against = row.times.filter(|_| decides);
    let interval = against.and_then(|times| times.interval);
    line.push(number(against.map(|times| times.times)));
    line.push(number(interval.map(|interval| interval.low)));
    line.push(number(interval.map(|interval| interval.high)));
    line.push(number(summary.estimate.and_then(|of| of.p999_seconds).map(|of| of.0)));
    line.push(summary.place.map_or_else(String::new, |place| word(place).to_owned()));
    line.extend(std::iter::repeat_n(String::new(), OF_LOADS));
    line.extend(verdict(run));
    line
}

/// Columns that only loads fill.
const OF_LOADS: usize = 10;

fn load_line(run: &Run, row: &LoadRow) -> Vec<String> {
    let known = match &row.of.figure {
        Some(LoadFigure::Times(times)) => Some(times),
        _ => None,
    };
    let count = |value: Option<u32>| value.map_or_else(String::new, |value| value.to_string());
    let (rate, (pss, available)) = (row.rate(), row.memory());
    let mut line = head(run, row.cell, !run.head.plan.asks_for(&row.cell));
    line.push(row.name().to_owned());
    line.extend([row.of.n, row.of.failures, row.of.tainted].map(|count| count.to_string()));
    line.extend(times(known));
    line.extend([const { String::new() }; 3]);
    line.push(number(known.and_then(|of| of.p999_seconds).map(|of| of.0)));
    line.push(String::new());
    line.extend([
        count(row.at_once()),
        number(row.arrivals()),
        row.beside.map_or_else(String::new, |beside| cell(&beside.label())),
        number(rate.map(|rate| rate.per_second)),
        number(rate.and_then(|rate| rate.low_per_second)),
        number(rate.and_then(|rate| rate.high_per_second)),
        number(pss),
        number(available),
        count(row.most()),
        number(row.of.energy_each_joules),
    ]);
    line.extend(verdict(run));
    line
}

/// How many samples of the whole run count, were disturbed, were repeated.
fn verdict(run: &Run) -> [String; 3] {
    let known = run.tail.as_ref().and_then(|tail| tail.verdict.as_ref());
    known.map_or_else(Default::default, |of| {
        [of.samples, of.tainted, of.repeated].map(|count| count.to_string())
    })
}

const fn word(place: Place) -> &'static str {
    match place {
        Place::Best => "best",
        Place::Alike => "alike",
        Place::Above => "above",
    }
}

fn times(known: Option<&Estimate>) -> [String; 12] {
    let always = |value: Option<Seconds>| number(value.map(|seconds| seconds.0));
    [
        always(known.map(|of| of.median_seconds)),
        always(known.and_then(|of| of.low_seconds)),
        always(known.and_then(|of| of.high_seconds)),
        always(known.map(|of| of.mad_seconds)),
        always(known.map(|of| of.min_seconds)),
        always(known.map(|of| of.max_seconds)),
        always(known.map(|of| of.mean_seconds)),
        always(known.and_then(|of| of.sd_seconds)),
        always(known.and_then(|of| of.p90_seconds)),
        always(known.and_then(|of| of.p95_seconds)),
        always(known.and_then(|of| of.p99_seconds)),
        known.map_or_else(String::new, |of| of.outliers.to_string()),
    ]
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::run_sample::run;
    use super::*;
    use crate::model::bench::Payload;
    use crate::model::text::SafeText;

    #[test]
    fn every_line_has_every_column() {
        let text = csv(&run());
        let columns = HEADS.split(',').count();
        let noops = run().head.cells.iter().filter(|cell| cell.payload == Payload::Noop).count();
        assert_eq!(text.lines().count(), 1 + run().head.cells.len() * 5 - noops);
        assert!(text.contains(",wasm,cold,noop,") && text.contains(",wasm,warm,noop,"), "{text}");
        assert!(text.lines().all(|line| line.split(',').count() == columns), "{text}");
    }

    #[test]
    fn a_run_as_csv() {
        insta::assert_snapshot!(csv(&run()));
    }

    #[test]
    fn a_name_is_never_a_formula() {
        for (name, wanted) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("+a,b", "\"'+a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("plain", "plain"),
        ] {
            let mut run = run();
            run.head.plan.name = Some(SafeText::new(name));
            let line = csv(&run).lines().nth(1).unwrap().to_owned();
            assert!(line.contains(&format!(",{wanted},")), "{line}");
        }
    }
}
