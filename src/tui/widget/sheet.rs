//! What is looked at in a table: which row, in which order, through which filter.
//!
//! The cursor holds on to a row's key, not to its place, so that it stays with a process while
//! others rush past; only when the row is gone does it keep the place.

use std::cell::Cell;

use ratatui::layout::{Position, Rect};

use super::super::action::Action;
use super::super::habit::Arranged;
use super::field::{Row, Value};
use super::filter::{Error, Filter};
use super::table::{Column, Table};

/// Rows a page moves; the height of the screen is not known to an action.
const PAGE: usize = 20;

/// The state of a table with rows of one kind.
#[derive(Clone, Debug)]
pub struct Sheet<K> {
    cursor: Option<K>,
    /// Where it was seen last.
    place: Cell<usize>,
    /// Which field rows are sorted by.
    pub sort: usize,
    /// Whether the order is turned round.
    pub reversed: bool,
    /// Headings of the columns that the user hides.
    hidden: Vec<&'static str>,
    /// What the user typed.
    pub text: String,
    filter: Filter,
    error: Option<Error>,
}

impl<K: Clone + PartialEq> Sheet<K> {
    /// A table sorted by field number `sort`.
    pub fn sorted_by(sort: usize) -> Self {
        Self {
            cursor: None,
            place: Cell::new(0),
            sort,
            reversed: false,
            hidden: Vec::new(),
            text: String::new(),
            filter: Filter::default(),
            error: None,
        }
    }

    /// Whether `row` passes.
    pub fn lets<R: Row>(&self, row: &R) -> bool {
        self.filter.lets(row)
    }

