//! The top line: which tab is in front on the left, how things stand on the right.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::alert::Severity;
use crate::state::State;
use crate::tui::app::App;
use crate::tui::look::Look;
use crate::tui::tab::Tab;
use crate::tui::widget::status::{Standing, Status};

mod gpus;
mod time;

/// What stands before the tabs, where there are columns for it.
const NAME: &str = "isomon ";
const NAMED: u16 = FULL + 8;
/// Columns from which on all titles are written out, whatever else is to be said but which GPU is whose.
const FULL: u16 = titles() + 16;

/// How the tabs that are not in front are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// By their titles.
    Full,
    /// In at most five letters.
    Short,
    /// In three letters.
    Brief,
    /// By their digits alone.
    Digits,
}

impl Names {
    /// What stands between two tabs: a digit alone is parted by more from the next.
    const fn gap(self) -> &'static str {
        match self {
            Self::Full | Self::Digits => "  ",
            Self::Short | Self::Brief => " ",
        }
    }

    /// The label of `tab`.
    fn label(self, tab: Tab, front: Tab) -> String {
        let title = match self {
            _ if tab == front => tab.title(),
            Self::Full => tab.title(),
            Self::Short => tab.short(),
            Self::Brief => tab.brief(),
            Self::Digits => return tab.digit().to_string(),
        };
        format!("{} {title}", tab.digit())
    }
}

/// Columns that all titles take.
const fn titles() -> u16 {
    let (mut columns, mut at) = (0, 0);
    while at < Tab::ALL.len() {
        columns += Tab::ALL[at].title().len() + 4;
        at += 1;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a few words")]
    let columns = columns as u16;
    columns - 2
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, state: &State, look: &Look<'_>) {
    let width = room(area.width, app, state, look);
    let (banner, area) =
        (Rect { x: area.x + width, width: area.width - width, ..area }, Rect { width, ..area });
    let parts = standing(app, state, look);
    let left = tabs(area.width, names(width, &parts, app.tab), app.tab, look);
    let (right, _) = fit(&parts, usize::from(area.width).saturating_sub(left.width() + 1));
    frame.render_widget(left, area);
    frame.render_widget(right.right_aligned(), area);
    frame.render_widget(time::banner(banner.width, app, state, look), banner);
}

/// Columns of a line of `width` that are left for tabs beside what is said about the time.
fn room(width: u16, app: &App, state: &State, look: &Look<'_>) -> u16 {
    let least = name(width).len() + app.tab.title().len() + 3 * Tab::ALL.len();
    let most = usize::from(width).saturating_sub(least);
    let banner = time::words(most, app, state, look);
    width - crate::tui::widget::grid::narrow(banner.width()).min(width)
}

/// What stands before the tabs in a line of `width` columns.
const fn name(width: u16) -> &'static str {
    if width < NAMED { "" } else { NAME }
}

/// How tabs are called in a line of `width` columns: as long as all is said of how things stand that is
/// said beside bare digits, but for the time of day and the machine's name.
fn names(width: u16, parts: &[Part], front: Tab) -> Names {
    if width >= FULL && !names_nodes(parts) {
        return Names::Full;
    }
    let said = |names| {
        let room = usize::from(width).checked_sub(columns(width, names, front) + 1)?;
        Some(fit(parts, room).1)
    };
    let most = said(Names::Digits);
    let fits = |names: &Names| said(*names).is_some_and(|said| Some(said) == most);
    let all = [Names::Full, Names::Short, Names::Brief];
    let longest = usize::from(width < FULL);
    all.into_iter().skip(longest).find(fits).unwrap_or(Names::Digits)
}

/// Columns that the tabs take in a line of `width`.
fn columns(width: u16, names: Names, front: Tab) -> usize {
    let labels = Tab::ALL.iter().map(|tab| names.label(*tab, front).len() + names.gap().len());
    name(width).len() + labels.sum::<usize>() - names.gap().len()
}

