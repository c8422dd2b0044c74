//! A bar for an estimate, with whiskers for what is not known of it: `██████├─┼──┤`.
//!
//! The bar ends at the estimate (`┼`), the whiskers at the ends of the interval. An interval
//! narrower than three columns has none, as they would claim more than a column can show.

use ratatui::style::Style;
use ratatui::text::Span;

use super::span_axis::SpanAxis;

const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// Spans of together `width` columns: a bar to `value`, whiskers over `interval`.
pub fn spans(
    axis: SpanAxis,
    width: usize,
    value: f64,
    interval: Option<(f64, f64)>,
    (bar, whisker): (Style, Style),
) -> Vec<Span<'static>> {
    let mut cells = solid(axis.at(value, width), width);
    let mut over = 0..0;
    if let Some((low, high)) = interval {
        let (from, to) = (axis.column(low, width), axis.column(high, width));
        if from + 2 <= to && to < width {
            cells[from..=to].fill('─');
            cells[axis.column(value, width).clamp(from, to)] = '┼';
            (cells[from], cells[to]) = ('├', '┤');
            over = from..to + 1;
        }
    }
    let text = |range: std::ops::Range<usize>| cells[range].iter().collect::<String>();
    vec![
        Span::styled(text(0..over.start), bar),
        Span::styled(text(over.clone()), whisker),
        Span::styled(text(over.end..width), bar),
    ]
}

/// `width` letters of which the first `length` are solid, to an eighth of a letter; never nothing.
fn solid(length: f64, width: usize) -> Vec<char> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length within 0..=width"
    )]
    let eighths = ((length * 8.0).round() as usize).clamp(1, (width * 8).max(1));
    let letter = |at: usize| match eighths.saturating_sub(at * 8) {
        8.. => '█',
        part => EIGHTHS[part],
    };
    (0..width).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(value: f64, interval: Option<(f64, f64)>) -> String {
        let axis = SpanAxis::over([0.5, 10.0]).unwrap();
        let plain = (Style::new(), Style::new());
        let spans = spans(axis, 20, value, interval, plain);
        spans.iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn the_bar_ends_at_the_value_and_whiskers_at_the_interval() {
        assert_eq!(drawn(5.0, None), "██████████          ");
        assert_eq!(drawn(5.0, Some((4.0, 7.0))), "████████├─┼───┤     ");
        assert_eq!(drawn(5.0, Some((4.99, 5.01))), "██████████          ");
        assert_eq!(drawn(0.001, None), "▏                   ");
        assert_eq!(drawn(9.5, Some((8.0, 99.0))), "████████████████├──┤");
    }
}
