//! A GPU as a row: its fields, its cells, its gaps.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ratatui::style::Style;
use ratatui::text::Span;

use crate::model::gpu::{Activity, Gpu, GpuDetail, GpuState};
use crate::model::id::SourceId;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Bytes, Celsius, Ratio, Watts};
use crate::state::history::GpuMetric;
use crate::state::{Node, Part, State};
use crate::tui::look::Look;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::status::{Status, is_old};
use crate::tui::widget::table::{Column, Table};
use crate::tui::widget::{fixed, meter, value};

/// What tells a GPU from others.
pub(super) type Key = (SourceId, SafeText);

/// A GPU and where it is.
pub(super) struct Entry<'a> {
    pub(super) id: &'a SourceId,
    pub(super) node: &'a Node,
    pub(super) gpu: &'a Gpu,
    /// What is kept of the instant that is looked at; `None`: it is looked at now.
    pub(super) then: Option<&'a Kept>,
    /// Whether it was there then and is not there now: nothing but its id is known.
    is_gone: bool,
}

/// What is kept of a GPU of an instant.
pub(super) type Kept = [Option<f64>; GpuMetric::ALL.len()];
/// Of one that was not there.
static NOTHING: Kept = [None; GpuMetric::ALL.len()];

/// What is known of an instant of the past.
#[derive(Debug, Default)]
pub(super) struct Then {
    kept: BTreeMap<Key, Kept>,
    /// Those that were there then and are not there now, by node.
    gone: BTreeMap<SourceId, Vec<Gpu>>,
}

/// What is kept of every GPU of the instant that `look` looks at; `None`: now.
pub(super) fn then(state: &State, look: &Look<'_>) -> Option<Then> {
    if !look.is_then() {
        return None;
    }
    let mut then = Then::default();
    for (id, node) in &state.nodes {
        let here = |gpu: &SafeText| node.all_gpus().iter().any(|one| one.id == *gpu);
        let past = look.gpus_of(id, node).into_iter().flat_map(BTreeMap::keys);
        let ids = node.all_gpus().iter().map(|gpu| &gpu.id).chain(past.filter(|gpu| !here(gpu)));
        for gpu in ids {
            let Some(kept) = look.gpu_then(id, node, gpu) else { continue };
            let is_gone = !here(gpu) && kept.iter().any(Option::is_some);
            if is_gone {
                let one = Gpu { id: gpu.clone(), name: gpu.clone(), ..Gpu::default() };
                then.gone.entry(id.clone()).or_default().push(one);
            }
            then.kept.insert((id.clone(), gpu.clone()), kept);
        }
    }
    Some(then)
}

/// Every GPU of every node: as it is now, or as it was `then`.
pub(super) fn entries<'a>(state: &'a State, then: Option<&'a Then>) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    let mut of_node = |(id, node): (&'a SourceId, &'a Node)| {
        let mut add = |gpu: &'a Gpu, is_gone| {
            let of = |then: &'a Then| then.kept.get(&(id.clone(), gpu.id.clone()));
            let then = then.map(|then| of(then).unwrap_or(&NOTHING));
            entries.push(Entry { id, node, gpu, then, is_gone });
        };
        for gpu in node.all_gpus() {
            add(gpu, false);
        }
        let gone = then.and_then(|then| then.gone.get(id)).map_or(&[][..], Vec::as_slice);
        for gpu in gone {
            add(gpu, true);
        }
    };
    match then {
        None => state.telling(Part::Gpus).for_each(&mut of_node),
        Some(_) => state.nodes.iter().for_each(&mut of_node),
    }
    entries
}

/// Whether there is one: now, or `then`.
pub(super) fn is_any(state: &State, then: Option<&Then>) -> bool {
    let mut nodes = state.telling(Part::Gpus);
    then.is_some_and(|then| !then.gone.is_empty())
        || nodes.any(|(_, node)| !node.all_gpus().is_empty())
}

pub(super) const NODE: usize = 0;
const NAME: usize = 1;
const STATUS: usize = 2;
const BUSY: usize = 3;
const MEM: usize = 4;
const TEMP: usize = 5;
const POWER: usize = 6;

