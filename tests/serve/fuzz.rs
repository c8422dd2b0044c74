//! schemathesis asks the server whatever its own document allows, and what it does not.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::server::{Server, TOKEN};

/// Where `.ci/install` puts it.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin/schemathesis");

/// Without `wait` a stream goes on for ever, as it should.
const SETTINGS: &str = "[[operations]]\ninclude-path = \"/v1/live\"\nparameters = { wait = 0 }\n";

#[test]
fn answers_are_as_the_document_says_and_nothing_breaks() {
    if !Path::new(PROGRAM).exists() {
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"));
        eprintln!("passed over: no schemathesis (.ci/install puts it into target/tools)");
        return;
    }
    let results = tempfile::tempdir().unwrap();
    let made = crate::results::made(results.path());
    let server = Server::with_token(&["--results", made.to_str().unwrap()]);
    let document = format!("http://{}/openapi.json", server.address);
    let settings = server.home.path().join("schemathesis.toml");
    std::fs::write(&settings, SETTINGS).unwrap();
    let mut command = Command::new(PROGRAM);
    command
        .arg("--config-file")
        .arg(&settings)
        .args(["run", &document, "--max-examples", "25", "--seed", "5", "--max-time", "40"])
        .args(["--phases", "examples,coverage,fuzzing", "--request-timeout", "15"])
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
        .args(["--no-color", "--report-dir"])
        .arg(server.home.path())
        .current_dir(server.home.path())
        .env("HOME", server.home.path())
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = crate::home::out(&output) + &crate::home::err(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(server.ask("GET", "/healthz", &[], "").status, 200);
}
