//! `isomon alerts list` and `rules`: what is known without a screen.

use std::fmt::Write as _;
use std::path::Path;

use color_eyre::eyre::{Report, Result};

use super::super::advice::Advise;
use super::super::{Exit, Outcome, print};
use crate::model::alert::{self, RuleBrief};
use crate::model::text::counted;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::rule::Rules;
use crate::store::alert::{Memory, Notes, Past};

/// Entries of the history that are printed.
const LAST: usize = 20;

pub(super) fn run(dir: &Path, json: bool) -> Outcome {
    let memory = Memory::new(dir.to_owned());
    let bad = |error| {
        Report::new(error).advise("move that file away; it is made anew, and what it held is lost")
    };
    let (past, notes) = (memory.past().map_err(bad)?, memory.notes().map_err(bad)?);
    if json {
        let whole = serde_json::json!({
            "at": (past.at_ms > 0).then(|| at(past.at_ms)),
            "firing": past.fired,
            "silences": notes.silences,
            "acknowledged": notes.seen,
            "events": past.events,
        });
        print::out(&(serde_json::to_string_pretty(&whole)? + "\n"))?;
    } else {
        print::out(&told(&past, &notes))?;
    }
    Ok(Exit::Good)
}

fn at(wall_ms: i64) -> String {
    Stamp { mono_ms: 0, wall_ms }.rfc3339()
}

fn told(past: &Past, notes: &Notes) -> String {
    if past.at_ms == 0 {
        return "nothing has fired yet; the screen and `isomon serve` judge while they run\n"
            .into();
    }
    let fire = if past.fired.len() == 1 { "fires" } else { "fire" };
    let fired = counted(past.fired.len() as u64, "alert");
    let mut text = format!("{fired} {fire}, as of {}\n", at(past.at_ms));
    for fired in &past.fired {
        let seen = notes.seen.iter().any(|(id, _)| *id == fired.id);
        let seen = if seen { " (acknowledged)" } else { "" };
        let _infallible = writeln!(text, "  {}{seen}: {}", fired.id, fired.message);
    }
    for silence in &notes.silences {
        let (of, until) = (&silence.of, at(silence.until_ms));
        let _infallible = writeln!(text, "  silenced until {until}: {of} {}", silence.reason);
    }
    let last = past.events.iter().take(LAST);
    for event in last {
        let (turn, message) = (event.turn.name(), &event.message);
        let _infallible =
            writeln!(text, "{}  {turn:<12}  {}: {message}", at(event.at_ms), event.id);
    }
    text
}

/// The rules in force.
pub(super) fn rules(rules: &Rules, json: bool) -> Result<String> {
    let briefs: Vec<RuleBrief> = rules.rules.iter().map(|rule| rule.brief([0; 4])).collect();
    if json {
        return Ok(serde_json::to_string_pretty(&briefs)? + "\n");
    }
    let mut text = String::new();
    for rule in briefs {
        let lasts = Seconds(rule.for_ms as f64 / 1e3);
        let own = if rule.preset { "" } else { " (yours)" };
        let labels = alert::written(&rule.labels);
        let labels = if labels.is_empty() { labels } else { format!("  {labels}") };
        let (name, severity, when) = (&rule.name, rule.severity, &rule.when);
        let _infallible = writeln!(text, "{name:<24}{severity:<10}{lasts:<8}{when}{own}{labels}");
    }
    for receiver in &rules.receivers {
        let (name, kind) = (&receiver.name, receiver.way.name());
        let _infallible = writeln!(text, "receiver {name}: {kind}, from {} on", receiver.least);
    }
    Ok(text)
}
