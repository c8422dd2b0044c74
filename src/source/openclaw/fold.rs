//! The figures of OpenClaw's sessions and tasks. Pure.
//!
//! Tasks are counted from the ledger of tasks. An OpenClaw without one tells of each session's last run
//! alone, which is said. What was used is counted from what models answered, where that was read.

use std::collections::BTreeMap;

use super::row::{Row, Task, so_far};
use crate::model::agent::{Agent, Agents, ModelUse, Trouble};
use crate::model::done::Done;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::source::foreign::value::reading;
use crate::stats::done::{DAY_MS, Fate, Piece, count, done, error_rate, oldest};

/// Sessions that are listed.
const LISTED: usize = 200;
/// Errors that are listed.
const ERRORS: usize = 50;
/// Models that are listed.
const MODELS: usize = 16;

/// What a model was used for by an agent in the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Use {
    pub(super) agent: SafeText,
    pub(super) model: SafeText,
    pub(super) tokens: f64,
    pub(super) cost_usd: Option<f64>,
    pub(super) requests: f64,
}

/// Everything that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Book {
    /// Agents by name, also those without a session.
    pub(super) agents: Vec<SafeText>,
    pub(super) rows: Vec<Row>,
    /// How many sessions there are, where that is more than was read.
    pub(super) total: Option<u64>,
    /// The ledger; `None` where there is none.
    pub(super) tasks: Option<Vec<Task>>,
    /// What was used; else why that is not known.
    pub(super) used: Option<Vec<Use>>,
    /// What is not told, or told in part.
    pub(super) gaps: Vec<SafeText>,
}

impl Book {
    /// The figures at `now_ms`, by the clock that wrote the times.
    pub(super) fn tell(&self, now_ms: i64) -> Agents {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.session.updated_ms));
        let runs: Vec<Piece> = rows.iter().map(|row| row.run.clone()).collect();
        let pieces = self.pieces(|_| true);
        let (tokens_24h, cost_24h_usd) = spent(self.used.as_deref(), |_| true);
        let mut gaps = self.gaps.clone();
        if self.tasks.is_none() {
            gaps.push("no ledger of tasks: of each session the last run alone counts".into());
        }
        Agents {
            sessions: Reading::Known(count(&runs, Fate::Runs)),
            oldest_seconds: oldest(&runs, now_ms),
            queue: match &self.tasks {
                Some(_) => Reading::Known(count(&pieces, Fate::Waits)),
                None => Reading::Missing(Why::Failed("it has no ledger of tasks".into())),
            },
            error_rate: error_rate(&pieces, now_ms),
            done: done(&pieces, now_ms),
            tokens_24h,
            cost_24h_usd,
            models: models(self.used.as_deref().unwrap_or_default()),
            agents: self.agents(&rows, now_ms),
            list: rows
                .iter()
                .take(LISTED)
                .map(|row| {
                    let mut session = row.session.clone();
                    session.run_seconds = so_far(row, now_ms);
                    session
                })
                .collect(),
            total: Some(self.total.unwrap_or(rows.len() as u64)),
            errors: self.errors(now_ms),
            cluster: None,
            gaps,
        }
    }

    /// The pieces of work of the agents that `is_meant` picks.
    fn pieces(&self, is_meant: impl Fn(&SafeText) -> bool) -> Vec<Piece> {
        if let Some(tasks) = &self.tasks {
            let meant = tasks.iter().filter(|task| is_meant(&task.agent));
            return meant.map(|task| task.piece.clone()).collect();
        }
        let meant = self.rows.iter().filter(|row| is_meant(&row.session.agent));
        meant.map(|row| row.run.clone()).collect()
    }

    /// Each agent, by name.
    fn agents(&self, rows: &[&Row], now_ms: i64) -> Vec<Agent> {
        let mut names: Vec<&SafeText> = self.agents.iter().collect();
        names.extend(rows.iter().map(|row| &row.session.agent));
        names.sort();
        names.dedup();
        names.into_iter().map(|name| self.agent(name, rows, now_ms)).collect()
    }

    fn agent(&self, name: &SafeText, rows: &[&Row], now_ms: i64) -> Agent {
        let mut own = rows.iter().filter(|row| row.session.agent == *name);
        let running = own.clone().find(|row| row.run.fate == Fate::Runs);
        let failed =
            own.next().is_some_and(|row| matches!(row.run.fate, Fate::Failed | Fate::TimedOut));
        let status = match running {
            Some(_) => "active",
            None if failed => "error",
            None => "idle",
        };
        let (tokens_24h, cost_24h_usd) = spent(self.used.as_deref(), |used| used.agent == *name);
        let done: Done = done(&self.pieces(|agent| agent == name), now_ms);
        Agent {
            name: name.clone(),
            status: status.into(),
            task: running.map(|row| row.session.key.clone()).unwrap_or_default(),
            completed: Reading::Missing(Why::NotSupported),
            uptime_seconds: Reading::Missing(Why::NotSupported),
            done,
            tokens_24h,
            cost_24h_usd,
            ..Agent::default()
        }
    }

    /// What failed in the last day, the latest first.
    fn errors(&self, now_ms: i64) -> Vec<Trouble> {
        let of_tasks = self.tasks.iter().flatten().map(|task| {
            let of = if task.title.as_str().is_empty() { &task.agent } else { &task.title };
            (&task.piece, of, &task.error)
        });
        // A session's own words go beyond what the ledger has only where there is no ledger.
        let rows = self.rows.iter().filter(|_| self.tasks.is_none());
        let of_rows = rows.map(|row| (&row.run, &row.session.key, &row.error));
        let failed = of_tasks.chain(of_rows).filter_map(|(piece, of, error)| {
            let what = match piece.fate {
                Fate::Failed => "it failed",
                Fate::TimedOut => "it ran out of time",
                _ => return None,
            };
            let at_ms = piece.ended_ms.filter(|at| now_ms.saturating_sub(*at) < DAY_MS)?;
            let what = error.clone().unwrap_or_else(|| what.into());
            Some(Trouble { at_ms: Some(at_ms), of: of.clone(), what, ..Trouble::default() })
        });
        let mut failed: Vec<Trouble> = failed.collect();
        failed.sort_by_key(|trouble| std::cmp::Reverse(trouble.at_ms));
        failed.truncate(ERRORS);
        failed
    }
}

