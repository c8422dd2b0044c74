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
/// Columns from which on all titles are written out; with fewer only the one in front is, since how things
/// stand matters more.
const FULL: u16 = titles() + 16;

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
    let left = tabs(area.width, app.tab, look);
    let room = usize::from(area.width).saturating_sub(left.width() + 1);
    let right = standing(app, state, look, room);
    frame.render_widget(left, area);
    frame.render_widget(right.right_aligned(), area);
    frame.render_widget(time::banner(banner.width, app, state, look), banner);
}

/// Columns of a line of `width` that are left for tabs beside what is said about the time.
pub fn room(width: u16, app: &App, state: &State, look: &Look<'_>) -> u16 {
    let least = name(width).len() + app.tab.title().len() + 3 * Tab::ALL.len();
    let most = usize::from(width).saturating_sub(least);
    let banner = time::words(most, app, state, look);
    width - crate::tui::widget::grid::narrow(banner.width()).min(width)
}

/// What stands before the tabs in a line of `width` columns.
const fn name(width: u16) -> &'static str {
    if width < NAMED { "" } else { NAME }
}

/// The label of `tab` in a line of `width` columns.
fn label(tab: Tab, front: Tab, width: u16) -> String {
    if width >= FULL || tab == front {
        format!("{} {}", tab.digit(), tab.title())
    } else {
        tab.digit().to_string()
    }
}

fn tabs(width: u16, front: Tab, look: &Look<'_>) -> Line<'static> {
    let mut spans = vec![Span::styled(name(width), look.theme.title)];
    for tab in Tab::ALL {
        let style = if tab == front { look.theme.selected } else { look.theme.muted };
        spans.push(Span::styled(label(tab, front, width), style));
        spans.push(Span::raw("  "));
    }
    spans.pop();
    Line::from(spans)
}

/// The tab whose title is at `column` of a line of `width` columns, while `front` is in front.
pub fn tab_at(column: u16, width: u16, front: Tab) -> Option<Tab> {
    let mut start = name(width).len();
    Tab::ALL.into_iter().find(|tab| {
        let end = start + label(*tab, front, width).len();
        let hit = (start..end).contains(&usize::from(column));
        start = end + 2;
        hit
    })
}

/// How things stand, the most important first, as much as fits into `room` columns.
fn standing(app: &App, state: &State, look: &Look<'_>, room: usize) -> Line<'static> {
    let one = |span: Option<Span<'static>>| span.into_iter().collect::<Vec<_>>();
    let mut left = room;
    let mut shown = Vec::new();
    let mut take = |spans: Vec<Span<'static>>| {
        let width: usize = spans.iter().map(Span::width).sum();
        let fits = width > 0 && width < left;
        if fits {
            left -= width + 1;
            shown.push(Span::raw(" "));
            shown.extend(spans);
        }
        fits
    };
    take(one(firing(state, look)));
    take(one(paused(app, look)));
    let [long, short] = nodes(&app.views.overview.survey(state, look).standing, look);
    let _ = take(long) || take(short);
    for span in [running(app, state, look), lost(state, look)] {
        take(one(span));
    }
    let _ = gpus::strips(state, look).into_iter().any(&mut take);
    for span in [clock(app, look), host(state, look)] {
        take(one(span));
    }
    Line::from(shown)
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
        assert_eq!(tab_at(0, 120, Tab::Overview), None);
        assert_eq!(tab_at(7, 120, Tab::Overview), Some(Tab::Overview));
        assert_eq!(tab_at(0, 80, Tab::Overview), Some(Tab::Overview));
        assert_eq!(tab_at(10, 80, Tab::Overview), None);
        assert_eq!(tab_at(12, 80, Tab::Overview), Some(Tab::Nodes));
        assert_eq!(tab_at(3, 40, Tab::Nodes), Some(Tab::Nodes));
        assert_eq!(tab_at(0, 40, Tab::Nodes), Some(Tab::Overview));
        assert_eq!(tab_at(79, 80, Tab::Overview), None);
    }
}
