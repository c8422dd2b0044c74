//! A run in the form of hyperfine's `--export-json`, so that its scripts read it.
//!
//! The times are those of the figure `cli`, from asked for to ended, which is what hyperfine would
//! see. Processor times, which isomon does not measure, are `null`.

use serde_json::{Value, json};

use super::run_row::{Row, rows};
use crate::model::backend::Start;
use crate::model::bench::{Cell, Figure, Payload};
use crate::model::run::Run;
use crate::stats::standing::good;

/// The results, indented, with a newline at the end. Cells without a good sample are not in it.
pub fn hyperfine(run: &Run) -> serde_json::Result<String> {
    let rows = rows(run);
    let results: Vec<Value> = rows.iter().filter_map(|row| result(run, row)).collect();
    serde_json::to_string_pretty(&json!({ "results": results })).map(|text| text + "\n")
}

fn result(run: &Run, row: &Row) -> Option<Value> {
    let known = row.estimate(Figure::Cli)?;
    let good = good(run.samples.iter().filter(|sample| sample.cell == row.index));
    let times: Vec<f64> = good.filter_map(|of| Figure::Cli.of(&of.phases)).map(|s| s.0).collect();
    Some(json!({
        "command": command(run, row.cell),
        "mean": known.mean_seconds,
        "stddev": known.sd_seconds,
        "median": known.median_seconds,
        "user": null,
        "system": null,
        "min": known.min_seconds,
        "max": known.max_seconds,
        "times": times,
        "parameters": {
            "backend": row.cell.backend.name(),
            "start": row.cell.start.name(),
            "payload": row.cell.payload.name(),
            "amount": row.cell.payload.amount().to_string(),
        },
    }))
}

/// The command that measures a row alone, which hyperfine's scripts show as its name.
fn command(run: &Run, Cell { backend, start, payload }: Cell) -> String {
    let start =
        if start == Start::Cold { String::new() } else { format!(" --start {}", start.name()) };
    let work = match (payload, &run.head.plan.job) {
        (Payload::Job, Some(job)) => job.flag(),
        _ => payload.flag(),
    };
    format!("isomon bench {backend}{start} {work}")
}

#[cfg(test)]
mod tests {
    use super::super::run_sample::run;
    use super::*;
    use crate::model::job::{Job, What};

    #[test]
    fn its_times_are_those_of_good_samples() {
        let parsed: Value = serde_json::from_str(&hyperfine(&run()).unwrap()).unwrap();
        let results = parsed["results"].as_array().unwrap();
        let commands: Vec<_> = results.iter().filter_map(|of| of["command"].as_str()).collect();
        assert_eq!(
            commands,
            [
                "isomon bench runc --payload noop",
                "isomon bench runc --payload syscall",
                "isomon bench wasm --payload noop",
                "isomon bench process --payload noop",
                "isomon bench process --payload syscall",
            ],
            "neither what never worked nor what never ended is there"
        );
        assert_eq!(results[2]["parameters"]["start"], "cold");
        assert_eq!(results[0]["times"].as_array().unwrap().len(), 11);
        assert!(results[0]["user"].is_null());
    }

    #[test]
    fn its_commands_measure_what_was_measured() {
        let mut run = run();
        let named = |run: &Run, cell: usize| command(run, run.head.cells[cell]);
        run.head.cells[0].payload = Payload::Cpu { rounds: 2_000 };
        assert!(named(&run, 0).ends_with(" --payload cpu=2000"), "{}", named(&run, 0));
        run.head.cells[0].payload = Payload::Job;
        let what = What::Command(vec!["sleep".into(), "0.01".into()]);
        run.head.plan.job = Some(Box::new(Job { what, ..Job::default() }));
        assert!(named(&run, 0).ends_with(" --cmd 'sleep 0.01'"), "{}", named(&run, 0));
    }

    #[test]
    fn a_sample_that_was_measured_again_is_not_among_them() {
        let mut run = run();
        let counted = |run: &Run| {
            let parsed: Value = serde_json::from_str(&hyperfine(run).unwrap()).unwrap();
            parsed["results"][0]["times"].as_array().unwrap().len()
        };
        let before = counted(&run);
        let mut again = run.samples.iter().rfind(|sample| sample.cell == 0).unwrap().clone();
        again.attempt += 1;
        run.samples.push(again);
        assert_eq!(counted(&run), before);
    }
}
