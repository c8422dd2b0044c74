//! What a client sends, and what it means: Vulcan's request, with a few fields of isomon's own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;

use super::archive;
use super::path::Isolation;
use crate::model::bench::Limits;
use crate::model::job::{Job, Runtime, What};
use crate::model::unit::{Bytes, Seconds};
use crate::serve::answer::Problem;

/// Time a workload has unless it says otherwise, and at most.
const TIMEOUT_S: u64 = 30;
const LONGEST_S: u64 = 3_600;
/// Memory it has unless it says otherwise, where Linux is booted for it and elsewhere.
const MEMORY_MB: u64 = 256;
const MACHINE_MB: u64 = 512;
/// Least memory that anything runs in.
const LEAST_MB: u64 = 8;
/// Output passed on; more is dropped and counted.
const OUTPUT: Bytes = Bytes(64 << 20);
/// Words of a command.
const WORDS: usize = 1_024;

/// What a client sends.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// `go`, `node`, `python`, `wasm`, `oci`; isomon also knows `command`, a shell script.
    pub runtime: String,
    /// `auto`, `microvm`, `isolate`, `gvisor`, or one of isomon's backends by name; `auto` unless
    /// said.
    pub isolation: Option<String>,
    /// The code; a WebAssembly module as text, or in base64.
    pub code: Option<String>,
    /// Files of code, or a root file system: a tar archive in gzip, in base64. Not with `code`.
    pub code_archive: Option<String>,
    /// What of the archive is run; else `main.py`, `index.js`, `main.go`, `main.wasm`, `main.sh`.
    pub entrypoint: Option<String>,
    /// The command and its arguments, for `oci` and `command`.
    pub command: Option<Vec<String>>,
    /// A line of JSON on its standard input, and `input` in an isolate.
    pub input: Option<serde_json::Value>,
    /// How much it may use.
    pub resources: Option<Resources>,
}

/// How much a workload may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Processors, from 0.01; 1 unless said.
    pub cpus: Option<f64>,
    /// Memory in MiB, from 8; 256 unless said, 512 where Linux is booted.
    pub mem_mb: Option<u64>,
    /// Seconds until it is ended, up to 3600; 30 unless said.
    pub timeout_s: Option<u64>,
}

/// What is wished for, as far as it can be told without looking at backends.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) runtime: Runtime,
    pub(super) isolation: Isolation,
    pub(super) job: Job,
    pub(super) asked: Resources,
    /// Bytes it holds in memory.
    pub(super) bytes: usize,
}

impl Wish {
    /// Its bounds in a backend that boots Linux, or in another.
    pub(super) fn limits(&self, machine: bool) -> Limits {
        let usual = if machine { MACHINE_MB } else { MEMORY_MB };
        Limits {
            cpus: self.asked.cpus.unwrap_or(1.0),
            memory_bytes: Bytes(self.asked.mem_mb.unwrap_or(usual) << 20),
            timeout_seconds: Seconds(self.timeout_s() as f64),
            output_bytes: OUTPUT,
            ..Limits::default()
        }
    }

    pub(super) fn timeout_s(&self) -> u64 {
        self.asked.timeout_s.unwrap_or(TIMEOUT_S)
    }

    /// Its work for an engine of `runtime`, which takes one file.
    pub(super) fn job_of(&self, runtime: Runtime) -> Result<Job, String> {
        let mut job = self.job.clone();
        if let What::Code { runtime: of, .. } = &mut job.what {
            *of = runtime;
        }
        if matches!(runtime, Runtime::Js | Runtime::Wasm)
            && let Some(files) = job.archive.take()
        {
            let code = archive::content(&files).map_err(|wrong| wrong.to_string())?;
            job.what = What::Code { runtime, code };
        }
        Ok(job)
    }
}

