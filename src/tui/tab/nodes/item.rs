//! A line of the list of nodes as a row: a node, or a group with what is to be said of all in it.

use super::entry::Entry;
use super::order::{Line, Order};
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::tui::widget::field::{Field, Row, Value};
use crate::tui::widget::status::Standing;

/// What the cursor holds on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    Group(SafeText),
    Node(SourceId),
}

/// Nodes that stand together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: SafeText,
    /// Whether its heading alone is shown.
    pub(super) folded: bool,
    pub(super) standing: Standing,
    /// Mean use of processors of those that are live, in percent.
    pub(super) mean_cpu: Option<f64>,
    /// The largest use of memory among those that are live, in percent.
    pub(super) worst_memory: Option<f64>,
    /// Its nodes by their places among all.
    pub(super) places: Vec<usize>,
}

/// A line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    Group(&'a Group),
    Node(Entry<'a>),
}

impl Row for Item<'_> {
    type Key = Spot;
    const FIELDS: &'static [Field] = <Entry<'static> as Row>::FIELDS;
    const SORTED: usize = <Entry<'static> as Row>::SORTED;

    fn key(&self) -> Spot {
        match self {
            Self::Group(group) => Spot::Group(group.name.clone()),
            Self::Node(entry) => Spot::Node(entry.id.clone()),
        }
    }

    fn is(&self, key: &Spot) -> bool {
        match (self, key) {
            (Self::Group(group), Spot::Group(name)) => group.name == *name,
            (Self::Node(entry), Spot::Node(id)) => entry.id == id,
            _ => false,
        }
    }

    fn value(&self, field: usize) -> Value<'_> {
        match self {
            Self::Group(_) => Value::Missing,
            Self::Node(entry) => entry.value(field),
        }
    }
}

/// The lines of `order`; a node that is no longer there has none.
pub(super) fn items<'a>(order: &'a Order, entries: &[Entry<'a>]) -> Vec<Item<'a>> {
    let item = |line: &Line| match line {
        Line::Group(place) => order.groups.get(*place).map(Item::Group),
        Line::Node(place) => entries.get(*place).copied().map(Item::Node),
    };
    order.lines.iter().filter_map(item).collect()
}
