//! The file as JSON, for `metadata.json`: its keys as they are, its values of the forms that benchctl's
//! own reader takes, its secrets left out.

use serde_json::{Map, Value};

use super::check;
use super::grammar::{FILE, Form, Part};
use super::plan;
use super::yaml::{Kind, Node};
use crate::model::workflow::Workflow;

/// `file` as JSON.
pub(super) fn of(file: &Node, workflow: &Workflow) -> Value {
    hidden(part(file, &FILE), &plan::Secrets::of(workflow))
}

fn part(node: &Node, part: &Part) -> Value {
    let entries = node.entries().iter().filter(|entry| !entry.value.is_null());
    let each = entries.map(|entry| {
        let known = part.key(&entry.key).map(|key| key.form);
        (
            entry.key.clone(),
            known.map_or_else(|| plain(&entry.value), |form| value(&entry.value, form)),
        )
    });
    Value::Object(each.collect())
}

fn value(node: &Node, form: Form) -> Value {
    let items =
        |form: Form| Value::Array(node.items().iter().map(|item| value(item, form)).collect());
    match form {
        Form::Part(of) => part(node, of),
        Form::Parts(of) => Value::Array(node.items().iter().map(|item| part(item, of)).collect()),
        Form::Named(of) => {
            let each =
                node.entries().iter().map(|entry| (entry.key.clone(), part(&entry.value, of)));
            Value::Object(each.collect())
        }
        Form::Names | Form::Texts => items(Form::Text),
        Form::TextOrTexts if node.text().is_none() => items(Form::Text),
        Form::Pairs => {
            let text = |node: &Node| Value::from(node.text().unwrap_or_default());
            let each = node.entries().iter().map(|entry| (entry.key.clone(), text(&entry.value)));
            Value::Object(each.collect::<Map<String, Value>>())
        }
        Form::Lists | Form::Columns => plain(node),
        Form::Secret => secret(node),
        _ => scalar(node, form),
    }
}

fn secret(node: &Node) -> Value {
    let text = node.text().unwrap_or_default();
    Value::from(if plan::is_told_of(text) { text } else { plan::REDACTED })
}

fn scalar(node: &Node, form: Form) -> Value {
    let text = node.text().unwrap_or_default();
    match form {
        Form::Flag => check::flag(text, true).map_or(Value::Null, Value::from),
        Form::Whole(from, to) => check::whole(text, from, to).map_or(Value::Null, Value::from),
        Form::Number => check::number(text).map_or(Value::Null, Value::from),
        _ => Value::from(text),
    }
}

/// A value of which no form is known: numbers and truths that are not quoted are such.
fn plain(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::List(items) => Value::Array(items.iter().map(plain).collect()),
        Kind::Map(entries) => {
            let each = entries.iter().map(|entry| (entry.key.clone(), plain(&entry.value)));
            Value::Object(each.collect())
        }
        Kind::Scalar { text, plain: true } => {
            let flag = || check::flag(text, true).map(Value::from);
            let whole = || check::whole(text, i64::MIN, i64::MAX).map(Value::from);
            let number = || check::number(text).map(Value::from);
            flag()
                .or_else(|_| whole())
                .or_else(|_| number())
                .unwrap_or_else(|_| Value::from(text.as_str()))
        }
        Kind::Scalar { text, .. } => Value::from(text.as_str()),
    }
}

/// `value` without `secrets`, wherever a text repeats one.
fn hidden(value: Value, secrets: &plan::Secrets<'_>) -> Value {
    match value {
        Value::String(text) => Value::String(secrets.hide(text)),
        Value::Array(items) => items.into_iter().map(|item| hidden(item, secrets)).collect(),
        Value::Object(map) => {
            let each = map.into_iter().map(|(key, value)| (key, hidden(value, secrets)));
            Value::Object(each.collect())
        }
        other => other,
    }
}
