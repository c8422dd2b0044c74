//! Where a password comes from: the file itself, a variable, a file of its own, or the user.
//!
//! A file with a password is taken only where nobody else may read it.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::super::local::expand;
use super::super::{Error, Options};
use crate::model::secret::Secret;

/// Longest file of a password.
const LONGEST: u64 = 4 << 10;

/// Finds the `what` of a host: `env:NAME`, `file:PATH`, `prompt`, or the secret itself.
pub(super) async fn find(
    host: &str,
    what: &str,
    given: Option<Secret>,
    options: &Options,
) -> Result<Option<Secret>, Error> {
    let Some(given) = given else { return Ok(None) };
    let fault = |why: String| Error::Setting { host: host.into(), why: why.into() };
    if let Some(name) = given.reveal().strip_prefix("env:") {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        let value = value
            .ok_or_else(|| fault(format!("its {what} is to be in {name}, which is not set")))?;
        return Ok(Some(Secret::new(&value)));
    }
    if let Some(path) = given.reveal().strip_prefix("file:") {
        return read(path).map(Some).map_err(|why| fault(format!("its {what} in {path}: {why}")));
    }
    if given.reveal() != "prompt" {
        return Ok(Some(given));
    }
    let nobody = || fault(format!("its {what} is to be asked for, and nobody can be asked here"));
    let ask = options.ask.as_ref().ok_or_else(nobody)?;
    ask.ask(host, what).await.map(Some).ok_or_else(nobody)
}

fn read(path: &str) -> Result<Secret, String> {
    let file = expand(path);
    let facts = std::fs::metadata(&file).map_err(|error| error.to_string())?;
    if facts.permissions().mode() & 0o077 != 0 || facts.uid() != rustix::process::geteuid().as_raw()
    {
        return Err("others may read it; make it yours alone: chmod 600".to_owned());
    }
    if facts.len() > LONGEST || !facts.is_file() {
        return Err("it is no file with one password".to_owned());
    }
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    Ok(Secret::new(&text))
}
