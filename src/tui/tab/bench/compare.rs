//! One run against another: ratios with their intervals, what a test says, and beside the numbers what
//! works no more and what is not alike of the two.
//!
//! The test shuffles samples many thousand times, so it works on a thread of its own and is asked
//! once; frames only read what came of it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::group::cut_label;
use super::plan::first;
use super::table::range;
use crate::model::id::RunId;
use crate::model::unit::Seconds;
use crate::report::compare_text;
use crate::state::RunState;
use crate::stats::compare::{Change, Comparison, Row, Rules, compare};
use crate::tui::look::Look;
use crate::tui::widget::{fixed, grid, titled};

/// Two runs, and what came of comparing them.
pub(in crate::tui::tab) struct Pair {
    base: RunId,
    other: RunId,
    answer: Arc<OnceLock<Comparison>>,
    /// The row that is looked at.
    pub(in crate::tui::tab) row: usize,
}

impl Pair {
    /// Begins to compare `other` with `base`; an error where the system gives no thread.
    pub(in crate::tui::tab) fn begin([base, other]: [&RunState; 2]) -> std::io::Result<Self> {
        let answer = Arc::new(OnceLock::new());
        let (ids, slot) = ((base.head.id.clone(), other.head.id.clone()), Arc::clone(&answer));
        let (base, other) = (base.whole(), other.whole());
        let work = move || {
            // It is set once; nobody else holds the slot.
            slot.set(compare(&base, &other, &Rules::default())).unwrap_or_default();
        };
        std::thread::Builder::new().name("compare".to_owned()).spawn(work)?;
        Ok(Self { base: ids.0, other: ids.1, answer, row: 0 })
    }

    /// Rows of the answer; none until it is there.
    pub(in crate::tui::tab) fn rows(&self) -> usize {
        self.answer.get().map_or(0, |answer| answer.rows.len())
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} against {}", self.other, self.base)
    }
}

/// Columns of the ratio with its interval.
const TIMES: usize = 22;
/// Columns of a median with its interval.
const SIDE: usize = 28;
/// Columns of a p.
const P: usize = 9;
/// Columns of the word.
const WORD: usize = 10;
/// Most lines of what works no more; of others it is said how many they are.
const BROKEN: usize = 3;

/// Draws what came of it.
pub(in crate::tui::tab) fn draw(frame: &mut Frame<'_>, area: Rect, pair: &Pair, look: &Look<'_>) {
    let title = format!("{} against {}", pair.other.short(), pair.base.short());
    frame.render_widget(titled::titled(&title, true, look), area);
    let inside = titled::inside(area);
    let Some(answer) = pair.answer.get() else {
        let text = "comparing: samples are shuffled many thousand times; a moment, please";
        return frame.render_widget(Line::styled(text, look.theme.accent), inside);
    };
    let width = usize::from(inside.width);
    let mut below = broken(answer, width, look);
    below.extend(unlike(answer, width, look));
    let most = (usize::from(inside.height) / 3).max(1);
    let foot = below.len().min(most);
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(grid::narrow(foot)),
    ])
    .areas(inside);
    frame.render_widget(sum(answer, look), head);
    draw_rows(frame, body, (pair, answer), look);
    frame.render_widget(Paragraph::new(below), foot);
}

