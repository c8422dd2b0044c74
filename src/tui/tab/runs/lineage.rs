//! What a job made, and of what: a tree from its inputs to its files, with a search.
//!
//! What has several sources stands below the first of them, and is mentioned below the others. Circles in
//! what a server tells end where they close.

use std::collections::{BTreeMap, BTreeSet};

use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use super::job::Job;
use super::pane::{Pane, Place, Shown, click_on, draw_on};
use crate::model::pipeline::Artifact;
use crate::model::text::SafeText;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::value;

/// Rows that are made.
const MOST: usize = 5_000;
/// Levels that are set in; deeper ones stand at the last.
const DEEP: usize = 12;
/// Letters of a hash.
const HASH: usize = 12;

/// A row of the tree.
pub(super) struct Item<'a> {
    artifact: &'a Artifact,
    place: usize,
    depth: usize,
    /// Whether it stands above already.
    again: bool,
}

impl Row for Item<'_> {
    type Key = (usize, SafeText);
    const FIELDS: &'static [Field] = &[
        Field::new("order", Kind::Number),
        Field::text("id"),
        Field::text("kind"),
        Field::text("stage"),
        Field::text("worker"),
        Field::text("of"),
        Field::text("sha256"),
        Field::new("size", Kind::Bytes),
        Field::new("records", Kind::Number),
    ];
    const SORTED: usize = 1;

    fn key(&self) -> Self::Key {
        (self.place, self.artifact.id.clone())
    }

    fn value(&self, field: usize) -> Value<'_> {
        let one = self.artifact;
        match field {
            0 => Value::Number(-(self.place as f64)),
            1 => Value::text(one.id.as_str()),
            2 => Value::text(one.kind.as_str()),
            3 => Value::text(one.stage.as_str()),
            4 => Value::text(one.worker.as_str()),
            5 => {
                let parents: Vec<&str> = one.parents.iter().map(SafeText::as_str).collect();
                Value::Text(parents.join(" ").into())
            }
            6 => one.sha256.as_ref().map_or(Value::Missing, |hash| Value::text(hash.as_str())),
            7 => one.bytes.map(|bytes| bytes.0 as f64).into(),
            _ => one.records.map(|records| records as f64).into(),
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::words("WHAT", 32, 0).grows().by(0),
        Column::words("KIND", 8, 0),
        Column::words("STAGE", 12, 3),
        Column::words("WORKER", 12, 6),
        Column::numbers("RECORDS", 8, 2),
        Column::numbers("SIZE", 9, 1),
        Column::words("SHA-256", 13, 5),
    ];

    fn cell(&self, column: usize, _: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let (one, theme) = (self.artifact, look.theme);
        let text = |text: &SafeText| Span::styled(text.to_string(), theme.muted);
        let cell = match column {
            0 => {
                let depth = self.depth.min(DEEP);
                let branch = if depth == 0 { "" } else { look.glyph.pick("╰ ", "+ ") };
                let stem = "  ".repeat(depth.saturating_sub(1));
                let again = if self.again { " (above)" } else { "" };
                let style = if self.again { theme.muted } else { theme.text };
                Span::styled(format!("{stem}{branch}{}{again}", one.id), style)
            }
            1 => text(&one.kind),
            2 => text(&one.stage),
            3 => text(&one.worker),
            4 => value::maybe(one.records, theme.text, look),
            5 => value::maybe(one.bytes, theme.text, look),
            _ => {
                let short = |hash: &SafeText| hash.as_str().chars().take(HASH).collect::<String>();
                value::maybe(one.sha256.as_ref().map(short), theme.muted, look)
            }
        };
        vec![cell]
    }
}

