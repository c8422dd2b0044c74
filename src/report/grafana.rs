//! Grafana dashboards, made from the table of metrics ([`exposition`](super::exposition)).
//!
//! A panel is a title and expressions in which `$name` stands for a metric of the table: its description
//! and its unit come from there too. `isomon` itself never opens these; they lie in `assets/grafana/` to
//! be imported, and a test keeps them what is made here.

use serde_json::{Value, json};

use super::exposition::{Metric, all};

mod board;

pub use board::BOARDS;

/// A dashboard.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// The name of its file, and its id.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// The metric whose instances can be chosen among.
    pub of: &'static str,
    /// Its panels, in rows of [`COLUMNS`].
    pub panels: &'static [Panel],
}

/// A panel of a dashboard.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// What it is called.
    pub title: &'static str,
    /// How it is drawn.
    pub form: Form,
    /// Columns of [`COLUMNS`].
    pub width: u32,
    /// Expressions, and what each series is called.
    pub lines: &'static [(&'static str, &'static str)],
}

/// How a panel is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines over time.
    Lines,
    /// The latest values, large.
    Numbers,
    /// The latest values as bars.
    Bars,
    /// The latest values in a table.
    Table,
}

/// Columns of a dashboard.
pub const COLUMNS: u32 = 24;
/// Rows of a panel.
const HEIGHT: u32 = 8;
/// What chooses the instances.
const CHOSEN: &str = "instance=~\"$instance\"";

/// A dashboard as Grafana imports it.
pub fn dashboard(board: &Board) -> Value {
    let metrics = all();
    let (mut x, mut y, mut panels) = (0, 0, Vec::new());
    for (id, panel) in (1_u32..).zip(board.panels) {
        if x + panel.width > COLUMNS {
            (x, y) = (0, y + HEIGHT);
        }
        panels.push(drawn(panel, id, (x, y), &metrics));
        x += panel.width;
    }
    let source = json!({ "type": "prometheus", "uid": "${source}" });
    let named = |name: &str| format!("label_values({}, instance)", named(name, &metrics));
    json!({
        "uid": format!("isomon-{}", board.name),
        "title": board.title,
        "tags": ["isomon"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "refresh": "10s",
        "time": { "from": "now-1h", "to": "now" },
        "templating": { "list": [
            { "name": "source", "label": "Data source", "type": "datasource", "query": "prometheus" },
            {
                "name": "instance", "label": "Node", "type": "query", "datasource": source,
                "query": named(board.of), "refresh": 2, "multi": true, "includeAll": true,
                "allValue": ".*", "current": { "text": "All", "value": "$__all" },
            },
        ] },
        "panels": panels,
    })
}

fn drawn(panel: &Panel, id: u32, (x, y): (u32, u32), metrics: &[Metric]) -> Value {
    let first = panel.lines.first().and_then(|(line, _)| used(line, metrics).into_iter().next());
    let unit = first.and_then(Metric::unit).map_or("short", unit);
    let unit = if panel.lines.iter().all(|(line, _)| line.starts_with("100 * ")) {
        "percent"
    } else {
        unit
    };
    let (form, instant) = match panel.form {
        Form::Lines => ("timeseries", false),
        Form::Numbers => ("stat", true),
        Form::Bars => ("bargauge", true),
        Form::Table => ("table", true),
    };
    let targets = panel.lines.iter().zip('A'..).map(|((line, legend), id)| {
        let mut target = json!({
            "refId": id.to_string(), "expr": expression(line, metrics), "legendFormat": legend,
            "datasource": { "type": "prometheus", "uid": "${source}" },
        });
        if instant {
            target["instant"] = true.into();
        }
        if panel.form == Form::Table {
            target["format"] = "table".into();
        }
        target
    });
    json!({
        "id": id,
        "title": panel.title,
        "description": first.map_or("", |metric| metric.help),
        "type": form,
        "datasource": { "type": "prometheus", "uid": "${source}" },
        "gridPos": { "x": x, "y": y, "w": panel.width, "h": HEIGHT },
        "fieldConfig": { "defaults": { "unit": unit, "min": 0 }, "overrides": [] },
        "targets": targets.collect::<Vec<_>>(),
    })
}

/// The unit of a name as Grafana calls it.
fn unit(unit: &str) -> &'static str {
    match unit {
        "_bytes_per_second" => "binBps",
        "_per_second" => "ops",
        "_timestamp_seconds" => "dateTimeAsIso",
        "_seconds" => "s",
        "_bytes" => "bytes",
        "_ratio" => "percentunit",
        "_celsius" => "celsius",
        "_watts" => "watt",
        "_hertz" => "hertz",
        "_joules" => "joule",
        _ => "short",
    }
}

