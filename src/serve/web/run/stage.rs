//! The stages of a run: how each went, and what failed.

use serde_json::Value;

use crate::model::workflow::TaskState;
use crate::model::workflow::event::{Failure, TaskPlan};
use crate::model::workflow::result::TaskEnd;
use crate::serve::result::loaded::Loaded;
use crate::serve::web::markup::{Attribute, Cell, Markup};

/// Tasks that are told; the file has them all.
const TOLD: usize = 500;

/// What failed, where something did.
pub(super) fn failure(out: &mut Markup, run: &Loaded) {
    let tail = run.dir.run.as_ref().and_then(|run| run.tail.as_ref());
    let told = tail.and_then(|tail| tail.failure.as_ref());
    if told.is_none() && run.brief.error.is_none() {
        return;
    }
    out.node("section", &[("class", "failure"), ("aria-labelledby", "failure")], |out| {
        out.leaf("h2", &[("id", "failure")], "Why it failed");
        match (told, &run.brief.error) {
            (Some(failure), _) => whole(out, failure),
            (None, error) => out.leaf("p", &[], error.as_deref().unwrap_or_default()),
        }
        let troubles = tail.map(|tail| tail.troubles.as_slice()).unwrap_or_default();
        if !troubles.is_empty() {
            out.leaf("h3", &[], "Afterwards");
            out.node("ul", &[], |out| {
                for trouble in troubles {
                    out.leaf("li", &[], trouble.as_str());
                }
            });
        }
    });
}

fn whole(out: &mut Markup, failure: &Failure) {
    let case = failure.case.as_ref().map(|case| format!(", case {case}")).unwrap_or_default();
    let place = if failure.stage.is_empty() {
        String::new()
    } else {
        format!("Stage {} on {}{case}: ", failure.stage, failure.host)
    };
    out.leaf("p", &[], &format!("{place}{}", failure.reason));
    if !failure.command.is_empty() {
        rows(out, &[("aria-label", "command")], failure.command.lines());
    }
    if !failure.lines.is_empty() {
        out.leaf("h3", &[], "The last it said");
        rows(out, &[], failure.lines.iter().map(AsRef::as_ref));
    }
}

/// Lines below each other, as they were written.
fn rows<'a>(out: &mut Markup, attributes: &[Attribute<'_>], lines: impl Iterator<Item = &'a str>) {
    out.node("pre", attributes, |out| {
        for line in lines {
            out.leaf("span", &[("class", "row")], line);
        }
    });
}

/// Its stages.
pub(super) fn stages(out: &mut Markup, run: &Loaded) {
    out.leaf("h2", &[], "Stages");
    let Some(own) = &run.dir.run else { return planned(out, &run.dir.metadata.config) };
    let heads = ["Stage", "Host", "Case", "What", "Status", "Took", "Why"];
    let unknown = TaskEnd::default();
    let tasks = own.head.tasks.iter().enumerate().take(TOLD);
    let rows = tasks.map(|(at, plan)| row(plan, &own.tasks.get(at).unwrap_or(&unknown).state));
    out.table("Stages", &heads, |at| at == 5, rows);
    if own.head.tasks.len() > TOLD {
        let words = format!("The first {TOLD} of {}; run.json has them all.", own.head.tasks.len());
        out.leaf("p", &[("class", "sub")], &words);
    }
}

fn row(plan: &TaskPlan, state: &TaskState) -> Vec<Cell> {
    let (class, word, took, why) = told(state);
    let name = match (plan.cleanup, plan.background, plan.repetition) {
        (true, ..) => format!("{} (cleanup)", plan.stage),
        (_, true, _) => format!("{} (background)", plan.stage),
        (.., 0) => plan.stage.to_string(),
        (.., number) => format!("{} #{number}", plan.stage),
    };
    vec![
        Cell::Text(name),
        Cell::Text(plan.host.to_string()),
        Cell::Text(plan.case.as_ref().map_or_else(|| "—".to_owned(), ToString::to_string)),
        Cell::Text(plan.kind.to_string()),
        Cell::Badge(class, word.to_owned()),
        Cell::Text(took.unwrap_or_else(|| "—".to_owned())),
        Cell::Text(why),
    ]
}

/// A state: its colour, its word, how long it took, and why.
fn told(state: &TaskState) -> (&'static str, &'static str, Option<String>, String) {
    match state {
        TaskState::Pending => ("", "not begun", None, String::new()),
        TaskState::Running { .. } => ("warn", "running", None, String::new()),
        TaskState::Checking => ("warn", "not ready yet", None, String::new()),
        TaskState::Background => ("good", "in the background", None, String::new()),
        TaskState::Passed { seconds } => {
            ("good", "passed", Some(seconds.to_string()), String::new())
        }
        TaskState::Failed { seconds, reason, .. } => {
            ("bad", "failed", Some(seconds.to_string()), reason.to_string())
        }
        TaskState::Skipped { reason } => ("", "skipped", None, reason.to_string()),
        TaskState::Unknown { reason } => ("warn", "unknown", None, reason.to_string()),
    }
}

/// The stages as the file has them, where nothing is kept of how they went.
fn planned(out: &mut Markup, config: &Value) {
    let of = |part: &str| config.get(part).and_then(Value::as_array).cloned().unwrap_or_default();
    let stages: Vec<Value> = of("stages").into_iter().chain(of("cleanup")).take(TOLD).collect();
    if stages.is_empty() {
        return out.leaf("p", &[("class", "empty")], "This run does not say which stages it had.");
    }
    let text = |stage: &Value, key: &str| stage.get(key).and_then(Value::as_str).map(str::to_owned);
    let rows = stages.iter().map(|stage| {
        let hosts = stage.get("hosts").and_then(Value::as_array);
        let hosts =
            hosts.map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
        let host = hosts.or_else(|| text(stage, "host")).unwrap_or_else(|| "local".to_owned());
        let work = text(stage, "command").or_else(|| text(stage, "script")).unwrap_or_default();
        vec![
            Cell::Text(text(stage, "name").unwrap_or_default()),
            Cell::Text(host),
            Cell::Text(work),
        ]
    });
    out.table("Stages", &["Stage", "Host", "What"], |_| false, rows);
    out.leaf("p", &[("class", "sub")], "benchctl keeps no more of how each of them went.");
}
