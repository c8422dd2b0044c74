//! A benchmark that ended, beside its baseline.

use std::path::Path;

use super::Desk;
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::rule::Benched;
use crate::stats::compare::{Change, Row, Rules, compare};
use crate::store::RunDir;
use crate::store::baseline::{self, Name};

impl Desk {
    /// Sets run `id` beside the baseline of the rules, in a thread.
    pub(super) fn compare(&self, id: RunId) {
        let name = self.judge.rules().baseline.as_deref().and_then(Name::parse);
        let Some(name) = name else { return };
        let (runs, baselines) = (self.settings.runs.clone(), self.settings.baselines.clone());
        let (out, voice) = (self.compared.0.clone(), self.voice.clone());
        tokio::task::spawn_blocking(move || match beside(&runs, &baselines, &id, &name) {
            // Where nobody takes it any more it is of no use.
            Ok(rows) => out.try_send(rows).unwrap_or_default(),
            Err(error) => voice.warn(&format!("run {id} beside {name}: {error}")),
        });
    }
}

fn beside(
    runs: &Path,
    baselines: &Path,
    id: &RunId,
    name: &Name,
) -> Result<Vec<Benched>, crate::store::Error> {
    let base = baseline::read(baselines, name)?;
    let run = RunDir::read(&runs.join(id.as_str()))?;
    let compared = compare(&base, &run, &Rules::default());
    let broken = compared.broken.iter().map(|cell| Benched {
        name: SafeText::from(format!("{} {}", cell.label(), cell.payload.name())),
        broken: true,
        ..Benched::default()
    });
    Ok(compared.rows.iter().map(row).chain(broken).collect())
}

fn row(row: &Row) -> Benched {
    let median = |estimate: &Option<crate::model::bench::Estimate>| {
        estimate.map(|estimate| estimate.median_seconds.0)
    };
    let change = median(&row.base).zip(median(&row.other));
    let change = change.filter(|(base, _)| *base > 0.0);
    Benched {
        name: SafeText::from(format!(
            "{} {} {}",
            row.cell.label(),
            row.cell.payload.name(),
            row.figure.name()
        )),
        slower: row.change == Change::Slower,
        broken: false,
        change_percent: change.map(|(base, other)| (other / base - 1.0) * 100.0),
    }
}
