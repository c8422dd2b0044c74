//! A screen without a terminal: what a drawing looks like, as text.

use isomon::config::Threshold;
use isomon::model::time::Stamp;
use isomon::tui::keymap::Keymap;
use isomon::tui::letter;
use isomon::tui::look::{Glyph, Look};
use isomon::tui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use unicode_width::UnicodeWidthStr as _;

/// A theme in which each meaning has a colour of its own.
pub(crate) fn theme() -> Theme {
    let on = |colour| Style::new().fg(colour);
    Theme {
        good: on(Color::Green),
        warn: on(Color::Yellow),
        bad: on(Color::Red),
        muted: on(Color::DarkGray),
        accent: on(Color::Cyan),
        selected: Style::new().bg(Color::Blue),
        ..Theme::default()
    }
}

/// The lines that `draw` marks as looked at.
pub(crate) fn marked(
    size: (u16, u16),
    now: Stamp,
    draw: impl FnOnce(&mut ratatui::Frame<'_>, Rect, &Look<'_>),
) -> Vec<u16> {
    let drawn = drawn(size, Glyph::Unicode, now, draw);
    let is_marked = |y: &u16| (0..size.0).any(|x| drawn[(x, *y)].bg == Color::Blue);
    (0..size.1).filter(is_marked).collect()
}

/// What `draw` draws on `size` columns and rows, as text without trailing blanks.
pub(crate) fn text(
    (width, height): (u16, u16),
    glyph: Glyph,
    now: Stamp,
    draw: impl FnOnce(&mut ratatui::Frame<'_>, Rect, &Look<'_>),
) -> String {
    let buffer = drawn((width, height), glyph, now, draw);
    let row = |y| {
        let cells = (0..width).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    (0..height).map(row).collect::<Vec<_>>().join("\n")
}

fn drawn(
    (width, height): (u16, u16),
    glyph: Glyph,
    now: Stamp,
    draw: impl FnOnce(&mut ratatui::Frame<'_>, Rect, &Look<'_>),
) -> Buffer {
    let theme = theme();
    let look = Look {
        theme: &theme,
        keymap: &Keymap::embedded(),
        threshold: Threshold::default(),
        glyph,
        now,
        rest: isomon::tui::rest::Rest::default(),
        when: &isomon::tui::when::When::default(),
        zone: &jiff::tz::TimeZone::UTC,
        readonly: false,
        interval_ms: 1000,
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, frame.area(), &look)).unwrap();
    as_shown(terminal.backend().buffer(), glyph)
}

/// The page as a terminal gets it that can show only these letters.
fn as_shown(buffer: &Buffer, glyph: Glyph) -> Buffer {
    let mut buffer = buffer.clone();
    let foreign = |cell: &&mut Cell| glyph == Glyph::Ascii && !cell.symbol().is_ascii();
    for cell in buffer.content.iter_mut().filter(foreign) {
        cell.set_symbol(letter::ascii(cell.symbol(), cell.symbol().width()));
    }
    buffer
}