/// Reads `order`, or says what is wrong with it.
pub(super) fn read(order: Order) -> Result<Wish, Problem> {
    let runtime = runtime(&order.runtime)?;
    let isolation = Isolation::read(order.isolation.as_deref().unwrap_or("auto"))?;
    let asked = order.resources.unwrap_or_default();
    check(&asked)?;
    let bytes = [&order.code, &order.code_archive].into_iter().flatten().map(String::len).sum();
    let job = job(runtime, order)?;
    Ok(Wish { runtime, isolation, job, asked, bytes })
}

fn runtime(word: &str) -> Result<Runtime, Problem> {
    let names = ["go", "node", "python", "wasm", "oci", "command"];
    let known = Runtime::ALL.into_iter().find(|runtime| runtime.name() == word);
    known.filter(|runtime| *runtime != Runtime::Js).ok_or_else(|| {
        Problem::bad(match word {
            "" => format!("runtime is required: {}", names.join(", ")),
            word => format!("there is no runtime {word:?}; there are {}", names.join(", ")),
        })
    })
}

fn check(asked: &Resources) -> Result<(), Problem> {
    let wrong = |name: &str, from: &str| Problem::bad(format!("resources.{name} is {from}"));
    if asked.cpus.is_some_and(|cpus| !(0.01..=4_096.0).contains(&cpus)) {
        return Err(wrong("cpus", "a number from 0.01 to 4096"));
    }
    if asked.mem_mb.is_some_and(|mem| !(LEAST_MB..=1 << 22).contains(&mem)) {
        return Err(wrong("mem_mb", "MiB, from 8 to 4194304"));
    }
    if asked.timeout_s.is_some_and(|seconds| !(1..=LONGEST_S).contains(&seconds)) {
        return Err(wrong("timeout_s", "seconds, from 1 to 3600"));
    }
    Ok(())
}

fn job(runtime: Runtime, order: Order) -> Result<Job, Problem> {
    let Order { code, code_archive, entrypoint, command, input, .. } = order;
    let code = code.filter(|code| !code.is_empty());
    let sent = code_archive.filter(|sent| !sent.is_empty());
    if code.is_some() && sent.is_some() {
        return Err(Problem::bad("code and code_archive exclude each other"));
    }
    if entrypoint.is_some() && sent.is_none() {
        return Err(Problem::bad("entrypoint names a file of code_archive, which is not there"));
    }
    let takes_command = matches!(runtime, Runtime::Oci | Runtime::Command);
    if command.is_some() && (!takes_command || code.is_some()) {
        return Err(Problem::bad("command is for the runtimes oci and command, without code"));
    }
    let input = input.filter(|input| !input.is_null());
    let files = sent.map(|sent| decode(&sent)).transpose()?;
    let (what, archive) = match (code, files, command) {
        (Some(_), ..) if runtime == Runtime::Oci => {
            return Err(Problem::bad("oci takes a code_archive with a root file system"));
        }
        (Some(code), ..) => (What::Code { runtime, code: bytes(runtime, code)? }, None),
        (None, Some(files), words) => archive::read(runtime, files, entrypoint, words)?,
        (None, None, Some(words)) if runtime == Runtime::Command => (inside(words)?, None),
        _ if takes_command => {
            return Err(Problem::bad(format!("{runtime} needs code, code_archive or command")));
        }
        _ => return Err(Problem::bad("code or code_archive is required")),
    };
    Ok(Job { what, input, archive, ..Job::default() })
}

/// A command that is looked for in the sandbox alone: nothing of the host is copied there for it.
pub(super) fn inside(words: Vec<String>) -> Result<What, Problem> {
    let words = plain(words)?;
    let shell = ["sh", "-c", "exec \"$@\"", "sh"].map(str::to_owned);
    Ok(What::Command(shell.into_iter().chain(words).collect()))
}

/// Words that a command can have.
pub(super) fn plain(words: Vec<String>) -> Result<Vec<String>, Problem> {
    let good = !words.is_empty() && words.len() <= WORDS;
    if !good
        || words.iter().any(|word| word.contains('\0'))
        || words.first().is_some_and(String::is_empty)
    {
        return Err(Problem::bad("command is a list of 1 to 1024 words, the first a program"));
    }
    Ok(words)
}

