//! What it costs to ask the rules isomon comes with of a fleet, as it is done once a second.

#![allow(clippy::unwrap_used, reason = "a case that cannot be set up has failed")]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use isomon::model::gpu::{Gpu, GpuSample};
use isomon::model::id::SourceId;
use isomon::model::node::{CpuUse, Mount, NodeSample, Temperature};
use isomon::model::reading::Reading;
use isomon::model::serving::Serving;
use isomon::model::time::Stamp;
use isomon::model::unit::{Bytes, Celsius, Ratio};
use isomon::model::update::{Update, What};
use isomon::rule::judge::Sight;
use isomon::rule::{Judge, file};
use isomon::state::State;

fn main() {
    divan::main();
}

/// Nodes with processors, four file systems, eight sensors, four GPUs and a model each.
fn fleet(count: usize, busy: f64) -> State {
    let mut state = State { bare: true, ..State::default() };
    for number in 0..count {
        let from = SourceId(format!("node-{number}").into());
        for what in told(busy) {
            state.apply(&Update { at: Stamp::default(), from: from.clone(), what });
        }
    }
    state
}

fn told(busy: f64) -> [What; 3] {
    let share = |share| Ratio::new(share).unwrap();
    let mount = |at: u64| Mount {
        path: format!("/data/{at}").into(),
        total_bytes: Reading::Known(Bytes(1 << 40)),
        used_bytes: Reading::Known(Bytes(at << 36)),
        ..Mount::default()
    };
    let sensor = |at: u32| Temperature {
        label: format!("core {at}").into(),
        celsius: Reading::Known(Celsius(f64::from(40 + at))),
        ..Temperature::default()
    };
    let gpu = |index| Gpu {
        index,
        name: "NVIDIA H100 80GB HBM3".into(),
        id: format!("GPU-{index}").into(),
        utilization: Reading::Known(share(0.9)),
        celsius: Reading::Known(Celsius(60.0)),
        ..Gpu::default()
    };
    let sample = NodeSample {
        cpu: Reading::Known(CpuUse { busy: share(busy), ..CpuUse::default() }),
        mounts: (1..5).map(mount).collect(),
        temperatures: (0..8).map(sensor).collect(),
        ..NodeSample::default()
    };
    let gpus = GpuSample { gpus: (0..4).map(gpu).collect(), ..GpuSample::default() };
    let serving = Serving { running: Reading::Known(3.0), ..Serving::silent("owner/model".into()) };
    [What::Node(Box::new(sample)), What::Gpus(Box::new(gpus)), What::Serving(vec![serving])]
}

fn look(bencher: Bencher<'_, '_>, count: usize, busy: f64) {
    let state = fleet(count, busy);
    let mut judge = Judge::new(Arc::new(file::presets().unwrap()));
    let mut second = 0;
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        second += 1;
        // All within the time in which what was told is of now: the clock stands while they are asked.
        let now = Stamp { mono_ms: second % 1_000, wall_ms: 0 };
        judge.judge(Sight { state: &state, now, own_ms: 1_000, bench: &[] }).len()
    });
}

/// A look at a fleet that is well.
#[divan::bench(args = [100, 1_000, 10_000], sample_count = 20)]
fn well(bencher: Bencher<'_, '_>, count: usize) {
    look(bencher, count, 0.3);
}

/// A look at one of which every node has something that is not in order.
#[divan::bench(args = [1_000], sample_count = 20)]
fn busy(bencher: Bencher<'_, '_>, count: usize) {
    look(bencher, count, 0.99);
}
