//! What a legend calls a series: what tells it from the others, and nothing else.

use super::Source;
use crate::table::digest::Series;

/// A series and what it is of.
pub(super) struct Named {
    pub(super) run: usize,
    pub(super) name: String,
    pub(super) series: Series,
}

/// The series of all `sources`, by run, group and column; `category` is part of a name where it is wished.
pub(super) fn named(sources: Vec<Source>, category: bool) -> Vec<Named> {
    let many_runs = sources.len() > 1;
    let all = || sources.iter().flat_map(|source| &source.digest.series);
    let first = all().next().map(|series| (series.column.clone(), series.group.clone()));
    let (column, group) = first.unwrap_or_default();
    let many_columns = all().any(|series| series.column != column);
    let many_groups = all().any(|series| series.group != group);
    let mut named = Vec::new();
    for (run, source) in sources.into_iter().enumerate() {
        for series in source.digest.series {
            let parts = [
                many_runs.then(|| source.run.clone()),
                (many_columns).then(|| series.column.clone()),
                (many_groups || (!many_runs && !many_columns && !series.group.is_empty()))
                    .then(|| or_empty(&series.group)),
                (category && !series.category.is_empty()).then(|| series.category.clone()),
            ];
            let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
            let name = if name.is_empty() { series.column.clone() } else { name };
            named.push(Named { run, name, series });
        }
    }
    named
}

/// A name, also of what has none.
pub(super) fn or_empty(name: &str) -> String {
    if name.is_empty() { "(empty)".to_owned() } else { name.to_owned() }
}

/// The name of the columns of an axis with their unit.
pub(super) fn label<'a>(series: impl Iterator<Item = &'a Series>) -> (String, Option<String>) {
    let mut names: Vec<&str> = Vec::new();
    let mut units: Vec<&str> = Vec::new();
    for series in series {
        if !names.contains(&series.column.as_str()) {
            names.push(&series.column);
        }
        let unit = series.unit.as_deref().unwrap_or_default();
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    let unit = match units.as_slice() {
        [only] if !only.is_empty() => Some((*only).to_owned()),
        _ => None,
    };
    (names.join(", "), unit)
}
