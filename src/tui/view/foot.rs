//! The bottom line: the prompt, else what was said, else keys that are of use now.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::model::update::Notice;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::look::Look;
use crate::tui::prompt::Prompt;
use crate::tui::when::moment;
use crate::tui::widget::filter::Error;
use crate::tui::widget::fixed;

/// How long a sentence from elsewhere stands, if it tells of something bad.
const STANDS: Duration = Duration::from_secs(10);
/// How long any other stands.
const PASSES: Duration = Duration::from_secs(4);
/// Columns between two hints.
const GAP: u16 = 2;
/// Actions that are named where there is room.
const SOMETIMES: [Action; 2] = [Action::Filter, Action::Palette];
/// Actions that are always named.
const ALWAYS: [Action; 2] = [Action::Help, Action::Quit];

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, state: &State, look: &Look<'_>) {
    if let Some(prompt) = &app.prompt {
        return draw_prompt(frame, area, prompt, look);
    }
    let line = if app.pending.is_empty() {
        said(app, state, look, area.width).unwrap_or_else(|| hints(app, state, look, area.width))
    } else {
        pending(app, look)
    };
    frame.render_widget(line, area);
}

fn draw_prompt(frame: &mut Frame<'_>, area: Rect, prompt: &Prompt, look: &Look<'_>) {
    let width = usize::from(area.width.saturating_sub(2));
    let skipped = (prompt.cursor() + 1).saturating_sub(width);
    let sign = if prompt.is_for_time() { "@" } else { "/" };
    let wrong = prompt.wrong();
    let mut line = Line::from(Span::styled(sign, look.theme.accent));
    let pointed = wrong.as_ref().map(Error::column);
    for (column, letter) in (1..).zip(prompt.text().chars()).skip(skipped) {
        let style = if pointed == Some(column) { pointer(look) } else { look.theme.text };
        line.push_span(Span::styled(letter.to_string(), style));
    }
    // What is missing at the end has no letter of its own.
    if pointed.is_some_and(|column| column > prompt.text().chars().count()) {
        line.push_span(Span::styled(" ", pointer(look)));
    }
    line.push_span(Span::raw("  "));
    let room = usize::from(area.width).saturating_sub(line.width());
    line.extend(beside(prompt, wrong.as_ref(), room, look));
    frame.render_widget(line, area);
    let cursor = u16::try_from(prompt.cursor() - skipped).unwrap_or(u16::MAX);
    let x = area.x.saturating_add(1).saturating_add(cursor);
    frame.set_cursor_position(Position::new(x.min(area.right() - 1), area.y));
}

/// The letter that is wrong.
fn pointer(look: &Look<'_>) -> Style {
    look.theme.bad.add_modifier(Modifier::UNDERLINED | Modifier::REVERSED)
}

/// What stands beside what is typed: what is offered, what is wrong, how it is written.
fn beside(
    prompt: &Prompt,
    wrong: Option<&Error>,
    room: usize,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let mut offered: Vec<(bool, String)> =
        prompt.offered().map(|(chosen, word)| (chosen, format!("{word}  "))).collect();
    if offered.len() > 1 {
        // The chosen one is always seen.
        let widths = |offered: &[(bool, String)]| {
            let chosen = offered.iter().position(|(chosen, _)| *chosen).unwrap_or(0);
            offered.iter().take(chosen + 1).map(|(_, word)| word.width()).sum::<usize>()
        };
        while offered.len() > 1 && widths(&offered) > room && !offered[0].0 {
            offered.remove(0);
        }
        let style = |chosen| if chosen { look.theme.selected } else { look.theme.muted };
        return offered
            .into_iter()
            .map(|(chosen, word)| Span::styled(word, style(chosen)))
            .collect();
    }
    let (words, style) = match (prompt.is_for_time(), prompt.mistake(), wrong) {
        (true, "", _) if prompt.text().is_empty() => (moment::FORMS.to_owned(), look.theme.muted),
        (false, _, Some(wrong)) => (wrong.words(), look.theme.bad),
        (false, ..) if prompt.text().is_empty() => {
            ("tab: what can be asked for".to_owned(), look.theme.muted)
        }
        (_, mistake, _) => (mistake.to_owned(), look.theme.bad),
    };
    vec![Span::styled(fixed::cut(&words, room), style)]
}

/// What was said last: by the app until the next key, by others for a while.
fn said<'a>(app: &'a App, state: &'a State, look: &Look<'_>, width: u16) -> Option<Line<'a>> {
    let from_elsewhere = state
        .notice
        .as_ref()
        .filter(|(at, notice)| look.now.since(*at) < if notice.bad { STANDS } else { PASSES })
        .map(|(_, notice)| notice);
    // What went wrong elsewhere must not be hidden by what went well here.
    let wrong = from_elsewhere.filter(|notice| notice.bad);
    let wrong = wrong.filter(|_| app.said.as_ref().is_some_and(|said| !said.bad));
    let notice: &Notice = wrong.or(app.said.as_ref()).or(from_elsewhere)?;
    let (sign, style) = if notice.bad { ("! ", look.theme.bad) } else { ("", look.theme.text) };
    let text = fixed::cut(&format!("{sign}{}", notice.text), usize::from(width));
    Some(Line::styled(text, style))
}

/// What may follow the keys of an incomplete chord.
fn pending<'a>(app: &App, look: &Look<'_>) -> Line<'a> {
    let pressed: Vec<String> = app.pending.iter().map(ToString::to_string).collect();
    let mut spans = vec![Span::styled(pressed.join(" "), look.theme.accent)];
    for (rest, action) in app.setup.keymap.after(&app.pending) {
        spans.push(Span::raw("  "));
        spans.push(Span::styled(rest.to_string(), look.theme.accent));
        spans.push(Span::styled(format!(" {}", action.words()), look.theme.muted));
    }
    Line::from(spans)
}

/// As many keys as fit, those of the tab first; help and quit always have their room.
fn hints<'a>(app: &'a App, state: &State, look: &Look<'_>, width: u16) -> Line<'a> {
    let last = ALWAYS.map(|action| hint(app, action, look));
    let kept: usize = last.iter().flatten().map(Line::width).sum();
    let mut room = usize::from(width + GAP).saturating_sub(kept);
    let mut line = Line::default();
    if !app.filter().is_empty() {
        line.push_span(Span::styled(format!("/{}  ", app.filter()), look.theme.warn));
        room = room.saturating_sub(line.width());
    }
    let own = app.views.hints(app.tab, state);
    let others = SOMETIMES.iter().filter(|action| !own.contains(action));
    let first = own.iter().chain(others).filter(|action| !(look.readonly && action.acts()));
    for hint in first.filter_map(|action| hint(app, *action, look)) {
        if hint.width() <= room {
            room -= hint.width();
            line.extend(hint);
        }
    }
    line.extend(last.into_iter().flatten().flatten());
    line
}

/// A key of `action` and what it does, with the gap to the next; `None` if it has no key.
fn hint<'a>(app: &App, action: Action, look: &Look<'_>) -> Option<Line<'a>> {
    let key = app.setup.keymap.keys(action).next()?;
    let gap = " ".repeat(usize::from(GAP));
    Some(Line::from(vec![
        Span::styled(key.to_string(), look.theme.accent),
        Span::styled(format!(" {}{gap}", action.short()), look.theme.muted),
    ]))
}
