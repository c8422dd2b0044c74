//! A node as a row: its fields, each made only when it is asked for, because there may be thousands.

use std::collections::BTreeMap;

use crate::model::gpu::Gpu;
use crate::model::id::SourceId;
use crate::model::origin::{self, Origin};
use crate::model::text::SafeText;
use crate::model::workload;
use crate::state::history::{GpuMetric, Metric, gpu_row, node_row};
use crate::state::{Node, State};
use crate::tui::look::Look;
use crate::tui::rest::Present;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::status::{Status, USUAL_MS};

/// A node, and when it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) id: &'a SourceId,
    pub(super) node: &'a Node,
    moment: &'a Moment<'a>,
    /// What is kept of the instant that is looked at; `None`: it is looked at now.
    then: Option<&'a Kept>,
}

/// When all nodes are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) now: Present,
    /// How often this machine itself is sampled.
    own_ms: u64,
    /// The instant of the past that is looked at; `None`: it is looked at now.
    pub(super) then: Option<&'a Then>,
}

/// The numbers of a node at one moment.
pub(super) type Numbers = [Option<f64>; Metric::ALL.len()];
/// The largest numbers among its GPUs.
type Largest = [Option<f64>; GpuMetric::ALL.len()];

/// What is kept of a node of an instant.
#[derive(Clone, Copy, Debug)]
struct Kept {
    numbers: Numbers,
    gpus: Largest,
}

impl Kept {
    const NOTHING: Self = Self { numbers: [None; _], gpus: [None; _] };

    fn is_any(&self) -> bool {
        self.numbers.iter().chain(&self.gpus).any(Option::is_some)
    }
}

/// What is kept of every node of the instant that is looked at.
#[derive(Debug)]
pub(super) struct Then {
    /// When that is, on the axis of charts.
    pub(super) at_ms: u64,
    nodes: BTreeMap<SourceId, Kept>,
}

impl Then {
    /// What `look` looks at; `None`: now.
    pub(super) fn of(state: &State, look: &Look<'_>) -> Option<Self> {
        let kept = |(id, node): (&SourceId, &Node)| {
            let numbers = look.then(id, node)?;
            let gpus = node.all_gpus().iter().filter_map(|gpu| look.gpu_then(id, node, &gpu.id));
            Some((id.clone(), Kept { numbers, gpus: largest(gpus) }))
        };
        let nodes = || state.nodes.iter().filter_map(kept).collect();
        look.is_then().then(|| Self { at_ms: look.instant(), nodes: nodes() })
    }

    /// How many nodes were heard then.
    pub(super) fn heard(&self) -> usize {
        self.nodes.values().filter(|kept| kept.is_any()).count()
    }
}

fn largest(rows: impl Iterator<Item = Largest>) -> Largest {
    let larger = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::max);
    rows.fold([None; _], |most, row| std::array::from_fn(|at| larger(most[at], row[at])))
}

/// Words of [`Entry::word`].
const STATUSES: [&str; Status::ALL.len() + 1] = {
    let [up, stale, down, waiting] = Status::ALL;
    [up.word(), stale.word(), down.word(), waiting.word(), HEARD]
};
/// How a node is doing of which something is kept of an instant.
const HEARD: &str = "heard";

pub(super) const NAME: usize = 0;
pub(super) const STATUS: usize = 1;
pub(super) const CPU: usize = 2;
pub(super) const MEM: usize = 3;
pub(super) const LOAD: usize = 4;
pub(super) const STEAL: usize = 5;
pub(super) const PSI: usize = 6;
pub(super) const GPU: usize = 7;
pub(super) const DISK: usize = 8;
pub(super) const NET: usize = 9;
pub(super) const WORK: usize = 10;
pub(super) const AGE: usize = 11;
pub(super) const GROUP: usize = 12;
pub(super) const KIND: usize = 13;
pub(super) const ADDRESS: usize = 14;

impl Row for Entry<'_> {
    type Key = SourceId;
    const FIELDS: &'static [Field] = &[
        Field::text("name"),
        Field::one_of("status", &STATUSES),
        Field::new("cpu", Kind::Percent),
        Field::new("mem", Kind::Percent),
        Field::new("load", Kind::Number),
        Field::new("steal", Kind::Percent),
        Field::new("psi", Kind::Percent),
        Field::new("gpu", Kind::Percent),
        Field::new("disk", Kind::Bytes),
        Field::new("net", Kind::Bytes),
        Field::new("work", Kind::Number),
        Field::new("age", Kind::Number),
        Field::text("group"),
        Field::one_of("kind", &origin::Kind::NAMES),
        Field::text("address"),
        Field::text("backend"),
    ];
    const SORTED: usize = 15;

    fn key(&self) -> SourceId {
        self.id.clone()
    }

    fn is(&self, key: &SourceId) -> bool {
        self.id == key
    }

    fn value(&self, field: usize) -> Value<'_> {
        let origin = self.origin();
        match field {
            NAME => Value::text(self.id.0.as_str()),
            STATUS => self.word().map_or(Value::Missing, Value::text),
            CPU | MEM | LOAD | STEAL | PSI | DISK | NET => self.number(field).into(),
            GPU => self.gpu(GpuMetric::Utilization).into(),
            WORK => self.running().map(|count| count as f64).into(),
            AGE => self.age().into(),
            GROUP => text(origin.and_then(|it| it.group.as_ref())),
            KIND => Value::text(self.kind()),
            ADDRESS => text(origin.map(|it| &it.address)),
            _ => Value::Text(self.backends().into()),
        }
    }
}

