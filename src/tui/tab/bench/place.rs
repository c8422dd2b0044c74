//! Where things go, by how much room there is; drawing and the mouse ask the same question.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{load, progress, table};
use crate::state::RunState;
use crate::tui::widget::titled;

/// From this width on the choice stays beside the results.
const BESIDE: u16 = 140;
/// Width of the choice beside the results.
const CHOICE: u16 = 44;
/// Height of the payloads and the starts, one below the other.
const SMALL: u16 = 13;
/// Height of the payloads, the starts and the loads.
const LISTS: u16 = 20;
/// Least height of the outlook where it is wide.
const BRIEF: u16 = 8;
/// Least height of the outlook where it is narrow.
const OUTLOOK: u16 = 14;
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
    /// The loads to choose.
    Loads,
    /// The runs there are.
    Runs,
    /// The results.
    Result,
}

impl Panel {
    /// All of them, in the order in which they are gone through.
    pub(super) const ALL: [Self; 6] =
        [Self::Backends, Self::Payloads, Self::Starts, Self::Loads, Self::Runs, Self::Result];
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
    /// How the samples of every row are spread.
    Samples,
    /// How those of one row are, or of a few.
    Spread,
    /// The chosen row's samples beside what the host did then.
    Time,
    /// Results a second by how many at once.
    Rate,
    /// Percentiles under a schedule.
    Latency,
    /// Memory of one.
    Memory,
    /// How many at once.
    Density,
    /// Beside a busy neighbour.
    Beside,
    /// What would make the views of loads.
    Loads,
    /// What others claim.
    Claims,
}

impl Mode {
    /// Every way, in order.
    pub(super) const ALL: [Self; 13] = [
        Self::Table,
        Self::Bars,
        Self::Ladder,
        Self::Samples,
        Self::Spread,
        Self::Time,
        Self::Rate,
        Self::Latency,
        Self::Memory,
        Self::Density,
        Self::Beside,
        Self::Loads,
        Self::Claims,
    ];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Bars => "bars",
            Self::Ladder => "ladder",
            Self::Samples => "samples",
            Self::Spread => "spread",
            Self::Time => "time",
            Self::Rate => "rate",
            Self::Latency => "latency",
            Self::Memory => "memory",
            Self::Density => "density",
            Self::Beside => "beside",
            Self::Loads => "loads",
            Self::Claims => "claims",
        }
    }

    /// What it shows, in a few words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Table => "figures",
            Self::Bars => "medians as bars",
            Self::Ladder => "where the time goes",
            Self::Samples => "every sample of every row",
            Self::Spread => "how the samples are spread",
            Self::Time => "samples and the host, over time",
            Self::Rate => "results a second by how many at once",
            Self::Latency => "latency under a fixed schedule",
            Self::Memory => "memory of one sandbox",
            Self::Density => "how many at once",
            Self::Beside => "beside a busy neighbour",
            Self::Loads => "many at once",
            Self::Claims => "what others claim, and what was measured here",
        }
    }

    /// The load that it shows.
    pub(super) const fn load(self) -> Option<&'static str> {
        match self {
            Self::Rate => Some("throughput"),
            Self::Latency => Some("latency"),
            Self::Memory => Some("memory"),
            Self::Density => Some("density"),
            Self::Beside => Some("neighbour"),
            _ => None,
        }
    }

    /// Whether left and right move its cursor.
    pub(super) const fn has_cursor(self) -> bool {
        matches!(self, Self::Samples | Self::Spread | Self::Time)
    }

    /// Those that have something to show of `run`, or will have.
    pub(super) fn offered(run: &RunState) -> Vec<Self> {
        let any = Self::ALL.iter().filter_map(|mode| mode.load());
        let any =
            any.into_iter().any(|name| load::is_known(run, name) || load::is_asked(run, name));
        let has = |mode: &Self| match (mode, mode.load()) {
            (_, Some(name)) => load::is_known(run, name) || load::is_asked(run, name),
            (Self::Loads, _) => !any,
            _ => true,
        };
        Self::ALL.into_iter().filter(has).collect()
    }
}

