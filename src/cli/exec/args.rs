//! The arguments of `isomon exec`, and the task they make.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use color_eyre::eyre::{Result, WrapErr, eyre};

use super::super::advice::Advise;
use super::super::kernel::{self, absolute};
use super::code;
use crate::backend::{Task, Work};
use crate::config::{Size, Span};
use crate::model::backend::{BackendId, Start};
use crate::model::bench::Limits;
use crate::model::job::{Job, Runtime, What};
use crate::model::unit::{Bytes, Seconds};

/// Longest input that is read.
const LONGEST: u64 = 64 << 20;
/// Memory of a sandbox without a kernel of its own, where none is said.
const MEMORY: Bytes = Bytes(256 << 20);

/// What to run, where, in which bounds.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["code", "command"]))]
pub struct ExecArgs {
    /// Backend: `namespaces` unless set; for js v8 or deno, for wasm wasm
    #[arg(short, long, value_name = "BACKEND", value_parser = backend)]
    backend: Option<BackendId>,
    /// What runs the code: sh, js, node, python, go, wasm; by the file's ending unless set
    #[arg(short, long, value_name = "RUNTIME", value_parser = code::runtime)]
    runtime: Option<Runtime>,
    /// A file of code to run
    #[arg(long, value_name = "FILE")]
    code: Option<PathBuf>,
    /// A command to run, and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// JSON for the work: itself, @FILE, or - for standard input; a line on its standard input, and
    /// `input` in JavaScript
    #[arg(long, value_name = "JSON")]
    input: Option<String>,
    /// Memory it may have: 256MiB unless set, 512MiB where Linux is booted for it
    #[arg(long, value_name = "SIZE")]
    memory: Option<Size>,
    /// Processors it may use: 0.5, 2
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = cpus)]
    cpus: f64,
    /// Processes and threads it may have
    #[arg(long, value_name = "NUMBER", default_value = "512",
        value_parser = clap::value_parser!(u32).range(1..=1 << 22))]
    pids: u32,
    /// Time after which it is killed
    #[arg(long, value_name = "TIME", default_value = "1m")]
    timeout: Span,
    /// Output passed on; more is dropped and counted
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = Size::of_any)]
    output: Size,
    /// A variable of the work's environment; without a value the one that isomon has (repeat)
    #[arg(short, long, value_name = "NAME[=VALUE]", value_parser = variable)]
    env: Vec<(String, String)>,
    /// A directory that is its root, read-only, in place of this machine's programs
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// A Linux kernel for backends that are virtual machines; the newest in /boot unless set
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,
    /// A first file system for that kernel, with the programs of the work; isomon packs one unless set
    #[arg(long, value_name = "FILE", requires = "kernel")]
    initrd: Option<PathBuf>,
    /// What is there already: cold, warm, cached, pooled, snapshot
    #[arg(long, value_name = "START", default_value = "cold", value_parser = start)]
    start: Start,
    /// Print one JSON object at the end, and nothing before
    #[arg(long)]
    pub(super) json: bool,
    /// No line about how it went
    #[arg(short, long)]
    pub(super) quiet: bool,
}

impl ExecArgs {
    /// What is to be done, under `nonce`.
    pub(super) fn task(&self, nonce: u64) -> Result<Task> {
        let job = self.job()?;
        let needed = job.runtime();
        let backend = self.backend.unwrap_or_else(|| usual(needed));
        let named = kernel::named(self.kernel.as_deref(), self.initrd.as_deref())?;
        Ok(Task {
            backend,
            start: self.start,
            work: Work::Job(Arc::new(job)),
            kernel: named.map(Arc::new),
            nonce,
            limits: self.limits(backend),
        })
    }

    fn limits(&self, backend: BackendId) -> Limits {
        let usual = if backend.boots_linux() { kernel::MEMORY } else { MEMORY };
        Limits {
            cpus: self.cpus,
            memory_bytes: self.memory.map_or(usual, |size| Bytes(size.0)),
            pids: self.pids,
            timeout_seconds: Seconds::from(self.timeout.0),
            output_bytes: Bytes(self.output.0),
        }
    }

    fn job(&self) -> Result<Job> {
        let root = self.root.as_deref().map(absolute).transpose()?;
        if let Some(root) = root.as_deref().filter(|root| !root.is_dir()) {
            return Err(eyre!("{} is no directory", root.display())
                .advise("--root takes a directory with a whole root file system"));
        }
        Ok(Job {
            what: self.what(root.is_some())?,
            input: self.input.as_deref().map(input).transpose()?,
            env: self.env.clone(),
            root,
            ..Job::default()
        })
    }

    fn what(&self, rooted: bool) -> Result<What> {
        if let Some(file) = &self.code {
            return code::read(file, self.runtime);
        }
        match self.runtime {
            None | Some(Runtime::Command) => {}
            Some(Runtime::Oci) if rooted => {}
            Some(Runtime::Oci) => {
                return Err(eyre!("the runtime oci needs a root file system")
                    .advise("name a directory with --root"));
            }
            Some(other) => {
                return Err(
                    eyre!("{other} runs a file, not a command").advise("name the file with --code")
                );
            }
        }
        let mut words = self.command.clone();
        // A program named by a path is meant from here, where nothing else is said.
        if let Some(first) = words.first_mut().filter(|first| first.contains('/') && !rooted) {
            *first = absolute(Path::new(first))?.to_string_lossy().into_owned();
        }
        Ok(What::Command(words))
    }
}

/// Where `runtime` is run when nothing is said.
fn usual(runtime: Runtime) -> BackendId {
    let able = crate::backend::able(runtime);
    match runtime {
        Runtime::Js if able.contains(&BackendId::V8) => BackendId::V8,
        Runtime::Js => BackendId::Deno,
        Runtime::Wasm => BackendId::Wasm,
        _ => BackendId::Namespaces,
    }
}

