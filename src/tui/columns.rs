//! Which columns the table in front has: one is hidden, or shown again, where it stands.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::action::Action;
use super::habit::Arranged;
use super::look::Look;
use super::popup::{self, Answer};
use super::widget::fixed;

/// Columns of the whole, at most.
const WIDTH: u16 = 46;
/// Rows of words below the list.
const BELOW: u16 = 3;

/// The columns of one table, and those that are hidden.
#[derive(Clone, Debug)]
pub struct Columns {
    all: Vec<&'static str>,
    hidden: Vec<&'static str>,
    row: usize,
}

impl Columns {
    /// Those of `table`.
    pub fn of(table: &Arranged<'_>) -> Self {
        let all = table.columns.iter().map(|column| column.title).collect();
        Self { all, hidden: table.hidden.clone(), row: 0 }
    }

    /// Moves, hides or shows one, shows all, or closes.
    pub fn press(&mut self, action: Option<Action>) -> Answer {
        let last = self.all.len().saturating_sub(1);
        self.row = match action {
            Some(Action::Up) => self.row.saturating_sub(1),
            Some(Action::Down) => (self.row + 1).min(last),
            Some(Action::First | Action::PageUp | Action::HalfUp) => 0,
            Some(Action::Last | Action::PageDown | Action::HalfDown) => last,
            Some(Action::Enter | Action::Mark) => return self.turn(),
            Some(Action::MarkAll) => {
                self.hidden.clear();
                return Answer::Hide(Vec::new());
            }
            Some(Action::Back | Action::Quit | Action::Columns) => return Answer::Close,
            _ => self.row,
        };
        Answer::Stay
    }

    /// Hides the one under the cursor, or shows it again. The last that is seen stays.
    fn turn(&mut self) -> Answer {
        let Some(title) = self.all.get(self.row).copied() else { return Answer::Stay };
        if let Some(at) = self.hidden.iter().position(|hidden| *hidden == title) {
            self.hidden.remove(at);
        } else if self.hidden.len() + 1 < self.all.len() {
            self.hidden.push(title);
        }
        Answer::Hide(self.hidden.clone())
    }

    /// Draws it over `area`, the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let wanted = u16::try_from(self.all.len()).unwrap_or(u16::MAX);
        let size = (WIDTH, wanted.saturating_add(BELOW + 2));
        let inner = popup::open(frame, area, size, "Columns", look);
        let shown = inner.height.saturating_sub(BELOW).max(1).min(inner.height);
        let first = (self.row + 1).saturating_sub(usize::from(shown));
        let width = usize::from(inner.width);
        let rows = (first..self.all.len()).take(usize::from(shown));
        let lines: Vec<Line<'_>> = rows.map(|at| self.line(at, width, look)).collect();
        frame.render_widget(Paragraph::new(lines), Rect { height: shown, ..inner });
        let below = inner.height - shown;
        let words =
            [Line::from("Where room is short, some go by themselves."), Line::from(keys(look))];
        let words = Paragraph::new(words.to_vec()).style(look.theme.muted);
        let y = inner.bottom() - below.min(2);
        frame.render_widget(words, Rect { y, height: below.min(2), ..inner });
    }

    fn line(&self, at: usize, width: usize, look: &Look<'_>) -> Line<'static> {
        let title = self.all.get(at).copied().unwrap_or_default();
        let (sign, style) = if self.hidden.contains(&title) {
            ("[ ] ", look.theme.muted)
        } else {
            ("[x] ", look.theme.text)
        };
        let room = width.saturating_sub(4);
        let line = Line::from(vec![
            Span::styled(sign, style),
            Span::styled(fixed::fit(title.trim(), room, false), style),
        ]);
        if at == self.row { line.patch_style(look.theme.selected) } else { line }
    }
}

fn keys(look: &Look<'_>) -> String {
    let [turn, all, back] = [Action::Mark, Action::MarkAll, Action::Back].map(|of| look.key(of));
    format!("{turn} hides, shows; {all} shows all; {back} closes")
}
