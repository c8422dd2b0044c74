//! A user's own work on the command line: a command, a file of code, or an OCI bundle.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};
use serde::Deserialize;

use super::super::advice::Advise;
use super::super::exec::code;
use super::super::kernel::absolute;
use crate::model::job::{Job, Runtime, What};

/// Longest configuration of a bundle that is read.
const LONGEST: u64 = 1 << 20;

/// What is measured in place of isomon's own work.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Own {
    /// A command to measure, its words as a shell would take them apart; no shell runs it
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["code", "bundle"])]
    cmd: Option<String>,
    /// Have sh run the command of --cmd, with pipes and all
    #[arg(long, requires = "cmd")]
    shell: bool,
    /// A file of code to measure
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    code: Option<PathBuf>,
    /// What runs the code: sh, js, node, python, go, wasm; by the file's ending unless set
    #[arg(long, value_name = "RUNTIME", value_parser = code::runtime, requires = "code")]
    runtime: Option<Runtime>,
    /// An OCI bundle to measure: its root file system with the command of its config.json
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
}

/// What is read of a bundle's configuration.
#[derive(Debug, Deserialize)]
struct Config {
    process: Process,
    #[serde(default)]
    root: Root,
}

/// Its command.
#[derive(Debug, Deserialize)]
struct Process {
    args: Vec<String>,
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    cwd: PathBuf,
}

/// Its file system.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Root {
    path: PathBuf,
}

impl Default for Root {
    fn default() -> Self {
        Self { path: "rootfs".into() }
    }
}

impl Own {
    /// Whether there is any.
    pub(super) const fn is_named(&self) -> bool {
        self.cmd.is_some() || self.code.is_some() || self.bundle.is_some()
    }

    /// The work; `None` where none is named.
    pub(super) fn job(&self) -> Result<Option<Job>> {
        if let Some(words) = &self.cmd {
            return Ok(Some(Job { what: command(words, self.shell)?, ..Job::default() }));
        }
        if let Some(file) = &self.code {
            let what = code::read(file, self.runtime)?;
            return Ok(Some(Job { what, from: Some(absolute(file)?), ..Job::default() }));
        }
        self.bundle.as_deref().map(bundle).transpose()
    }
}

/// The command in `words`.
fn command(words: &str, shell: bool) -> Result<What> {
    if shell {
        return Ok(What::Command(["sh", "-c", words].map(str::to_owned).to_vec()));
    }
    let split = shell_words::split(words).ok().filter(|split| !split.is_empty());
    let mut split = split.ok_or_else(|| {
        eyre!("--cmd {words:?} is no command: it is empty, or a quote is not closed")
            .advise("--cmd 'PROGRAM ARGUMENT…', or with --shell whatever sh understands")
    })?;
    if let Some(first) = split.first_mut().filter(|first| first.contains('/')) {
        *first = absolute(Path::new(first.as_str()))?.to_string_lossy().into_owned();
    }
    Ok(What::Command(split))
}

/// The command and the root of the bundle in `dir`.
fn bundle(dir: &Path) -> Result<Job> {
    let dir = absolute(dir)?;
    let file = dir.join("config.json");
    let advice = "--bundle takes a directory with config.json and a root file system";
    let cannot = || format!("cannot read {}", file.display());
    let opened = File::open(&file).wrap_err_with(cannot).advise(advice)?;
    let mut text = String::new();
    opened.take(LONGEST).read_to_string(&mut text).wrap_err_with(cannot)?;
    let no_config = || format!("{} is no OCI configuration", file.display());
    let config: Config = serde_json::from_str(&text).wrap_err_with(no_config).advise(advice)?;
    let Process { args, env, cwd } = config.process;
    if args.is_empty() {
        return Err(eyre!("{} names no command", file.display()).advise(advice));
    }
    if !matches!(cwd.to_str(), Some("" | "/")) {
        return Err(eyre!("its command starts in {}, and isomon starts all in /", cwd.display())
            .advise("set process.cwd to / and name its files in full"));
    }
    let root = dir.join(config.root.path);
    if !root.is_dir() {
        return Err(eyre!("{} is no directory", root.display()).advise(advice));
    }
    let split = |word: &String| word.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()));
    Ok(Job {
        what: What::Command(args),
        input: None,
        env: env.iter().filter_map(split).collect(),
        root: Some(root),
        from: Some(dir),
        ..Job::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart_as_a_shell_does_and_no_shell_is_used() {
        let words = |text: &str| match command(text, false).unwrap() {
            What::Command(words) => words,
            What::Code { .. } => panic!("no command"),
        };
        assert_eq!(words("echo 'a b' c\\ d \"$HOME\""), ["echo", "a b", "c d", "$HOME"]);
        assert!(words("./x 1")[0].starts_with('/'));
        let shell = command("a | b", true).unwrap();
        assert_eq!(shell, What::Command(vec!["sh".into(), "-c".into(), "a | b".into()]));
        for wrong in ["", "  ", "echo 'a"] {
            let error = format!("{:#}", command(wrong, false).unwrap_err());
            assert!(error.contains("is no command"), "{error}");
        }
    }

    #[test]
    fn a_bundle_is_its_root_and_its_command() {
        let home = tempfile::tempdir().unwrap();
        let put = |text: &str| std::fs::write(home.path().join("config.json"), text).unwrap();
        assert!(bundle(home.path()).is_err(), "there is no configuration");
        put(r#"{"process": {"args": ["/bin/x", "1"], "env": ["A=b=c", "odd"], "cwd": "/"}}"#);
        assert!(bundle(home.path()).is_err(), "there is no root");
        std::fs::create_dir(home.path().join("rootfs")).unwrap();
        let job = bundle(home.path()).unwrap();
        assert_eq!(job.what, What::Command(vec!["/bin/x".into(), "1".into()]));
        assert_eq!(job.env, [("A".to_owned(), "b=c".to_owned())]);
        assert_eq!(job.root, Some(home.path().join("rootfs")));
        assert_eq!(job.from.as_deref(), Some(home.path()));
        for wrong in [
            r#"{"process": {"args": []}}"#,
            r#"{"process": {"args": ["x"], "cwd": "/srv"}}"#,
            r#"{"root": {"path": "rootfs"}}"#,
            "not JSON",
        ] {
            put(wrong);
            assert!(bundle(home.path()).is_err(), "{wrong}");
        }
    }
}