/// The JSON that `word` is, or names.
fn input(word: &str) -> Result<serde_json::Value> {
    let text = match word.strip_prefix('@') {
        _ if word == "-" => bounded(std::io::stdin().lock(), "standard input")?,
        Some(file) => {
            let opened = std::fs::File::open(file);
            bounded(opened.wrap_err_with(|| format!("cannot read {file}"))?, file)?
        }
        None => word.to_owned(),
    };
    serde_json::from_str(&text).wrap_err("the input is not JSON").advise(
        "--input takes JSON like '{\"n\": 3}' or '\"text\"', @FILE, or - for standard input",
    )
}

fn bounded(from: impl Read, name: &str) -> Result<String> {
    let mut text = String::new();
    let read = from.take(LONGEST + 1).read_to_string(&mut text);
    let length = read.wrap_err_with(|| format!("cannot read {name}"))?;
    if length as u64 > LONGEST {
        return Err(eyre!("{name} is longer than 64 MiB"));
    }
    Ok(text)
}

fn backend(word: &str) -> Result<BackendId, String> {
    let names = BackendId::ALL.map(BackendId::name);
    if let Some(found) = BackendId::ALL.into_iter().find(|id| id.name() == word) {
        return Ok(found);
    }
    let family: Vec<&str> = BackendId::matching(word).iter().map(|id| id.name()).collect();
    if family.is_empty() {
        return Err(format!("{}there are {}", code::meant(word, &names), names.join(", ")));
    }
    Err(format!("which one: {}?", family.join(", ")))
}

fn start(word: &str) -> Result<Start, String> {
    let names = Start::ALL.map(Start::name);
    let found = Start::ALL.into_iter().find(|start| start.name() == word);
    found.ok_or_else(|| format!("{}there are {}", code::meant(word, &names), names.join(", ")))
}

fn variable(word: &str) -> Result<(String, String), String> {
    let split = word.split_once('=').filter(|(name, _)| !name.is_empty());
    if let Some((name, value)) = split {
        return Ok((name.to_owned(), value.to_owned()));
    }
    let own = if word.is_empty() || word.contains('=') { None } else { std::env::var(word).ok() };
    let own = own.ok_or_else(|| "NAME=VALUE, or the NAME of a variable that is set".to_owned())?;
    Ok((word.to_owned(), own))
}

fn cpus(word: &str) -> Result<f64, String> {
    let number = word.parse().ok().filter(|number| (0.01..=4_096.0).contains(number));
    number.ok_or_else(|| "a number of processors like 0.5 or 2".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Whole {
        #[command(flatten)]
        exec: ExecArgs,
    }

    fn task(words: &[&str]) -> Result<Task, String> {
        let words = std::iter::once("exec").chain(words.iter().copied());
        let whole = Whole::try_parse_from(words).map_err(|error| error.to_string())?;
        whole.exec.task(1).map_err(|error| format!("{error:#}"))
    }

    fn job(words: &[&str]) -> Job {
        match task(words).unwrap().work {
            Work::Job(job) => (*job).clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_command_is_what_follows() {
        let what = |words: &[&str]| job(words).what;
        assert_eq!(
            what(&["--", "ls", "--json"]),
            What::Command(vec!["ls".into(), "--json".into()])
        );
        let here = std::env::current_dir().unwrap().join("x").to_string_lossy().into_owned();
        assert_eq!(what(&["--", "./x"]), What::Command(vec![here]));
        assert_eq!(what(&["--root", "/", "--", "./x"]), What::Command(vec!["./x".into()]));
        assert_eq!(task(&["--", "ls"]).unwrap().backend, BackendId::Namespaces);
    }

    #[test]
    fn a_machine_with_linux_has_more_memory_unless_told() {
        let memory = |words: &[&str]| task(words).unwrap().limits.memory_bytes.0 >> 20;
        assert_eq!(memory(&["--", "x"]), 256);
        assert_eq!(memory(&["-b", "qemu-tcg", "--", "x"]), 512);
        assert_eq!(memory(&["-b", "qemu-tcg", "--memory", "300MiB", "--", "x"]), 300);
    }

    #[test]
    fn input_and_environment_are_read() {
        let job = job(&["--input", "[1]", "-e", "A=b=c", "-e", "B=", "--", "x"]);
        assert_eq!(job.input, Some(serde_json::json!([1])));
        assert_eq!(job.env, [("A".into(), "b=c".into()), ("B".into(), String::new())]);
        assert!(task(&["--input", "{", "--", "x"]).unwrap_err().contains("not JSON"));
    }

    #[test]
    fn wrong_words_are_told_with_the_right_ones() {
        let rows: [(&[&str], &str); 9] = [
            (&["-b", "gvizor-ptrace", "--", "x"], "did you mean gvisor-ptrace?"),
            (&["-b", "gvisor", "--", "x"], "which one: gvisor-systrap"),
            (&["-r", "pyhton", "--code", "x"], "did you mean python?"),
            (&["-r", "node", "--", "x"], "--code"),
            (&["-r", "oci", "--", "x"], "--root"),
            (&["--start", "wram", "--", "x"], "did you mean warm?"),
            (&["-e", "=x", "--", "x"], "NAME=VALUE"),
            (&["--cpus", "nan", "--", "x"], "processors"),
            (&[], "COMMAND"),
        ];
        for (words, wanted) in rows {
            let error = task(words).unwrap_err();
            assert!(error.contains(wanted), "{words:?}: {error}");
        }
    }
}
