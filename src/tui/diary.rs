//! What is written into the log of what is told: what the bottom line says, nodes that fall silent and are
//! back, alerts that turn, runs that begin and end.
//!
//! It may know how things stood before, and nothing of the screen.

use crate::model::alert::{Severity, Turn};
use crate::model::backend::Mend;
use crate::model::id::{RunId, SourceId};
use crate::model::run::{RunEnd, RunEvent, RunTail};
use crate::model::text::SafeText;
use crate::model::update::{Health, Notice, Update, What};
use crate::state::State;
use crate::state::alert::Fresh;
use crate::tui::tab::alerts::named;

/// Longest entry, in letters.
const LONGEST: usize = 500;

/// Has `state` take `update`, and writes down what of it is to be read again; whether something changed.
pub(super) fn take(state: &mut State, update: &Update) -> bool {
    let (changed, entries) = heard(state, update);
    for Notice { bad, text } in entries {
        if bad {
            tracing::warn!("{text}");
        } else {
            tracing::info!("{text}");
        }
    }
    changed
}

/// Has `state` take `update`; whether something changed, and the entries of the log.
fn heard(state: &mut State, update: &Update) -> (bool, Vec<Notice>) {
    let mut entries: Vec<Notice> = entry(state, update).into_iter().collect();
    let changed = state.apply(update);
    if matches!(update.what, What::Alerts(_)) {
        entries.extend(alerts(state, update));
    }
    (changed, entries)
}

/// The entry of `update`, which `state` has not taken yet.
fn entry(state: &State, update: &Update) -> Option<Notice> {
    let from = &update.from;
    match &update.what {
        What::Notice(notice) => {
            let said = state.notice.as_ref().is_some_and(|(_, before)| before == notice);
            (!(notice.bad && said)).then(|| notice.clone())
        }
        What::Mend(Mend::Command { line, .. }) => Some(note(false, &format!("$ {line}"))),
        What::Mend(Mend::Line(line)) => Some(note(false, line.as_str())),
        What::Health(health) => turn(state, from, health),
        What::Run { id, event } if !from.is_kept() => run(from, id, event),
        _ => None,
    }
}

fn note(bad: bool, text: &str) -> Notice {
    Notice { bad, text: SafeText::within(text, LONGEST) }
}

/// That `from` fell silent, or is back; nothing where it goes on as before.
fn turn(state: &State, from: &SourceId, health: &Health) -> Option<Notice> {
    let before = state.nodes.get(from).and_then(|node| node.health.as_ref());
    let was_down = matches!(before, Some(Health::Down { .. }));
    match health {
        Health::Down { why, .. } if !was_down => {
            Some(note(true, &format!("{from} does not answer: {why}")))
        }
        Health::Up if was_down => Some(note(false, &format!("{from} answers again"))),
        _ => None,
    }
}

/// That a run of `from` began, or how it ended.
fn run(from: &SourceId, id: &RunId, event: &RunEvent) -> Option<Notice> {
    let place = if *from == SourceId::local() { String::new() } else { format!(" on {from}") };
    match event {
        RunEvent::Started(_) => Some(note(false, &format!("run {id}{place} began"))),
        RunEvent::Ended(tail) => Some(end(&format!("run {id}{place}"), tail)),
        _ => None,
    }
}

fn end(run: &str, tail: &RunTail) -> Notice {
    if let RunEnd::Failed { reason } = &tail.end {
        return note(true, &format!("{run} failed: {reason}"));
    }
    let (good, bad) = (tail.progress.completed, tail.progress.failed);
    note(false, &format!("{run} is over, {good} good, {bad} failed"))
}

/// Alerts that turned by `update`, which `state` has taken, the earliest first.
fn alerts(state: &State, update: &Update) -> Vec<Notice> {
    if !state.alerts().any(|(source, _)| *source == update.from) {
        return Vec::new();
    }
    let is_new = |fresh: &&Fresh| fresh.at == update.at && fresh.from == update.from;
    let mut entries: Vec<Notice> = state.fresh.iter().take_while(is_new).map(alert).collect();
    entries.reverse();
    entries
}