fn tabs(width: u16, names: Names, front: Tab, look: &Look<'_>) -> Line<'static> {
    let mut spans = vec![Span::styled(name(width), look.theme.title)];
    for tab in Tab::ALL {
        let style = if tab == front { look.theme.selected } else { look.theme.muted };
        spans.push(Span::styled(names.label(tab, front), style));
        spans.push(Span::raw(names.gap()));
    }
    spans.pop();
    Line::from(spans)
}

/// The tab whose title is at `column` of the line, which is `width` columns wide.
pub fn tab_at(column: u16, width: u16, app: &App, state: &State, look: &Look<'_>) -> Option<Tab> {
    let width = room(width, app, state, look);
    let names = names(width, &standing(app, state, look), app.tab);
    hit(column, name(width).len(), names, app.tab)
}

/// The tab whose title is at `column`, where the first begins at `start`.
fn hit(column: u16, mut start: usize, names: Names, front: Tab) -> Option<Tab> {
    Tab::ALL.into_iter().find(|tab| {
        let end = start + names.label(*tab, front).len();
        let hit = (start..end).contains(&usize::from(column));
        start = end + names.gap().len();
        hit
    })
}

/// Something that is said of how things stand.
#[derive(Default)]
struct Part {
    /// Ways to say it, the longest first.
    ways: Vec<Vec<Span<'static>>>,
    /// How many of these say all of it that matters.
    whole: usize,
    /// Whether it matters more than the names of tabs.
    matters: bool,
}

/// How things stand, the most important first.
fn standing(app: &App, state: &State, look: &Look<'_>) -> Vec<Part> {
    let way = |span: Option<Span<'static>>| -> Vec<Vec<Span<'static>>> {
        span.map(|span| vec![span]).into_iter().collect()
    };
    let survey = app.views.overview.survey(state, look);
    let spread = nodes(&survey.standing, look);
    let part =
        |matters| move |ways: Vec<Vec<Span<'static>>>| Part { whole: ways.len(), ways, matters };
    let more = [
        way(firing(state, look)),
        way(paused(app, look)),
        spread.into(),
        way(running(app, state, look)),
        way(lost(state, look)),
    ];
    let less = [way(clock(app, look)), way(host(state, look))];
    let gpus = gpus::part(state, &survey.fresh_gpus, look);
    let parts = more.into_iter().map(part(true)).chain([gpus]);
    parts.chain(less.into_iter().map(part(false))).collect()
}

fn width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::width).sum()
}

/// As much of it as fits into `room` columns, and how much of that matters: two for what is said whole, one
/// for what is said in part. What can be said in signs alone is, where GPUs get their nodes' names by that.
fn fit(parts: &[Part], room: usize) -> (Line<'static>, usize) {
    let long = fill(parts, false, room);
    if !names_nodes(parts) {
        return long;
    }
    let short = fill(parts, true, room);
    if short.1 > long.1 { short } else { long }
}

/// Whether something of `parts` can be said whole and in part: which GPU is whose.
fn names_nodes(parts: &[Part]) -> bool {
    parts.iter().any(|part| part.whole < part.ways.len())
}

/// The same, each part the longest way that fits; where `brief`, those that lose nothing by it the shortest.
fn fill(parts: &[Part], brief: bool, room: usize) -> (Line<'static>, usize) {
    let (mut left, mut matters, mut line) = (room, 0, Line::default());
    for part in parts {
        let is_brief = brief && part.whole == part.ways.len();
        let skipped = if is_brief { part.ways.len().saturating_sub(1) } else { 0 };
        let ways = part.ways.iter().enumerate().skip(skipped);
        let mut fitting = ways.filter(|(_, way)| (1..left).contains(&width(way)));
        let Some((at, way)) = fitting.next() else { continue };
        left -= width(way) + 1;
        line.push_span(Span::raw(" "));
        line.extend(way.iter().cloned());
        matters += usize::from(part.matters) * (1 + usize::from(at < part.whole));
    }
    (line, matters)
}