/// The tree as rows.
fn items<'a>(job: &Job<'a>) -> Vec<Item<'a>> {
    let all = &job.pipeline.lineage;
    let known: BTreeSet<&SafeText> = all.iter().map(|one| &one.id).collect();
    let mut below: BTreeMap<&SafeText, Vec<&Artifact>> = BTreeMap::new();
    for one in all {
        let parents: BTreeSet<&SafeText> = one.parents.iter().collect();
        for parent in parents {
            below.entry(parent).or_default().push(one);
        }
    }
    let is_root = |one: &&Artifact| one.parents.iter().all(|parent| !known.contains(parent));
    let mut rows = Vec::new();
    let mut seen: BTreeSet<&SafeText> = BTreeSet::new();
    // What stands in a circle that nothing leads into comes last.
    for root in all.iter().filter(is_root).chain(all) {
        if seen.contains(&root.id) {
            continue;
        }
        let mut waiting = vec![(root, 0)];
        while let Some((artifact, depth)) = waiting.pop() {
            if rows.len() == MOST {
                return rows;
            }
            let again = !seen.insert(&artifact.id);
            rows.push(Item { artifact, place: rows.len(), depth, again });
            let made = below.get(&artifact.id).filter(|_| !again);
            waiting.extend(made.into_iter().flatten().rev().map(|one| (*one, depth + 1)));
        }
    }
    rows
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<(usize, SafeText)>,
}

impl Default for View {
    fn default() -> Self {
        Self { sheet: Sheet::sorted_by(0) }
    }
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let all = items(job);
        let rows = self.sheet.arrange(&all);
        match (action, self.sheet.current(&rows)) {
            (Action::Copy, Some(item)) => {
                let hash = item.artifact.sha256.as_ref();
                Reply::Copy(hash.unwrap_or(&item.artifact.id).to_string())
            }
            (Action::Sort | Action::Reverse, _) => Reply::Ignored,
            _ if self.sheet.act(action, &rows) => Reply::Done,
            _ => Reply::Ignored,
        }
    }

    fn filter(&mut self, text: &str) {
        self.sheet.filter::<Item<'_>>(text);
    }

    fn fields(&self) -> &'static [Field] {
        <Item<'_> as Row>::FIELDS
    }

    fn click(&mut self, at: Position, area: Rect, job: &Job<'_>) -> Reply {
        click_on(&mut self.sheet, &items(job), at, area);
        self.sheet.sort = 0;
        self.sheet.reversed = false;
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let all = items(job);
        if all.is_empty() {
            return place.quiet(&job.gap("lineage"));
        }
        draw_on(&self.sheet, &all, place, job);
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::NextPanel, Action::Filter, Action::Copy, Action::Zoom]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pipeline::Pipeline;
    use crate::model::time::Stamp;
    use crate::state::State;

    fn artifact(id: &str, parents: &[&str]) -> Artifact {
        let parents = parents.iter().map(|parent| SafeText::new(parent)).collect();
        Artifact { id: id.into(), parents, ..Artifact::default() }
    }

    fn tree(lineage: Vec<Artifact>) -> Vec<(String, usize, bool)> {
        let pipeline = Pipeline { lineage, ..Pipeline::default() };
        let (state, now) = (State::default(), Stamp::default());
        let job =
            Job { pipeline: &pipeline, place: "here", run: None, flow: None, state: &state, now };
        let row = |item: &Item<'_>| (item.artifact.id.to_string(), item.depth, item.again);
        items(&job).iter().map(row).collect()
    }

    #[test]
    fn what_has_two_sources_stands_once_and_is_mentioned_once() {
        let all = vec![artifact("a", &[]), artifact("b", &["x"]), artifact("c", &["a", "b", "a"])];
        let row = |id: &str, depth, again| (id.to_owned(), depth, again);
        let wanted =
            [row("a", 0, false), row("c", 1, false), row("b", 0, false), row("c", 1, true)];
        assert_eq!(tree(all), wanted);
    }

    #[test]
    fn a_circle_ends_where_it_closes() {
        let all = vec![artifact("a", &["b"]), artifact("b", &["a"]), artifact("c", &["c"])];
        let seen = tree(all);
        assert_eq!(seen.iter().filter(|(_, _, again)| !again).count(), 3);
        assert!(seen.len() < 7, "{seen:?}");
    }
}
