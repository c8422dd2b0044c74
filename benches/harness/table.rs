//! The table of a harness run: medians with their 95 % intervals, ratios, goals, verdicts.

use super::figure::words;
use isomon::stats::interval::{of_median, times};
use isomon::stats::sorted::Sorted;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Resamples of an interval.
const RESAMPLES: u32 = 2_000;

/// One line.
pub(crate) struct Row {
    pub(crate) name: String,
    /// Seconds.
    pub(crate) times: Vec<f64>,
    pub(crate) against: Against,
}

/// What a line is held against.
pub(crate) enum Against {
    /// Another way to do the same, visited as often, and how much longer than that it may take.
    Rival { name: &'static str, times: Vec<f64>, goal: Option<f64> },
    /// A time.
    Goal { milliseconds: Option<f64> },
    /// None may fail.
    Failures { of: usize, failed: usize },
}

/// Prints all of it.
pub(crate) fn print(rows: &[Row]) {
    for [name, count, own, other, theirs, ratio, goal, verdict] in rows.iter().filter_map(line) {
        let beside = match other.as_str() {
            "" => String::new(),
            other => format!(" beside {other} ({theirs} ms)"),
        };
        let ratio = if ratio.is_empty() { ratio } else { format!(", × {ratio}") };
        let goal = if goal.is_empty() { goal } else { format!("{goal}: {verdict}") };
        words(
            "harness",
            &format!("{name}{beside}, {count} times"),
            &format!("{own} ms{ratio}"),
            &goal,
        );
    }
}

fn line(row: &Row) -> Option<[String; 8]> {
    let mut rng = StdRng::seed_from_u64(1);
    let ours = Sorted::new(row.times.clone())?;
    let interval = of_median(&ours, RESAMPLES, &mut rng);
    let range = interval.map_or_else(String::new, |interval| {
        format!(" [{:.3}, {:.3}]", interval.low * 1e3, interval.high * 1e3)
    });
    let median = ours.median() * 1e3;
    let own = format!("{median:.3}{range}");
    let (other, theirs, ratio, goal, verdict) = match &row.against {
        Against::Rival { name, times: rival, goal } => {
            let rival = Sorted::new(rival.clone())?;
            let ratio = ours.median() / rival.median();
            let range = times(&ours, &rival, RESAMPLES, &mut rng);
            let range =
                range.and_then(|times| times.interval).map_or_else(String::new, |interval| {
                    format!(" [{:.3}, {:.3}]", interval.low, interval.high)
                });
            let told = goal.map(|goal| format!("≤ × {goal}"));
            let verdict = goal.map(|goal| ratio <= goal);
            (
                *name,
                format!("{:.3}", rival.median() * 1e3),
                format!("{ratio:.3}{range}"),
                told,
                verdict,
            )
        }
        Against::Goal { milliseconds } => {
            let told = milliseconds.map(|goal| format!("≤ {goal} ms"));
            let verdict = milliseconds.map(|goal| median <= goal);
            ("", String::new(), String::new(), told, verdict)
        }
        Against::Failures { of, failed } => {
            let told = Some(format!("none of {of} fails: {failed}"));
            ("", String::new(), String::new(), told, Some(*failed == 0))
        }
    };
    let verdict = verdict.map_or("", |kept| if kept { "met" } else { "MISSED" });
    let goal = goal.unwrap_or_default();
    let count = ours.len().to_string();
    Some([row.name.clone(), count, own, other.to_owned(), theirs, ratio, goal, verdict.to_owned()])
}
