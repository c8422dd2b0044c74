//! Network interfaces and temperature sensors.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::storage::{halves, table};
use crate::model::node::{Network, NodeSample, Temperature};
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::table::Column;
use crate::tui::widget::{fixed, value};

const NETWORKS: [Column; 6] = [
    Column::words("  LINK", 9, 0).grows(),
    Column::numbers("IN", 10, 0),
    Column::numbers("OUT", 10, 0),
    Column::numbers("PKT IN", 9, 2),
    Column::numbers("PKT OUT", 9, 2),
    Column::numbers("ERRORS", 6, 1),
];

const SENSORS: [Column; 3] = [
    Column::words("SENSOR", 12, 0).grows(),
    Column::numbers("NOW", 7, 0),
    Column::numbers("LIMIT", 7, 1),
];

/// Draws the panel.
pub(super) fn draw(
    sample: &NodeSample,
    scroll: usize,
    frame: Panel<'_>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let (networks, sensors) = (&sample.networks, &sample.temperatures);
    let links = value::many(networks.len(), "link");
    let aside = match sensors.len() {
        0 => format!("{links} · no sensors"),
        count => format!("{links} · {}", value::many(count, "sensor")),
    };
    let area = frame.aside(aside).open(area, buffer, look);
    if networks.is_empty() && sensors.is_empty() {
        panel::lines([Line::styled("No network is shown here.", look.theme.muted)], area, buffer);
        return;
    }
    let [first, second] = halves(area, networks.len(), sensors.len());
    table(&NETWORKS, networks.len(), scroll)
        .draw(first, buffer, look, &|row, column, width| link(&networks[row], column, width, look));
    table(&SENSORS, sensors.len(), scroll)
        .draw(second, buffer, look, &|row, column, _| sensor(&sensors[row], column, look));
}

fn link(network: &Network, column: usize, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let text = if network.up { look.theme.text } else { look.theme.muted };
    vec![match column {
        0 => {
            let (sign, style) = if network.up {
                (look.glyph.pick("▴ ", "^ "), look.theme.good)
            } else {
                (look.glyph.pick("▿ ", "v "), look.theme.muted)
            };
            let name = fixed::cut(network.name.as_str(), width.saturating_sub(2));
            return vec![Span::styled(sign, style), Span::styled(name, text)];
        }
        1 => value::span(&network.receive_bytes_per_second, text, look),
        2 => value::span(&network.transmit_bytes_per_second, text, look),
        3 => value::span(&network.receive_packets_per_second, text, look),
        4 => value::span(&network.transmit_packets_per_second, text, look),
        _ => Span::styled(network.errors.to_string(), look.theme.muted),
    }]
}

fn sensor(sensor: &Temperature, column: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let heat = sensor.celsius.get().map_or(look.theme.text, |celsius| look.heat(celsius.0));
    vec![match column {
        0 => Span::styled(sensor.label.to_string(), look.theme.text),
        1 => value::span(&sensor.celsius, heat, look),
        _ => value::span(&sensor.critical_celsius, look.theme.muted, look),
    }]
}
