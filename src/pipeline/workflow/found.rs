//! What a workflow was made of, what it made, and what its repetitions came to.

use crate::model::pipeline::{Advice, Artifact, Stage};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Seconds, three_digits};
use crate::model::workflow::result::Statistic;
use crate::state::WorkflowState;

/// A stage that took this share of all is named in the advice.
const LONG: f64 = 0.5;
/// Runs shorter than this need no advice, in seconds.
const SHORT: f64 = 1.0;

/// The workflow's file, its stages, what was fetched, what was drawn of it.
pub(super) fn lineage(flow: &WorkflowState) -> Vec<Artifact> {
    let head = &flow.run.head;
    let name = |path: &SafeText| path.as_str().rsplit('/').next().unwrap_or_default().into();
    let source: SafeText = name(&head.file);
    let mut all = vec![Artifact {
        id: source.clone(),
        kind: "input".into(),
        sha256: Some(head.file_sha256.clone()).filter(|hash| !hash.is_empty()),
        ..Artifact::default()
    }];
    let mut seen: Vec<&SafeText> = Vec::new();
    for plan in &head.tasks {
        if seen.contains(&&plan.stage) {
            continue;
        }
        seen.push(&plan.stage);
        all.push(Artifact {
            id: plan.stage.clone(),
            kind: "stage".into(),
            parents: vec![source.clone()],
            ..Artifact::default()
        });
    }
    for file in &flow.run.files {
        let plan = head.tasks.get(file.task as usize);
        let stage = plan.map(|plan| plan.stage.clone()).unwrap_or_default();
        all.push(Artifact {
            id: file.file.clone(),
            kind: "file".into(),
            parents: vec![stage.clone()],
            stage,
            worker: plan.map(|plan| plan.host.clone()).unwrap_or_default(),
            sha256: file.sha256.clone(),
            bytes: file.bytes,
            records: flow.tables.get(&file.file).map(|table| table.rows),
        });
    }
    all.extend(flow.run.plots.iter().map(|plot| Artifact {
        id: format!("{}.{}", plot.name, plot.format.ending()).into(),
        kind: "plot".into(),
        parents: vec![plot.source.as_str().into()],
        ..Artifact::default()
    }));
    all
}

pub(super) fn configuration(flow: &WorkflowState) -> Vec<(SafeText, SafeText)> {
    let head = &flow.run.head;
    let own = [
        ("file", head.file.clone()),
        ("directory", head.dir.clone()),
        ("again", head.repeat.clone()),
    ];
    let own = own.into_iter().filter(|(_, value)| !value.is_empty());
    let metadata = flow.run.metadata.iter();
    let metadata =
        metadata.map(|(key, value)| (format!("metadata.{key}").into(), SafeText::new(value)));
    own.map(|(key, value)| (key.into(), value))
        .chain(metadata)
        .chain(head.configuration.iter().cloned())
        .collect()
}

/// What repetitions came to, and which stage takes most of the time.
pub(super) fn advice(flow: &WorkflowState, stages: &[Stage], now: Stamp) -> Vec<Advice> {
    let mut all: Vec<Advice> = flow.run.statistics.iter().map(found).collect();
    let whole = super::elapsed(flow, now).0;
    let took = |stage: &&Stage| stage.duration_seconds.map_or(0.0, |took| took.0);
    let longest = stages.iter().filter(|stage| !stage.operator.as_str().contains("background"));
    let longest = longest.max_by(|left, right| took(left).total_cmp(&took(right)));
    if let Some(stage) = longest.filter(|stage| {
        whole > SHORT && stages.len() > 1 && took(stage) > LONG * whole && !flow.is_live()
    }) {
        all.push(Advice {
            words: format!("{} takes most of the time", stage.id).into(),
            evidence: format!("{} of {}", Seconds(took(&stage)), Seconds(whole)).into(),
        });
    }
    all
}

/// What one figure came to, in words.
fn found(one: &Statistic) -> Advice {
    let unit = one.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let case = one.case.as_ref().map(|case| format!("{case}: ")).unwrap_or_default();
    let change = one.change_percent.map(|change| format!(", {change:+.1} % beside the first case"));
    let verdict = one.verdict.as_ref().map(|verdict| format!(" ({verdict})"));
    let words = format!(
        "{case}{} {}{unit}{}{}",
        one.figure,
        three_digits(one.median),
        change.unwrap_or_default(),
        verdict.unwrap_or_default()
    );
    let interval = one.interval.map(|(low, high)| {
        format!(
            ", the median lies in {} to {}{unit} with 95 % confidence",
            three_digits(low),
            three_digits(high)
        )
    });
    let evidence = format!("{} repetitions{}", one.values.len(), interval.unwrap_or_default());
    Advice { words: words.into(), evidence: evidence.into() }
}
