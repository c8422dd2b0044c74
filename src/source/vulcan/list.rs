//! The latest workloads of a Vulcan, kept up to date page by page.
//!
//! The server gives at most 100 of them at a time, latest first, and takes a larger number for 20.
//! The first time a few pages are read; afterwards one, and more only as far as all on it is new.
//! Those not yet over that are no longer on that page are asked for one by one, a few each time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::model::text::SafeText;
use crate::model::workload::{Status, Workload};
use crate::source::Error;
use crate::source::foreign::{Survey, value};

use super::WORKLOADS;

/// The most a page may hold.
const PAGE: usize = 100;
/// Those that are kept.
const MOST: usize = 300;
/// Pages read each time, however small they are.
const PAGES: usize = 6;
/// Unfinished ones asked for by themselves each time.
const SINGLY: usize = 5;
/// Letters of base64 that are decoded: a multiple of 4.
const OUTPUT: usize = 1024;

/// The latest workloads.
#[derive(Debug)]
pub(super) struct List {
    latest: Vec<Workload>,
    total: Option<u64>,
    page: usize,
    next: usize,
}

impl Default for List {
    fn default() -> Self {
        Self { latest: Vec::new(), total: None, page: PAGE, next: 0 }
    }
}

impl List {
    /// Latest first.
    pub(super) fn latest(&self) -> &[Workload] {
        &self.latest
    }

    /// How many there are on the server.
    pub(super) const fn total(&self) -> Option<u64> {
        self.total
    }

    /// The latest time that stands in the list: what the server's clock shows at least.
    pub(super) fn newest_ms(&self) -> i64 {
        let times = self.latest.iter().map(|one| one.finished_ms.unwrap_or(one.created_ms));
        times.max().unwrap_or_default()
    }

    /// Brings it up to date, if it is time.
    pub(super) async fn ask(&mut self, survey: &mut Survey) {
        if !survey.is_due(WORKLOADS) {
            return;
        }
        let outcome = self.ask_pages(survey).await;
        if outcome.is_ok() {
            self.ask_singly(survey).await;
        }
        survey.keep(WORKLOADS, survey.pace(), outcome.map(|()| Value::Null));
    }

    /// Reads pages until one holds something known.
    async fn ask_pages(&mut self, survey: &mut Survey) -> Result<(), Error> {
        let mut fresh: Vec<Workload> = Vec::new();
        for _ in 0..PAGES {
            let page = self.ask_page(survey, fresh.len()).await?;
            let is_last = page.len() < self.page || fresh.len() + page.len() >= MOST;
            let known = page.iter().any(|one| self.latest.iter().any(|old| old.id == one.id));
            let before = fresh.len();
            fresh.extend(page);
            if is_last || known || before == fresh.len() {
                break;
            }
        }
        if fresh.is_empty() {
            self.latest.clear();
        }
        self.merge(fresh);
        Ok(())
    }

    /// One page; smaller ones from now on if what is in them is too much.
    async fn ask_page(&mut self, survey: &mut Survey, from: usize) -> Result<Vec<Workload>, Error> {
        loop {
            let path = format!("{WORKLOADS}?limit={}&offset={from}", self.page);
            match survey.fetch(&path).await {
                Ok(answer) => {
                    self.total = value::count(&answer, "total");
                    return page(&answer);
                }
                Err(Error::Limit { .. }) if self.page > 1 => self.page = (self.page / 4).max(1),
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks for some that are not over and were not on a page: in turn, a few each time.
    async fn ask_singly(&mut self, survey: &mut Survey) {
        let open = |one: &&Workload| !one.status.is_over() && is_id(one.id.as_str());
        let beyond = self.latest.iter().skip(self.page);
        let open: Vec<SafeText> = beyond.filter(open).map(|one| one.id.clone()).collect();
        let from = if open.is_empty() { 0 } else { self.next % open.len() };
        self.next = from + SINGLY;
        for id in open.iter().cycle().skip(from).take(SINGLY.min(open.len())) {
            let answer = survey.fetch(&format!("{WORKLOADS}/{id}")).await;
            let Some(one) = answer.ok().as_ref().and_then(workload) else { continue };
            if let Some(known) = self.latest.iter_mut().find(|known| known.id == one.id) {
                *known = one;
            }
        }
    }

    fn merge(&mut self, fresh: Vec<Workload>) {
        let old = std::mem::replace(&mut self.latest, fresh);
        for one in old {
            if !self.latest.iter().any(|new| new.id == one.id) {
                self.latest.push(one);
            }
        }
        let order = |one: &Workload| std::cmp::Reverse((one.created_ms, one.id.clone()));
        self.latest.sort_by_cached_key(order);
        self.latest.dedup_by(|one, other| one.id == other.id);
        self.latest.truncate(MOST);
    }
}

/// Whether `id` can stand in a path and means nothing there.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn page(answer: &Value) -> Result<Vec<Workload>, Error> {
    let Some(rows) = answer.get("workloads") else {
        let why = "there is no field `workloads`".into();
        return Err(Error::Shape { path: WORKLOADS.into(), why });
    };
    // Go writes an empty list as null.
    let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
    Ok(rows.iter().take(PAGE).filter_map(workload).collect())
}

/// A workload; `None` without an id.
pub(super) fn workload(row: &Value) -> Option<Workload> {
    let (started_ms, finished_ms) =
        (value::moment(row, "started_at"), value::moment(row, "finished_at"));
    let duration = value::seconds(row, "duration_ms", 1e-3);
    let isolation = value::text(row, "isolation").unwrap_or_else(|| "auto".into());
    Some(Workload {
        id: value::text(row, "id")?,
        status: value::text(row, "status").map_or(Status::Unknown, |s| Status::named(s.as_str())),
        backend: Some(isolation.clone()).filter(|name| name.as_str() != "auto"),
        isolation,
        runtime: value::words(row, "runtime"),
        node: value::words(row, "node_id"),
        created_ms: value::moment(row, "created_at").unwrap_or_default(),
        started_ms,
        finished_ms,
        duration_seconds: duration.or_else(|| value::between(started_ms, finished_ms)),
        exit_code: row.get("exit_code").and_then(Value::as_i64).and_then(|c| c.try_into().ok()),
        error: value::text(row, "error"),
        output: row.get("output").and_then(Value::as_str).map(output),
        cpus: value::above_zero(row, "cpu_limit"),
        memory_bytes: value::bytes(row, "mem_limit", 1_048_576.0).filter(|limit| limit.0 > 0),
        timeout_seconds: value::seconds(row, "timeout_s", 1.0).filter(|time| time.0 > 0.0),
    })
}

/// The beginning of what was given, which is in base64; what is none is shown as it is.
fn output(raw: &str) -> SafeText {
    let cut: String = raw.chars().take(OUTPUT).collect();
    STANDARD.decode(&cut).map_or_else(|_| SafeText::new(raw), |bytes| SafeText::from_bytes(&bytes))
}
