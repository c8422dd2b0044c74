//! Rows in columns of a fixed width, so that nothing moves when a number changes.
//!
//! Where room is short whole columns go, the least important first; the one that grows takes what
//! is left.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::super::look::Look;
use super::{fixed, grid};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Its width; the least width of the one that grows.
    pub width: usize,
    /// Whether it is aligned to the right, as numbers are.
    pub right: bool,
    /// Columns with a higher rank are left out first; rank 0 always stays.
    pub rank: u8,
    /// Whether it takes the room that is left.
    pub grows: bool,
    /// Which field sorts it.
    pub field: Option<usize>,
}

impl Column {
    /// A column of words.
    pub const fn words(title: &'static str, width: usize, rank: u8) -> Self {
        Self { title, width, right: false, rank, grows: false, field: None }
    }

    /// A column of numbers.
    pub const fn numbers(title: &'static str, width: usize, rank: u8) -> Self {
        Self { right: true, ..Self::words(title, width, rank) }
    }

    /// The same, taking the room that is left.
    #[must_use]
    pub const fn grows(self) -> Self {
        Self { grows: true, ..self }
    }

    /// The same, sorted by field number `field`.
    #[must_use]
    pub const fn by(self, field: usize) -> Self {
        Self { field: Some(field), ..self }
    }
}

/// What a cell holds: text in a style, or spans of their own.
pub type Cell = Vec<Span<'static>>;

/// A table about to be drawn.
pub struct Table<'a> {
    /// Its columns.
    pub columns: &'a [Column],
    /// Headings of those that are not shown.
    pub hidden: &'a [&'static str],
    /// Which field rows are sorted by, and whether the order is turned round.
    pub sort: Option<(usize, bool)>,
    /// How many rows there are.
    pub rows: usize,
    /// The row under the cursor.
    pub cursor: Option<usize>,
    /// Whether the cursor is to be seen.
    pub focused: bool,
}

impl Table<'_> {
    /// Draws the heading and as many rows as there is room for; `cell` is asked for the cells that
    /// are seen and no others: row, column number, width.
    pub fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        look: &Look<'_>,
        cell: &dyn Fn(usize, usize, usize) -> Cell,
    ) {
        let area = area.intersection(buffer.area);
        let placed = place(self.columns, self.hidden, usize::from(area.width));
        let mut lines = area.rows();
        let Some(head) = lines.next() else { return };
        self.head(&placed, look).render(head, buffer);
        let first = self.first(area);
        for (row, line) in (first..self.rows).zip(lines) {
            let spans = placed.iter().flat_map(|(column, width)| {
                let cells = align(cell(row, *column, *width), *width, self.columns[*column].right);
                cells.into_iter().chain([Span::raw(" ")])
            });
            spans.collect::<Line<'_>>().render(line, buffer);
            if self.focused && Some(row) == self.cursor {
                buffer.set_style(line, look.theme.selected);
                mark(line, buffer, look);
            }
        }
    }

    fn head(&self, placed: &[(usize, usize)], look: &Look<'_>) -> Line<'static> {
        let title = |(column, width): &(usize, usize)| {
            let column = self.columns[*column];
            let sorted = self.sort.filter(|(field, _)| column.field == Some(*field));
            let Some((_, reversed)) = sorted else {
                let text = fixed::fit(column.title, *width, column.right) + " ";
                return Span::styled(text, look.theme.muted);
            };
            // Numbers begin with the highest, words with A.
            let falls = column.right != reversed;
            let sign =
                if falls { look.glyph.pick("▼", "v") } else { look.glyph.pick("▲", "^") };
            let text = fixed::cut(column.title, width.saturating_sub(1)) + sign;
            Span::styled(fixed::fit(&text, *width, column.right) + " ", look.theme.accent)
        };
        placed.iter().map(title).collect()
    }

    fn first(&self, area: Rect) -> usize {
        let height = usize::from(area.height.saturating_sub(1));
        grid::offset(self.cursor.unwrap_or(0), self.rows, height)
    }

    /// The row at `y` of the screen when the table was drawn in `area`.
    pub fn row_at(&self, y: u16, area: Rect) -> Option<usize> {
        let down = y.checked_sub(area.y + 1).filter(|_| y < area.bottom())?;
        Some(self.first(area) + usize::from(down)).filter(|row| *row < self.rows)
    }

    /// The field that sorts the column whose heading is at (`x`, `y`) of the screen.
    pub fn field_at(&self, x: u16, y: u16, area: Rect) -> Option<usize> {
        let mut across = usize::from(x.checked_sub(area.x).filter(|_| y == area.y)?);
        for (column, width) in place(self.columns, self.hidden, usize::from(area.width)) {
            if across <= width {
                return self.columns[column].field;
            }
            across -= width + 1;
        }
        None
    }
}