    /// The rows that pass, in order.
    pub fn arrange<'a, R: Row<Key = K>>(
        &self,
        rows: impl IntoIterator<Item = &'a R>,
    ) -> Vec<&'a R> {
        let passed = rows.into_iter().filter(|row| self.filter.lets(*row));
        let mut keyed: Vec<(Value<'a>, &'a R)> =
            passed.map(|row| (row.value(self.sort), row)).collect();
        keyed.sort_by(|(a, _), (b, _)| a.order(b, self.reversed));
        keyed.into_iter().map(|(_, row)| row).collect()
    }

    /// Where the cursor is among `rows`; `None` without rows.
    pub fn position<R: Row<Key = K>>(&self, rows: &[&R]) -> Option<usize> {
        let last = rows.len().checked_sub(1)?;
        let Some(key) = &self.cursor else { return Some(self.place.get().min(last)) };
        // Most often it stands where it stood.
        if !rows.get(self.place.get()).is_some_and(|row| row.is(key))
            && let Some(place) = rows.iter().position(|row| row.is(key))
        {
            self.place.set(place);
        }
        Some(self.place.get().min(last))
    }

    /// The row under the cursor.
    pub fn current<'a, R: Row<Key = K>>(&self, rows: &[&'a R]) -> Option<&'a R> {
        self.position(rows).map(|place| rows[place])
    }

    /// Puts the cursor on row number `place` of `rows`.
    pub fn select<R: Row<Key = K>>(&mut self, place: usize, rows: &[&R]) {
        if let Some(row) = rows.get(place) {
            self.place.set(place);
            self.cursor = Some(row.key());
        }
    }

    /// Moves, sorts or turns round; false if `action` does none of these.
    pub fn act<R: Row<Key = K>>(&mut self, action: Action, rows: &[&R]) -> bool {
        match action {
            Action::Sort => self.sort = (self.sort + 1) % R::SORTED.max(1),
            Action::Reverse => self.reversed = !self.reversed,
            _ => return self.step(action, rows),
        }
        true
    }

    fn step<R: Row<Key = K>>(&mut self, action: Action, rows: &[&R]) -> bool {
        let at = self.position(rows).unwrap_or(0);
        let last = rows.len().saturating_sub(1);
        let to = match action {
            Action::Up => at.saturating_sub(1),
            Action::Down => at + 1,
            Action::PageUp => at.saturating_sub(PAGE),
            Action::PageDown => at + PAGE,
            Action::HalfUp => at.saturating_sub(PAGE / 2),
            Action::HalfDown => at + PAGE / 2,
            Action::First => 0,
            Action::Last => last,
            _ => return false,
        };
        self.select(to.min(last), rows);
        true
    }

    /// Sorts by field number `field`, or turns round if it already does.
    pub fn sort_by(&mut self, field: usize) {
        self.reversed = field == self.sort && !self.reversed;
        self.sort = field;
    }

    /// Sorts by the heading at `at`, or chooses the row there; the table of `columns` lies in `area`. False
    /// where neither is there.
    pub fn click<R: Row<Key = K>>(
        &mut self,
        columns: &[Column],
        at: Position,
        area: Rect,
        rows: &[&R],
    ) -> bool {
        if !area.contains(at) {
            return false;
        }
        let table = self.table(columns, rows, true);
        let found = (table.field_at(at.x, at.y, area), table.row_at(at.y, area));
        match found {
            (Some(field), _) => self.sort_by(field),
            (None, Some(row)) => self.select(row, rows),
            (None, None) => return false,
        }
        true
    }

    /// The table of `columns` as it is sorted and where its cursor stands.
    pub fn table<'t, R: Row<Key = K>>(
        &'t self,
        columns: &'t [Column],
        rows: &[&R],
        focused: bool,
    ) -> Table<'t> {
        let sort = Some((self.sort, self.reversed));
        let (hidden, cursor) = (self.hidden.as_slice(), self.position(rows));
        Table { columns, hidden, sort, rows: rows.len(), cursor, focused }
    }

    /// How the table called `table` is arranged, which has `columns`.
    pub fn arranged<R: Row<Key = K>>(
        &mut self,
        table: &'static str,
        columns: &'static [Column],
    ) -> Arranged<'_> {
        let fields = R::FIELDS.get(..R::SORTED).unwrap_or(R::FIELDS);
        let Self { sort, reversed, hidden, .. } = self;
        Arranged { table, fields, columns, sort, reversed, hidden }
    }

    /// Takes what the user typed so far. One that is not understood leaves the filter before it in
    /// force.
    pub fn filter<R: Row<Key = K>>(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        match Filter::parse(text, R::FIELDS) {
            Ok(filter) => (self.filter, self.error) = (filter, None),
            Err(error) => self.error = Some(error),
        }
    }

    /// Whether rows may be hidden.
    pub const fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// How many of `all` rows are shown and why: for a panel's edge.
    pub fn words(&self, shown: usize, all: usize) -> String {
        match (&self.error, self.is_filtered()) {
            (Some(error), _) => error.to_string(),
            (None, true) => format!("{shown} of {all} · /{}", self.text),
            (None, false) => format!("{all}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::{Field, Kind};
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Item(u32, Option<f64>);

    impl Row for Item {
        type Key = u32;
        const FIELDS: &'static [Field] =
            &[Field::new("id", Kind::Number), Field::new("cpu", Kind::Percent)];

        fn key(&self) -> u32 {
            self.0
        }

        fn value(&self, field: usize) -> Value<'_> {
            match field {
                0 => Value::Number(f64::from(self.0)),
                _ => self.1.into(),
            }
        }
    }

    fn order(sheet: &Sheet<u32>, items: &[Item]) -> Vec<u32> {
        sheet.arrange(items).iter().map(|item| item.0).collect()
    }

    #[test]
    fn the_cursor_stays_with_its_row_while_rows_move() {
        let mut sheet = Sheet::sorted_by(1);
        let early = [Item(1, Some(9.0)), Item(2, Some(5.0)), Item(3, Some(1.0))];
        let rows = sheet.arrange(&early);
        assert!(sheet.act(Action::Down, &rows));
        let late = [Item(1, Some(9.0)), Item(2, Some(0.0)), Item(3, Some(1.0))];
        let rows = sheet.arrange(&late);
        assert_eq!(sheet.current(&rows), Some(&late[1]));
        assert_eq!(sheet.position(&rows), Some(2));
    }

    #[test]
    fn a_row_that_is_gone_leaves_the_cursor_in_its_place() {
        let mut sheet = Sheet::sorted_by(0);
        let all = [Item(3, None), Item(2, None), Item(1, None)];
        let rows = sheet.arrange(&all);
        sheet.act(Action::Last, &rows);
        let rows = sheet.arrange(&all[..2]);
        assert_eq!(sheet.position(&rows), Some(1));
        assert_eq!(sheet.position::<Item>(&[]), None);
    }

    #[test]
    fn missing_values_are_last_in_either_order() {
        let items = [Item(1, None), Item(2, Some(1.0)), Item(3, Some(2.0))];
        let mut sheet = Sheet::sorted_by(1);
        assert_eq!(order(&sheet, &items), [3, 2, 1]);
        sheet.reversed = true;
        assert_eq!(order(&sheet, &items), [2, 3, 1]);
    }

    #[test]
    fn a_filter_half_typed_leaves_the_one_before_in_force() {
        let items = [Item(1, None), Item(2, Some(90.0))];
        let mut sheet = Sheet::sorted_by(0);
        sheet.filter::<Item>("cpu>80");
        sheet.filter::<Item>("cpu>80 i");
        sheet.filter::<Item>("cpu>80 id>");
        assert_eq!(sheet.words(1, 2), "column 11: a value is missing");
        sheet.filter::<Item>("cpu>80");
        assert_eq!(order(&sheet, &items), [2]);
        assert_eq!(sheet.words(1, 2), "1 of 2 · /cpu>80");
    }
}
