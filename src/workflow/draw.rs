//! Pictures of outputs, drawn when a run has come to a good end.

use super::about::About;
use crate::model::text::SafeText;
use crate::model::workflow::WorkflowRun;

/// Draws every picture that the file of the workflow wishes; what could not be drawn, and why.
pub(super) fn all(_about: &About, _run: &WorkflowRun) -> Vec<SafeText> {
    Vec::new()
}
