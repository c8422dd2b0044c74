//! The history, as the screen and the server both keep it.

use super::print;
use super::setting::Setting;
use crate::hub::Hub;
use crate::hub::local::Local;
use crate::record::history::{Recording, begin as record};
use crate::store::history::Keep;
use crate::track;

/// Updates that may wait to be kept.
const ROOM: usize = 4_096;

/// Begins to keep the history of what `hub` hears, if that is `wished` and set.
pub(super) fn begin(hub: &mut Hub<Local>, setting: &Setting, wished: bool) -> Option<Recording> {
    let kept = &setting.config.history;
    if !wished || !kept.enabled {
        return None;
    }
    let keep = Keep { age: kept.days.length(), bytes: kept.size.0 };
    let updates = hub.subscribe_to(ROOM, track::is_kept);
    let begun = record(setting.local.history(), keep, updates, hub.outlet());
    begun.map_err(|error| print::err(&format!("isomon: no history is kept: {error}"))).ok()
}

/// Waits until the last of it is written.
pub(super) async fn end(recording: Option<Recording>) {
    if let Some(recording) = recording {
        recording.end().await;
    }
}
