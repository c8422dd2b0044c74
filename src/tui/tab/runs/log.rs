//! The log of a job: its latest lines, followed or stood still at, with a search.
//!
//! A line keeps its number while older ones are let go of, so that what is read does not move.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::job::Job;
use super::pane::{Pane, Place};
use crate::model::pipeline::LogLine;
use crate::model::unit::Seconds;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::Field;
use crate::tui::widget::value::many;
use crate::tui::widget::{fixed, panel};

/// Lines a page moves.
const PAGE: u64 = 15;
/// Columns a step to the side moves.
const ASIDE: usize = 20;
/// Columns of who wrote a line.
const FROM: usize = 14;

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The number of the line that is looked at; `None` follows the last.
    at: Option<u64>,
    /// Columns that are passed over.
    left: usize,
    /// What is searched for, in lower case.
    wanted: String,
}

/// The numbers of the lines that are kept: the first, and one beyond the last.
const fn numbers(job: &Job<'_>) -> (u64, u64) {
    // What a server says it dropped may be any number.
    let most = u64::MAX / 2;
    let first = if job.pipeline.log_dropped < most { job.pipeline.log_dropped } else { most };
    (first, first + job.pipeline.log.len() as u64)
}

impl View {
    /// Whether something is searched for.
    pub(super) const fn is_searched(&self) -> bool {
        !self.wanted.is_empty()
    }

    fn holds(&self, line: &LogLine) -> bool {
        let found = |text: &str| text.to_lowercase().contains(&self.wanted);
        !self.wanted.is_empty() && (found(line.text.as_str()) || found(line.from.as_str()))
    }

    /// The numbers of the lines that hold what is searched for.
    fn found(&self, job: &Job<'_>) -> Vec<u64> {
        let lines = (numbers(job).0..).zip(&job.pipeline.log);
        lines.filter(|(_, line)| self.holds(line)).map(|(number, _)| number).collect()
    }

    /// The next place where what is searched for stands, or the one before, round and round.
    fn find(&mut self, job: &Job<'_>, on: bool) -> Reply {
        if self.wanted.is_empty() {
            return Reply::Say("nothing is searched for yet: / begins".into());
        }
        let found = self.found(job);
        let (first, beyond) = numbers(job);
        let here = self.at.unwrap_or_else(|| beyond.saturating_sub(1)).max(first);
        let next = if on {
            found.iter().find(|number| **number > here).or_else(|| found.first())
        } else {
            found.iter().rfind(|number| **number < here).or_else(|| found.last())
        };
        match next {
            Some(number) => self.at = Some(*number),
            None => return Reply::Say(format!("no line holds “{}”", self.wanted).into()),
        }
        Reply::Done
    }

    fn step(&mut self, job: &Job<'_>, to: impl Fn(u64) -> u64) {
        let (first, beyond) = numbers(job);
        let last = beyond.saturating_sub(1).max(first);
        let here = self.at.unwrap_or(last).clamp(first, last);
        let to = to(here).clamp(first, last);
        // At its end the log is followed.
        self.at = (to < last).then_some(to);
    }

    /// What stands on the upper right.
    fn words(&self, job: &Job<'_>) -> String {
        let mut words = vec![many(job.pipeline.log.len(), "line")];
        if job.pipeline.log_dropped > 0 {
            words.push(format!("{} before them not kept", job.pipeline.log_dropped));
        }
        if !self.wanted.is_empty() {
            let found = self.found(job);
            let at = self.at.and_then(|at| found.iter().position(|number| *number == at));
            words.push(match (at, found.len()) {
                (_, 0) => format!("none holds “{}”", self.wanted),
                (Some(at), all) => format!("{} of {all} “{}”", at + 1, self.wanted),
                (None, all) => format!("{all} hold “{}”", self.wanted),
            });
        }
        let stands = if self.at.is_some() { "standing still" } else { "following" };
        if job.pipeline.is_live() || self.at.is_some() {
            words.push(stands.to_owned());
        }
        words.join(" · ")
    }

