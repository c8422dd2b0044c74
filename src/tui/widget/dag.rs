//! A graph drawn with lines: boxes with a sign, a name and a colour, joined from left to right.
//!
//! Where the screen is too narrow for that, or the graph too large, the same is a tree with a row for
//! each box. What is chosen is always in sight. It is handed names and colours and knows no stages.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::super::look::Look;
use super::{fixed, grid};
use layout::{Layout, Path, Spot, lay_out};

pub mod layout;
mod tree;

/// Most columns of a name in its box.
const NAME: usize = 20;
/// Below this width a graph that does not fit is a tree.
const NARROW: u16 = 60;
/// Ways out of a cell: up, right, down, left.
const WAYS: [u8; 4] = [1, 2, 4, 8];
/// The letter for each set of ways.
const LETTERS: [&str; 16] =
    [" ", "│", "─", "╰", "│", "│", "╭", "├", "─", "╯", "─", "┴", "╮", "┤", "┬", "┼"];

/// A box.
#[derive(Clone, Debug)]
pub struct Knot {
    /// Its name.
    pub name: String,
    /// How it is, in one letter.
    pub sign: &'static str,
    /// The colour of sign and frame.
    pub style: Style,
}

/// A graph about to be drawn.
pub struct Dag<'a> {
    /// Its boxes.
    pub knots: &'a [Knot],
    /// Which feeds which, by place among the boxes.
    pub edges: &'a [(usize, usize)],
    /// The box under the cursor.
    pub chosen: Option<usize>,
}

/// How it is drawn in an area.
enum Shape {
    Graph(Layout, (usize, usize)),
    Tree(Vec<tree::Row>, usize),
}

impl Dag<'_> {
    /// Rows it needs at least to be drawn as a graph of `width` columns; `None` where it is none.
    pub fn height(&self, width: u16) -> Option<u16> {
        let layout = self.laid(1).filter(|layout| layout.width <= usize::from(width))?;
        Some(grid::narrow(layout.height))
    }

    fn laid(&self, height: usize) -> Option<Layout> {
        let wide = |knot: &Knot| knot.name.width().min(NAME) + 4;
        let widths: Vec<usize> = self.knots.iter().map(wide).collect();
        lay_out(&widths, self.edges, height)
    }

    fn shape(&self, area: Rect) -> Shape {
        let (wide, high) = (usize::from(area.width), usize::from(area.height));
        let large = self.laid(3).filter(|layout| layout.width <= wide && layout.height <= high);
        let layout = large.or_else(|| self.laid(1));
        match layout {
            Some(layout) if layout.width <= wide || area.width >= NARROW => {
                let corner = self.corner(&layout, wide, high);
                Shape::Graph(layout, corner)
            }
            _ => {
                let rows = tree::rows(self.knots.len(), self.edges);
                let at = self.chosen.and_then(|chosen| {
                    rows.iter().position(|row| row.knot == chosen && !row.again)
                });
                let first = grid::offset(at.unwrap_or(0), rows.len(), high);
                Shape::Tree(rows, first)
            }
        }
    }

    /// The upper left corner of what is seen, so that what is chosen is.
    fn corner(&self, layout: &Layout, wide: usize, high: usize) -> (usize, usize) {
        let spot = self.chosen.and_then(|chosen| layout.spots.get(chosen));
        let Some(spot) = spot else { return (0, 0) };
        let x = grid::offset(spot.x + spot.width / 2, layout.width, wide);
        (x, grid::offset(spot.y + spot.height / 2, layout.height, high))
    }

    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        match self.shape(area) {
            Shape::Graph(layout, corner) => {
                let page = Page { area, corner };
                page.lines(&layout, buffer, look);
                for (at, (knot, spot)) in self.knots.iter().zip(&layout.spots).enumerate() {
                    page.knot(knot, *spot, self.chosen == Some(at), buffer, look);
                }
            }
            Shape::Tree(rows, first) => {
                for (row, line) in rows.iter().skip(first).zip(area.rows()) {
                    self.row(row, look, usize::from(area.width)).render(line, buffer);
                    if self.chosen == Some(row.knot) && !row.again {
                        buffer.set_style(line, look.theme.selected);
                    }
                }
            }
        }
    }

    fn row(&self, row: &tree::Row, look: &Look<'_>, width: usize) -> Line<'static> {
        let knot = &self.knots[row.knot];
        let again = if row.again { " (above)" } else { "" };
        let room = width.saturating_sub(row.stem.width() + 2 + again.len());
        let name = if row.again { look.theme.muted } else { look.theme.text };
        Line::from(vec![
            Span::styled(row.stem.clone(), look.theme.border),
            Span::styled(format!("{} ", knot.sign), knot.style),
            Span::styled(fixed::cut(&knot.name, room) + again, name),
        ])
    }

    /// The box at (`x`, `y`) of the screen when it was drawn in `area`.
    pub fn knot_at(&self, x: u16, y: u16, area: Rect) -> Option<usize> {
        if !area.contains((x, y).into()) {
            return None;
        }
        let (across, down) = (usize::from(x - area.x), usize::from(y - area.y));
        match self.shape(area) {
            Shape::Graph(layout, (left, top)) => layout.spots.iter().position(|spot| {
                let across = (across + left).checked_sub(spot.x);
                let down = (down + top).checked_sub(spot.y);
                across.is_some_and(|at| at < spot.width) && down.is_some_and(|at| at < spot.height)
            }),
            Shape::Tree(rows, first) => rows.get(first + down).map(|row| row.knot),
        }
    }
}

