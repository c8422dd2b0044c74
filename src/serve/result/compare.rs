//! Runs side by side: what is said of them, and what the columns of their tables come to.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::loaded::{Desk, Loaded};
use super::{Exact, results};
use crate::model::text::SafeText;
use crate::model::workflow::result::Figures;
use crate::serve::{Answer, Ask, Context, Door, Problem};
use crate::store::result::shelf::Brief;

/// Runs of one comparison at most.
pub(in crate::serve) const MOST: usize = 12;

/// Which runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
struct Which {
    /// Their ids, with commas between; the first is what the others are measured against. 1 to 12.
    runs: String,
}

/// Runs side by side.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ResultComparison")]
pub(in crate::serve) struct Comparison {
    /// The runs, as they were asked for.
    pub(in crate::serve) runs: Vec<Brief>,
    /// What is said of them.
    pub(in crate::serve) metadata: Vec<Said>,
    /// What the columns of their tables come to.
    pub(in crate::serve) columns: Vec<Compared>,
}

/// A name with its value in each run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ResultMetadata")]
pub(in crate::serve) struct Said {
    /// The name.
    pub(in crate::serve) name: String,
    /// Its value in each run; `null` where it has none.
    pub(in crate::serve) values: Vec<Option<String>>,
}

/// A column with its figures in each run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ResultColumn")]
pub(in crate::serve) struct Compared {
    /// The file it is of.
    pub(in crate::serve) file: String,
    /// Its header.
    pub(in crate::serve) column: SafeText,
    /// Its unit.
    pub(in crate::serve) unit: Option<SafeText>,
    /// Its figures in each run; `null` where there are none.
    pub(in crate::serve) figures: Vec<Option<Figures>>,
    /// How much larger the median is than in the first run, in percent.
    pub(in crate::serve) change_percent: Vec<Option<f64>>,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/results/compare", "Runs of workflows side by side", read)
        .time(Some(std::time::Duration::from_mins(1)))
}

async fn read(context: Arc<Context>, ask: Ask<Which>) -> Answer<Exact<Comparison>> {
    let ids = ids([ask.query.runs.as_str()].into_iter());
    if ids.is_empty() || ids.len() > MOST {
        return Err(Problem::bad(format!("runs: name 1 to {MOST} ids, with commas between")));
    }
    let loaded = results(&context)?.look(move |desk| all(desk, &ids)).await?;
    loaded
        .map(|runs| Exact(compare(&runs)))
        .map_err(|id| Problem::unknown(format!("run {} not found", SafeText::new(&id))))
}

/// The ids in `texts`, each once.
pub(in crate::serve) fn ids<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in texts.flat_map(|text| text.split(',')).map(str::trim) {
        if !id.is_empty() && ids.iter().all(|other| other != id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// The runs of `ids`; the first that is not there as error.
fn all(desk: &Desk, ids: &[String]) -> Result<Vec<Loaded>, String> {
    ids.iter().map(|id| desk.load(id, |_| true).ok_or_else(|| id.clone())).collect()
}

/// `runs` side by side.
pub(in crate::serve) fn compare(runs: &[Loaded]) -> Comparison {
    let briefs = runs.iter().map(|run| run.brief.clone()).collect();
    let keys: BTreeSet<&String> = runs.iter().flat_map(|run| run.brief.custom.keys()).collect();
    let said = |name: &&String| {
        let values = runs.iter().map(|run| run.brief.custom.get(*name).cloned()).collect();
        Said { name: (*name).clone(), values }
    };
    let metadata = keys.iter().map(said).collect();
    Comparison { runs: briefs, metadata, columns: columns(runs) }
}

fn columns(runs: &[Loaded]) -> Vec<Compared> {
    let mut found: Vec<Compared> = Vec::new();
    for (file, table) in runs.iter().flat_map(|run| &run.tables) {
        let views = table.iter().flat_map(|view| &view.columns);
        for column in views.filter(|column| column.figures.is_some()) {
            let same = |other: &Compared| other.file == *file && other.column == column.name;
            if !found.iter().any(same) {
                found.push(compared(runs, file, &column.name, column.unit.clone()));
            }
        }
    }
    found.sort_by(|left, right| left.file.cmp(&right.file));
    found
}

fn compared(runs: &[Loaded], file: &str, name: &SafeText, unit: Option<SafeText>) -> Compared {
    let of = |run: &Loaded| {
        let columns = &run.table(file)?.columns;
        columns.iter().find(|column| column.name == *name)?.figures
    };
    let figures: Vec<Option<Figures>> = runs.iter().map(of).collect();
    let first = figures.first().copied().flatten().map(|first| first.median);
    let change = |figures: &Option<Figures>| {
        let (first, median) = (first.filter(|first| *first != 0.0)?, figures.as_ref()?.median);
        Some(100.0 * (median - first) / first.abs())
    };
    let mut change_percent: Vec<Option<f64>> = figures.iter().map(change).collect();
    change_percent.iter_mut().take(1).for_each(|first| *first = None);
    Compared { file: file.to_owned(), column: name.clone(), unit, figures, change_percent }
}
