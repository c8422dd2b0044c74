//! Where things go, by how much room there is; drawing and the mouse ask the same question.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{progress, table};
use crate::tui::widget::titled;

/// From this width on the choice stays beside the results.
const BESIDE: u16 = 140;
/// Width of the choice beside the results.
const CHOICE: u16 = 44;
/// Least height of the view over time.
const TIME: u16 = 8;
/// Height of the payloads and the starts, one below the other.
const SMALL: u16 = 13;
/// Least height of the outlook where it is wide.
const BRIEF: u16 = 8;
/// Least height of the outlook where it is narrow.
const OUTLOOK: u16 = 14;
/// Least height of the views below a table, each with its heading.
const BELOW: u16 = 14;
/// From this height on a panel has a frame around its results.
const FRAMED: u16 = 14;

/// What has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Panel {
    /// The backends to choose.
    Backends,
    /// The payloads to choose.
    Payloads,
    /// The starts to choose.
    Starts,
    /// The results.
    Result,
}

/// A way to look at the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Figures with their intervals.
    #[default]
    Table,
    /// Bars from zero.
    Bars,
    /// Phase by phase.
    Ladder,
    /// How the samples are spread.
    Samples,
    /// The chosen row's samples beside what the host did then.
    Time,
}

impl Mode {
    /// Every way, in order.
    pub(super) const ALL: [Self; 5] =
        [Self::Table, Self::Bars, Self::Ladder, Self::Samples, Self::Time];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Bars => "bars",
            Self::Ladder => "ladder",
            Self::Samples => "samples",
            Self::Time => "time",
        }
    }
}

/// The places of the tab; what has no room is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) backends: Rect,
    pub(super) payloads: Rect,
    pub(super) starts: Rect,
    pub(super) outlook: Rect,
    /// One line instead of the outlook.
    pub(super) brief: Rect,
    pub(super) result: Rect,
}

impl Places {
    /// Divides `area` for `panel`, which has the keys, with room for `listed` backends where there
    /// is enough.
    pub(super) fn of(
        area: Rect,
        (panel, listed): (Panel, usize),
        has_run: bool,
        zoom: bool,
    ) -> Self {
        if !has_run {
            return Self::choice(area, panel, listed);
        }
        if area.width >= BESIDE && !zoom {
            let [left, result] =
                Layout::horizontal([Constraint::Length(CHOICE), Constraint::Min(0)]).areas(area);
            return Self { result, ..Self::choice(left, panel, listed) };
        }
        match panel {
            Panel::Result => Self { result: area, ..Self::default() },
            _ => Self::choice(area, panel, listed),
        }
    }

    fn choice(area: Rect, panel: Panel, listed: usize) -> Self {
        let none = Self::default();
        let wanted = u16::try_from(listed).unwrap_or(u16::MAX).saturating_add(2);
        if area.height >= SMALL + BRIEF && area.width >= 70 {
            let top = wanted.clamp(SMALL, (area.height - BRIEF).max(SMALL));
            let [top, outlook] =
                Layout::vertical([Constraint::Length(top), Constraint::Min(0)]).areas(area);
            let [backends, right] =
                Layout::horizontal([Constraint::Min(0), Constraint::Length(36)]).areas(top);
            let [payloads, starts] = Self::small(right);
            return Self { backends, payloads, starts, outlook, ..none };
        }
        if area.height >= SMALL + 10 + OUTLOOK {
            let left = area.height - SMALL - OUTLOOK;
            let heights = [wanted.clamp(10, left), SMALL].map(Constraint::Length);
            let [backends, small, outlook] =
                Layout::vertical(heights.into_iter().chain([Constraint::Min(0)])).areas(area);
            let [payloads, starts] = Self::small(small);
            return Self { backends, payloads, starts, outlook, ..none };
        }
        let [list, brief] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(area);
        match panel {
            Panel::Payloads => Self { payloads: list, brief, ..none },
            Panel::Starts => Self { starts: list, brief, ..none },
            _ => Self { backends: list, brief, ..none },
        }
    }

    /// The two short lists, one below the other.
    fn small(area: Rect) -> [Rect; 2] {
        Layout::vertical([Constraint::Length(6), Constraint::Min(0)]).areas(area)
    }
}

/// The places within the results.
#[derive(Clone, Debug, Default)]
pub(super) struct ResultPlaces {
    pub(super) framed: bool,
    /// How far the run is, or how it ended.
    pub(super) head: Rect,
    /// What is looked at.
    pub(super) tabs: Rect,
    /// Each way to look, with its place.
    pub(super) modes: Vec<(Mode, Rect)>,
    /// The reasons; empty unless asked for.
    pub(super) reasons: Rect,
}

impl ResultPlaces {
    /// Divides `area` for `rows` backends, of which `mode` is wanted.
    pub(super) fn of(area: Rect, rows: usize, mode: Mode, why: bool, alone: bool) -> Self {
        let framed = area.height >= FRAMED;
        let inside = if framed { titled::inside(area) } else { area };
        let lines = if inside.width < progress::WIDE { 4 } else { 3 };
        let head = (inside.height / 4).clamp(1, lines);
        let reasons = if why { (inside.height / 2).min(8) } else { 0 };
        let gap = u16::from(inside.height > 16 && inside.height < 30);
        let [head, tabs, _, body, reasons] = Layout::vertical([
            Constraint::Length(head),
            Constraint::Length(1),
            Constraint::Length(gap),
            Constraint::Min(0),
            Constraint::Length(reasons),
        ])
        .areas(inside);
        let modes = if alone { vec![(mode, body)] } else { modes(body, rows, mode) };
        Self { framed, head, tabs, modes, reasons }
    }
}

/// As many ways to look as there is room for, each below a line that names it.
fn modes(body: Rect, rows: usize, mode: Mode) -> Vec<(Mode, Rect)> {
    let table = table::height(rows) + 1;
    let bars = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(4);
    // Bars and ladder may scroll beside each other below the table; alone each has all the room.
    if body.width >= 110 && body.height >= table.saturating_add(bars.min(BELOW)) {
        let heights = [Constraint::Length(table), Constraint::Max(bars), Constraint::Min(0)];
        let [upper, middle, lower] = Layout::vertical(heights).areas(body);
        let [left, _, right] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Fill(1)])
                .areas(middle);
        let mut all = vec![(Mode::Table, upper), (Mode::Bars, left), (Mode::Ladder, right)];
        all.extend(rest(lower, rows));
        return all;
    }
    if body.height >= table + bars {
        let [upper, lower] =
            Layout::vertical([Constraint::Length(table), Constraint::Min(0)]).areas(body);
        let second = if mode == Mode::Table { Mode::Bars } else { mode };
        return vec![(Mode::Table, upper), (second, lower)];
    }
    vec![(mode, body)]
}

/// Below the others: how samples are spread where there is room, and the chosen row over time.
fn rest(lower: Rect, rows: usize) -> Vec<(Mode, Rect)> {
    let spread = u16::try_from(rows * 2).unwrap_or(u16::MAX).saturating_add(3);
    if lower.height >= spread.saturating_add(TIME) {
        let heights = [Constraint::Length(spread), Constraint::Min(0)];
        let [upper, lower] = Layout::vertical(heights).areas(lower);
        return vec![(Mode::Samples, upper), (Mode::Time, lower)];
    }
    if lower.height >= TIME {
        return vec![(Mode::Time, lower)];
    }
    Vec::new()
}