/// The places of the tab; what has no room is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) backends: Rect,
    pub(super) payloads: Rect,
    pub(super) starts: Rect,
    pub(super) loads: Rect,
    pub(super) runs: Rect,
    pub(super) outlook: Rect,
    /// One line instead of the outlook.
    pub(super) brief: Rect,
    pub(super) result: Rect,
}

impl Places {
    /// Divides `area` for `panel`, which has the keys, with room for `listed` backends and `kept`
    /// runs where there is enough.
    pub(super) fn of(
        area: Rect,
        (panel, listed, kept): (Panel, usize, usize),
        has_run: bool,
        zoom: bool,
    ) -> Self {
        if has_run && area.width >= BESIDE && !zoom {
            let [left, result] =
                Layout::horizontal([Constraint::Length(CHOICE), Constraint::Min(0)]).areas(area);
            return Self { result, ..Self::left(left, panel, listed, kept) };
        }
        match panel {
            Panel::Result if has_run => Self { result: area, ..Self::default() },
            Panel::Runs => Self { runs: area, ..Self::default() },
            _ => Self::choice(area, panel, listed),
        }
    }

    /// The choice beside the results, with the runs above it.
    fn left(area: Rect, panel: Panel, listed: usize, kept: usize) -> Self {
        let wanted = u16::try_from(kept).unwrap_or(u16::MAX).saturating_add(2);
        let height = wanted.clamp(3, (area.height / 6).max(3));
        let [runs, below] =
            Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area);
        Self { runs, ..Self::choice(below, panel, listed) }
    }

    fn choice(area: Rect, panel: Panel, listed: usize) -> Self {
        let none = Self::default();
        let wanted = u16::try_from(listed).unwrap_or(u16::MAX).saturating_add(2);
        if area.height >= SMALL + BRIEF && area.width >= 70 {
            let least = if area.height >= LISTS + BRIEF { LISTS } else { SMALL };
            let top = wanted.clamp(least, (area.height - BRIEF).max(least));
            let [top, outlook] =
                Layout::vertical([Constraint::Length(top), Constraint::Min(0)]).areas(area);
            let [backends, right] =
                Layout::horizontal([Constraint::Min(0), Constraint::Length(36)]).areas(top);
            return Self { backends, outlook, ..Self::lists(right, panel) };
        }
        if area.height >= LISTS + 8 + OUTLOOK {
            let left = area.height - LISTS - OUTLOOK;
            let heights = [wanted.clamp(8, left), LISTS].map(Constraint::Length);
            let [backends, small, outlook] =
                Layout::vertical(heights.into_iter().chain([Constraint::Min(0)])).areas(area);
            return Self { backends, outlook, ..Self::lists(small, panel) };
        }
        let [list, brief] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(area);
        match panel {
            Panel::Payloads => Self { payloads: list, brief, ..none },
            Panel::Starts => Self { starts: list, brief, ..none },
            Panel::Loads => Self { loads: list, brief, ..none },
            _ => Self { backends: list, brief, ..none },
        }
    }

    /// The short lists, one below the other; where there is no room for all, the starts or the
    /// loads, whichever has the keys.
    fn lists(area: Rect, panel: Panel) -> Self {
        let none = Self::default();
        if area.height >= LISTS {
            let heights = [Constraint::Length(6), Constraint::Length(7), Constraint::Min(0)];
            let [payloads, starts, loads] = Layout::vertical(heights).areas(area);
            return Self { payloads, starts, loads, ..none };
        }
        let [payloads, other] =
            Layout::vertical([Constraint::Length(6), Constraint::Min(0)]).areas(area);
        match panel {
            Panel::Loads => Self { payloads, loads: other, ..none },
            _ => Self { payloads, starts: other, ..none },
        }
    }
}

