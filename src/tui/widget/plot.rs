//! Curves over two axes, with marks on them; nothing here knows what the numbers mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::super::look::Look;
use super::canvas::{Canvas, Ink};
use super::{fixed, grid};

/// Columns of the values at the left.
const VALUES: u16 = 9;
/// From this ratio of the largest to the smallest on an axis is logarithmic.
const FAR_APART: f64 = 50.0;

/// A direction of a plot: from zero, or logarithmic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// What stands at its start.
    pub low: f64,
    /// What stands at its end.
    pub high: f64,
    /// Whether equal ways are equal ratios.
    pub log: bool,
}

impl Axis {
    /// An axis from zero that shows all of `values`; logarithmic from a round value on where they
    /// are far apart. `None` if none of them is above zero.
    pub fn over(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (min, max) = ends(values)?;
        let log = max / min > FAR_APART;
        let low = if log { 10_f64.powf(min.log10().floor()) } else { 0.0 };
        Some(Self { low, high: max, log })
    }

    /// A logarithmic axis that shows all of `values` and no more.
    pub fn powers(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (low, high) = ends(values)?;
        let high = if high > low { high } else { low * 2.0 };
        Some(Self { low, high, log: true })
    }

    /// An axis that shows `values` with nothing before and after; linear unless they are far
    /// apart.
    pub fn around(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (min, max) = ends(values)?;
        let log = max / min > FAR_APART;
        let room = if max > min { (max - min) * 0.04 } else { max * 0.1 };
        let (low, high) = if log { (min, max) } else { ((min - room).max(0.0), max + room) };
        Some(Self { low, high, log })
    }

    /// Where `value` lies, 0 at the start to 1 at the end.
    pub fn share(&self, value: f64) -> f64 {
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// What stands at `share` of it.
    pub fn value(&self, share: f64) -> f64 {
        if self.log {
            return self.low * (self.high / self.low).powf(share);
        }
        self.low + (self.high - self.low) * share
    }

    /// Round values along it, about `wanted` of them, ascending.
    pub fn marks(&self, wanted: usize) -> Vec<f64> {
        let within = |mark: &f64| *mark >= self.low * 0.999 && *mark <= self.high * 1.001;
        if self.log {
            return self.powers_of_ten(wanted).into_iter().filter(within).collect();
        }
        let step = round_step((self.high - self.low) / wanted.max(1) as f64);
        let first = (self.low / step).ceil();
        let all = (0..=40).map(|count| (first + f64::from(count)) * step);
        all.take_while(|mark| *mark <= self.high * 1.001).filter(within).collect()
    }

    fn powers_of_ten(&self, wanted: usize) -> Vec<f64> {
        let first = self.low.log10().floor();
        let decades = (self.high / self.low).log10();
        let steps: &[f64] = if decades * 3.0 <= wanted as f64 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let all = (0..=30).map(|at| 10_f64.powf(first + f64::from(at)));
        all.flat_map(|power| steps.iter().map(move |step| step * power)).collect()
    }

    /// A line of `width` columns with round values written by `words` where they lie.
    pub fn line(&self, width: usize, words: impl Fn(f64) -> String) -> String {
        let marks = self.marks(width / 12).into_iter().map(|mark| (self.share(mark), words(mark)));
        ticks(width, marks)
    }
}

/// A line of `width` columns with each text at its share of the width, where there is room.
pub fn ticks(width: usize, marks: impl IntoIterator<Item = (f64, String)>) -> String {
    let (mut line, mut used) = (String::new(), 0);
    for (share, words) in marks {
        let (column, length) = (grid::part(share, width.saturating_sub(1)), words.chars().count());
        // What has no room behind its place stands before it.
        let behind = column + length < width;
        let from = if behind { column } else { column.saturating_sub(length) };
        if from >= used && from + length < width {
            line.push_str(&" ".repeat(from - used));
            let (first, second) = if behind { ("│", &*words) } else { (&*words, "│") };
            line.push_str(first);
            line.push_str(second);
            // A blank keeps two texts apart.
            line.push(' ');
            used = from + length + 2;
        }
    }
    fixed::left(line.trim_end(), width)
}

fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let seen = values.into_iter().filter(|value| value.is_finite() && *value > 1e-12);
    let (min, max) = seen.fold((f64::INFINITY, 0.0_f64), |(min, max), v| (min.min(v), max.max(v)));
    min.is_finite().then_some((min, max))
}

/// The smallest of 1, 2, 5, 10 … times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.max(1e-12).log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|times| times * decade);
    steps.into_iter().find(|step| *step >= least * 0.999).unwrap_or(10.0 * decade)
}

/// How the points of a curve are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// By straight lines.
    Line,
    /// By stairs: a value holds until the next.
    Stair,
}

/// A curve.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
    /// What it looks like.
    pub ink: Ink,
    /// How they are joined.
    pub join: Join,
}

/// A letter at a point.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// Where.
    pub at: (f64, f64),
    /// Which letter.
    pub letter: &'static str,
    /// Its colour.
    pub style: Style,
}

/// A plot about to be drawn.
pub struct Plot<'a> {
    /// The axis below.
    pub x: Axis,
    /// What stands along it.
    pub ticks: Vec<(f64, String)>,
    /// The axis at the left.
    pub y: Axis,
    /// How its values are written.
    pub words: &'a dyn Fn(f64) -> String,
    /// Curves, the topmost last.
    pub curves: &'a [Curve],
    /// Letters over the curves.
    pub spots: &'a [Spot],
    /// A line down at this value.
    pub cursor: Option<f64>,
}

