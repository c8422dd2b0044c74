//! What loads on a model's server asked, as the run that kept them says: two that asked for something else
//! are no pair to compare.

use std::io::Read as _;

use crate::stats::serving::{Told, unlike};
use crate::store::result::ResultDir;

/// Longest file of figures that is read.
const LONGEST_BYTES: u64 = 1 << 20;
/// Loads of a run.
const MOST: usize = 64;

/// What `first` and `other` did not ask alike, a line each; nothing where one of them is no load.
pub(super) fn differences(first: &ResultDir, other: &ResultDir) -> Vec<String> {
    let (base, other) = (loads(first), loads(other));
    if base.is_empty() || other.is_empty() {
        return Vec::new();
    }
    let line = |found: crate::stats::compare::Difference| {
        format!("{}: {} -> {}", found.what, found.base, found.other)
    };
    unlike(&base, &other).into_iter().map(line).collect()
}

fn loads(dir: &ResultDir) -> Vec<Told> {
    let files = dir.files().unwrap_or_default();
    let names = files.iter().map(|file| file.name.as_str());
    let figures = names.filter(|name| {
        name.strip_prefix("figures").and_then(|rest| rest.strip_suffix(".json")).is_some()
    });
    figures.take(MOST).filter_map(|name| load(dir, name)).collect()
}

/// The load in the file `name`; `None` where it holds none.
fn load(dir: &ResultDir, name: &str) -> Option<Told> {
    let (file, bytes) = dir.open_file(name)?;
    if bytes > LONGEST_BYTES {
        return None;
    }
    let mut text = Vec::new();
    file.take(LONGEST_BYTES).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}