/// Tokens and cost of those that `is_meant` picks.
fn spent(used: Option<&[Use]>, is_meant: impl Fn(&Use) -> bool) -> (Reading<f64>, Reading<f64>) {
    let Some(used) = used else {
        let why = || Why::Failed("OpenClaw counts by the day there, not over 24 h".into());
        return (Reading::Missing(why()), Reading::Missing(why()));
    };
    let meant: Vec<&Use> = used.iter().filter(|used| is_meant(used)).collect();
    let costs: Vec<f64> = meant.iter().filter_map(|used| used.cost_usd).collect();
    let priced = meant.is_empty() || !costs.is_empty();
    let tokens = meant.iter().map(|used| used.tokens).sum();
    (Reading::Known(tokens), reading(priced.then(|| costs.iter().sum())))
}

/// What each model was used for, most tokens first.
fn models(used: &[Use]) -> Vec<ModelUse> {
    let mut by_model: BTreeMap<&SafeText, (f64, Option<f64>, f64)> = BTreeMap::new();
    for one in used {
        let sum = by_model.entry(&one.model).or_default();
        sum.0 += one.tokens;
        sum.1 = sum.1.map_or(one.cost_usd, |cost| Some(cost + one.cost_usd.unwrap_or_default()));
        sum.2 += one.requests;
    }
    let mut all: Vec<_> = by_model.into_iter().collect();
    all.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    let tell = |(model, (tokens, cost, requests)): (&SafeText, (f64, Option<f64>, f64))| ModelUse {
        model: model.clone(),
        tokens: Reading::Known(tokens),
        cost_usd: reading(cost),
        requests: Reading::Known(requests),
    };
    all.into_iter().take(MODELS).map(tell).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::row;
    use super::*;
    use crate::model::unit::Ratio;

    const NOW_MS: i64 = 1_795_253_412_000;

    fn run(key: &str, status: &str, ended: i64) -> Row {
        let row = json!({"status": status, "startedAt": NOW_MS - ended - 4_000, "lastRunError": "no",
            "endedAt": NOW_MS - ended, "updatedAt": NOW_MS - ended});
        row::session("main", key, &row).unwrap()
    }

    #[test]
    fn without_a_ledger_the_last_runs_count_and_that_is_said() {
        let rows = vec![
            run("agent:main:a", "running", 0),
            run("agent:main:b", "done", 60_000),
            run("agent:work:c", "timeout", 30_000),
        ];
        let told = Book { rows, ..Book::default() }.tell(NOW_MS);
        assert_eq!((told.sessions.get(), told.total), (Some(1.0), Some(3)));
        assert_eq!(told.done.timeouts_1h.get(), Some(1.0));
        assert!(told.queue.known().is_none() && told.tokens_24h.known().is_none());
        let states: Vec<_> =
            told.agents.iter().map(|one| (one.name.as_str(), one.status.as_str())).collect();
        assert_eq!(states, [("main", "active"), ("work", "error")]);
        assert_eq!((told.errors.len(), told.errors[0].of.as_str()), (1, "agent:work:c"));
        assert!(told.gaps[0].as_str().contains("ledger"));
        assert_eq!(told.list[0].key.as_str(), "agent:main:a");
    }

    #[test]
    fn tasks_and_what_was_used_are_counted_where_they_are_told() {
        let task = |status: &str, ago: i64| {
            row::task(&json!({"agentId": "main", "status": status,
            "title": "a task", "createdAt": NOW_MS - ago - 2_000, "endedAt": NOW_MS - ago}))
        };
        let tasks = vec![task("succeeded", 1_000), task("failed", 2_000), task("queued", 0)];
        let one = |model: &str, tokens, cost_usd| Use {
            agent: "main".into(),
            model: model.into(),
            tokens,
            cost_usd,
            requests: 1.0,
        };
        let used = vec![one("a", 5.0, None), one("b", 9.0, Some(0.5)), one("b", 1.0, Some(0.25))];
        let book = Book { tasks: Some(tasks), used: Some(used), ..Book::default() };
        let told = book.tell(NOW_MS);
        assert_eq!((told.queue.get(), told.done.completed_24h.get()), (Some(1.0), Some(1.0)));
        assert_eq!(told.error_rate.get(), Ratio::of(1.0, 2.0));
        assert_eq!((told.tokens_24h.get(), told.cost_24h_usd.get()), (Some(15.0), Some(0.75)));
        assert_eq!(
            (told.models[0].model.as_str(), told.models[0].requests.get()),
            ("b", Some(2.0))
        );
        assert!(told.models[1].cost_usd.known().is_none(), "nobody priced it");
        assert_eq!(told.errors[0].of.as_str(), "a task");
        assert!(told.gaps.is_empty());
    }
}
