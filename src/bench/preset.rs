//! The presets as plans.

use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Effort, Limits, Payload, Plan, Preset};
use crate::model::load::Load;
use crate::model::unit::{Ratio, Seconds};

/// Sandboxes that stand together, unless told otherwise: the fewest whose drop in available memory
/// says something.
pub const STAND: u32 = 20;
/// As many sandboxes as there is room for, but no more than this, unless told otherwise.
pub const MOST: u32 = 500;
/// Length of the steps of a load, unless told otherwise: ten parts of a fifth of a second.
pub const WINDOW: Seconds = Seconds(2.0);

/// The plan of `preset` for `backends` in every way they start, with `seed`. Quick runs `noop`
/// alone, puts no load on and takes half a minute; standard takes up to twelve minutes, full up to half
/// an hour.
pub fn plan(preset: Preset, backends: &[BackendId], seed: u64) -> Plan {
    let payloads = match preset {
        Preset::Quick => vec![Payload::Noop],
        Preset::Standard | Preset::Full => Payload::USUAL.to_vec(),
    };
    Plan {
        name: None,
        backends: backends.to_vec(),
        starts: Start::ALL.to_vec(),
        payloads,
        effort: effort(preset),
        limits: Limits::default(),
        kernel: None,
        seed,
        loads: loads(preset, processors()),
        job: None,
    }
}

/// The loads of `preset` on a machine of `cpus` processors.
pub fn loads(preset: Preset, cpus: u32) -> Vec<Load> {
    let usual = |names: &[&str]| names.iter().filter_map(|name| usual(name, cpus)).collect();
    match preset {
        Preset::Quick => Vec::new(),
        Preset::Standard => usual(&["memory", "throughput"]),
        Preset::Full => usual(&Load::NAMES),
    }
}

/// The load called `name` at its usual size on a machine of `cpus` processors.
pub fn usual(name: &str, cpus: u32) -> Option<Load> {
    let most = cpus.max(1).saturating_mul(2);
    Some(match name {
        "memory" => Load::Memory { count: STAND },
        "throughput" => Load::Throughput { least: 1, most, seconds: WINDOW },
        "latency" => Load::Latency { per_second: None, most, seconds: Seconds(5.0) },
        "neighbour" => Load::Neighbour { seconds: WINDOW },
        "density" => Load::Density { most: MOST },
        _ => return None,
    })
}

/// Processors of this machine; 1 where that cannot be told.
pub fn processors() -> u32 {
    let known = std::thread::available_parallelism();
    known.ok().and_then(|number| u32::try_from(number.get()).ok()).unwrap_or(1)
}

/// How often `preset` measures. Each asks for 10 rounds and 3 s at least, as hyperfine does. Where
/// all there is is installed a round takes five seconds, most of it in engines. The budget of quick
/// has room for one such round to warm up and for six that count, the fewest with an interval.
pub fn effort(preset: Preset) -> Effort {
    let (warmup_rounds, min_rounds, max_rounds, budget, target) = match preset {
        Preset::Quick => (1, 10, 25, 35.0, 0.05),
        Preset::Standard => (2, 10, 100, 720.0, 0.05),
        Preset::Full => (3, 30, 1_000, 1_800.0, 0.02),
    };
    Effort {
        warmup_rounds,
        min_rounds,
        max_rounds,
        min_seconds: Seconds(3.0),
        budget_seconds: Seconds(budget),
        target: Ratio::new(target).unwrap_or_default(),
    }
}
