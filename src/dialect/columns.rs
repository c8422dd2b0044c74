//! `data_schema`: the columns of a CSV file, written in one of three ways.
//!
//! A list under `columns`; or a map from a column's header to its keys; or, as benchctl's design shows it,
//! a map from the header to a list of one key each.

use std::ops::Range;

use super::check::{Check, spot, within};
use super::grammar::{COLUMN, SCHEMA, Since};
use super::yaml::{Entry, Kind, Node};
use crate::model::workflow::{Column, ColumnKind, Schema, TimeFormat};

/// Checks what stands behind `data_schema`.
pub(super) fn check(check: &mut Check<'_, '_>, node: &Node, path: &str, at: &Range<usize>) {
    if listed(node).is_some() {
        check.used.insert(Since::Plots);
        check.part(node, &SCHEMA, path, at);
        return unique(check, node, path);
    }
    check.used.insert(Since::Seed);
    if !matches!(node.kind, Kind::Map(_)) {
        return check.part(node, &SCHEMA, path, at);
    }
    for entry in node.entries() {
        if is_format(entry) {
            let alone = Node { at: node.at.clone(), kind: Kind::Map(vec![entry.clone()]) };
            check.part(&alone, &SCHEMA, path, at);
        } else {
            let column = column_of(entry);
            check.part(&column, &COLUMN, &within(path, &entry.key), &entry.at);
        }
    }
    if node.entries().iter().all(is_format) {
        check.found.add(&spot(node, at), format!("{path} has no columns"), "name its columns");
    }
}

/// The columns that `node` says, as far as they are right.
pub(super) fn read(node: &Node) -> Schema {
    let columns = if let Some(list) = listed(node) {
        list.items().iter().filter_map(column).collect()
    } else {
        let all = node.entries().iter().filter(|entry| !is_format(entry));
        all.filter_map(|entry| column(&column_of(entry))).collect()
    };
    Schema { columns }
}

fn column(node: &Node) -> Option<Column> {
    let word = |key: &str| node.of(key).and_then(Node::text);
    Some(Column {
        name: word("name")?.to_owned(),
        kind: kind(word("type")?)?,
        unit: word("unit").map(str::to_owned),
        format: word("format").and_then(format),
    })
}

fn kind(word: &str) -> Option<ColumnKind> {
    Some(match word {
        "timestamp" => ColumnKind::Timestamp,
        "integer" => ColumnKind::Integer,
        "float" => ColumnKind::Float,
        "string" => ColumnKind::String,
        _ => return None,
    })
}

fn format(word: &str) -> Option<TimeFormat> {
    Some(match word {
        "unix" => TimeFormat::Unix,
        "unix_ms" => TimeFormat::UnixMs,
        "unix_us" => TimeFormat::UnixUs,
        "unix_ns" => TimeFormat::UnixNs,
        "rfc3339" => TimeFormat::Rfc3339,
        "rfc3339_nano" => TimeFormat::Rfc3339Nano,
        "iso8601" => TimeFormat::Iso8601,
        _ => return None,
    })
}

/// The list under `columns`; a column of that name is no list of named ones.
fn listed(node: &Node) -> Option<&Node> {
    let list = node.of("columns").filter(|list| matches!(list.kind, Kind::List(_)))?;
    let single = |item: &Node| item.entries().len() == 1 && item.entry("name").is_none();
    (list.items().is_empty() || !list.items().iter().all(single)).then_some(list)
}

/// Whether `entry` is the file's format, not a column of that name.
fn is_format(entry: &Entry) -> bool {
    entry.key == "format" && matches!(entry.value.kind, Kind::Scalar { .. } | Kind::Null)
}

/// A column that stands behind its header, with the header as its name.
fn column_of(entry: &Entry) -> Node {
    let name = Kind::Scalar { text: entry.key.clone(), plain: false };
    let name = Node { at: entry.at.clone(), kind: name };
    let mut entries = vec![Entry { key: "name".to_owned(), at: entry.at.clone(), value: name }];
    match &entry.value.kind {
        Kind::Map(more) => entries.extend(more.iter().cloned()),
        Kind::List(items) => {
            entries.extend(items.iter().flat_map(|item| item.entries().iter().cloned()));
        }
        Kind::Null => {}
        Kind::Scalar { .. } => entries.push(Entry {
            key: "type".to_owned(),
            at: entry.at.clone(),
            value: entry.value.clone(),
        }),
    }
    Node { at: entry.value.at.clone(), kind: Kind::Map(entries) }
}

/// No two columns of one name.
fn unique(check: &mut Check<'_, '_>, node: &Node, path: &str) {
    let items = listed(node).map(Node::items).unwrap_or_default();
    let mut seen = std::collections::BTreeSet::new();
    for name in items.iter().filter_map(|item| item.of("name")) {
        if name.text().is_some_and(|text| !seen.insert(text)) {
            check.found.add(&name.at, format!("{path} has this column twice"), "remove one");
        }
    }
}
