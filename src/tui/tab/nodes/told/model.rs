//! Models that are served: what works, what waits, how quickly tokens come.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::super::storage::table;
use super::{Sheet, fact};
use crate::model::reading::Reading;
use crate::model::serving::Serving;
use crate::state::Node;
use crate::tui::look::Look;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{panel, value};

const COLUMNS: [Column; 6] = [
    Column::words("MODEL", 14, 0).grows(),
    Column::numbers("RUNNING", 7, 1),
    Column::numbers("WAITING", 7, 1),
    Column::numbers("TOKENS/S", 8, 0),
    Column::numbers("PROMPT/S", 8, 3),
    Column::numbers("KV", 6, 2),
];

/// How they do, in a line.
pub(super) fn line(node: &Node, look: &Look<'_>) -> Option<Line<'static>> {
    let (_, all) = node.serving.as_ref()?;
    let rates = all.iter().filter_map(|one| one.tokens_per_second.get()).map(|rate| rate.0);
    let rate = rates.reduce(|a, b| a + b).map(|rate| format!(" · {rate:.0} tokens/s"));
    let words = format!("{}{}", value::many(all.len(), "model"), rate.unwrap_or_default());
    Some(fact("serving", vec![Span::styled(words, look.theme.text)], look))
}

pub(super) fn draw(node: &Node, sheet: Sheet<'_>, buffer: &mut Buffer, look: &Look<'_>) {
    let Some((_, all)) = &node.serving else { return };
    let estimated =
        if all.iter().any(|one| one.estimated) { " · rates estimated there" } else { "" };
    let aside = format!("{}{estimated}", all.len());
    let area = sheet.frame.aside(aside).open(sheet.area, buffer, look);
    if all.is_empty() {
        let words = Line::styled("No model is served.", look.theme.muted);
        return panel::lines([words], area, buffer);
    }
    table(&COLUMNS, all.len(), sheet.scroll)
        .draw(area, buffer, look, &|row, column, _| one(&all[row], column, look));
}

fn one(of: &Serving, column: usize, look: &Look<'_>) -> Cell {
    let theme = look.theme;
    let count = |count: &Reading<f64>| value::maybe(written(count.get()), theme.text, look);
    vec![match column {
        0 => Span::styled(of.model.to_string(), theme.text),
        1 => count(&of.running),
        2 => count(&of.waiting),
        3 => {
            value::maybe(written(of.tokens_per_second.get().map(|rate| rate.0)), theme.accent, look)
        }
        4 => {
            let rate = of.prompt_tokens_per_second.get().map(|rate| rate.0);
            value::maybe(written(rate), theme.text, look)
        }
        _ => value::span(
            &of.kv_cache,
            of.kv_cache.get().map_or(theme.text, |kv| look.load(kv)),
            look,
        ),
    }]
}

/// A count or a rate without a unit; the heading has it.
pub(super) fn written(number: Option<f64>) -> Option<String> {
    number.map(|number| format!("{number:.0}"))
}
