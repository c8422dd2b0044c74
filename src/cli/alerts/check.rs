//! `isomon alerts check`: rules on a recording.

use std::fmt::Write as _;
use std::path::Path;

use super::super::record::advised;
use super::super::{Exit, Outcome, print};
use crate::alert::check::{Fired, Found, check};
use crate::model::text::counted;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::rule::Rules;
use crate::store::tape::Tape;

pub(super) fn run(file: &Path, rules: Rules, json: bool) -> Outcome {
    let (tape, _) = Tape::open(file).map_err(advised)?;
    let found = check(&tape, rules);
    if found.bad_lines > 0 {
        let lines = counted(found.bad_lines, "line");
        print::err(&format!("isomon: {lines} could not be read"));
    }
    print::out(&if json { as_json(&found)? } else { told(&found) })?;
    Ok(if found.fired.is_empty() { Exit::Good } else { Exit::Bad })
}

fn as_json(found: &Found) -> color_eyre::Result<String> {
    let row = |fired: &Fired| {
        serde_json::json!({
            "rule": fired.id.rule,
            "node": fired.id.node,
            "thing": fired.id.thing,
            "severity": fired.severity,
            "message": fired.message,
            "from": at(fired.from_ms),
            "to": fired.to_ms.map(at),
            "seconds": fired.to_ms.map(|to| (to - fired.from_ms) as f64 / 1e3),
        })
    };
    let (from, to) = found.span_ms.unzip();
    let whole = serde_json::json!({
        "from": from.map(at),
        "to": to.map(at),
        "updates": found.updates,
        "rules": found.rules.len(),
        "fired": found.fired.iter().map(row).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

fn at(wall_ms: i64) -> String {
    Stamp { mono_ms: 0, wall_ms }.rfc3339()
}

fn told(found: &Found) -> String {
    let mut text = String::new();
    for fired in &found.fired {
        let lasted = fired.to_ms.map_or_else(
            || "to the end".to_owned(),
            |to| format!("for {}", Seconds((to - fired.from_ms) as f64 / 1e3)),
        );
        let _infallible = writeln!(
            text,
            "{}  {:<8}  {}  {lasted}\n    {}",
            at(fired.from_ms),
            fired.severity,
            fired.id,
            fired.message
        );
    }
    let (from, to) = found.span_ms.unwrap_or_default();
    let length = Seconds(to.saturating_sub(from) as f64 / 1e3);
    let asked =
        found.rules.iter().filter(|rule| rule.counts.iter().any(|count| *count > 0)).count();
    let (alerts, rules) = (found.fired.len() as u64, found.rules.len() as u64);
    let _infallible = writeln!(
        text,
        "{} in {length} of {}; {asked} of {} had something to ask",
        counted(alerts, "alert"),
        counted(found.updates, "update"),
        counted(rules, "rule")
    );
    text
}
