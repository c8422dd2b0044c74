//! The pictures that a file's tree says.

use super::super::yaml::Node;
use super::{flag, number, text, texts, time, whole};
use crate::model::workflow::plot::{Aggregation, PlotFormat, PlotKind, PlotOptions, PlotSpec};

/// Each item of `list` as a picture.
pub(super) fn all(list: &Node) -> Vec<PlotSpec> {
    list.items().iter().map(plot).collect()
}

fn plot(node: &Node) -> PlotSpec {
    let word = |key: &str| node.of(key).and_then(Node::text);
    let name = text(node, "name").unwrap_or_default();
    PlotSpec {
        title: text(node, "title").unwrap_or_else(|| name.clone()),
        source: text(node, "source").unwrap_or_default(),
        kind: kind(word("type")),
        x: texts(node, "x"),
        y: texts(node, "y"),
        aggregation: word("aggregation").and_then(aggregation),
        window: time(node, "window"),
        format: format(word("format")),
        export_path: text(node, "export_path").filter(|path| !path.is_empty()),
        engine: text(node, "engine"),
        groupby: text(node, "groupby").filter(|column| !column.is_empty()),
        options: node.of("options").map(options).unwrap_or_default(),
        name,
    }
}

fn kind(word: Option<&str>) -> PlotKind {
    match word {
        Some("histogram") => PlotKind::Histogram,
        Some("boxplot") => PlotKind::Boxplot,
        _ => PlotKind::TimeSeries,
    }
}

fn aggregation(word: &str) -> Option<Aggregation> {
    Some(match word {
        "avg" => Aggregation::Avg,
        "median" => Aggregation::Median,
        "p95" => Aggregation::P95,
        "p99" => Aggregation::P99,
        _ => return None,
    })
}

fn format(word: Option<&str>) -> PlotFormat {
    match word {
        Some("svg") => PlotFormat::Svg,
        Some("pdf") => PlotFormat::Pdf,
        _ => PlotFormat::Png,
    }
}

fn options(node: &Node) -> PlotOptions {
    let small = |key| whole(node, key).and_then(|number| u32::try_from(number).ok());
    let large = |key| whole(node, key).and_then(|number| u64::try_from(number).ok());
    PlotOptions {
        width_px: small("width_px"),
        height_px: small("height_px"),
        dpi: small("dpi"),
        style: text(node, "style"),
        legend: flag(node, "legend"),
        legend_loc: text(node, "legend_loc"),
        max_points: small("max_points"),
        sampling: text(node, "sampling"),
        random_state: large("random_state"),
        max_rows: large("max_rows"),
        bins: small("bins"),
        hist_element: text(node, "hist_element"),
        hist_common_norm: flag(node, "hist_common_norm"),
        x_label_angle: number(node, "x_label_angle"),
        x_timestamp_format: text(node, "x_timestamp_format"),
        x_time_format: text(node, "x_time_format"),
        x_time_unit: text(node, "x_time_unit"),
    }
}
