//! A node as a row: its fields.

use crate::model::id::SourceId;
use crate::model::time::Stamp;
use crate::state::history::{Metric, node_row};
use crate::state::{Node, State};
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::status::Status;

/// A node with what its row is made of.
pub(super) struct Entry<'a> {
    pub(super) id: &'a SourceId,
    pub(super) node: &'a Node,
    pub(super) status: Status,
    pub(super) now: Stamp,
    pub(super) numbers: [Option<f64>; Metric::ALL.len()],
}

pub(super) const NAME: usize = 0;
pub(super) const STATUS: usize = 1;
pub(super) const CPU: usize = 2;
pub(super) const MEM: usize = 3;
pub(super) const LOAD: usize = 4;
pub(super) const STEAL: usize = 5;
pub(super) const PSI: usize = 6;
pub(super) const DISK: usize = 7;
pub(super) const NET: usize = 8;
pub(super) const AGE: usize = 9;

impl Row for Entry<'_> {
    type Key = SourceId;
    const FIELDS: &'static [Field] = &[
        Field::text("name"),
        Field::text("status"),
        Field::new("cpu", Kind::Percent),
        Field::new("mem", Kind::Percent),
        Field::new("load", Kind::Number),
        Field::new("steal", Kind::Percent),
        Field::new("psi", Kind::Percent),
        Field::new("disk", Kind::Bytes),
        Field::new("net", Kind::Bytes),
        Field::new("age", Kind::Number),
        Field::text("backend"),
    ];
    const SORTED: usize = 10;

    fn key(&self) -> SourceId {
        self.id.clone()
    }

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            NAME => Value::text(self.id.0.as_str()),
            STATUS => Value::text(self.status.word()),
            CPU => self.number(Metric::Cpu).into(),
            MEM => self.number(Metric::Memory).into(),
            LOAD => self.number(Metric::Load).into(),
            STEAL => self.number(Metric::Steal).into(),
            PSI => self.psi().into(),
            DISK => self.sum(Metric::DiskRead, Metric::DiskWrite).into(),
            NET => self.sum(Metric::Receive, Metric::Transmit).into(),
            AGE => self.node.last_heard().map(|at| self.now.since(at).as_secs_f64()).into(),
            _ => Value::Text(self.backends().into()),
        }
    }
}

impl Entry<'_> {
    pub(super) const fn number(&self, metric: Metric) -> Option<f64> {
        self.numbers[metric as usize]
    }

    pub(super) fn sum(&self, one: Metric, other: Metric) -> Option<f64> {
        let known = self.number(one).into_iter().chain(self.number(other));
        known.reduce(|a, b| a + b)
    }

    /// The worst of the three pressures.
    pub(super) fn psi(&self) -> Option<f64> {
        let all = [Metric::CpuPressure, Metric::MemoryPressure, Metric::IoPressure];
        all.iter().filter_map(|metric| self.number(*metric)).reduce(f64::max)
    }

    /// Names of the backends that run, with their families: `gvisor gvisor-systrap`.
    fn backends(&self) -> String {
        let running = self.node.backends.iter().filter(|backend| backend.readiness.runs());
        let names = running.flat_map(|backend| {
            let name = backend.id.name();
            let family = name.split_once('-').map(|(family, _)| family);
            family.into_iter().chain([name])
        });
        names.collect::<Vec<_>>().join(" ")
    }
}

pub(super) fn entries(
    state: &State,
    now: Stamp,
    status: impl Fn(&Node) -> Status,
) -> Vec<Entry<'_>> {
    let entry = |(id, node)| {
        let node: &Node = node;
        let numbers = node.sample.as_ref().map_or([None; _], |(_, sample)| node_row(sample));
        Entry { id, node, status: status(node), now, numbers }
    };
    state.nodes.iter().map(entry).collect()
}
