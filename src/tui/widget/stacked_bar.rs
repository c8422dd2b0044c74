//! A bar of parts that follow each other, each in its own letter and colour.

use ratatui::style::Style;
use ratatui::text::Span;

use super::span_axis::SpanAxis;

/// A part of a bar.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// How long it is, in seconds.
    pub seconds: f64,
    /// What it is filled with.
    pub fill: &'static str,
    /// Its colour.
    pub style: Style,
}

/// Spans of together `width` columns. A part too short for a column of its own is not drawn: no
/// other part is shortened for it.
pub fn spans(axis: SpanAxis, width: usize, parts: &[Part]) -> Vec<Span<'static>> {
    let mut spans = Vec::with_capacity(parts.len() + 1);
    let mut used = 0;
    let mut sum = 0.0;
    for part in parts {
        sum += part.seconds.max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`at` is within 0..=width"
        )]
        let end = axis.at(sum, width).round() as usize;
        if end > used {
            spans.push(Span::styled(part.fill.repeat(end - used), part.style));
            used = end;
        }
    }
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used))));
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_to_scale() {
        let axis = SpanAxis::over([1.0, 10.0]).unwrap();
        let part = |seconds, fill| Part { seconds, fill, style: Style::new() };
        let parts = [part(2.0, "c"), part(0.01, "b"), part(5.0, "r")];
        let spans = spans(axis, 10, &parts);
        let text: String = spans.iter().map(|span| span.content.as_ref()).collect();
        assert_eq!(text, "ccrrrrr   ");
    }
}
