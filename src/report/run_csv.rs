//! A run as CSV: one line for each figure of each cell. Times are in seconds; what is not known is
//! empty. The ratios are all to `process` started cold with the same payload.

use super::cell::cell;
use super::run_row::{Row, rows};
use crate::model::bench::Summary;
use crate::model::run::Run;
use crate::model::unit::Seconds;

const HEADS: &str = "run,name,backend,start,payload,amount,baseline,figure,n,failures,tainted,\
    median_seconds,low_seconds,high_seconds,mad_seconds,min_seconds,max_seconds,mean_seconds,\
    sd_seconds,p90_seconds,p95_seconds,p99_seconds,outliers,times_process,times_low,times_high";

/// The table, with its heads.
pub fn csv(run: &Run) -> String {
    let mut text = format!("{HEADS}\n");
    for row in rows(run) {
        for summary in &row.figures {
            text.push_str(&line(run, &row, summary).join(","));
            text.push('\n');
        }
    }
    text
}

fn line(run: &Run, row: &Row, summary: &Summary) -> Vec<String> {
    let name = run.head.plan.name.as_ref().map(|name| cell(name.as_str()));
    let mut line = vec![
        cell(run.head.id.as_str()),
        name.unwrap_or_default(),
        row.cell.backend.to_string(),
        row.cell.start.name().to_owned(),
        row.cell.payload.to_string(),
        row.cell.payload.amount().to_string(),
        row.baseline.to_string(),
        summary.figure.name().to_owned(),
        summary.n.to_string(),
        summary.failures.to_string(),
        summary.tainted.to_string(),
    ];
    line.extend(times(summary));
    line.push(summary.estimate.map_or_else(String::new, |known| known.outliers.to_string()));
    let decides = row.deciding().is_some_and(|deciding| deciding.figure == summary.figure);
    let against = row.times.filter(|_| decides);
    let interval = against.and_then(|times| times.interval);
    line.push(number(against.map(|times| times.times)));
    line.push(number(interval.map(|interval| interval.low)));
    line.push(number(interval.map(|interval| interval.high)));
    line
}

fn times(summary: &Summary) -> [String; 11] {
    let known = summary.estimate.as_ref();
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
