//! Why `ssh` ended, told by what can be done about it.
//!
//! Its words are matched, never obeyed: no path or name in them is used for anything. Nothing is mended
//! here: a host key that is another than the known one is the user's to judge.

use super::super::{Error, Spec};
use super::key;
use crate::model::text::SafeText;
use crate::ssh as words;

/// Longest reason, in letters; two fingerprints and a command have room.
const LONGEST: usize = 600;

/// The reason, by what `ssh` `said`, else `error`.
pub(super) async fn reason(spec: &Spec, error: Error, said: &str) -> Error {
    let has = |words: &str| said.contains(words);
    let at: SafeText = spec.address.to_string().into();
    if words::is_of_key(said) {
        return host_key(spec, said).await;
    }
    if has("Could not resolve hostname") {
        return Error::Name { host: at };
    }
    if has("Connection refused") {
        return Error::Refused { at };
    }
    if has("timed out") || has("Timeout, server") {
        return Error::Late { seconds: spec.ssh.timeout.as_secs(), doing: "connecting by ssh" };
    }
    if has("Permission denied (") || has("Too many authentication failures") {
        let why = format!(
            "{at} lets nobody in with the keys at hand, and asks no password here; try: ssh {}",
            target(spec)
        );
        return ssh(&why);
    }
    if has("Bad configuration option") || has("Bad owner or permissions") {
        let remedy = "mend your ssh configuration".into();
        return Error::Setting { why: words::last_line(said).into(), remedy };
    }
    match (&error, words::last_line(said)) {
        (Error::Late { .. } | Error::Limit { .. } | Error::Another { .. }, _) | (_, "") => error,
        (_, last) if has("No route to host") || has("Network is unreachable") => {
            Error::Unreachable { at, why: last.into() }
        }
        (_, last) => ssh(last),
    }
}

fn ssh(why: &str) -> Error {
    Error::Ssh { why: SafeText::within(why, LONGEST) }
}

/// What the user would type.
fn target(spec: &Spec) -> String {
    spec.address.to_string()
}

async fn host_key(spec: &Spec, said: &str) -> Error {
    let target = target(spec);
    let Some(known) = key::known(spec).await else { return ssh(&words::key_unlearned(&target)) };
    let offered = key::offered(spec).await;
    let (name, keys) = (known.name.as_str(), &known.keys);
    let why = words::key_refused(said, name, keys, offered.as_ref(), &target);
    ssh(&why)
}