/// How many alerts fire that nobody has seen to.
fn firing(state: &State, look: &Look<'_>) -> Option<Span<'static>> {
    let loud: u64 = state.alerts().map(|(_, alerts)| alerts.loud).sum();
    let mut worst = state.alerts().flat_map(|(_, alerts)| &alerts.alerts);
    let critical = worst.any(|alert| alert.is_loud() && alert.severity == Severity::Critical);
    let style = if critical { look.theme.bad } else { look.theme.warn };
    (loud > 0).then(|| Span::styled(format!("{} {loud}", look.glyph.pick("▲", "!")), style))
}

fn paused(app: &App, look: &Look<'_>) -> Option<Span<'static>> {
    app.paused.then(|| Span::styled("paused", look.theme.warn))
}

fn running(app: &App, state: &State, look: &Look<'_>) -> Option<Span<'static>> {
    let fleet = state.fleet_live().count();
    let live = state.live_run();
    let words = match live.map(|(_, run)| run.progress.share()) {
        _ if fleet > 0 => format!("▶ bench on {fleet}"),
        Some(Some(share)) => format!("▶ bench {:.0} %", share.percent().floor()),
        Some(None) => "▶ bench".to_owned(),
        None if app.views.bench.is_preparing(state) => "▶ preparing".to_owned(),
        None => return None,
    };
    Some(Span::styled(words, look.theme.accent))
}

/// How many nodes are live, late, lost, in words and in signs alone; of one node only that it is not
/// live.
fn nodes(standing: &Standing, look: &Look<'_>) -> [Vec<Span<'static>>; 2] {
    if standing.all() < 2 && standing.count(Status::Down) == 0 {
        return [Vec::new(), Vec::new()];
    }
    [standing.spans(true, look), standing.spans(false, look)]
}

fn lost(state: &State, look: &Look<'_>) -> Option<Span<'static>> {
    (state.lost > 0).then(|| Span::styled(format!("lost {}", state.lost), look.theme.warn))
}

fn clock(app: &App, look: &Look<'_>) -> Option<Span<'static>> {
    let at = jiff::Timestamp::from_millisecond(look.now.wall_ms).ok()?;
    let local = at.to_zoned(app.setup.zone.clone());
    let shown = local.strftime("%H:%M").to_string();
    Some(Span::styled(shown, look.theme.muted))
}

/// The machine's name, while there is only one.
fn host(state: &State, look: &Look<'_>) -> Option<Span<'static>> {
    let mut nodes = state.nodes.values();
    let name = &nodes.next()?.info.as_ref()?.hostname;
    let only = nodes.next().is_none() && !name.is_empty();
    only.then(|| Span::styled(name.to_string(), look.theme.muted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_finds_the_title_it_hits() {
        let at = |column, names, front| hit(column, 0, names, front);
        assert_eq!(hit(0, NAME.len(), Names::Full, Tab::Overview), None);
        assert_eq!(hit(7, NAME.len(), Names::Full, Tab::Overview), Some(Tab::Overview));
        assert_eq!(at(0, Names::Digits, Tab::Overview), Some(Tab::Overview));
        assert_eq!(at(10, Names::Digits, Tab::Overview), None);
        assert_eq!(at(12, Names::Digits, Tab::Overview), Some(Tab::Nodes));
        assert_eq!(at(3, Names::Digits, Tab::Nodes), Some(Tab::Nodes));
        assert_eq!(at(0, Names::Digits, Tab::Nodes), Some(Tab::Overview));
        assert_eq!(at(10, Names::Short, Tab::Overview), None);
        assert_eq!(at(17, Names::Short, Tab::Overview), Some(Tab::Nodes));
        assert_eq!(at(5, Names::Brief, Tab::Nodes), None);
        assert_eq!(at(12, Names::Brief, Tab::Nodes), Some(Tab::Nodes));
        assert_eq!(at(79, Names::Short, Tab::Overview), None);
    }

    #[test]
    fn short_names_leave_room_in_eighty_columns() {
        for names in [Names::Short, Names::Brief] {
            for front in Tab::ALL {
                let labels = Tab::ALL.map(|tab| names.label(tab, front));
                let width: usize =
                    labels.iter().map(String::len).sum::<usize>() + Tab::ALL.len() - 1;
                assert!(width <= 74, "{labels:?}");
            }
        }
    }
}