/// How many of each there are.
fn sum(answer: &Comparison, look: &Look<'_>) -> Line<'static> {
    let count = |change| answer.rows.iter().filter(|row| row.change == change).count();
    let mut spans = Vec::new();
    for change in [Change::Slower, Change::Faster, Change::Alike, Change::Unclear, Change::Unknown]
    {
        let (word, style) = word(change, look);
        let n = count(change);
        let style = if n > 0 { style } else { look.theme.muted };
        spans.push(Span::styled(format!("{n} {word}   "), style));
    }
    let alone = answer.rows.iter().filter(|row| row.base.is_none() || row.other.is_none()).count();
    let words = match answer.differences.len() {
        0 if alone > 0 => format!("{alone} only in one of them"),
        0 => "machines and plans are alike".to_owned(),
        1 => "1 thing is not alike, below".to_owned(),
        many => format!("{many} things are not alike, below"),
    };
    let style = if answer.differences.is_empty() { look.theme.muted } else { look.theme.warn };
    spans.push(Span::styled(words, style));
    Line::from(spans)
}

fn word(change: Change, look: &Look<'_>) -> (&'static str, Style) {
    match change {
        Change::Slower => ("▲ slower", look.theme.bad),
        Change::Faster => ("▼ faster", look.theme.good),
        Change::Alike => ("≈ alike", look.theme.text),
        Change::Unclear => ("~ unclear", look.theme.muted),
        Change::Unknown => ("? not compared", look.theme.muted),
    }
}

/// How wide each part is; what has no room is 0.
struct Widths {
    name: usize,
    /// Of the name, what the backend and its start have; the same in each row, that names are cut alike.
    label: usize,
    side: usize,
    picture: usize,
    p: usize,
}

impl Widths {
    /// Of `width` columns, where backends and what was measured take `longest` at most.
    fn of(width: usize, longest: (usize, usize)) -> Self {
        let wanted = (GAP + longest.0 + longest.1).min(36);
        let most = width.saturating_sub(TIMES + WORD).max(16);
        let name = (width / 4).clamp(16, 36).max(wanted).min(most);
        let label = name.saturating_sub(GAP + longest.1);
        let fixed = name + TIMES + WORD;
        let p = if width >= fixed + P { P } else { 0 };
        let side = if width >= fixed + p + 2 * 10 + 24 { 10 } else { 0 };
        let side = if width >= fixed + p + 2 * SIDE + 24 { SIDE } else { side };
        let picture = width.saturating_sub(fixed + p + 2 * side + 1).min(60);
        Self { name, label, side, picture: if picture >= 12 { picture } else { 0 }, p }
    }
}

/// Blanks around the backend of a row.
const GAP: usize = 3;

/// What was measured in a row.
fn figure(row: &Row) -> String {
    format!(" {} {}", row.cell.payload.name(), row.figure.name())
}

/// Columns of the longest name of a backend with its start in `rows`, and of what was measured.
fn longest(rows: &[Row]) -> (usize, usize) {
    let most = |length: fn(&Row) -> usize| rows.iter().map(length).max().unwrap_or(0);
    (most(|row| row.cell.label().len()), most(|row| figure(row).len()))
}

fn draw_rows(
    frame: &mut Frame<'_>,
    area: Rect,
    (pair, answer): (&Pair, &Comparison),
    look: &Look<'_>,
) {
    let widths = Widths::of(usize::from(area.width), longest(&answer.rows));
    let ends = answer.rows.iter().filter_map(|row| row.times.as_ref());
    let ends = ends.flat_map(|times| {
        let interval = times.interval.map(|interval| [interval.low, interval.high]);
        interval.into_iter().flatten().chain([times.times])
    });
    let far = ends.filter(|times| times.is_finite() && *times > 0.0).map(|times| times.ln().abs());
    let far = far.fold(0.2_f64.ln_1p(), f64::max).min(3.0);
    let room = usize::from(area.height).saturating_sub(1);
    let mut lines = vec![heading(&widths, look)];
    let cursor = pair.row.min(answer.rows.len().saturating_sub(1));
    let shown = answer.rows.iter().enumerate().skip(first(cursor, room)).take(room);
    lines.extend(shown.map(|(at, row)| line(row, &widths, far, at == cursor, look)));
    frame.render_widget(Paragraph::new(lines), area);
}

fn heading(widths: &Widths, look: &Look<'_>) -> Line<'static> {
    let mut text = fixed::left("  cell", widths.name);
    if widths.side > 0 {
        text += &fixed::right("before", widths.side);
        text += &fixed::right("after", widths.side);
    }
    text += &fixed::right("after / before", TIMES);
    if widths.picture > 0 {
        let half = widths.picture / 2;
        text += &fixed::right("faster ", half + 1);
        text += &fixed::left("│ slower", widths.picture - half);
    }
    if widths.p > 0 {
        text += &fixed::right("p (Holm)", widths.p);
    }
    Line::styled(text, look.theme.muted)
}

fn line(row: &Row, widths: &Widths, far: f64, chosen: bool, look: &Look<'_>) -> Line<'static> {
    let (word, style) = match (row.change, word(row.change, look)) {
        (Change::Unknown, (_, style)) => (format!("? {}", row.word()), style),
        (_, (word, style)) => (word.to_owned(), style),
    };
    let name = cut_label(row.cell, widths.label);
    let name = fixed::left(&format!("  {name}{}", figure(row)), widths.name);
    let plain = if chosen { look.theme.selected } else { look.theme.text };
    let mut spans = vec![Span::styled(name, plain)];
    if widths.side > 0 {
        for side in [&row.base, &row.other] {
            let text = side.as_ref().map_or_else(|| "—".to_owned(), |known| told(known, widths));
            spans.push(Span::styled(fixed::right(&text, widths.side), look.theme.muted));
        }
    }
    spans.push(Span::styled(fixed::right(&times(row), TIMES), style));
    if widths.picture > 0 {
        spans.push(Span::raw(" "));
        spans.extend(picture(row, widths.picture, far, style, look));
    }
    if widths.p > 0 {
        let p = row.adjusted_p.map_or_else(|| "—".to_owned(), chance);
        spans.push(Span::styled(fixed::right(&p, widths.p), look.theme.muted));
    }
    spans.push(Span::styled(fixed::right(&word, WORD), style));
    Line::from(spans)
}

/// A median; with its interval where there is room.
fn told(known: &crate::model::bench::Estimate, widths: &Widths) -> String {
    let median = known.median_seconds.to_string();
    match (known.low_seconds, known.high_seconds) {
        (Some(Seconds(low)), Some(Seconds(high))) if widths.side >= SIDE => {
            format!("{median} ({})", range((low, high)))
        }
        _ => median,
    }
}

/// `×1.12 (1.08–1.16)`.
fn times(row: &Row) -> String {
    let Some(times) = &row.times else {
        return "—".to_owned();
    };
    let interval = times.interval.map(|i| format!(" ({:.2}–{:.2})", i.low, i.high));
    format!("×{:.2}{}", times.times, interval.unwrap_or_else(|| " (no interval)".to_owned()))
}

/// A p as far as it can be told.
fn chance(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// The ratio and its interval around 1, on a scale of equal ratios.
fn picture(row: &Row, width: usize, far: f64, style: Style, look: &Look<'_>) -> Vec<Span<'static>> {
    let column = |times: f64| {
        let share = f64::midpoint(times.max(1e-9).ln() / far, 1.0);
        grid::part(share, width - 1)
    };
    let mut letters: Vec<(&str, Style)> = vec![(" ", look.theme.muted); width];
    letters[column(1.0)] = ("│", look.theme.muted);
    if let Some(times) = row.times.as_ref().filter(|times| times.times.is_finite()) {
        if let Some(interval) = times.interval {
            let (low, high) = (column(interval.low), column(interval.high));
            letters[low.min(high)..=high.max(low)].fill(("─", style));
            letters[low] = ("├", style);
            letters[high] = ("┤", style);
        }
        letters[column(times.times)] = ("●", style);
    }
    letters
        .chunk_by(|one, next| one.1 == next.1)
        .map(|part| {
            let text: String = part.iter().map(|(letter, _)| *letter).collect();
            Span::styled(text, part[0].1)
        })
        .collect()
}

/// What worked in the base and does not any more, the first of it each on a line.
fn broken(answer: &Comparison, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let mut words = compare_text::broken(answer);
    let more = words.len().saturating_sub(BROKEN);
    if more > 0 {
        words.truncate(BROKEN);
        words.push(format!("and {more} more"));
    }
    let line = |words: String| Line::styled(fixed::cut(&words, width), look.theme.bad);
    words.into_iter().map(line).collect()
}

/// What disturbed the two runs, and what is not alike of them, each on a line.
fn unlike(answer: &Comparison, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let line = |of: &crate::stats::compare::Difference| {
        let room = width.saturating_sub(24) / 2;
        Line::from(vec![
            Span::styled(fixed::left(&format!("≠ {}", of.what), 22), look.theme.warn),
            Span::styled(fixed::left(&of.base, room), look.theme.muted),
            Span::styled("→ ", look.theme.muted),
            Span::styled(fixed::cut(&of.other, room), look.theme.text),
        ])
    };
    let told = ["base", "other"].into_iter().zip(&answer.disturbed);
    let shaken = told.filter_map(|(name, words)| {
        let words = format!("{} {name}: {}", look.glyph.pick("▲", "!"), words.as_ref()?);
        Some(Line::styled(fixed::cut(&words, width), look.theme.warn))
    });
    shaken.chain(answer.differences.iter().map(line)).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::style::Color;

    use super::*;
    use crate::config::Threshold;
    use crate::model::backend::BackendId;
    use crate::model::bench::{Cell, Payload};
    use crate::model::time::Stamp;
    use crate::tui::keymap::Keymap;
    use crate::tui::look::Glyph;
    use crate::tui::rest::Rest;
    use crate::tui::theme::Theme;
    use crate::tui::when::When;

    /// What is drawn in the colour of what is bad, where `broken` works no more.
    fn bad(broken: Vec<Cell>) -> String {
        let (differences, rows, disturbed) = (Vec::new(), Vec::new(), [None, None]);
        let answer = Comparison { differences, rows, broken, disturbed };
        let answer = Arc::new(OnceLock::from(answer));
        let pair = Pair { base: RunId::new(0, 1), other: RunId::new(0, 2), answer, row: 0 };
        let red = Color::Rgb(250, 1, 2);
        let theme = Theme { bad: Style::new().fg(red), ..Theme::default() };
        let look = Look {
            theme: &theme,
            keymap: &Keymap::embedded(),
            threshold: Threshold::default(),
            glyph: Glyph::Unicode,
            now: Stamp::default(),
            rest: Rest::default(),
            when: &When::default(),
            zone: &jiff::tz::TimeZone::UTC,
            readonly: false,
            interval_ms: 1000,
        };
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, frame.area(), &pair, &look)).unwrap();
        let cells = terminal.backend().buffer().content.iter();
        cells.filter(|cell| cell.fg == red).map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn what_works_no_more_is_told_as_in_the_terminal() {
        assert_eq!(bad(Vec::new()), "");
        let runc = Cell::cold(BackendId::Runc, Payload::Noop);
        let words = "broken: runc noop worked in the base; now every sample fails";
        assert_eq!(bad(vec![runc]), words);
        let many = bad(vec![runc; 5]);
        assert_eq!(many.matches(words).count(), BROKEN);
        assert!(many.ends_with("and 2 more"), "{many}");
    }

    #[test]
    fn names_are_whole_where_there_is_room_and_cut_alike_where_not() {
        let whole = ("process".len(), " memory start".len());
        let widths = Widths::of(78, whole);
        assert_eq!((widths.name, widths.label), (23, 7));
        assert_eq!((widths.p, Widths::of(78, (60, 13)).name), (P, 36));
        for width in 60..200 {
            let of = Widths::of(width, (27, 13));
            let used = of.name + TIMES + WORD + of.p + 2 * of.side + of.picture;
            assert!(used <= width && of.label + 13 + GAP <= of.name, "{width}");
        }
        assert_eq!(Widths::of(40, whole).name, 16, "the figures stay as far as they can");
    }
}
