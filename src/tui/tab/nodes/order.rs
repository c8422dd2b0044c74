//! Which lines the list of nodes has, and in which order.
//!
//! With thousands of nodes an order is dear, and rows that change places at every sample cannot be
//! read. So an order stands for two seconds, or until a key changes what it is made of.

use std::collections::{BTreeMap, BTreeSet};

use unicode_width::UnicodeWidthStr;

use super::entry::{CPU, Entry, GROUP, MEM, Moment};
use super::item::{Group, Spot};
use crate::model::text::SafeText;
use crate::tui::widget::field::{Row, Value};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::status::Standing;

/// How long an order stands, in milliseconds.
const STANDS_MS: u64 = 2_000;

/// What an order is made of beside the nodes themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// How many nodes there are.
    pub(super) nodes: usize,
    /// Grows with everything the user changes.
    pub(super) revision: u64,
    /// The two seconds it is of.
    turn: u64,
    /// The instant that is looked at and how many nodes were heard then; `None`: now.
    then: Option<(u64, usize)>,
}

impl Stamp {
    pub(super) fn new(nodes: usize, revision: u64, moment: &Moment<'_>) -> Self {
        let then = moment.then.map(|then| (then.at_ms, then.heard()));
        let turn = if then.is_some() { 0 } else { moment.now.now.mono_ms / STANDS_MS };
        Self { nodes, revision, turn, then }
    }
}

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The group at this place of [`Order::groups`].
    Group(usize),
    /// The node at this place among all.
    Node(usize),
}

/// What at least one node has, so that a column for it makes sense, and how much room it wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own")]
pub(super) struct Has {
    pub(super) gpus: bool,
    pub(super) work: bool,
    pub(super) group: bool,
    pub(super) origin: bool,
    pub(super) backends: bool,
    /// Columns of the longest name, and of the longest address.
    pub(super) name: usize,
    pub(super) address: usize,
}

/// The lines of a list.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) lines: Vec<Line>,
    pub(super) groups: Vec<Group>,
    /// Nodes that pass the filter, also those of groups that are folded.
    pub(super) passed: usize,
    pub(super) has: Has,
}

/// Whether and how nodes stand in groups.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grouping<'a> {
    /// They do.
    pub(super) on: bool,
    /// They do where the user put any into one.
    pub(super) where_named: bool,
    /// Groups of which the heading alone is shown.
    pub(super) folded: &'a BTreeSet<SafeText>,
}

impl Order {
    /// The order of `entries` as `sheet` sorts and filters them.
    pub(super) fn of(entries: &[Entry<'_>], sheet: &Sheet<Spot>, grouping: Grouping<'_>) -> Self {
        let has = Has::of(entries);
        let passed = (0..).zip(entries).filter(|(_, entry)| sheet.lets(*entry));
        let mut keyed: Vec<(Value<'_>, usize)> =
            passed.map(|(place, entry)| (entry.value(sheet.sort), place)).collect();
        keyed.sort_by(|(a, _), (b, _)| a.order(b, sheet.reversed));
        let mut order = Self { passed: keyed.len(), has, ..Self::default() };
        let places = keyed.into_iter().map(|(_, place)| place);
        if !(grouping.on || grouping.where_named && has.group) {
            order.lines = places.map(Line::Node).collect();
            return order;
        }
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for place in places {
            groups.entry(name(&entries[place], has.group)).or_default().push(place);
        }
        for (name, places) in groups {
            order.add(name, places, entries, grouping.folded);
        }
        order
    }

    fn add(
        &mut self,
        name: &str,
        places: Vec<usize>,
        entries: &[Entry<'_>],
        folded: &BTreeSet<SafeText>,
    ) {
        let name = SafeText::new(name);
        let folded = folded.contains(&name);
        self.lines.push(Line::Group(self.groups.len()));
        if !folded {
            self.lines.extend(places.iter().copied().map(Line::Node));
        }
        let of = || places.iter().map(|place| &entries[*place]);
        let numbers = |field| {
            of().filter_map(move |entry| match entry.value(field) {
                Value::Number(number) if entry.status().is_live() => Some(number),
                _ => None,
            })
        };
        let (sum, count) = numbers(CPU).fold((0.0, 0.0), |(sum, n), cpu| (sum + cpu, n + 1.0));
        let standing = Standing::of(of().map(Entry::status));
        let mean_cpu = (count > 0.0).then(|| sum / count);
        let worst_memory = numbers(MEM).reduce(f64::max);
        self.groups.push(Group { name, folded, standing, mean_cpu, worst_memory, places });
    }
}

/// The group of `entry`: the user's, and where there is none at all, who speaks there.
fn name<'a>(entry: &'a Entry<'_>, named: bool) -> &'a str {
    if !named {
        return entry.kind();
    }
    match entry.value(GROUP) {
        Value::Missing => "(no group)",
        _ => entry.origin().and_then(|it| it.group.as_ref()).map_or("", SafeText::as_str),
    }
}

impl Has {
    fn of(entries: &[Entry<'_>]) -> Self {
        let mut has = Self::default();
        for entry in entries {
            let origin = entry.origin();
            has.gpus |= !entry.gpus().is_empty();
            has.work |= entry.node.workloads.is_some() || entry.node.pipelines.is_some();
            has.group |= origin.is_some_and(|origin| origin.group.is_some());
            has.origin |= origin.is_some();
            has.backends |= !entry.node.backends.is_empty();
            has.name = has.name.max(entry.id.0.as_str().width());
            let address = origin.map_or(0, |origin| origin.address.as_str().width());
            has.address = has.address.max(address);
        }
        has
    }
}