impl<'a> Entry<'a> {
    /// Whether it is seen as it was in the past.
    pub(super) const fn is_then(&self) -> bool {
        self.then.is_some()
    }

    /// Whether anything is kept of the instant that is looked at.
    pub(super) fn was_heard(&self) -> bool {
        self.then.is_some_and(Kept::is_any)
    }

    /// How it is doing; of an instant of the past no more is known than whether it was heard.
    pub(super) fn status(&self) -> Status {
        match self.then {
            None => Status::at(self.node, self.moment.now, self.moment.own_ms),
            Some(_) if self.was_heard() => Status::Up,
            Some(_) => Status::Waiting,
        }
    }

    /// The same in a word; `None` where nothing is kept.
    pub(super) fn word(&self) -> Option<&'static str> {
        match (self.is_then(), self.was_heard()) {
            (false, _) => Some(self.status().word()),
            (true, heard) => heard.then_some(HEARD),
        }
    }

    pub(super) fn origin(&self) -> Option<&'a Origin> {
        self.node.origin.as_deref()
    }

    /// Who speaks there; a node without a word about it is this machine.
    pub(super) fn kind(&self) -> &'static str {
        match self.origin() {
            Some(origin) => origin.kind.name(),
            None if self.id.0.as_str() == "local" => "local",
            None => "—",
        }
    }

    pub(super) fn numbers(&self) -> Numbers {
        let now = || self.node.sample.as_ref().map_or([None; _], |(_, sample)| node_row(sample));
        self.then.map_or_else(now, |kept| kept.numbers)
    }

    fn number(&self, field: usize) -> Option<f64> {
        let numbers = self.numbers();
        match field {
            CPU => numbers[Metric::Cpu as usize],
            MEM => numbers[Metric::Memory as usize],
            LOAD => numbers[Metric::Load as usize],
            STEAL => numbers[Metric::Steal as usize],
            PSI => psi(&numbers),
            DISK => sum(&numbers, Metric::DiskRead, Metric::DiskWrite),
            _ => sum(&numbers, Metric::Receive, Metric::Transmit),
        }
    }

    pub(super) fn gpus(&self) -> &'a [Gpu] {
        self.node.all_gpus()
    }

    /// The largest number of this kind among its GPUs.
    pub(super) fn gpu(&self, metric: GpuMetric) -> Option<f64> {
        let now = || largest(self.gpus().iter().map(gpu_row));
        self.then.map_or_else(now, |kept| kept.gpus)[metric as usize]
    }

    /// Workloads and jobs that run there; `None` where it tells of neither, or of the past.
    pub(super) fn running(&self) -> Option<u64> {
        if self.is_then() {
            return None;
        }
        let workloads = self.node.workloads.as_ref().map(|(_, all)| {
            let by_status = all.by_status.iter();
            let running = by_status.filter(|(status, _)| *status == workload::Status::Running);
            running.map(|(_, count)| count).fold(0, |sum: u64, count| sum.saturating_add(*count))
        });
        let jobs = self.node.pipelines.as_ref().map(|(_, all)| {
            all.jobs.iter().filter(|job| job.status.as_str() == "RUNNING").count() as u64
        });
        workloads.into_iter().chain(jobs).reduce(u64::saturating_add)
    }

    /// Seconds since something was heard; not kept of the past.
    pub(super) fn age(&self) -> Option<f64> {
        self.node
            .last_heard()
            .filter(|_| !self.is_then())
            .map(|at| self.moment.now.age(at).as_secs_f64())
    }

    /// How many backends run there, and of how many.
    pub(super) fn ready(&self) -> Option<(usize, usize)> {
        let all = &self.node.backends;
        let ready = all.iter().filter(|backend| backend.readiness.runs()).count();
        (!all.is_empty()).then_some((ready, all.len()))
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

fn text(text: Option<&SafeText>) -> Value<'_> {
    text.map_or(Value::Missing, |text| Value::text(text.as_str()))
}

/// What is known of two numbers together.
pub(super) fn sum(numbers: &Numbers, one: Metric, other: Metric) -> Option<f64> {
    let known = [one, other].into_iter().filter_map(|metric| numbers[metric as usize]);
    known.reduce(|a, b| a + b)
}

/// The worst of the three pressures.
pub(super) fn psi(numbers: &Numbers) -> Option<f64> {
    let all = [Metric::CpuPressure, Metric::MemoryPressure, Metric::IoPressure];
    all.iter().filter_map(|metric| numbers[*metric as usize]).reduce(f64::max)
}

impl<'a> Moment<'a> {
    /// Of `look`, or of the last update; `then`: of that instant.
    pub(super) fn new(state: &State, look: Option<&Look<'_>>, then: Option<&'a Then>) -> Self {
        let bare = Present { now: state.now, ..Present::default() };
        let now = look.map_or(bare, Look::present);
        Self { now, own_ms: look.map_or(USUAL_MS, |look| look.interval_ms), then }
    }

    /// Every node as it is or was, in the order of their names.
    pub(super) fn entries(&'a self, state: &'a State) -> Vec<Entry<'a>> {
        let kept = |id| self.then.map(|then| then.nodes.get(id).unwrap_or(&Kept::NOTHING));
        let entry = |(id, node)| Entry { id, node, moment: self, then: kept(id) };
        state.nodes.iter().map(entry).collect()
    }
}
