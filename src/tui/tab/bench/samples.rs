//! How the samples of each row are spread, on one axis for all.
//!
//! Nothing is left out: outliers and disturbed samples are drawn with the others and marked below.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::group::Row;
use super::plan::first;
use super::result::Sight;
use super::table;
use super::{bars, timeline};
use crate::model::bench::{Figure, Outcome, Sample};
use crate::state::run::CellDigest;
use crate::tui::look::Look;
use crate::tui::widget::fixed;
use crate::tui::widget::span_axis::SpanAxis;

/// Columns of the counts at the right.
pub(super) const COUNTS: usize = 18;
/// How far from the median a sample is an outlier, in median absolute deviations (the bound
/// hyperfine uses for the modified z-score).
const OUTLIER: f64 = 14.826;

/// The figure of a sample that ended well.
pub(super) fn good(figure: Figure, sample: &Sample) -> Option<f64> {
    let good = sample.outcome == Outcome::Good;
    let length = good.then(|| figure.of(&sample.phases)).flatten()?.0;
    length.is_finite().then_some(length)
}

/// What is known of the samples of each row.
fn digests<'a>(sight: &Sight<'a>) -> Vec<Option<&'a CellDigest>> {
    let of = |row: &Row<'_>| row.index.and_then(|index| sight.run.digest.cell(index));
    sight.group.rows.iter().map(of).collect()
}

/// Draws a histogram for each row.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let (group, cursor) = (&sight.group, sight.cursor);
    let digests = digests(sight);
    let spreads = digests.iter().flatten().filter_map(|of| of.spread(group.figure).ends());
    let Some(axis) = SpanAxis::over(spreads.flat_map(|(low, high)| [low, high])) else {
        let text = "nothing to draw yet: no sample that counts has ended well";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let height = usize::from(area.height);
    let foot = usize::from(height > 4) * 2;
    let tall = height >= group.rows.len() * 2 + foot;
    let each = if tall { 2 } else { 1 };
    let room = (height - foot) / each;
    let name = group.name_room(usize::from(area.width));
    let width = usize::from(area.width).saturating_sub(name + COUNTS);
    let mut lines = Vec::new();
    let rows = group.rows.iter().zip(&digests).enumerate();
    let skip = first(cursor, room);
    for (index, (row, digest)) in rows.skip(skip).take(room) {
        let spread = Spread::of(group.figure, row, *digest, axis, width);
        let here = sight.sample().filter(|_| index == cursor);
        let here = here.and_then(|(_, sample)| good(group.figure, sample));
        let here = here.filter(|_| width > 0).map(|length| axis.column(length, width));
        lines.push(spread.line(row, name, (index == cursor, here), look));
        if tall {
            lines.push(Line::styled(" ".repeat(name) + &spread.marks(), look.theme.warn));
        }
    }
    if foot > 0 {
        lines.push(Line::styled(" ".repeat(name) + &axis.line(width), look.theme.muted));
        let words = table::foot(words(group.figure, axis, tall), (skip, room), group.rows.len());
        lines.push(Line::styled(fixed::cut(&words, usize::from(area.width)), look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn words(figure: Figure, axis: SpanAxis, tall: bool) -> String {
    let marks = if tall { "  ! disturbed" } else { "" };
    format!("  {}, {}   ° outlier  × failed{marks}", figure.name(), axis.words())
}

/// How the samples of a row are spread over the columns.
struct Spread {
    counts: Vec<u32>,
    outlier: Vec<bool>,
    disturbed: Vec<bool>,
    n: u64,
    failed: u32,
}

impl Spread {
    fn of(
        figure: Figure,
        row: &Row<'_>,
        digest: Option<&CellDigest>,
        axis: SpanAxis,
        width: usize,
    ) -> Self {
        let mut spread = Self {
            counts: vec![0; width],
            outlier: vec![false; width],
            disturbed: vec![false; width],
            n: 0,
            failed: 0,
        };
        let Some(digest) = digest else {
            return spread;
        };
        spread.failed = digest.failed;
        spread.n = digest.spread(figure).n();
        let bounds = row.estimate().map(|e| (e.median_seconds.0, e.mad_seconds.0 * OUTLIER));
        for bin in digest.spread(figure).bins().filter(|_| width > 0) {
            let length = bin.mean();
            let column = axis.column(length, width);
            spread.counts[column] += bin.n;
            spread.disturbed[column] |= bin.tainted > 0;
            let far = |(median, far): (f64, f64)| far > 0.0 && (length - median).abs() > far;
            spread.outlier[column] |= bounds.is_some_and(far);
        }
        spread
    }

    /// The row; `here` is the column of the sample under the cursor.
    fn line(
        &self,
        row: &Row<'_>,
        room: usize,
        (chosen, here): (bool, Option<usize>),
        look: &Look<'_>,
    ) -> Line<'static> {
        let name = table::marked(row, room, chosen, look);
        if self.counts.iter().all(|count| *count == 0) && self.failed == 0 {
            return Line::from(vec![name, table::nothing(row, self.counts.len() + COUNTS, look)]);
        }
        let most = self.counts.iter().copied().max().unwrap_or(0);
        let letter =
            |count: &u32| timeline::height(f64::from(*count), f64::from(most)).unwrap_or(' ');
        let colour = bars::colour(row.cell.backend, look);
        let mut spans = vec![name];
        let (before, rest) = self.counts.split_at(here.unwrap_or(self.counts.len()));
        spans.push(Span::styled(before.iter().map(letter).collect::<String>(), colour));
        if let Some((at, after)) = rest.split_first() {
            spans.push(Span::styled(letter(at).to_string(), look.theme.selected));
            spans.push(Span::styled(after.iter().map(letter).collect::<String>(), colour));
        }
        spans.push(Span::styled(fixed::right(&self.counted(row), COUNTS), look.theme.muted));
        Line::from(spans)
    }

    /// How many there are; then outliers and failures, if there are any.
    fn counted(&self, row: &Row<'_>) -> String {
        let n = self.n;
        let outliers = row.estimate().map_or(0, |estimate| estimate.outliers);
        let outliers = if outliers > 0 { format!(" {outliers}°") } else { String::new() };
        let failed = if self.failed > 0 { format!(" {}×", self.failed) } else { String::new() };
        format!("n {n}{outliers}{failed}")
    }

    /// `!` below columns with a disturbed sample, `°` below those with an outlier.
    fn marks(&self) -> String {
        let mark = |(disturbed, outlier): (&bool, &bool)| match (disturbed, outlier) {
            (true, _) => '!',
            (false, true) => '°',
            _ => ' ',
        };
        self.disturbed.iter().zip(&self.outlier).map(mark).collect()
    }
}