/// A cursor that is seen without colour as well.
fn mark(line: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    if look.theme.selected == Style::default() && line.width > 0 {
        let sign = look.glyph.pick("▸", ">");
        buffer[line.as_position()].set_symbol(sign);
    }
}

/// Which columns are shown in `room`, each with its width. Where the user hides the one that grows, the first
/// takes the room that is left.
fn place(columns: &[Column], hidden: &[&str], room: usize) -> Vec<(usize, usize)> {
    let mut shown: Vec<usize> =
        (0..columns.len()).filter(|at| !hidden.contains(&columns[*at].title)).collect();
    let grows = |at: &&usize| columns[**at].grows;
    let instead = shown.first().filter(|_| columns.iter().any(|column| column.grows));
    let growing = shown.iter().find(grows).or(instead).copied();
    let need = |shown: &[usize]| shown.iter().map(|i| columns[*i].width + 1).sum::<usize>();
    while need(&shown) > room + 1 {
        let least = shown.iter().rposition(|i| {
            columns[*i].rank > 0 && shown.iter().all(|j| columns[*j].rank <= columns[*i].rank)
        });
        let Some(least) = least else { break };
        shown.remove(least);
    }
    let spare = (room + 1).saturating_sub(need(&shown));
    let width = |i: usize| columns[i].width + if Some(i) == growing { spare } else { 0 };
    shown.into_iter().map(|i| (i, width(i))).collect()
}

/// `cell` in exactly `width` columns. A cell of one span may be cut; one of several is trusted.
fn align(cell: Cell, width: usize, right: bool) -> Cell {
    if let [only] = cell.as_slice() {
        return vec![Span::styled(fixed::fit(&only.content, width, right), only.style)];
    }
    let used: usize = cell.iter().map(|span| span.content.width()).sum();
    let blank = Span::raw(" ".repeat(width.saturating_sub(used)));
    if right { [vec![blank], cell].concat() } else { [cell, vec![blank]].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column::words("NAME", 6, 0).grows().by(0),
        Column::numbers("CPU", 5, 0).by(1),
        Column::numbers("NET", 8, 2),
    ];

    #[test]
    fn the_least_important_columns_go_first() {
        assert_eq!(place(&COLUMNS, &[], 30), [(0, 15), (1, 5), (2, 8)]);
        assert_eq!(place(&COLUMNS, &[], 20), [(0, 14), (1, 5)]);
        assert_eq!(place(&COLUMNS, &[], 3), [(0, 6), (1, 5)]);
    }

    #[test]
    fn hidden_columns_leave_their_room_to_the_others() {
        assert_eq!(place(&COLUMNS, &["CPU"], 30), [(0, 21), (2, 8)]);
        assert_eq!(place(&COLUMNS, &["NAME"], 30), [(1, 21), (2, 8)]);
        assert_eq!(place(&COLUMNS, &["NAME", "CPU", "NET"], 30), []);
    }

    #[test]
    fn a_click_finds_what_was_drawn_there() {
        let table = Table {
            columns: &COLUMNS,
            hidden: &[],
            sort: None,
            rows: 3,
            cursor: Some(0),
            focused: true,
        };
        let area = Rect::new(10, 5, 20, 10);
        assert_eq!(table.row_at(6, area), Some(0));
        assert_eq!(table.row_at(9, area), None);
        assert_eq!(table.field_at(11, 5, area), Some(0));
        assert_eq!(table.field_at(27, 5, area), Some(1));
        assert_eq!(table.field_at(27, 6, area), None);
    }
}
