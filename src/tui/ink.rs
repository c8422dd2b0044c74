//! Frames as bytes: the only place that writes escape sequences while the screen is up.
//!
//! ratatui hands over the cells that changed; this makes the fewest bytes of them and nothing but
//! cursor moves, colours and letters, whatever a cell holds. It is written here, not taken from
//! crossterm's backend, because it must speak to 16-colour terminals in their own codes, keep to
//! ASCII where the locale asks, bound the bytes of a cell, and never write to the terminal itself:
//! the bytes are fetched with [`Ink::take`] and sent when the terminal takes them.

use std::fmt::Write as _;
use std::io;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::letter;
use super::look::Glyph;
use super::theme::depth::Depth;
use crate::model::text::SafeText;

/// Most bytes of one cell; a letter with its marks needs no more.
const CELL: usize = 64;
/// A frame longer than this is marked, so that the terminal shows it at once and not in parts.
const LONG: usize = 512;

/// A screen that is drawn into a string.
#[derive(Debug)]
pub struct Ink {
    bytes: String,
    size: Size,
    glyph: Glyph,
    depth: Depth,
    /// Where the next letter lands, if that is known.
    pen: Option<Position>,
    style: Option<Paint>,
    cursor_shown: bool,
}

/// Everything of a cell but its letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Paint {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Ink {
    /// An empty page of `size`.
    pub const fn new(size: Size, glyph: Glyph, depth: Depth) -> Self {
        Self {
            bytes: String::new(),
            size,
            glyph,
            depth,
            pen: None,
            style: None,
            cursor_shown: false,
        }
    }

    /// Says how large the terminal is now.
    pub const fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// Forgets what the terminal shows: somebody else has written to it.
    pub const fn forget(&mut self) {
        self.pen = None;
        self.style = None;
        self.cursor_shown = false;
    }

    /// The bytes since the last call; empty if nothing changed.
    pub fn take(&mut self) -> Vec<u8> {
        let bytes = std::mem::take(&mut self.bytes).into_bytes();
        if bytes.len() < LONG {
            return bytes;
        }
        [&b"\x1b[?2026h"[..], &bytes, b"\x1b[?2026l"].concat()
    }

    fn put(&mut self, x: u16, y: u16, cell: &Cell) {
        let here = Position::new(x, y);
        if self.pen != Some(here) {
            self.go(here);
        }
        let paint = Paint {
            fg: self.depth.lower(cell.fg).unwrap_or(Color::Reset),
            bg: self.depth.lower(cell.bg).unwrap_or(Color::Reset),
            modifier: cell.modifier,
        };
        if self.style != Some(paint) {
            paint.write(&mut self.bytes);
            self.style = Some(paint);
        }
        let width = self.write_letter(cell.symbol());
        // What happens after the last column differs between terminals, so go there anew.
        self.pen = Some(Position::new(x + width, y)).filter(|next| next.x < self.size.width);
    }

    /// Writes the letter and returns how many columns it takes.
    fn write_letter(&mut self, symbol: &str) -> u16 {
        let plain = symbol.len() == 1 && !symbol.as_bytes()[0].is_ascii_control();
        if plain {
            self.bytes.push_str(symbol);
            return 1;
        }
        let width = symbol.width().clamp(1, 2);
        let safe = symbol.len() <= CELL && SafeText::new(symbol).as_str() == symbol;
        let known = safe && !symbol.is_empty();
        match self.glyph {
            Glyph::Ascii if known => self.bytes.push_str(letter::ascii(symbol, width)),
            Glyph::Unicode | Glyph::Block | Glyph::Letter if known => self.bytes.push_str(symbol),
            _ => self.bytes.push_str(letter::unknown(width)),
        }
        if width == 2 { 2 } else { 1 }
    }

    fn go(&mut self, to: Position) {
        self.escape(format_args!("[{};{}H", u32::from(to.y) + 1, u32::from(to.x) + 1));
    }

    fn escape(&mut self, sequence: std::fmt::Arguments<'_>) {
        self.bytes.push('\x1b');
        // Writing to a string cannot go wrong.
        self.bytes.write_fmt(sequence).unwrap_or_default();
    }
}

impl Paint {
    fn write(self, bytes: &mut String) {
        let marks = [
            (Modifier::BOLD, ";1"),
            (Modifier::DIM, ";2"),
            (Modifier::ITALIC, ";3"),
            (Modifier::UNDERLINED, ";4"),
            (Modifier::REVERSED, ";7"),
        ];
        bytes.push_str("\x1b[0");
        for (_, code) in marks.iter().filter(|(one, _)| self.modifier.contains(*one)) {
            bytes.push_str(code);
        }
        write_colour(bytes, self.fg, 30);
        write_colour(bytes, self.bg, 40);
        bytes.push('m');
    }
}

