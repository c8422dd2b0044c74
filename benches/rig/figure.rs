//! One figure of a measurement: a line to read now, and a row of `make report` where `ISOMON_REPORT`
//! names the file that gathers them.

#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "each measurement prints, and uses a part of it"
)]

use std::fs::OpenOptions;
use std::io::Write as _;

/// What a figure is held against, in its own unit.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    Most(f64),
    Least(f64),
}

impl Goal {
    /// The goal and whether it is met.
    fn words(self, value: f64, unit: &str) -> String {
        let (sign, goal, is_met) = match self {
            Self::Most(goal) => ('≤', goal, value <= goal),
            Self::Least(goal) => ('≥', goal, value >= goal),
        };
        format!("{sign} {goal} {unit}: {}", if is_met { "met" } else { "MISSED" })
    }
}

/// Tells a number of the `area` of a report.
pub(crate) fn number(area: &str, what: &str, value: f64, unit: &str, goal: Option<Goal>) {
    let goal = goal.map_or_else(String::new, |goal| goal.words(value, unit));
    words(area, what, &format!("{} {unit}", short(value)), &goal);
}

/// Tells what is no plain number.
pub(crate) fn words(area: &str, what: &str, value: &str, goal: &str) {
    println!("{area:10} {what:58} {value:>24}   {goal}");
    let Some(path) = std::env::var_os("ISOMON_REPORT") else { return };
    let row = serde_json::json!([area, what, value.trim(), goal]);
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let kept = file.and_then(|mut file| writeln!(file, "{row}"));
    if let Err(why) = kept {
        println!("not kept for the report: {why}");
    }
}

/// Three digits that count.
pub(crate) fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 99.95 || size == 0.0 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}