impl Row for Entry<'_> {
    type Key = Key;
    const FIELDS: &'static [Field] = &[
        Field::text("node"),
        Field::text("name"),
        Field::one_of("status", &["up", "lost"]),
        Field::new("busy", Kind::Percent),
        Field::new("mem", Kind::Bytes),
        Field::new("temp", Kind::Number),
        Field::new("power", Kind::Number),
        Field::text("process"),
    ];
    const SORTED: usize = 7;

    fn key(&self) -> Key {
        (self.id.clone(), self.gpu.id.clone())
    }

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            NODE => Value::text(self.id.0.as_str()),
            NAME => Value::text(self.gpu.name.as_str()),
            STATUS if self.then.is_some() && !self.was_there() => Value::Missing,
            STATUS => Value::text(if self.is_lost() { "lost" } else { "up" }),
            BUSY | MEM | TEMP | POWER if self.then.is_some() => self.number_then(field).into(),
            BUSY => self.gpu.utilization.get().map(Ratio::percent).into(),
            MEM => self.gpu.memory_used_bytes.get().map(|bytes| bytes.0 as f64).into(),
            TEMP => self.gpu.celsius.get().map(|celsius| celsius.0).into(),
            POWER => self.gpu.power_watts.get().map(|power| power.0).into(),
            _ if self.then.is_some() => Value::Missing,
            _ => Value::Text(self.processes().into()),
        }
    }
}

impl Entry<'_> {
    /// When it was told of last.
    pub(super) fn at(&self) -> Stamp {
        self.node.gpus.as_ref().map_or_else(Stamp::default, |(at, _)| *at)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost().is_some()
    }

    /// Why it does not answer, if it does not; of the past nobody knows.
    pub(super) const fn lost(&self) -> Option<&SafeText> {
        match &self.gpu.state {
            GpuState::Lost(reason) if self.then.is_none() => Some(reason),
            GpuState::Lost(_) | GpuState::Ok => None,
        }
    }

    /// Whether anything is kept of it of the instant that is looked at.
    fn was_there(&self) -> bool {
        self.then.is_some_and(|kept| kept.iter().any(Option::is_some))
    }

    /// Its number and its name; where it is gone, what it was known by.
    pub(super) fn title(&self) -> String {
        let name = &self.gpu.name;
        if self.is_gone { format!("{name} (gone)") } else { format!("{} {name}", self.gpu.index) }
    }

    /// What it is called in a few letters: its number, or the end of what it was known by.
    pub(super) fn brief(&self) -> String {
        let id = self.gpu.id.as_str();
        let end = id.char_indices().rev().nth(3).and_then(|(at, _)| id.get(at..)).unwrap_or(id);
        if self.is_gone { format!("…{end}") } else { self.gpu.index.to_string() }
    }

    /// Whether its values are of now.
    pub(super) fn is_live(&self, look: &Look<'_>) -> bool {
        !self.is_lost()
            && !is_old(self.node, self.at(), look)
            && Status::of(self.node, look) != Status::Down
    }

    /// What is kept of `metric` of the instant that is looked at.
    pub(super) fn kept(&self, metric: GpuMetric) -> Option<f64> {
        self.then?[metric as usize]
    }

    /// The value of `field` then, in the unit it has now.
    fn number_then(&self, field: usize) -> Option<f64> {
        match field {
            BUSY => self.kept(GpuMetric::Utilization),
            MEM => self.used_then().map(|bytes| bytes.0 as f64),
            TEMP => self.kept(GpuMetric::Temperature),
            _ => self.kept(GpuMetric::Power),
        }
    }

    /// Memory in use then: the share that is kept, of the memory it has.
    pub(super) fn used_then(&self) -> Option<Bytes> {
        let share = Ratio::new(self.kept(GpuMetric::Memory)? / 100.0)?;
        let total = self.gpu.memory_total_bytes.get()?.0 as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a size is no larger than the size, and not below 0"
        )]
        let used = (share.fraction() * total) as u64;
        Some(Bytes(used))
    }

    /// It as it is looked at: of the past, what is kept and nothing else.
    pub(super) fn shown(&self) -> Cow<'_, Gpu> {
        if self.then.is_none() {
            return Cow::Borrowed(self.gpu);
        }
        let why = || Why::Failed("nothing is kept of it".into());
        let number = |metric| Reading::from_option(self.kept(metric), why());
        let share = |metric| {
            let share = self.kept(metric).and_then(|percent| Ratio::new(percent / 100.0));
            Reading::from_option(share, why())
        };
        let activity = Activity {
            sm: share(GpuMetric::Sm),
            tensor: share(GpuMetric::Tensor),
            dram: share(GpuMetric::Dram),
            ..Activity::missing(&why())
        };
        Cow::Owned(Gpu {
            id: self.gpu.id.clone(),
            utilization: share(GpuMetric::Utilization),
            memory_owner: self.gpu.memory_owner,
            memory_total_bytes: self.gpu.memory_total_bytes.clone(),
            memory_used_bytes: Reading::from_option(self.used_then(), why()),
            celsius: number(GpuMetric::Temperature).map(Celsius),
            power_watts: number(GpuMetric::Power).map(Watts),
            detail: GpuDetail {
                activity,
                memory_celsius: number(GpuMetric::MemoryTemperature).map(Celsius),
                ..GpuDetail::default()
            },
            ..Gpu::default()
        })
    }

    /// The share of its memory in use.
    pub(super) fn memory(&self) -> Option<Ratio> {
        memory(self.gpu)
    }

    fn processes(&self) -> String {
        let processes = self.gpu.processes.known().map_or(&[][..], Vec::as_slice);
        let names: Vec<&str> = processes.iter().map(|process| process.name.as_str()).collect();
        names.join(" ")
    }

    /// `names: reason` for the values that are missing.
    pub(super) fn gaps(&self) -> Vec<String> {
        let gpu = self.gpu;
        let detail = &gpu.detail;
        let all: [(&str, Option<&Why>); 20] = [
            ("time busy", gpu.utilization.why()),
            ("memory", gpu.memory_used_bytes.why()),
            ("temperature", gpu.celsius.why()),
            ("slowdown temperature", gpu.slowdown_celsius.why()),
            ("power", gpu.power_watts.why()),
            ("power limit", gpu.power_limit_watts.why()),
            ("clock", gpu.core_clock_hertz.why()),
            ("fan", gpu.fan.why()),
            ("throttle", gpu.throttle.why()),
            ("ECC", gpu.ecc_uncorrected.why()),
            ("MIG", gpu.mig.why()),
            ("encoder", gpu.encoder.why()),
            ("processes", gpu.processes.why()),
            ("SM activity", detail.activity.sm.why()),
            ("memory temperature", detail.memory_celsius.why()),
            ("energy", detail.energy_joules.why()),
            ("PCIe", detail.pcie.generation.why()),
            ("NVLink", detail.nvlink.links.why()),
            ("Xid errors", detail.xids.why()),
            ("parts", detail.mig_instances.why()),
        ];
        let gaps = all.into_iter().filter_map(|(name, why)| Some((name, why?.to_string())));
        value::together(gaps)
    }
}