    fn line(&self, line: &LogLine, job: &Job<'_>, width: usize, look: &Look<'_>) -> Line<'static> {
        let theme = look.theme;
        let at = job.since_start(line.at_ms).map_or_else(String::new, |at| Seconds(at).to_string());
        let from =
            if width > 60 { fixed::left(line.from.as_str(), FROM) + " " } else { String::new() };
        let head = fixed::right(&at, 8) + " " + &from;
        let room = width.saturating_sub(head.width());
        let text: String = line.text.as_str().chars().skip(self.left).collect();
        let style = if line.bad { theme.bad } else { theme.text };
        let mut spans = vec![Span::styled(head, theme.muted)];
        spans.extend(self.parts(&fixed::cut(&text, room), style, look));
        Line::from(spans)
    }

    /// `text` with what is searched for set off.
    fn parts(
        &self,
        text: &str,
        style: ratatui::style::Style,
        look: &Look<'_>,
    ) -> Vec<Span<'static>> {
        let lower = text.to_lowercase();
        // Only where small letters take as many bytes can places be told from each other.
        let found = lower.find(&self.wanted).filter(|_| !self.wanted.is_empty());
        let cut = found.filter(|_| lower.len() == text.len()).and_then(|at| {
            let (before, rest) = text.split_at_checked(at)?;
            let (hit, after) = rest.split_at_checked(self.wanted.len())?;
            Some((before, hit, after))
        });
        let Some((before, hit, after)) = cut else {
            return vec![Span::styled(text.to_owned(), style)];
        };
        vec![
            Span::styled(before.to_owned(), style),
            Span::styled(hit.to_owned(), look.theme.selected),
            Span::styled(after.to_owned(), style),
        ]
    }
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        match action {
            Action::Up => self.step(job, |at| at.saturating_sub(1)),
            Action::Down => self.step(job, |at| at + 1),
            Action::PageUp => self.step(job, |at| at.saturating_sub(PAGE)),
            Action::PageDown => self.step(job, |at| at + PAGE),
            Action::HalfUp => self.step(job, |at| at.saturating_sub(PAGE / 2)),
            Action::HalfDown => self.step(job, |at| at + PAGE / 2),
            Action::First => self.step(job, |_| 0),
            Action::Last => self.at = None,
            Action::Left => self.left = self.left.saturating_sub(ASIDE),
            Action::Right => self.left = (self.left + ASIDE).min(4_096),
            Action::Follow => {
                let (_, beyond) = numbers(job);
                self.at = if self.at.is_some() { None } else { Some(beyond.saturating_sub(1)) };
            }
            Action::FindNext => return self.find(job, true),
            Action::FindPrevious => return self.find(job, false),
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    fn filter(&mut self, text: &str) {
        self.wanted = text.trim().to_lowercase();
    }

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn click(&mut self, _: Position, _: Rect, _: &Job<'_>) -> Reply {
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let log = &job.pipeline.log;
        if log.is_empty() {
            return place.quiet(&job.gap("log"));
        }
        let inner = place.open(self.words(job));
        let (first, beyond) = numbers(job);
        let high = usize::from(inner.height);
        let last = log.len().saturating_sub(1);
        let at = self.at.map_or(last, |at| {
            usize::try_from(at.clamp(first, beyond.saturating_sub(1)) - first).unwrap_or(last)
        });
        let top = match self.at {
            None => log.len().saturating_sub(high),
            Some(_) => crate::tui::widget::grid::offset(at, log.len(), high),
        };
        let width = usize::from(inner.width);
        let rows = log.iter().enumerate().skip(top).take(high);
        let lines = rows.map(|(row, line)| {
            let drawn = self.line(line, job, width, place.look);
            let chosen = self.at.is_some() && row == at && place.focused;
            if chosen { drawn.patch_style(place.look.theme.accent) } else { drawn }
        });
        panel::lines(lines.collect::<Vec<_>>(), inner, place.buffer);
    }

    fn hints(&self) -> &'static [Action] {
        &[
            Action::NextPanel,
            Action::Follow,
            Action::Filter,
            Action::FindNext,
            Action::FindPrevious,
            Action::Zoom,
        ]
    }
}