/// `line` as PromQL: each `$name` is the metric of that name, of the chosen instances.
pub fn expression(line: &str, metrics: &[Metric]) -> String {
    parts(line)
        .map(|(text, name)| {
            let (name, rest) = match name {
                Some((name, rest)) => (named(name, metrics), rest),
                None => (String::new(), ""),
            };
            if name.is_empty() {
                return text.to_owned();
            }
            // Labels that the line asks for stand beside those that choose.
            match rest.strip_prefix('{') {
                Some(labels) => format!("{text}{name}{{{CHOSEN},{labels}"),
                None => format!("{text}{name}{{{CHOSEN}}}{rest}"),
            }
        })
        .collect()
}

/// The metrics that `line` is about.
pub fn used<'a>(line: &str, metrics: &'a [Metric]) -> Vec<&'a Metric> {
    let names = parts(line).filter_map(|(_, name)| Some(name?.0));
    names.filter_map(|name| find(name, metrics)).collect()
}

/// The whole name of the metric `name`; a name that is in no table stays, for the test to find.
pub fn named(name: &str, metrics: &[Metric]) -> String {
    find(name, metrics).map_or_else(|| format!("${name}"), Metric::full)
}

fn find<'a>(name: &str, metrics: &'a [Metric]) -> Option<&'a Metric> {
    metrics.iter().find(|metric| metric.full().strip_prefix("isomon_") == Some(name))
}

/// `line` in pieces: text, then a name and what follows it up to the next.
fn parts(line: &str) -> impl Iterator<Item = (&str, Option<(&str, &str)>)> {
    line.split('$').enumerate().map(|(at, piece)| {
        if at == 0 {
            return (piece, None);
        }
        let end = piece.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        ("", Some(piece.split_at(end.unwrap_or(piece.len()))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_made_of_the_table() {
        let metrics = all();
        let line = "rate($network_errors_total{interface!=\"lo\"}[5m]) / on() $cpus";
        assert_eq!(
            expression(line, &metrics),
            "rate(isomon_network_errors_total{instance=~\"$instance\",interface!=\"lo\"}[5m]) / on() \
             isomon_cpus{instance=~\"$instance\"}"
        );
        assert_eq!(used(line, &metrics).len(), 2);
        assert!(expression("$no_such", &metrics).contains("$no_such"));
        assert_eq!(
            find("bench_median_seconds", &metrics).unwrap().full(),
            "isomon_bench_median_seconds"
        );
    }

    #[test]
    fn nothing_is_counted_twice_and_the_loopback_never() {
        let metrics = all();
        let lines = BOARDS.iter().flat_map(|board| board.panels).flat_map(|panel| panel.lines);
        let sums: Vec<String> = lines
            .map(|(line, _)| expression(line, &metrics))
            .filter(|line| line.starts_with("sum"))
            .collect();
        for (of, left_out) in [
            ("(isomon_disk_", ",device!~\"(dm-|md|bcache).*\"}"),
            ("(isomon_network_", ",interface!=\"lo\"}"),
        ] {
            let of: Vec<&String> = sums.iter().filter(|line| line.contains(of)).collect();
            assert!(of.len() == 2 && of.iter().all(|line| line.contains(left_out)), "{of:?}");
        }
    }

    #[test]
    fn every_name_is_in_the_table_and_every_panel_has_its_place() {
        let metrics = all();
        for board in BOARDS {
            for panel in board.panels {
                assert!(panel.width <= COLUMNS && !panel.lines.is_empty(), "{}", panel.title);
                for (line, _) in panel.lines {
                    let names = line.matches('$').count();
                    assert_eq!(used(line, &metrics).len(), names, "{}: {line}", panel.title);
                    assert!(names > 0);
                }
            }
            let text = dashboard(&board).to_string();
            assert!(text.len() > 1_000 && find(board.of, &metrics).is_some());
        }
    }
}
