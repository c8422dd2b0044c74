//! One sample in words: its phases, how it ended, what disturbed it, what the host did then.

use ratatui::text::{Line, Span};

use super::ladder;
use super::result::Sight;
use super::samples::good;
use crate::model::bench::{HostState, Outcome, Phase, Sample};
use crate::model::unit::{Ratio, Seconds, three_digits};
use crate::state::run::CellDigest;
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// What is known of the sample under the cursor, the most important first.
pub(super) fn lines(
    sight: &Sight<'_>,
    digest: &CellDigest,
    width: usize,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let Some((at, sample)) = sight.sample() else {
        return Vec::new();
    };
    let mut lines = vec![head(sight, digest, (at, sample), look), phases(sample, look)];
    lines.extend(cut(&host(&sample.host), width).map(|text| Line::styled(text, look.theme.muted)));
    lines
}

fn cut(text: &str, width: usize) -> impl Iterator<Item = String> {
    fixed::wrap(text, width.max(1)).into_iter().take(2)
}

/// Which one it is, how long it took, and whether it can be trusted.
fn head(
    sight: &Sight<'_>,
    digest: &CellDigest,
    (at, sample): (usize, &Sample),
    look: &Look<'_>,
) -> Line<'static> {
    let figure = sight.group.figure;
    let which = format!("◆ {} of {}", at + 1, digest.kept());
    let again = if sample.attempt > 0 { ", measured again" } else { "" };
    let when = format!(" · round {}{again} · {} · ", sample.round + 1, sample.at_seconds);
    let mut spans =
        vec![Span::styled(which, look.theme.accent), Span::styled(when, look.theme.muted)];
    if let Some(length) = good(figure, sample) {
        let median = digest.spread(figure).median().filter(|median| *median > 0.0);
        let times = median.map(|median| format!(" (×{:.2} median)", length / median));
        let text = format!("{} {}{}", figure.name(), Seconds(length), times.unwrap_or_default());
        spans.push(Span::styled(text, look.theme.text));
        spans.push(Span::styled(" · ", look.theme.muted));
    }
    spans.push(state(sample, look));
    Line::from(spans)
}

fn state(sample: &Sample, look: &Look<'_>) -> Span<'static> {
    if let Outcome::Failed { kind, message } = &sample.outcome {
        return Span::styled(format!("× {}", kind.told(message)), look.theme.bad);
    }
    if sample.taints.is_empty() {
        return Span::styled("quiet", look.theme.good);
    }
    let taints: Vec<&str> = sample.taints.iter().map(|taint| taint.words()).collect();
    Span::styled(format!("! {}", taints.join(", ")), look.theme.warn)
}

fn phases(sample: &Sample, look: &Look<'_>) -> Line<'static> {
    let mut spans = Vec::new();
    for phase in Phase::ALL {
        // What was over before it was asked for took no time that could be told.
        if let Some(length) = sample.phases.get(phase).filter(|length| length.0 > 0.0) {
            let (fill, style) = ladder::fill(phase, look);
            spans.push(Span::styled(format!("{fill} "), style));
            spans.push(Span::styled(format!("{} ", phase.name()), look.theme.muted));
            spans.push(Span::styled(format!("{length}  "), look.theme.text));
        }
    }
    if spans.is_empty() {
        spans.push(Span::styled("no phase was reached", look.theme.muted));
    }
    Line::from(spans)
}

/// What the host did then, as far as it is known.
fn host(host: &HostState) -> String {
    let share = |name: &str, ratio: Option<Ratio>| ratio.map(|ratio| format!("{name} {ratio}"));
    let known = [
        share("steal", host.steal),
        share("cpu wait", host.cpu_pressure),
        share("memory wait", host.memory_pressure),
        share("io wait", host.io_pressure),
        host.other_cores.map(|cores| format!("others {cores:.2} cores")),
        host.switches_per_second.map(|count| format!("{} switches/s", three_digits(count))),
        share("clock", host.clock),
        host.throttles.map(|count| format!("{count} throttled")),
        share("gpu", host.gpu),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    if known.is_empty() {
        return "what the host did then is not known".to_owned();
    }
    format!("the host then: {}", known.join(" · "))
}
