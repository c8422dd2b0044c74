//! A snapshot as CSV (RFC 4180): one number a line, an empty value for a missing one.

use std::fmt::Write as _;

use super::Snapshot;
use super::number::Number;
use super::remote::all_numbers;
use crate::model::id::SourceId;
use crate::report::cell::cell;

/// The snapshot, header first.
pub fn write(snapshot: &Snapshot) -> String {
    let mut csv = String::from("at,source,name,label,value\n");
    for (node, number) in all_numbers(snapshot) {
        line(&mut csv, &snapshot.at, &node, &number);
    }
    csv
}

fn line(csv: &mut String, at: &str, node: &SourceId, number: &Number) {
    let value = number.value.map_or_else(String::new, |value| value.to_string());
    let label = number.label.as_ref().map_or("", |(_, label)| label);
    let _infallible = writeln!(
        csv,
        "{},{},{},{},{value}",
        at,
        cell(node.0.as_str()),
        number.family.name,
        cell(label),
    );
}
