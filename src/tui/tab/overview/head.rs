//! Who answers, who does not and why.

use ratatui::text::{Line, Span};

use crate::model::alert::{Alert, Severity};
use crate::model::id::SourceId;
use crate::model::text::counted;
use crate::model::update::Health;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::tab::fleet::Survey;
use crate::tui::widget::fixed;
use crate::tui::widget::status::{self, Status};
use crate::tui::widget::value;

/// A line of counts, then one for each of the first nodes that do not answer.
pub(super) fn lines(
    (state, survey): (&State, &Survey),
    look: &Look<'_>,
    width: u16,
) -> Vec<Line<'static>> {
    let mut lines = vec![counts(state, survey, look)];
    let silent = survey.silent.iter().filter_map(|id| Some((id, state.nodes.get(id)?)));
    for (id, node) in silent {
        let status = Status::of(node, look);
        let words = match (&node.health, status) {
            (Some(Health::Down { since, why }), _) => {
                format!("{id} down for {}: {why}", value::age(look.age(*since)))
            }
            (_, Status::Waiting) => format!("{id} has not answered yet"),
            _ => format!("{id} stale, last heard {} ago", status::age(node, look)),
        };
        let text = fixed::cut(&format!(" {} {words}", status.sign(look)), usize::from(width));
        lines.push(Line::styled(text, status.style(look.theme)));
    }
    if survey.silent_more() > 0 {
        lines.push(more(survey.silent_more(), Action::Tab2, look));
    }
    lines.extend(alerts(state, look, width));
    lines
}

/// Alerts that are named.
const ALERTS: usize = 3;

/// The worst alerts that nobody has seen to, a line each.
fn alerts(state: &State, look: &Look<'_>, width: u16) -> Vec<Line<'static>> {
    let all = state.alerts().flat_map(|(source, alerts)| {
        alerts.alerts.iter().filter(|alert| alert.is_loud()).map(move |alert| (source, alert))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(_, alert)| std::cmp::Reverse((alert.severity, alert.since_ms)));
    let line = |(_, alert): &(&SourceId, &Alert)| {
        let style = match alert.severity {
            Severity::Critical => look.theme.bad,
            Severity::Warning => look.theme.warn,
            Severity::Info => look.theme.accent,
        };
        let text = format!(" {} {}", look.glyph.pick("▲", "!"), alert.matter(look.now.wall_ms));
        Line::styled(fixed::cut(&text, usize::from(width)), style)
    };
    let mut lines: Vec<Line<'static>> = all.iter().take(ALERTS).map(line).collect();
    if all.len() > ALERTS {
        lines.push(more(all.len() - ALERTS, Action::Tab8, look));
    }
    lines
}

/// How many more there are, and the key that shows them.
fn more(count: usize, at: Action, look: &Look<'_>) -> Line<'static> {
    Line::styled(format!("   and {count} more: {}", look.key(at)), look.theme.muted)
}

fn counts(state: &State, survey: &Survey, look: &Look<'_>) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for status in Status::ALL {
        let count = survey.standing.count(status);
        if count > 0 || status == Status::Up {
            let style = if count > 0 { status.style(look.theme) } else { look.theme.muted };
            let text = format!("{} {count} {}  ", status.sign(look), status.word());
            spans.push(Span::styled(text, style));
        }
    }
    spans.push(Span::styled(machine(state, survey), look.theme.muted));
    spans.into()
}

/// Processors and GPUs of those that are live, and backends of all.
fn machine(state: &State, survey: &Survey) -> String {
    let mut words = Vec::new();
    if survey.cpus > 0 {
        words.push(counted(survey.cpus, "CPU"));
    }
    if survey.gpus > 0 {
        words.push(counted(survey.gpus, "GPU"));
    }
    if survey.backends > 0 {
        let own = state.nodes.get(&SourceId::local());
        let untried = own.is_some_and(|node| node.backends.is_empty());
        let here = if untried { ", not tried here yet" } else { "" };
        words.push(format!("{}/{} backends ready{here}", survey.ready, survey.backends));
    }
    if state.lost > 0 {
        words.push(format!("{} dropped", counted(state.lost, "sample")));
    }
    words.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Stamp;
    use crate::model::update::{Update, What};
    use crate::tui::app::{App, Setup};
    use crate::tui::tab::fleet::Surveyor;

    fn words(state: &State) -> Vec<String> {
        let app = App::new(Setup::default(), std::time::Duration::from_secs(1), true);
        let look = app.look(Stamp::default());
        let survey = Surveyor::default().survey(state, &look);
        lines((state, &survey), &look, 80).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nodes_that_are_not_named_are_counted() {
        let mut state = State::default();
        for count in 1..=5 {
            let why = What::Health(Health::Down { since: Stamp::default(), why: "gone".into() });
            let from = SourceId(format!("node-{count}").as_str().into());
            state.apply(&Update { at: Stamp::default(), from, what: why });
            let more = words(&state).iter().any(|line| line.contains("and "));
            assert_eq!(more, count > 3, "{count}");
        }
        assert_eq!(words(&state).last().map(String::as_str), Some("   and 2 more: 2"));
    }

    #[test]
    fn backends_that_nobody_tried_here_are_not_left_out_in_silence() {
        let mut state = State::default();
        let (at, what) = (Stamp::default(), What::Health(Health::Up));
        state.apply(&Update { at, from: SourceId::local(), what });
        let survey = Survey { backends: 63, ready: 33, ..Survey::default() };
        assert_eq!(machine(&state, &survey), "33/63 backends ready, not tried here yet");
        assert_eq!(machine(&State::default(), &survey), "33/63 backends ready");
    }

    #[test]
    fn one_sample_is_one() {
        let survey = Survey::default();
        let said = |lost| machine(&State { lost, ..State::default() }, &survey);
        assert_eq!(said(1), "1 sample dropped");
        assert_eq!(said(2), "2 samples dropped");
    }
}
