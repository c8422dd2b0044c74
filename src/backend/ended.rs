//! What became of a user's work as a whole, or why it was not even begun; pure words.

use super::Trial;
use crate::model::backend::Traits;
use crate::model::text::SafeText;

/// Why a job was not even begun, or not cleared up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub why: SafeText,
    /// What to do; empty where nothing is known.
    pub remedy: SafeText,
}

impl Refusal {
    /// It was refused for `why`, which `remedy` mends.
    pub fn new(why: impl Into<SafeText>, remedy: &str) -> Self {
        Self { why: why.into(), remedy: remedy.into() }
    }
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// How it went. Its result and message are hostile.
    pub trial: Trial,
    /// What its backend gave and kept.
    pub traits: Traits,
    /// What mends the backend, where the job could not be begun in it.
    pub remedy: Option<SafeText>,
}