/// Writes `;` and the code of `colour`; `base` is 30 for letters and 40 for what is behind them.
fn write_colour(bytes: &mut String, colour: Color, base: u8) {
    let eight = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let written = match colour {
        Color::Reset => Ok(()),
        Color::Rgb(r, g, b) => write!(bytes, ";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index) => write!(bytes, ";{};5;{index}", base + 8),
        named => {
            let at = eight.iter().position(|one| *one == named).unwrap_or(7);
            let bright = if at < 8 { 0 } else { 60 - 8 };
            write!(bytes, ";{}", usize::from(base) + at + bright)
        }
    };
    written.unwrap_or_default();
}

impl Backend for Ink {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            self.put(x, y, cell);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.cursor_shown) {
            self.escape(format_args!("[?25l"));
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.cursor_shown, true) {
            self.escape(format_args!("[?25h"));
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.pen.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.pen != Some(position) {
            self.go(position);
            self.pen = Some(position);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.bytes.push_str("\x1b[0m\x1b[2J");
        self.style = None;
        Ok(())
    }

    fn clear_region(&mut self, _region: ClearType) -> io::Result<()> {
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::Terminal;
    use ratatui::style::{Style, Stylize};
    use ratatui::text::{Line, Span};

    use super::*;

    fn drawn(glyph: Glyph, line: &Line<'_>) -> String {
        let mut terminal = Terminal::new(Ink::new(Size::new(10, 2), glyph, Depth::True)).unwrap();
        terminal.draw(|frame| frame.render_widget(line, frame.area())).unwrap();
        String::from_utf8(terminal.backend_mut().take()).unwrap()
    }

    #[test]
    fn letters_that_follow_each_other_need_no_moves() {
        assert_eq!(drawn(Glyph::Unicode, &Line::from("abé")), "\x1b[1;1H\x1b[0mabé");
    }

    #[test]
    fn named_colours_use_the_codes_of_sixteen_colour_terminals() {
        let line = Line::from(vec!["a".red(), "b".light_blue().on_dark_gray()]);
        let wanted = "\x1b[1;1H\x1b[0;31ma\x1b[0;94;100mb";
        assert_eq!(drawn(Glyph::Unicode, &line), wanted);
        let many = Line::from(Span::styled("a", Style::new().fg(Color::Indexed(99))));
        assert_eq!(drawn(Glyph::Unicode, &many), "\x1b[1;1H\x1b[0;38;5;99ma");
    }

    #[test]
    fn the_same_picture_twice_costs_nothing() {
        let mut terminal =
            Terminal::new(Ink::new(Size::new(80, 24), Glyph::Unicode, Depth::True)).unwrap();
        for round in 0..3 {
            terminal.draw(|frame| frame.render_widget("still", frame.area())).unwrap();
            assert_eq!(terminal.backend_mut().take().is_empty(), round > 0);
        }
    }

    #[test]
    fn a_wide_letter_takes_two_columns_also_in_ascii() {
        assert_eq!(drawn(Glyph::Unicode, &Line::from("東a")), "\x1b[1;1H\x1b[0m東a");
        assert_eq!(drawn(Glyph::Ascii, &Line::from("東a─")), "\x1b[1;1H\x1b[0m??a-");
    }

    #[test]
    fn a_cell_cannot_steer_the_terminal() {
        for evil in ["\x1b]52;c;x\x07", "\u{9b}2J", "\u{202e}", &"a\u{301}".repeat(99)] {
            let mut ink = Ink::new(Size::new(10, 2), Glyph::Unicode, Depth::None);
            let mut cell = Cell::default();
            cell.set_symbol(evil);
            ink.draw([(0, 0, &cell)].into_iter()).unwrap();
            let written = String::from_utf8(ink.take()).unwrap();
            assert!(
                written == "\x1b[1;1H\x1b[0m?" || written == "\x1b[1;1H\x1b[0m??",
                "{written:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn ascii_means_ascii(symbol in "\\PC{0,3}") {
            let mut ink = Ink::new(Size::new(10, 2), Glyph::Ascii, Depth::True);
            let mut cell = Cell::default();
            cell.set_symbol(&symbol);
            ink.draw([(0, 0, &cell)].into_iter()).unwrap();
            prop_assert!(ink.take().iter().all(|byte| *byte < 0x80));
        }
    }
}
