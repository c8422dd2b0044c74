//! A snapshot in the text format of Prometheus (0.0.4). A missing value is left out.

use std::fmt::Write as _;

use super::Snapshot;
use super::number::Number;
use super::remote::all_numbers;
use crate::model::id::SourceId;

/// The snapshot; every name begins with `isomon_`, every number has the label `node`.
pub fn write(snapshot: &Snapshot) -> String {
    let mut page = String::new();
    let mut family = "";
    for (node, number) in all_numbers(snapshot) {
        let Some(value) = number.value else { continue };
        if family != number.family.name {
            family = number.family.name;
            let _infallible = writeln!(page, "# HELP isomon_{family} {}", number.family.help);
            let kind = if family.ends_with("_total") { "counter" } else { "gauge" };
            let _infallible = writeln!(page, "# TYPE isomon_{family} {kind}");
        }
        let labels = labels(&node, &number);
        let _infallible = writeln!(page, "isomon_{family}{{{labels}}} {value}");
    }
    page
}

fn labels(node: &SourceId, number: &Number) -> String {
    let node = format!("node=\"{}\"", escaped(node.0.as_str()));
    match &number.label {
        Some((name, label)) => format!("{node},{name}=\"{}\"", escaped(label)),
        None => node,
    }
}

/// `label` as the value of a label.
pub(in crate::report) fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
