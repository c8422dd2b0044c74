//! Workloads of `isomon serve --allow-exec`: where they are recorded, and who runs them.

use std::sync::Arc;

use color_eyre::eyre::{Result, WrapErr};

use super::super::setting::state_dir;
use crate::bench::preset::processors;
use crate::config::Workloads;
use crate::hub::local::Local;
use crate::model::time::Clock;
use crate::serve::workload::{Platform, Room};
use crate::store::workload::{Keep, Ledger};
use crate::watch::Outlet;

/// Begins to take workloads. Where the file of them cannot be had, memory does, which is told.
pub(super) fn begin(
    local: &Arc<Local>,
    kept: &Workloads,
    at_once: Option<u32>,
    clock: Arc<dyn Clock>,
    outlet: Outlet,
) -> Result<Arc<Platform>> {
    let ledger = Ledger::open(&state_dir()?, keep(kept), clock.wall_ns());
    let ledger = ledger.wrap_err("workloads cannot be recorded, not even in memory")?;
    let hostname = local.info().hostname;
    let usual = Room::of(processors());
    let at_once = at_once.map_or(usual.at_once, |at_once| at_once as usize);
    let room = Room { at_once, ..usual };
    let runner = Arc::<Local>::clone(local);
    Ok(Platform::begin(runner, ledger, clock, hostname.as_str(), room, outlet))
}

/// What is kept of them, as it is set.
fn keep(kept: &Workloads) -> Keep {
    let day_ns = 86_400 * 1_000_000_000_i64;
    Keep {
        workloads: kept.keep.get(),
        age_ns: i64::from(kept.keep_days.get()).saturating_mul(day_ns),
        bytes: kept.keep_size.0,
    }
}
