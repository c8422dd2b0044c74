//! The token that lets others in: read, and refused where it is no secret.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};
use zeroize::Zeroizing;

use super::ServeArgs;
use crate::cli::advice::Advise;
use crate::model::secret::Secret;

/// Letters of a token at least.
const SHORTEST: usize = 16;
/// Bytes of its file at most.
const LONGEST: u64 = 4_096;
/// How to make one.
const MAKE: &str = "make one: (umask 077; head -c 32 /dev/urandom | base64 > token)";

/// The token `wish` names, if it names one.
pub(super) fn read(wish: &ServeArgs) -> Result<Option<Secret>> {
    let (text, place) = match (&wish.token_file, &wish.token_env) {
        (Some(path), _) => (of_file(path)?, format!("the token in {}", path.display())),
        (None, Some(name)) => (of_env(name)?, format!("the token in ${name}")),
        (None, None) => return Ok(None),
    };
    let token = Secret::new(&text);
    let plain = token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
    if token.reveal().len() < SHORTEST {
        return Err(eyre!("{place} is shorter than {SHORTEST} letters").advise(MAKE));
    }
    if !plain {
        return Err(eyre!("{place} has letters that no header can hold").advise(MAKE));
    }
    Ok(Some(token))
}

fn of_file(path: &Path) -> Result<Zeroizing<String>> {
    let cannot = || format!("cannot read the token in {}", path.display());
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).wrap_err_with(cannot).advise(MAKE)?;
    let about = file.metadata().wrap_err_with(cannot).advise(MAKE)?;
    if about.is_file() && about.permissions().mode() & 0o077 != 0 {
        let remedy = format!("chmod 600 {}", path.display());
        return Err(eyre!("others can read the token in {}", path.display()).advise(&remedy));
    }
    file.take(LONGEST).read_to_string(&mut text).wrap_err_with(cannot).advise(MAKE)?;
    Ok(text)
}

fn of_env(name: &str) -> Result<Zeroizing<String>> {
    let value = std::env::var(name).map(Zeroizing::new);
    value.map_err(|_| eyre!("the variable {name} holds no token").advise(MAKE))
}
