//! Agents of every node that tells of some: how they stand, what they cost, what failed last.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::agent::{Agents, Cluster, Session, Trouble};
use crate::model::id::SourceId;
use crate::model::text::{SafeText, counted};
use crate::state::{Part, State};
use crate::tui::look::Look;
use crate::tui::tab::done::{Standing, clock, dollars, tokens};
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::{fixed, grid, value};

/// Errors that the panel asks room for.
const ERRORS: usize = 3;
/// Sessions by which two are known to tell of the same agents.
const LATEST: usize = 8;

/// Who tells of agents, and what. Two that tell of the same session, a gateway and its files, tell of
/// the same agents; the one that tells what they cost is taken.
fn all(state: &State) -> impl Iterator<Item = (&SourceId, &Agents)> {
    let mut found: Vec<(&SourceId, &Agents)> = Vec::new();
    for (id, node) in state.telling(Part::Agents) {
        let Some((_, agents)) = &node.agents else { continue };
        match found.iter_mut().find(|(_, other)| are_same(other, agents)) {
            Some(other) if other.1.tokens_24h.known().is_none() => *other = (id, agents),
            Some(_) => {}
            None => found.push((id, agents)),
        }
    }
    found.into_iter()
}

/// Whether both tell of one of the latest sessions.
fn are_same(one: &Agents, other: &Agents) -> bool {
    let is_in = |session: &Session| {
        let known = |two: &Session| two.key == session.key && two.started_ms == session.started_ms;
        session.started_ms.is_some() && other.list.iter().take(LATEST).any(known)
    };
    one.list.iter().take(LATEST).any(is_in)
}

/// That of one node.
pub(in crate::tui::tab) fn standing(of: &Agents) -> Standing {
    Standing::of(of.sessions.get(), &of.oldest_seconds, of.queue.get(), &of.done)
}

fn together(state: &State) -> Standing {
    all(state).map(|(_, of)| standing(of)).fold(Standing::default(), Standing::and)
}

/// Rows the panel takes with its frame; none where nobody tells of agents.
pub(super) fn wanted(state: &State, look: &Look<'_>) -> u16 {
    if all(state).next().is_none() {
        return 0;
    }
    let errors = all(state).map(|(_, of)| of.errors.len()).sum::<usize>().min(ERRORS);
    grid::narrow(facts(state, usize::MAX, look).len() + errors + 2)
}

/// How they stand, in a line; nothing where nobody tells.
pub(super) fn line(state: &State, look: &Look<'_>) -> Option<Line<'static>> {
    all(state).next()?;
    let clusters = all(state).filter_map(|(_, of)| of.cluster.as_ref()).map(cluster);
    let words = Some(together(state).words()).filter(|words| !words.is_empty());
    let words: Vec<String> = words.into_iter().chain(clusters).collect();
    let told = if words.is_empty() { spent(state)? } else { words.join(" · ") };
    Some(Line::from(vec![
        Span::styled(" Agents: ", look.theme.muted),
        Span::styled(told, look.theme.text),
    ]))
}

/// Draws the panel.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
    let agents = all(state).map(|(_, of)| of.agents.len()).sum::<usize>();
    let sessions: u64 = all(state).filter_map(|(_, of)| of.total).sum();
    let agents = (agents > 0).then(|| value::many(agents, "agent"));
    let sessions = (sessions > 0).then(|| counted(sessions, "session"));
    let aside = agents.into_iter().chain(sessions).collect::<Vec<_>>().join(" · ");
    let inside = Panel::new("Agents").aside(aside).open(area, buffer, look);
    let width = usize::from(inside.width);
    let mut lines = facts(state, width, look);
    let room = usize::from(inside.height).saturating_sub(lines.len());
    lines.extend(errors(state, room).into_iter().map(|(id, one)| error(id, one, width, look)));
    panel::lines(lines, inside, buffer);
}

/// What is known, a line each.
fn facts(state: &State, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let standing = together(state);
    let mut lines = if standing.is_known() { standing.lines(width, look) } else { Vec::new() };
    let text = |words: String| Line::styled(fixed::cut(&words, width), look.theme.text);
    lines.extend(spent(state).map(&text));
    for (id, of) in all(state) {
        let advice = of.agents.iter().filter(|one| calls_for_work(one.advice.as_str()));
        lines.extend(
            advice
                .map(|one| {
                    let words =
                        format!("{id} {}: {}", one.name, one.advice.as_str().replace('_', " "));
                    Line::styled(fixed::cut(&words, width), look.theme.warn)
                })
                .take(2),
        );
        lines.extend(of.cluster.iter().map(cluster).map(&text));
    }
    lines
}

/// Whether what is advised about a session asks for something to be done.
fn calls_for_work(advice: &str) -> bool {
    matches!(advice, "compact_soon" | "reset_recommended" | "cache_unstable")
}

/// Tokens and cost of the last day, and the models with most of them.
fn spent(state: &State) -> Option<String> {
    let sum = |of: fn(&Agents) -> Option<f64>| {
        all(state).filter_map(|(_, agents)| of(agents)).reduce(|sum, one| sum + one)
    };
    let used = sum(|of| of.tokens_24h.get()).map(|count| format!("{} tokens", tokens(count)));
    let cost = sum(|of| of.cost_24h_usd.get()).map(dollars);
    let mut models: Vec<(&SafeText, f64)> = Vec::new();
    for one in all(state).flat_map(|(_, of)| &of.models) {
        let count = one.tokens.get().unwrap_or_default();
        match models.iter_mut().find(|(model, _)| **model == one.model) {
            Some((_, sum)) => *sum += count,
            None => models.push((&one.model, count)),
        }
    }
    models.sort_by(|a, b| b.1.total_cmp(&a.1));
    let models = models.into_iter().take(3);
    let models = models.map(|(model, count)| format!("{model} {}", tokens(count)));
    let words: Vec<String> = used.into_iter().chain(cost).chain(models).collect();
    (!words.is_empty()).then(|| format!("24 h  {}", words.join(" · ")))
}

/// A cluster in words.
pub(in crate::tui::tab) fn cluster(of: &Cluster) -> String {
    let mut words = vec![format!("{} of {} nodes up", of.up, of.nodes)];
    words.extend(of.gpus.map(|(all, busy)| format!("{busy} of {all} GPUs active")));
    words.extend(
        of.failover.map(|ready| if ready { "failover ready" } else { "no failover" }.to_owned()),
    );
    if !of.serves.as_str().is_empty() {
        words.push(format!("{} serves", of.serves));
    }
    words.join(" · ")
}

/// The latest errors of all nodes, at most `most`.
fn errors(state: &State, most: usize) -> Vec<(&SourceId, &Trouble)> {
    let mut found: Vec<(&SourceId, &Trouble)> =
        all(state).flat_map(|(id, of)| of.errors.iter().map(move |one| (id, one))).collect();
    found.sort_by_key(|(_, one)| std::cmp::Reverse(one.at_ms));
    found.truncate(most);
    found
}

fn error(id: &SourceId, of: &Trouble, width: usize, look: &Look<'_>) -> Line<'static> {
    Line::styled(fixed::cut(&words(id, of, look), width), look.theme.bad)
}

/// When, whose, and what.
pub(in crate::tui::tab) fn words(id: &SourceId, of: &Trouble, look: &Look<'_>) -> String {
    let at = of.at_ms.map_or_else(|| of.at.to_string(), |at| clock(at, look));
    let named = if of.of.as_str().is_empty() { id.to_string() } else { format!("{id} {}", of.of) };
    format!("{at} {named}: {}", of.what)
}
