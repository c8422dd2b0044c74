//! A panel of a node in depth at an instant of the past: what the history keeps of it, and what it does not.
//!
//! The history keeps a few numbers of each node. What a panel shows of now beyond them, each core, each
//! disk, each process, is gone; that is said, and nothing of now stands in its place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::layout::Part;
use crate::model::unit::Ratio;
use crate::state::history::{Metric, Scale};
use crate::tui::look::Look;
use crate::tui::tab::fleet::Named;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::{fixed, meter, value};

/// Room for a number's name.
const NAME: usize = 17;
/// Room for a share.
const SHARE: usize = 6;

/// Draws `part` of `node` at the instant that is looked at; false where that is now, or where the panel is of
/// what a server tells, which is of now and says so.
pub(super) fn draw(
    part: Part,
    node: Named<'_>,
    frame: Panel<'_>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) -> bool {
    let Some((metrics, gone)) = kept(part).filter(|_| look.is_then()) else { return false };
    let area = frame.of_then(look.past_words()).open(area, buffer, look);
    let numbers = look.then(node.0, node.1).unwrap_or_default();
    let width = usize::from(area.width);
    let row = |metric: &Metric| line(*metric, numbers[*metric as usize], width, look);
    let words = look.not_kept(gone).map(|words| Line::styled(words, look.theme.muted));
    panel::lines(metrics.iter().map(row).chain(words), area, buffer);
    true
}

/// The numbers that are kept of what `part` shows, and what is not.
const fn kept(part: Part) -> Option<(&'static [Metric], &'static str)> {
    Some(match part {
        Part::Cpu => {
            (&[Metric::Cpu, Metric::Iowait, Metric::Steal, Metric::Load], "each core by itself")
        }
        Part::Memory => (
            &[
                Metric::Memory,
                Metric::Swap,
                Metric::CpuPressure,
                Metric::MemoryPressure,
                Metric::IoPressure,
            ],
            "sizes, cache, tasks",
        ),
        Part::Storage => (&[Metric::DiskRead, Metric::DiskWrite], "each disk, each mount"),
        Part::Network => {
            (&[Metric::Receive, Metric::Transmit, Metric::Temperature], "each link, each sensor")
        }
        Part::Processes => (&[], "processes"),
        _ => return None,
    })
}

fn line(metric: Metric, number: Option<f64>, width: usize, look: &Look<'_>) -> Line<'static> {
    let name = Span::styled(fixed::fit(metric.words(), NAME, false), look.theme.muted);
    if !matches!(metric.scale(), Scale::Percent) {
        let written = number.map(|number| value::written(metric.scale(), number));
        return Line::from(vec![name, value::maybe(written, look.theme.text, look)]);
    }
    let share = number.and_then(|percent| Ratio::new(percent / 100.0));
    let style = match (share, metric) {
        (None, _) => look.theme.muted,
        (Some(share), Metric::CpuPressure | Metric::MemoryPressure | Metric::IoPressure) => {
            look.pressure(share)
        }
        (Some(share), _) => look.load(share),
    };
    let text = fixed::fit(&value::percent(share), SHARE, true) + "  ";
    let mut spans = vec![name, Span::styled(text, style)];
    spans.extend(meter::plain(share, width.saturating_sub(NAME + SHARE + 2), style, look));
    spans.into()
}
