//! Files that a client sent: which of them is run, and how.

use serde::Deserialize;

use super::order::{inside, plain};
use crate::backend::archive::{self, Wrong};
use crate::model::job::{Archive, Runtime, What};
use crate::serve::answer::Problem;

/// Longest code for an engine, and longest configuration of a bundle.
const LONGEST: u64 = 32 << 20;

/// The configuration of an OCI bundle, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    process: Process,
    root: Root,
}

/// Its command.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Process {
    args: Vec<String>,
}

/// Its file system.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Root {
    path: String,
}

/// What is done with the files in `bytes`.
pub(super) fn read(
    runtime: Runtime,
    bytes: Vec<u8>,
    entry: Option<String>,
    command: Option<Vec<String>>,
) -> Result<(What, Option<Archive>), Problem> {
    let names = archive::names(&bytes).map_err(wrong)?;
    if runtime == Runtime::Oci {
        return bundle(bytes, &names, command);
    }
    let files = |entry| Some(Archive { bytes: bytes.as_slice().into(), entry, root: false });
    if let Some(words) = command {
        return Ok((inside(words)?, files(String::new())));
    }
    let entry = match entry {
        Some(entry) if names.contains(&entry) => entry,
        Some(entry) => {
            return Err(Problem::bad(format!("there is no {entry} in code_archive")));
        }
        None => usual(runtime, &names)?,
    };
    Ok((What::Code { runtime, code: Vec::new() }, files(entry)))
}

/// The file that is run where none is named.
fn usual(runtime: Runtime, names: &[String]) -> Result<String, Problem> {
    let usual: &[&str] = match runtime {
        Runtime::Python => &["main.py", "__main__.py", "index.py"],
        Runtime::Node | Runtime::Js => &["index.js", "main.js", "index.mjs", "main.mjs"],
        Runtime::Go => &["main.go"],
        Runtime::Wasm => &["main.wasm", "index.wasm", "main.wat"],
        Runtime::Command | Runtime::Oci => &["main.sh", "run.sh"],
    };
    if let Some(found) = usual.iter().find(|name| names.iter().any(|other| other == *name)) {
        return Ok((*found).to_owned());
    }
    match names {
        [only] => Ok(only.clone()),
        _ => Err(Problem::bad(format!(
            "code_archive has none of {}; name the file with entrypoint",
            usual.join(", ")
        ))),
    }
}

/// A bundle has a configuration; anything else is a root file system.
fn bundle(
    bytes: Vec<u8>,
    names: &[String],
    command: Option<Vec<String>>,
) -> Result<(What, Option<Archive>), Problem> {
    let config = archive::content(&bytes, "config.json", 1 << 20).map_err(wrong)?;
    let config = config.map(|config| serde_json::from_slice::<Config>(&config)).transpose();
    let config =
        config.map_err(|error| Problem::bad(format!("config.json of the bundle: {error}")))?;
    let bundled = config.is_some();
    let Config { process, root } = config.unwrap_or_default();
    let words = command.or_else(|| Some(process.args).filter(|words| !words.is_empty()));
    let words = words.ok_or_else(|| {
        Problem::bad("oci needs a command: process.args in the bundle's config.json, or `command`")
    })?;
    let entry = match root.path.trim_start_matches("./").trim_end_matches('/') {
        "" if bundled => "rootfs".to_owned(),
        path => path.to_owned(),
    };
    let below = |name: &String| entry.is_empty() || name.starts_with(&format!("{entry}/"));
    if entry.split('/').any(|part| part == "..") || !names.iter().any(below) {
        return Err(Problem::bad(format!("there is no root file system {entry} in the bundle")));
    }
    let files = Archive { bytes: bytes.into(), entry, root: true };
    Ok((What::Command(plain(words)?), Some(files)))
}

/// The file that is run.
pub(super) fn content(files: &Archive) -> Result<Vec<u8>, Wrong> {
    Ok(archive::content(&files.bytes, &files.entry, LONGEST)?.unwrap_or_default())
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err hands it")]
fn wrong(wrong: Wrong) -> Problem {
    Problem::bad(format!("code_archive: {wrong}"))
}
