//! placeholder
use crate::model::run::Run;
/// page
pub fn html(run: &Run) -> serde_json::Result<String> {
    serde_json::to_string(run)
}