fn alert(fresh: &Fresh) -> Notice {
    let event = &fresh.event;
    let name = named(&fresh.from, &event.id);
    let fires = event.turn == Turn::Fired;
    let how = if fires { "fires" } else { "is over, was" };
    note(fires && event.severity != Severity::Info, &format!("{name} {how}: {}", event.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::{AlertId, Alerts, Event};
    use crate::model::bench::Progress;
    use crate::model::time::Stamp;

    /// The entries of what `from` told at second `at`, bad ones with `!` before them.
    fn told(state: &mut State, from: &str, at: u64, what: What) -> Vec<String> {
        let at = Stamp { mono_ms: at * 1_000, wall_ms: 0 };
        let (_, entries) = heard(state, &Update { at, from: SourceId(from.into()), what });
        let words = |entry: &Notice| format!("{}{}", if entry.bad { "!" } else { "" }, entry.text);
        entries.iter().map(words).collect()
    }

    #[test]
    fn a_node_is_written_down_as_it_falls_silent_and_as_it_is_back() {
        let mut state = State::default();
        let down =
            |why: &str| What::Health(Health::Down { since: Stamp::default(), why: why.into() });
        let mut entries = Vec::new();
        let up = || What::Health(Health::Up);
        for (at, what) in (1..).zip([up(), down("refused"), down("late"), up(), up()]) {
            entries.extend(told(&mut state, "web-1", at, what));
        }
        assert_eq!(entries, ["!web-1 does not answer: refused", "web-1 answers again"]);
    }

    #[test]
    fn an_alert_is_written_down_as_it_fires_and_as_it_is_over() {
        let mut state = State::default();
        let id = AlertId { rule: "hot".into(), node: "local".into(), thing: "".into() };
        let event = |severity, turn| {
            let (id, message) = (id.clone(), "it is hot".into());
            Event { id, severity, turn, message, ..Event::default() }
        };
        let mut past = Vec::new();
        let mut tell = |severity, turn| {
            past.insert(0, event(severity, turn));
            let turns = past.len() as u64;
            let alerts = Alerts { past: past.clone(), turns, ..Alerts::default() };
            told(&mut state, "local", turns, What::Alerts(Box::new(alerts)))
        };
        let fires = tell(Severity::Critical, Turn::Fired);
        assert_eq!(fires, ["!hot on local fires: it is hot"]);
        assert_eq!(tell(Severity::Critical, Turn::Acknowledged), [] as [String; 0]);
        let over = tell(Severity::Critical, Turn::Resolved);
        assert_eq!(over, ["hot on local is over, was: it is hot"]);
        assert_eq!(tell(Severity::Info, Turn::Fired), ["hot on local fires: it is hot"]);
    }

    #[test]
    fn a_mistake_that_is_said_again_is_written_down_once() {
        let mut state = State::default();
        let say = |bad| What::Notice(Notice { bad, text: "rules.toml:3: no".into() });
        let entries: Vec<_> =
            (1..5).flat_map(|at| told(&mut state, "local", at, say(at != 3))).collect();
        let (bad, good) = ("!rules.toml:3: no", "rules.toml:3: no");
        assert_eq!(entries, [bad, good, bad], "after another sentence it is news");
    }

    #[test]
    fn the_end_of_a_run_is_written_down_unless_it_is_told_again() {
        let mut state = State::default();
        let tail = RunTail {
            progress: Progress { completed: 3, failed: 1, ..Progress::default() },
            ..RunTail::default()
        };
        let id = RunId::new(0, 1);
        let run = |end: RunEnd| {
            let event = RunEvent::Ended(Box::new(RunTail { end, ..tail.clone() }));
            What::Run { id: id.clone(), event }
        };
        let completed = || run(RunEnd::Completed);
        let over = told(&mut state, "web-1", 1, completed());
        assert_eq!(over, [format!("run {id} on web-1 is over, 3 good, 1 failed")]);
        let failed = told(&mut state, "local", 2, run(RunEnd::Failed { reason: "no".into() }));
        assert_eq!(failed, [format!("!run {id} failed: no")]);
        assert_eq!(told(&mut state, "stored", 3, completed()), [] as [String; 0]);
    }
}
