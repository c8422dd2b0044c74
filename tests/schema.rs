//! The published schema is the one the code has, and a run of the engine keeps to it.
//! `ISOMON_BLESS=1` writes the schema anew.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use isomon::report::run_json;

#[path = "support/simulation.rs"]
mod simulation;

fn published() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schema/run.json")
}

#[test]
fn the_published_schema_is_that_of_the_code() {
    let schema = run_json::schema().unwrap();
    if std::env::var_os("ISOMON_BLESS").is_some() {
        std::fs::write(published(), &schema).unwrap();
    }
    let written = std::fs::read_to_string(published()).unwrap();
    assert!(written == schema, "assets/schema/run.json is out of date: ISOMON_BLESS=1 writes it");
}

#[test]
fn a_run_keeps_to_the_schema() {
    let schema = serde_json::from_str(&run_json::schema().unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let run = simulation::run(7);
    let whole: serde_json::Value = serde_json::from_str(&run_json::json(&run).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&whole).map(|e| e.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    let mut broken = whole;
    broken["samples"][0]["phases"]["ready_seconds"] = "soon".into();
    assert!(!validator.is_valid(&broken));
}