/// The places within the results.
#[derive(Clone, Debug, Default)]
pub(super) struct ResultPlaces {
    pub(super) framed: bool,
    /// How far the run is, or how it ended.
    pub(super) head: Rect,
    /// What is looked at: payload and figure.
    pub(super) tabs: Rect,
    /// The ways to look.
    pub(super) strip: Rect,
    /// Each way to look, with its place.
    pub(super) modes: Vec<(Mode, Rect)>,
    /// The reasons; empty unless asked for.
    pub(super) reasons: Rect,
}

/// What decides how the results are divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Rows of the table.
    pub(super) rows: usize,
    /// The way to look that is wanted.
    pub(super) mode: Mode,
    /// The ways there are.
    pub(super) offered: &'a [Mode],
    /// Whether reasons are asked for.
    pub(super) why: bool,
    /// Whether the wanted way has all the room.
    pub(super) alone: bool,
}

impl ResultPlaces {
    /// Divides `area`.
    pub(super) fn of(area: Rect, wanted: Wanted<'_>) -> Self {
        let framed = area.height >= FRAMED;
        let inside = if framed { titled::inside(area) } else { area };
        let lines = if inside.width < progress::WIDE { 4 } else { 3 };
        let head = match inside.height {
            ..24 => (inside.height / 4).clamp(1, 3),
            _ => lines,
        };
        let reasons = if wanted.why { (inside.height / 2).min(8) } else { 0 };
        let gap = u16::from(inside.height >= 30);
        let strip = u16::from(inside.height >= 12);
        let [head, _, tabs, strip, body, reasons] = Layout::vertical([
            Constraint::Length(head),
            Constraint::Length(gap),
            Constraint::Length(1),
            Constraint::Length(strip),
            Constraint::Min(0),
            Constraint::Length(reasons),
        ])
        .areas(inside);
        let modes = if wanted.alone { vec![(wanted.mode, body)] } else { modes(body, wanted) };
        Self { framed, head, tabs, strip, modes, reasons }
    }
}

/// Least width and height of a board of several views.
const BOARD: (u16, u16) = (104, 22);
/// From this height on a board has four views below its table, not two.
const TALL: u16 = 42;

/// As many ways to look as there is room for, each below a line that names it.
fn modes(body: Rect, wanted: Wanted<'_>) -> Vec<(Mode, Rect)> {
    if body.width < BOARD.0 || body.height < BOARD.1 {
        return vec![(wanted.mode, body)];
    }
    let table = table::height(wanted.rows) + 1;
    let tall = body.height >= TALL;
    let share = if tall { body.height * 2 / 5 } else { body.height / 2 };
    let heights = [Constraint::Length(table.min(share)), Constraint::Min(0)];
    let [upper, lower] = Layout::vertical(heights).areas(body);
    let mut all = vec![(Mode::Table, upper)];
    let count = if tall { 4 } else { 2 };
    let places = grid(lower, count);
    all.extend(chosen(wanted, count).into_iter().zip(places));
    all
}

/// `area` in two columns, of so many places.
fn grid(area: Rect, count: usize) -> Vec<Rect> {
    let rows = Layout::vertical(vec![Constraint::Fill(1); count / 2]).split(area);
    let columns = [Constraint::Fill(1), Constraint::Length(2), Constraint::Fill(1)];
    let both = |row: &Rect| {
        let [left, _, right] = Layout::horizontal(columns).areas(*row);
        [left, right]
    };
    rows.iter().flat_map(both).collect()
}

/// The views below the table: the usual ones, and the one that is wanted among them.
fn chosen(wanted: Wanted<'_>, count: usize) -> Vec<Mode> {
    let usual = [Mode::Ladder, Mode::Time, Mode::Spread, Mode::Rate, Mode::Bars, Mode::Samples];
    let usual = usual.into_iter().filter(|mode| wanted.offered.contains(mode));
    let mut all: Vec<Mode> = usual.take(count).collect();
    if wanted.mode != Mode::Table && !all.contains(&wanted.mode) {
        // Over time a view is missed least where another load is wanted, and so on.
        let at = if wanted.mode.load().is_some() { count - 1 } else { 0 };
        let at = at.min(all.len().saturating_sub(1));
        all[at] = wanted.mode;
    }
    all
}