impl Plot<'_> {
    /// Where the curves are, within `area`.
    pub const fn plot(area: Rect) -> Rect {
        let left = if area.width > 3 * VALUES { VALUES } else { 0 };
        let below = if area.height > 3 { 1 } else { 0 };
        let (width, height) = (area.width - left, area.height - below);
        Rect { x: area.x + left, y: area.y, width, height }
    }

    /// Draws axes, cursor, curves and spots.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let area = area.intersection(buffer.area);
        let plot = Self::plot(area);
        if plot.is_empty() {
            return;
        }
        self.values(area, plot, buffer, look);
        if plot.height < area.height {
            let row = Rect { y: plot.bottom(), height: 1, ..plot };
            let marks = self.ticks.iter().map(|(at, words)| (self.x.share(*at), words.clone()));
            let text = ticks(usize::from(row.width), marks);
            Line::styled(text, look.theme.muted).render(row, buffer);
        }
        self.draw_cursor(plot, buffer, look);
        let canvas = Canvas::over(plot, look.glyph);
        self.curves.iter().for_each(|curve| self.curve(curve, &canvas, buffer));
        self.spots.iter().for_each(|spot| self.spot(spot, plot, buffer));
    }

    /// The values of the left axis, each with a faint line across.
    fn values(&self, area: Rect, plot: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let last = usize::from(plot.height) - 1;
        let mut free = usize::from(plot.height);
        for mark in self.y.marks(usize::from(plot.height) / 3) {
            let down = grid::part(1.0 - self.y.share(mark), last);
            if down >= free {
                continue;
            }
            // One line at least between two values.
            free = down.saturating_sub(1);
            let row = Rect { y: area.y + grid::narrow(down), height: 1, ..area };
            let across = look.glyph.pick("┈", ".").repeat(usize::from(plot.width));
            Line::styled(across, look.theme.track).render(Rect { x: plot.x, ..row }, buffer);
            if plot.x > area.x {
                let text = fixed::right(&(self.words)(mark), usize::from(VALUES) - 1) + " ";
                let beside = Rect { width: VALUES, ..row };
                Line::styled(text, look.theme.muted).render(beside, buffer);
            }
        }
    }

    fn draw_cursor(&self, plot: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let Some(at) = self.cursor else {
            return;
        };
        let x = plot.x + grid::narrow(grid::part(self.x.share(at), usize::from(plot.width) - 1));
        for y in plot.top()..plot.bottom() {
            buffer[(x, y)].set_symbol(look.glyph.pick("│", "|")).set_style(look.theme.accent);
        }
    }

    fn curve(&self, curve: &Curve, canvas: &Canvas, buffer: &mut Buffer) {
        let mut before: Option<(usize, usize)> = None;
        for (x, y) in &curve.points {
            let to = canvas.at(self.x.share(*x), self.y.share(*y));
            match (before, curve.join) {
                (None, _) => canvas.dot(to, curve.ink, buffer),
                (Some(from), Join::Line) => canvas.line(from, to, curve.ink, buffer),
                (Some(from), Join::Stair) => {
                    canvas.line(from, (to.0, from.1), curve.ink, buffer);
                    canvas.line((to.0, from.1), to, curve.ink, buffer);
                }
            }
            before = Some(to);
        }
    }

    fn spot(&self, spot: &Spot, plot: Rect, buffer: &mut Buffer) {
        let across = grid::part(self.x.share(spot.at.0), usize::from(plot.width) - 1);
        let down = grid::part(1.0 - self.y.share(spot.at.1), usize::from(plot.height) - 1);
        let place = (plot.x + grid::narrow(across), plot.y + grid::narrow(down));
        buffer[place].set_symbol(spot.letter).set_style(spot.style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_begins_at_zero_unless_values_are_far_apart() {
        let near = Axis::over([1.0, 10.0]).unwrap();
        assert_eq!((near.low, near.share(5.0), near.value(0.5)), (0.0, 0.5, 5.0));
        let far = Axis::over([1.0, 10_000.0]).unwrap();
        assert!(far.log && (far.share(100.0) - 0.5).abs() < 1e-9);
        assert_eq!(Axis::over([f64::NAN, 0.0, -3.0]), None);
    }

    #[test]
    fn marks_are_round_and_within() {
        let axis = Axis::around([3.1, 3.9]).unwrap();
        for mark in axis.marks(4) {
            assert!(mark >= axis.low && mark <= axis.high, "{mark}");
        }
        assert_eq!(Axis::powers([1.0, 32.0]).unwrap().marks(6), [1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(Axis { low: 0.0, high: 10.0, log: false }.marks(2), [0.0, 5.0, 10.0]);
    }

    #[test]
    fn texts_below_an_axis_never_touch() {
        let marks = [(0.0, "1".to_owned()), (0.05, "2".to_owned()), (0.5, "4".to_owned())];
        assert_eq!(ticks(12, marks), "│1    │4    ");
        let end = [(0.0, "1".to_owned()), (1.0, "32".to_owned())];
        assert_eq!(ticks(12, end), "│1       32│");
    }
}