/// The share of the memory of `gpu` in use.
pub(super) fn memory(gpu: &Gpu) -> Option<Ratio> {
    let used = gpu.memory_used_bytes.get()?.0 as f64;
    Ratio::of(used, gpu.memory_total_bytes.get()?.0 as f64)
}

/// What each row shows; the node and its width, and how early it goes; the width of reasons.
const fn columns_of((node, rank): (usize, u8), reasons: usize) -> [Column; 9] {
    [
        Column::words("  GPU", 20, 0).grows().by(NAME),
        Column::words("NODE", node, rank).by(NODE),
        Column::numbers("TIME BUSY", 15, 0).by(BUSY),
        Column::numbers("SM", 6, 7),
        Column::numbers("MEMORY", 15, 1).by(MEM),
        Column::numbers("TEMP", 6, 2).by(TEMP),
        Column::numbers("POWER", 7, 3).by(POWER),
        Column::numbers("CLOCK", 8, 4),
        Column::words("SLOWED BY", reasons, 6),
    ]
}

/// Where all GPUs are of one node.
const OF_ONE: [Column; 9] = columns_of((10, 5), 18);
/// Where they are of several, whose names are part of what a GPU is called.
const OF_SEVERAL: [Column; 9] = columns_of((8, 1), 18);
const OF_SEVERAL_IN_MIDDLING: [Column; 9] = columns_of((12, 1), 18);
/// Where there are columns for names and reasons in full.
const WIDE: [Column; 9] = columns_of((26, 5), 44);

