//! The `deno` backend: one worker for each isolate in a `deno` that runs without any permission.
//!
//! A worker is more than a bare isolate (it has an event loop and parts of the web's interfaces), so
//! it is never called one. Deno offers these workers no limit of their own: one of the engine holds for
//! each heap, which ends the host where it is met, and the control group bounds them all. The host
//! and its import map lie in the run's directory and go with it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::isolate::INSIDE;
use super::kind::{Errand, Kind, Recipe, Remedy};
use super::site::Site;
use super::{Error, tool};
use crate::model::backend::Traits;
use crate::model::job::Runtime;

/// The host, below `INSIDE`.
const HOST: &str = include_str!("../../assets/isolate-host.js");
/// Modules of Node that Deno has within itself. Each is a way to the host's standard output, which
/// no permission guards, so none can be imported.
const MODULES: &str = "_http_agent _http_client _http_common _http_incoming _http_outgoing \
    _http_server _stream_duplex _stream_passthrough _stream_readable _stream_transform \
    _stream_wrap _stream_writable _tls_common _tls_wrap assert assert/strict async_hooks buffer \
    child_process cluster console constants crypto dgram diagnostics_channel dns dns/promises \
    domain events fs fs/promises http http2 https inspector inspector/promises module net os path \
    path/posix path/win32 perf_hooks process punycode querystring quic readline readline/promises \
    repl sea sqlite stream stream/consumers stream/promises stream/web string_decoder sys test \
    test/reporters timers timers/promises tls trace_events tty url util util/types v8 vm wasi \
    worker_threads zlib zlib/iter stream/iter ffi";

/// Workers of `deno`.
pub(super) struct Deno;

impl Kind for Deno {
    fn tool(&self) -> Option<&'static str> {
        Some("deno")
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let program = tool::text(tool::find(&site.settings, "deno")?)?;
        let place = lay_out(&site.place)?;
        let map = tool::text(place.join("import.json"))?;
        let host = tool::text(place.join("host.mjs"))?;
        let mut argv = vec![program, "run".to_owned()];
        // Nothing is asked, read beside the host, fetched or kept.
        argv.extend(
            ["no-prompt", "no-config", "no-lock", "no-remote", "no-npm", "cached-only"]
                .into_iter()
                .chain(["no-code-cache", "unstable-worker-options"])
                .map(|flag| format!("--{flag}")),
        );
        let heap = errand.task.limits.memory_bytes.0 >> 20;
        argv.push(format!("--v8-flags=--max-old-space-size={}", heap.max(1)));
        argv.extend([format!("--import-map={map}"), host]);
        let mut call = site.call(errand, argv, Runtime::Js)?;
        let cache = tool::text(place.join("cache"))?;
        let env = [("DENO_DIR", cache.as_str()), ("DENO_NO_UPDATE_CHECK", "1"), ("NO_COLOR", "1")];
        call.env.extend(env.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(Recipe::call(call))
    }

    fn is_host(&self) -> bool {
        true
    }

    fn traits(&self) -> Traits {
        Traits { runtimes: vec![Runtime::Js], ..Traits::default() }
    }

    fn remedy(&self, reason: &str) -> Remedy {
        if !tool::is_missing(reason) {
            return Remedy::words("install a deno of the 2.x line: npm install -g deno");
        }
        let install = ["npm", "install", "-g", "deno"].map(str::to_owned);
        Remedy {
            words: "npm install -g deno, or https://docs.deno.com/runtime/".to_owned(),
            commands: vec![install.to_vec()],
        }
    }
}

/// Puts what `deno` reads into the run's directory, once; where it lies.
fn lay_out(run: &Path) -> Result<PathBuf, Error> {
    let place = run.join("deno");
    if place.exists() {
        return Ok(place);
    }
    fs::create_dir(&place).map_err(|source| Error::io("create", &place, source))?;
    for (name, content) in [("import.json", map()), ("host.mjs", host()?)] {
        let path = place.join(name);
        fs::write(&path, content).map_err(|source| Error::io("write", &path, source))?;
    }
    Ok(place)
}

/// An import map that leads every module of Node to one that throws.
fn map() -> String {
    let mut all = String::new();
    for name in MODULES.split_whitespace() {
        let comma = if all.is_empty() { "" } else { "," };
        let written = write!(
            all,
            r#"{comma}"node:{name}":"data:text/javascript,throw new Error('not lent')""#
        );
        debug_assert!(written.is_ok(), "a string takes any text");
    }
    format!(r#"{{"imports":{{{all}}}}}"#)
}

/// The host's program.
fn host() -> Result<String, Error> {
    let inside = serde_json::to_string(INSIDE).map_err(|source| Error::Json { source })?;
    Ok(format!("const INSIDE = {inside};\n{HOST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deno_reads_is_well_formed() {
        let map: serde_json::Value = serde_json::from_str(&map()).unwrap();
        assert!(map["imports"]["node:fs"].as_str().unwrap().starts_with("data:"));
        let host = host().unwrap();
        let (first, rest) = host.split_once('\n').unwrap();
        let inside = first.strip_prefix("const INSIDE = ").unwrap().trim_end_matches(';');
        assert_eq!(serde_json::from_str::<String>(inside).unwrap(), INSIDE);
        assert_eq!(rest, HOST);
    }

    #[test]
    fn it_is_laid_out_once() {
        let run = tempfile::tempdir().unwrap();
        let place = lay_out(run.path()).unwrap();
        assert_eq!(lay_out(run.path()).unwrap(), place);
        assert!(place.join("host.mjs").is_file());
    }
}
