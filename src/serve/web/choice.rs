//! What is drawn of a table: which columns, from where on, how smooth.

use super::boxes::Boxes;
use super::chart::{Line, Picture, smooth};
use super::form::{self, Pairs};
use super::markup::Markup;
use crate::model::text::SafeText;
use crate::model::workflow::result::{ColumnView, TableView};
use crate::serve::result::loaded::{Desk, Loaded};
use crate::table::time::guess;

/// Points that a rolling mean may be of.
const SMOOTH: (usize, usize) = (1, 50);
/// How it is drawn.
const LINES: &str = "lines";
const BOXES: &str = "boxes";
/// Nothing parts the boxes.
const NOTHING: &str = "nothing";
/// Columns that are offered to part boxes.
const PARTING: usize = 100;
/// Along: the rows as they come.
const ROW: &str = "row";

/// What was chosen for a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    x: Option<String>,
    y: Option<String>,
    absolute: bool,
    smooth: usize,
    /// Boxes in place of lines.
    boxes: bool,
    /// The column whose values part the boxes.
    by: Option<String>,
}

impl Choice {
    /// What `pairs` say of `file`; columns are of the one file they were chosen for.
    pub(super) fn read(pairs: &Pairs, file: &str) -> Self {
        let own = pairs.first("file").is_none_or(|chosen| chosen == file);
        let column = |name| pairs.first(name).filter(|_| own).map(str::to_owned);
        let absolute = own && pairs.first("align") == Some("absolute");
        let smooth = if own { pairs.number("smooth", SMOOTH, 1) } else { 1 };
        let boxes = own && pairs.first("as") == Some(BOXES);
        Self { x: column("x"), y: column("y"), absolute, smooth, boxes, by: column("by") }
    }