/// The columns of `rows` on a screen `width` columns wide.
pub(super) fn columns(rows: &[&Entry<'_>], width: u16) -> &'static [Column; 9] {
    let of_several = rows.windows(2).any(|pair| pair[0].id != pair[1].id);
    match width {
        160.. => &WIDE,
        100.. if of_several => &OF_SEVERAL_IN_MIDDLING,
        _ if of_several => &OF_SEVERAL,
        _ => &OF_ONE,
    }
}

/// The table of `rows`.
pub(super) fn table<'a>(sheet: &'a Sheet<Key>, rows: &[&Entry<'_>], width: u16) -> Table<'a> {
    sheet.table(columns(rows, width), rows, true)
}

/// A cell of the table.
pub(super) fn cell(
    entry: &Entry<'_>,
    column: usize,
    width: usize,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let gpu = entry.gpu;
    let live = entry.is_live(look);
    if let Some(then) = entry.then.filter(|_| column > 1) {
        return of_then(then, column, width, look);
    }
    let text = if live { look.theme.text } else { look.theme.muted };
    let or = |style: Style| if live { style } else { text };
    vec![match column {
        0 => return name(entry, width, text, look),
        1 => Span::styled(fixed::cut_middle(entry.id.0.as_str(), width), look.theme.muted),
        2 => {
            let busy = gpu.utilization.get();
            return bar(busy, width, or(look.theme.series[0]), text, look);
        }
        3 => value::span(&gpu.detail.activity.sm, or(look.theme.series[3]), look),
        4 => {
            let memory = entry.memory();
            let style = memory.map_or(text, |memory| look.load(memory));
            return bar(memory, width, or(style), text, look);
        }
        5 => {
            let heat = gpu.celsius.get().map_or(text, |celsius| look.heat(celsius.0));
            value::span(&gpu.celsius, or(heat), look)
        }
        6 => value::span(&gpu.power_watts, text, look),
        7 => value::span(&gpu.core_clock_hertz, text, look),
        _ => throttle(gpu, look),
    }]
}

/// A cell of an instant of the past; what is not kept is missing.
fn of_then(then: &Kept, column: usize, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let text = look.theme.text;
    let number = |metric: GpuMetric| then[metric as usize];
    let share = |metric| number(metric).and_then(|percent| Ratio::new(percent / 100.0));
    vec![match column {
        2 => return bar(share(GpuMetric::Utilization), width, look.theme.series[0], text, look),
        3 => value::maybe(share(GpuMetric::Sm), look.theme.series[3], look),
        4 => {
            let memory = share(GpuMetric::Memory);
            let style = memory.map_or(text, |memory| look.load(memory));
            return bar(memory, width, style, text, look);
        }
        5 => {
            let heat = number(GpuMetric::Temperature);
            let style = heat.map_or(text, |celsius| look.heat(celsius));
            value::maybe(heat.map(Celsius), style, look)
        }
        6 => value::maybe(number(GpuMetric::Power).map(Watts), text, look),
        _ => Span::styled(value::MISSING, look.theme.muted),
    }]
}

fn name(entry: &Entry<'_>, width: usize, text: Style, look: &Look<'_>) -> Vec<Span<'static>> {
    let status = match entry.is_live(look) {
        _ if entry.was_there() => Status::Up,
        _ if entry.then.is_some() => Status::Waiting,
        _ if entry.is_lost() => Status::Down,
        true => Status::Up,
        false => Status::Stale,
    };
    let sign = Span::styled(status.sign(look), status.style(look.theme));
    let title = entry.title().replacen(" NVIDIA ", " ", 1).replacen(" Intel GPU ", " Intel ", 1);
    let name = format!(" {title}");
    vec![sign, Span::styled(fixed::cut(&name, width.saturating_sub(1)), text)]
}

fn bar(
    share: Option<Ratio>,
    width: usize,
    style: Style,
    text: Style,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let mut spans = meter::plain(share, width.saturating_sub(7), style, look);
    let number = value::maybe(share, text, look);
    spans.push(Span::styled(fixed::fit(&number.content, 7, true), number.style));
    spans
}

/// What holds a GPU back, in a few words.
pub(super) fn throttle(gpu: &Gpu, look: &Look<'_>) -> Span<'static> {
    match gpu.throttle.known().map(Vec::as_slice) {
        None => Span::styled(value::MISSING, look.theme.muted),
        Some([]) => Span::styled("nothing", look.theme.muted),
        Some(reasons) => {
            let reasons: Vec<&str> = reasons.iter().map(AsRef::as_ref).collect();
            Span::styled(reasons.join(", "), look.theme.warn)
        }
    }
}
