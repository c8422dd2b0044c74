//! The operations of a miStudio, told as jobs of one stage.
//!
//! How long one takes counts from when it began, not from when it was ordered, and by the server's own
//! clock. Its progress is a percentage from 0 to 100.

use std::cmp::Reverse;

use serde_json::Value;

use crate::model::pipeline::{Pipeline, Pipelines, Stage};
use crate::model::text::SafeText;
use crate::model::update::What;
use crate::source::foreign::{Survey, value};

const ACTIVE: &str = "/api/v1/task-queue/active";
const FAILED: &str = "/api/v1/task-queue/failed";
/// Operations that are kept of each list.
const MOST: usize = 100;

/// The operations that go on, and those that failed.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    active: Option<Vec<Pipeline>>,
    failed: Option<Vec<Pipeline>>,
    told: Option<Pipelines>,
}

impl Tasks {
    pub(super) async fn ask(&mut self, survey: &mut Survey) {
        let pace = survey.pace();
        for (name, list) in [(ACTIVE, &mut self.active), (FAILED, &mut self.failed)] {
            let Some(answer) = survey.ask(name, pace).await.value() else { continue };
            match answer.get("data").and_then(Value::as_array) {
                Some(rows) => *list = Some(rows.iter().take(MOST).filter_map(job).collect()),
                None => survey.misshapen(name, "there is no list `data` in it"),
            }
        }
    }

    /// The operations, if something about them is new.
    pub(super) fn news(&mut self) -> Option<What> {
        if self.active.is_none() && self.failed.is_none() {
            return None;
        }
        let lists = [&self.active, &self.failed].into_iter().flatten().flatten();
        let mut jobs: Vec<Pipeline> = Vec::new();
        for job in lists {
            if !jobs.iter().any(|known| known.id == job.id) {
                jobs.push(job.clone());
            }
        }
        jobs.sort_by_key(|job| (job.ended_ms.is_some(), Reverse(job.started_ms)));
        let news = Pipelines { jobs, gaps: Vec::new() };
        if self.told.as_ref() == Some(&news) {
            return None;
        }
        self.told = Some(news.clone());
        Some(What::Pipelines(Box::new(news)))
    }
}

pub(super) fn job(row: &Value) -> Option<Pipeline> {
    let number = || value::count(row, "id").map(|id| SafeText::from(id.to_string()));
    let id = value::text(row, "id").or_else(number).or_else(|| value::text(row, "task_id"));
    let word = value::words(row, "status").as_str().to_ascii_lowercase();
    let (started_ms, ended_ms) =
        (value::moment(row, "started_at"), value::moment(row, "completed_at"));
    let until = ended_ms.or_else(|| value::moment(row, "updated_at"));
    let entity = row.get("entity_info").and_then(|info| value::text(info, "name"));
    let stage = Stage {
        id: value::words(row, "task_type"),
        operator: entity.unwrap_or_else(|| value::words(row, "entity_type")),
        status: stage_word(&word).into(),
        ..Stage::default()
    };
    Some(Pipeline {
        id: id?,
        status: word.to_ascii_uppercase().into(),
        started_ms,
        ended_ms,
        duration_seconds: value::between(started_ms, until),
        stages: vec![stage],
        error: value::text(row, "error_message"),
        progress: value::percent(row, "progress"),
        ..Pipeline::default()
    })
}

fn stage_word(word: &str) -> &'static str {
    match word {
        "running" => "running",
        "failed" | "cancelled" => "failed",
        "completed" => "finished",
        _ => "pending",
    }
}