    /// The columns to draw of `view`: along, which may be none, and up.
    fn columns<'a>(&self, view: &'a TableView) -> (Option<&'a str>, Option<&'a ColumnView>) {
        let x = match self.x.as_deref() {
            Some(ROW) => None,
            Some(name) => along(view).into_iter().find(|other| *other == name),
            None => along(view).into_iter().find(|name| is_time(view, name)),
        };
        let named = |name: &str| drawable(view).find(|column| column.name.as_str() == name);
        let first = || drawable(view).find(|column| Some(column.name.as_str()) != x);
        (x, self.y.as_deref().and_then(named).or_else(first))
    }

    /// Draws table `file` of `runs`.
    pub(super) fn draw(&self, out: &mut Markup, desk: &Desk, file: &str, runs: &[Loaded]) {
        if self.boxes {
            self.boxed(desk, file, runs).put(out);
        } else {
            self.picture(desk, file, runs).put(out);
        }
    }

    /// The boxes of table `file` of `runs`: one each, or one for each value that parts them.
    fn boxed(&self, desk: &Desk, file: &str, runs: &[Loaded]) -> Boxes {
        let mut picture = Boxes { title: file.to_owned(), ..Boxes::default() };
        for (at, run) in runs.iter().enumerate() {
            let Some(view) = run.table(file) else { continue };
            let Some(y) = self.columns(view).1 else { continue };
            let by = self.by.as_deref().filter(|by| names(view).any(|name| name == *by));
            let Ok(boxes) = desk.boxes(run, file, by, y.name.as_str()) else { continue };
            picture.y = titled(y);
            by.unwrap_or_default().clone_into(&mut picture.x);
            for (category, of) in boxes.iter() {
                let name = match (by, runs.len()) {
                    (None, _) => format!("run {}", run.brief.id),
                    (Some(_), 1) => SafeText::new(category).to_string(),
                    (Some(_), _) => format!("{} {}", run.brief.id, SafeText::new(category)),
                };
                picture.all.push((name, at, of.clone()));
            }
        }
        picture
    }

    /// The picture of table `file` of `runs`: one line each.
    fn picture(&self, desk: &Desk, file: &str, runs: &[Loaded]) -> Picture {
        let mut picture =
            Picture { title: file.to_owned(), x: ROW.to_owned(), ..Picture::default() };
        for run in runs {
            let Some(view) = run.table(file) else { continue };
            let (x, y) = self.columns(view);
            let Some(y) = y else { continue };
            let Ok(series) = desk.line(run, file, x, y.name.as_str()) else { continue };
            picture.y = titled(y);
            picture.time = series.instants && self.absolute;
            picture.x = self.along(view, x, series.instants);
            let points = smooth(&self.aligned(&series.points, x), self.smooth);
            let name = format!("run {}", run.brief.id);
            picture.lines.push(Line { name, points, marks: Vec::new() });
        }
        picture
    }

    /// What stands along.
    fn along(&self, view: &TableView, x: Option<&str>, instants: bool) -> String {
        let Some(x) = x else { return ROW.to_owned() };
        let column = view.columns.iter().find(|column| column.name.as_str() == x);
        match (instants, self.absolute) {
            (true, true) => x.to_owned(),
            (true, false) => format!("{x}, seconds since the first"),
            (false, true) => column.map_or_else(|| x.to_owned(), titled),
            (false, false) => {
                format!("{}, from the first on", column.map_or_else(|| x.to_owned(), titled))
            }
        }
    }

    fn aligned(&self, points: &[(f64, f64)], x: Option<&str>) -> Vec<(f64, f64)> {
        let first = points.iter().map(|point| point.0).find(|x| x.is_finite());
        let from = if self.absolute || x.is_none() { 0.0 } else { first.unwrap_or(0.0) };
        points.iter().map(|(x, y)| (x - from, *y)).collect()
    }

    /// The form that chooses for `view`; `more` is sent along.
    pub(super) fn form(
        &self,
        out: &mut Markup,
        to: &str,
        view: &TableView,
        more: &[(&'static str, &str)],
    ) {
        let names: Vec<&str> = drawable(view).map(|column| column.name.as_str()).collect();
        let (x, y) = self.columns(view);
        let x = x.unwrap_or(ROW);
        let y = y.map_or("", |y| y.name.as_str());
        form::form(out, to, "Draw", |out| {
            for (name, value) in more {
                form::hidden(out, name, value);
            }
            let all = form::plain(std::iter::once(ROW).chain(along(view)));
            form::select(out, "x", "Along", &all, x);
            form::select(out, "y", "Up", &form::plain(names), y);
            let align = [("relative", "from its start"), ("absolute", "as it is")]
                .map(|(value, words)| (value.to_owned(), words.to_owned()));
            let chosen = if self.absolute { "absolute" } else { "relative" };
            form::select(out, "align", "Time", &align, chosen);
            form::number(out, "smooth", "Rolling mean of", SMOOTH, self.smooth);
            let shape = if self.boxes { BOXES } else { LINES };
            form::select(out, "as", "Drawn as", &form::plain([LINES, BOXES]), shape);
            let all = form::plain(std::iter::once(NOTHING).chain(self::names(view).take(PARTING)));
            form::select(out, "by", "Boxes by", &all, self.by.as_deref().unwrap_or(NOTHING));
        });
    }
}

/// Columns with numbers.
pub(super) fn drawable(view: &TableView) -> impl Iterator<Item = &ColumnView> {
    view.columns.iter().filter(|column| !column.course.is_empty())
}

/// The names of all columns.
fn names(view: &TableView) -> impl Iterator<Item = &str> {
    view.columns.iter().map(|column| column.name.as_str())
}

/// A column's name with its unit.
pub(super) fn titled(column: &ColumnView) -> String {
    match &column.unit {
        Some(unit) if !unit.is_empty() => format!("{} ({unit})", column.name),
        _ => column.name.to_string(),
    }
}

/// Columns that may stand along: those with numbers or instants.
fn along(view: &TableView) -> Vec<&str> {
    let is =
        |column: &&ColumnView| !column.course.is_empty() || is_time(view, column.name.as_str());
    view.columns.iter().filter(is).map(|column| column.name.as_str()).collect()
}

/// Whether column `name` holds instants, by its name and its last cell.
pub(super) fn is_time(view: &TableView, name: &str) -> bool {
    let at = view.columns.iter().position(|column| column.name.as_str() == name);
    let cells = view.last.iter().rev().filter_map(|row| row.get(at?));
    let cell = cells.map(SafeText::as_str).find(|cell| !cell.is_empty());
    cell.is_some_and(|cell| guess(name, cell.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> TableView {
        let column = |name: &str, course: &[f64]| ColumnView {
            name: name.into(),
            course: course.to_vec(),
            ..ColumnView::default()
        };
        let columns = vec![
            column("timestamp_ms", &[1.7e12]),
            column("latency", &[4.0]),
            column("cpu", &[1.0]),
            column("words", &[]),
            column("when", &[]),
        ];
        let last = ["1700000000000", "4", "1", "a", "2026-01-01T00:00:00Z"].map(Into::into);
        TableView { rows: 1, columns, last: vec![last.into()], ..TableView::default() }
    }

    fn read(query: &str) -> Choice {
        let uri = format!("/?{query}").parse().unwrap();
        let axum::extract::Query(pairs) =
            axum::extract::Query::<Pairs>::try_from_uri(&uri).unwrap();
        Choice::read(&pairs, "a.csv")
    }

    #[test]
    fn time_is_along_unless_wished_otherwise_and_what_is_chosen_is_of_its_file() {
        let view = view();
        let columns = |query: &str| {
            let (x, y) = read(query).columns(&view);
            (x.map(str::to_owned), y.map(|y| y.name.to_string()))
        };
        let some = |x: &str, y: &str| (Some(x.to_owned()), Some(y.to_owned()));
        assert_eq!(columns(""), some("timestamp_ms", "latency"));
        assert_eq!(columns("x=when&y=cpu"), some("when", "cpu"));
        assert_eq!(columns("x=row"), (None, Some("timestamp_ms".to_owned())));
        assert_eq!(columns("x=words&y=words"), (None, Some("timestamp_ms".to_owned())));
        assert_eq!(columns("file=b.csv&y=cpu"), some("timestamp_ms", "latency"));
        assert_eq!(read("").columns(&TableView::default()), (None, None));
    }

    #[test]
    fn lines_begin_together_unless_they_stand_as_they_are() {
        let points = [(f64::NAN, 1.0), (5.0, 2.0), (7.0, 3.0)];
        assert_eq!(read("").aligned(&points, Some("x"))[1..], [(0.0, 2.0), (2.0, 3.0)]);
        assert_eq!(read("align=absolute").aligned(&points, Some("x"))[1], (5.0, 2.0));
        assert_eq!(read("").aligned(&points, None)[1], (5.0, 2.0), "rows are rows");
    }
}