fn decode(sent: &str) -> Result<Vec<u8>, Problem> {
    let bytes = STANDARD.decode(sent.as_bytes());
    bytes.map_err(|error| Problem::bad(format!("code_archive is not base64: {error}")))
}

/// The code as a file; a WebAssembly module is text in parentheses, or base64.
fn bytes(runtime: Runtime, code: String) -> Result<Vec<u8>, Problem> {
    if runtime != Runtime::Wasm || code.trim_start().starts_with(['(', ';']) {
        return Ok(code.into_bytes());
    }
    let module = STANDARD.decode(code.trim()).ok().filter(|bytes| bytes.starts_with(b"\0asm"));
    module.ok_or_else(|| Problem::bad("code for wasm is the module's text, or its bytes in base64"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(json: serde_json::Value) -> Result<Wish, Problem> {
        let order = serde_json::from_value(json);
        read(order.map_err(|error: serde_json::Error| Problem::bad(error.to_string()))?)
    }

    #[test]
    fn vulcans_request_is_read() {
        let wish =
            order(json!({"runtime": "node", "isolation": "isolate", "code": "console.log(1)",
            "input": {}, "resources": {"cpus": 1, "mem_mb": 128, "timeout_s": 30}}))
            .unwrap();
        assert_eq!(wish.isolation.word(), "isolate");
        assert_eq!(wish.job.input, Some(json!({})));
        let limits = wish.limits(false);
        assert_eq!(
            (limits.memory_bytes, limits.timeout_seconds),
            (Bytes(128 << 20), Seconds(30.0))
        );
        let least = order(json!({"runtime": "python", "code": "1", "input": null})).unwrap();
        assert_eq!((least.isolation.word(), &least.job.input), ("auto", &None));
        assert_eq!(least.limits(true).memory_bytes, Bytes(512 << 20));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let rows = [
            (json!({"runtime": "go", "code": "x", "colour": 1}), "colour"),
            (json!({"runtime": "cobol", "code": "x"}), "cobol"),
            (json!({"runtime": "js", "code": "x"}), "there are go"),
            (json!({"code": "x"}), "runtime"),
            (json!({"runtime": "go"}), "code or code_archive is required"),
            (json!({"runtime": "go", "code": "x", "code_archive": "eA=="}), "exclude"),
            (json!({"runtime": "go", "code_archive": "%"}), "not base64"),
            (json!({"runtime": "go", "code_archive": "eA=="}), "not gzip"),
            (json!({"runtime": "go", "code": "x", "isolation": "jail"}), "jail"),
            (json!({"runtime": "go", "code": "x", "resources": {"cpus": 0}}), "cpus"),
            (json!({"runtime": "go", "code": "x", "resources": {"mem_mb": 1}}), "mem_mb"),
            (json!({"runtime": "go", "code": "x", "resources": {"timeout_s": 0}}), "timeout_s"),
            (json!({"runtime": "go", "code": "x", "resources": {"mem": 1}}), "mem"),
            (json!({"runtime": "oci", "code": "x"}), "code_archive"),
            (json!({"runtime": "command", "command": []}), "1 to 1024"),
            (json!({"runtime": "python", "code": "x", "command": ["x"]}), "oci and command"),
            (json!({"runtime": "wasm", "code": "AAAA"}), "base64"),
        ];
        for (json, wanted) in rows {
            let problem = order(json.clone()).unwrap_err();
            assert_eq!(problem.status, 400, "{json}");
            assert!(problem.text.as_str().contains(wanted), "{json}: {problem}");
        }
    }

    #[test]
    fn a_command_names_nothing_of_the_host() {
        let wish = order(json!({"runtime": "command", "command": ["/etc/shadow", "$x"]})).unwrap();
        let What::Command(words) = wish.job.what else { panic!() };
        assert_eq!(words, ["sh", "-c", "exec \"$@\"", "sh", "/etc/shadow", "$x"]);
    }
}
