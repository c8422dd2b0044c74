//! What was: numbers out of the history, as charts and tables want them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::SourceId;
use super::serving::{self, Key};
use super::text::SafeText;

/// Whose numbers are kept together: they are taken at one moment.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Track {
    /// The source that told them.
    pub source: SourceId,
    /// What they are numbers of: `node`, `gpu`, `model`, and what later versions add.
    pub kind: SafeText,
    /// Which one of these: a GPU's id, a model and where it answers; empty for the node itself.
    pub name: SafeText,
}

impl Track {
    /// The numbers of a node.
    pub fn node(source: &SourceId) -> Self {
        Self { source: source.clone(), kind: "node".into(), name: SafeText::default() }
    }

    /// The numbers of a GPU.
    pub fn gpu(source: &SourceId, id: &SafeText) -> Self {
        Self { source: source.clone(), kind: "gpu".into(), name: id.clone() }
    }

    /// The numbers of a model.
    pub fn model(source: &SourceId, key: &Key) -> Self {
        Self { source: source.clone(), kind: "model".into(), name: serving::named(key) }
    }
}

/// What of the past is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PastWish {
    /// From when on, in milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// Until when; excluded.
    pub to_ms: i64,
    /// About as many instants as can be shown; those that fall together are told as their mean.
    pub most: u32,
    /// Of whom; of everyone if empty.
    pub sources: Vec<SourceId>,
}

/// A piece of the past.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Past {
    /// What was wanted.
    pub wish: PastWish,
    /// What there is of it.
    pub tracks: Vec<PastTrack>,
    /// The earliest instant that is kept of anyone; `None` if nothing is.
    pub earliest_ms: Option<i64>,
    /// Why there is less than was wanted, if there is.
    pub gap: Option<SafeText>,
}

/// Numbers that were taken at the same instants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PastTrack {
    /// Whose.
    pub track: Track,
    /// Their names, in the order of the values.
    pub columns: Vec<SafeText>,
    /// Time from one instant to the next where none is missing, in milliseconds.
    pub step_ms: u64,
    /// Instants in milliseconds since 1970 UTC, each later than the one before; what is missing between
    /// them is a gap.
    pub at_ms: Vec<i64>,
    /// The values of each instant; `None` is missing.
    pub rows: Vec<Vec<Option<f32>>>,
}
