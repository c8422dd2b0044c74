//! The whole truth about one backend.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::column::{files, known, limits, network, seccomp, state_of, version};
use super::style;
use crate::model::backend::{BackendStatus, Readiness};
use crate::tui::look::Look;
use crate::tui::widget::{fixed, titled};

/// Draws everything known of `status`.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, status: &BackendStatus, look: &Look<'_>) {
    let block = titled::titled(status.id.name(), false, look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let mut lines = Vec::new();
    for (label, text, style) in details(status, look) {
        let room = usize::from(inside.width).saturating_sub(LABEL);
        for (index, part) in fixed::wrap(&text, room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let label = Span::styled(fixed::left(label, LABEL), look.theme.muted);
            lines.push(Line::from(vec![label, Span::styled(part, style)]));
        }
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Columns of the labels beside the details.
const LABEL: usize = 11;

fn details(status: &BackendStatus, look: &Look<'_>) -> Vec<(&'static str, String, Style)> {
    let plain = look.theme.text;
    let colour = style(&status.readiness, look);
    let mut rows = vec![("state", state_of(status), colour)];
    if let Readiness::Degraded { reason, remedy } | Readiness::Unavailable { reason, remedy } =
        &status.readiness
    {
        rows.push(("because", reason.to_string(), plain));
        rows.push(("to mend it", remedy.to_string(), look.theme.accent));
    }
    rows.push(("isolation", status.id.class().words().to_owned(), plain));
    let path = status.path.as_ref().map_or_else(|| "—".to_owned(), ToString::to_string);
    rows.push(("tool", path, plain));
    rows.push(("version", version(status), plain));
    rows.push(("limits", known(status, limits), plain));
    rows.push(("network", known(status, network), plain));
    rows.push(("host files", known(status, files), plain));
    rows.push(("seccomp", known(status, seccomp), plain));
    rows
}