/// The part of the page that is seen.
struct Page {
    area: Rect,
    corner: (usize, usize),
}

impl Page {
    /// Where (`x`, `y`) of the page is on the screen, if it is seen.
    fn cell(&self, x: usize, y: usize) -> Option<(u16, u16)> {
        let x = x.checked_sub(self.corner.0).filter(|x| *x < usize::from(self.area.width))?;
        let y = y.checked_sub(self.corner.1).filter(|y| *y < usize::from(self.area.height))?;
        Some((self.area.x + grid::narrow(x), self.area.y + grid::narrow(y)))
    }

    /// Draws all lines at once, so that where they meet they join.
    fn lines(&self, layout: &Layout, buffer: &mut Buffer, look: &Look<'_>) {
        let wide = usize::from(self.area.width);
        let mut ways = vec![0_u8; wide * usize::from(self.area.height)];
        let mut mark = |x: usize, y: usize, way: u8| {
            if let Some((x, y)) = self.cell(x, y) {
                let at = usize::from(y - self.area.y) * wide + usize::from(x - self.area.x);
                ways[at] |= way;
            }
        };
        for path in &layout.paths {
            trace(path, &mut mark);
        }
        for (at, ways) in ways.iter().enumerate().filter(|(_, ways)| **ways > 0) {
            let (x, y) = (grid::narrow(at % wide), grid::narrow(at / wide));
            let cell = &mut buffer[(self.area.x + x, self.area.y + y)];
            cell.set_symbol(LETTERS[usize::from(*ways)]).set_style(look.theme.border);
        }
        for path in &layout.paths {
            let (at, letter) = if path.back {
                (path.corners.first(), look.glyph.pick("◀", "<"))
            } else {
                (path.corners.last(), look.glyph.pick("▶", ">"))
            };
            if let Some((x, y)) = at.and_then(|(x, y)| self.cell(*x, *y)) {
                buffer[(x, y)].set_symbol(letter).set_style(look.theme.border);
            }
        }
    }

    fn knot(&self, knot: &Knot, spot: Spot, chosen: bool, buffer: &mut Buffer, look: &Look<'_>) {
        let style = if chosen { look.theme.focus } else { knot.style };
        let middle = spot.y + spot.height / 2;
        let inner = spot.width.saturating_sub(4);
        let text = [("│", style), (knot.sign, knot.style), (" ", style)];
        let text = if spot.height == 1 { [("[", style), text[1], text[2]] } else { text };
        let end = if spot.height == 1 { "]" } else { "│" };
        let name = fixed::fit(&knot.name, inner, false);
        let plain = if chosen { look.theme.selected } else { look.theme.text };
        self.put(spot.x, middle, &text, buffer);
        self.put(spot.x + 3, middle, &[(&name, plain), (end, style)], buffer);
        if spot.height > 2 {
            let edge = "─".repeat(spot.width.saturating_sub(2));
            self.put(spot.x, spot.y, &[("╭", style), (&edge, style), ("╮", style)], buffer);
            let below = spot.y + spot.height - 1;
            self.put(spot.x, below, &[("╰", style), (&edge, style), ("╯", style)], buffer);
        }
    }

    /// Writes `parts` one after the other, as far as they are seen.
    fn put(&self, x: usize, y: usize, parts: &[(&str, Style)], buffer: &mut Buffer) {
        let mut x = x;
        for (text, style) in parts {
            for letter in text.chars() {
                let letter = letter.to_string();
                let wide = letter.width();
                let fits = wide < 2 || self.cell(x + 1, y).is_some();
                if let Some(at) = self.cell(x, y).filter(|_| wide > 0 && fits) {
                    buffer[at].set_symbol(&letter).set_style(*style);
                }
                x += wide;
            }
        }
    }
}

/// Tells `mark` of each cell of a line and the ways that lead out of it.
fn trace(path: &Path, mark: &mut impl FnMut(usize, usize, u8)) {
    let [up, right, down, left] = WAYS;
    for pair in path.corners.windows(2) {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        for across in x.min(to_x)..x.max(to_x) {
            mark(across, y, right);
            mark(across + 1, y, left);
        }
        for row in y.min(to_y)..y.max(to_y) {
            mark(x, row, down);
            mark(x, row + 1, up);
        }
    }
    // A line begins at its box and ends at the other one.
    if let (Some(first), Some(last)) = (path.corners.first(), path.corners.last()) {
        mark(first.0, first.1, left);
        mark(last.0, last.1, right);
    }
}

#[cfg(test)]
mod tests;
