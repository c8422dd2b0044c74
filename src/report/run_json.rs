//! A run as JSON: the run itself, as `assets/schema/run.json` describes it.

use crate::model::run::Run;

/// The run, indented, with a newline at its end.
pub fn json(run: &Run) -> serde_json::Result<String> {
    serde_json::to_string_pretty(run).map(|text| text + "\n")
}

/// The JSON schema of [`json`]; `assets/schema/run.json` holds it.
pub fn schema() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&schemars::schema_for!(Run)).map(|text| text + "\n")
}
