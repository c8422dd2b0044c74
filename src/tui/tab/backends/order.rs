//! Which backends are listed, and in which order.

use super::statuses;
use crate::model::backend::{BackendStatus, Readiness};
use crate::state::State;

/// Those whose name holds `filter`: what runs here first, each group with the weakest wall first.
/// While backends are being tried none changes its place.
pub(super) fn rows<'a>(state: &'a State, filter: &str) -> Vec<&'a BackendStatus> {
    let all = statuses(state);
    let settled = all.iter().all(|status| status.readiness != Readiness::Checking);
    let wanted = |status: &&BackendStatus| status.id.name().contains(filter);
    let mut rows: Vec<_> = all.iter().filter(wanted).collect();
    if settled {
        rows.sort_by_key(|status| !status.readiness.runs());
    }
    rows
}
