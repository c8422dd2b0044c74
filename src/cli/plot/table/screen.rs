//! A picture as the text of a terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::text::SafeText;
use crate::plot::table::Figure;
use crate::tui::look::Glyph;
use crate::tui::theme::Theme;
use crate::tui::theme::depth::{Depth, When};
use crate::tui::widget::figure::{Pen, draw, text};

/// Columns and rows where there is no terminal to ask.
const UNKNOWN: (u16, u16) = (100, 24);
/// Rows of a picture at most, and columns.
const MOST: (u16, u16) = (240, 40);

/// Title, picture, names of its axes and notes.
pub(super) fn figure_text(figure: &Figure, coloured: bool) -> String {
    let (columns, rows) = size();
    let when = if coloured { When::Always } else { When::Never };
    let depth = Depth::detect(when, |name| std::env::var(name).ok());
    let theme = Theme::embedded("default", depth);
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(std::env::var_os);
    let plain = locale.is_some_and(|of| !of.to_string_lossy().to_lowercase().contains("utf"));
    let glyph = if plain { Glyph::Ascii } else { Glyph::Unicode };
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    draw(&figure.panel, area, &mut buffer, Pen { theme: &theme, glyph });
    let line = |words: &str| format!("{}\n", SafeText::new(words));
    let mut shown = line(&figure.title);
    shown.push_str(&line(&figure.panel.y.label));
    shown.push_str(&text(&buffer, depth != Depth::None));
    shown.push_str(&line(&format!(
        "{:>width$}",
        figure.panel.x.label,
        width = usize::from(columns)
    )));
    figure.notes.iter().for_each(|note| shown.push_str(&line(note)));
    shown
}

/// What the terminal has, less a few rows for words.
fn size() -> (u16, u16) {
    let asked = rustix::termios::tcgetwinsize(std::io::stdout());
    let (columns, rows) = match asked {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => UNKNOWN,
    };
    (columns.clamp(20, MOST.0), rows.saturating_sub(6).clamp(8, MOST.1))
}
