//! A plan in a file, YAML or TOML, in the same words as the flags.
//!
//! Each key of the file becomes the flag of its name and is read by the same parser, so that no rule
//! stands twice. All is read and tried before anything starts, and all that is wrong is said at once,
//! with its place.

use std::io::Read;
use std::path::Path;

use clap::error::{ContextKind, ErrorKind};
use clap::{Args, CommandFactory, Parser};
use color_eyre::eyre::{Result, WrapErr, eyre};

use super::super::advice::Advise;
use super::args::BenchArgs;
use crate::config::Mistake;
use crate::config::mistake::Place;
use crate::config::read::LONGEST_BYTES;
use crate::model::text::SafeText;

mod entry;

use entry::Entry;

/// The key for what stands without a flag on the command line.
const BACKENDS: &str = "backends";
/// Flags that are not about the plan.
const OTHERS: [&str; 40] = [
    "source",
    "hosts",
    "hostfile",
    "ssh-strict-host-key",
    "ssh-timeout",
    "ssh-concurrency",
    "file",
    "dry-run",
    "json",
    "export-json",
    "export-csv",
    "export-markdown",
    "export-hyperfine",
    "export-bmf",
    "export-prometheus",
    "save-baseline",
    "baseline",
    "fail-on-regression",
    "noise",
    "alpha",
    "anyway",
    "resume",
    "resume-anyway",
    "tune",
    "yes",
    "help",
    "version",
    "model",
    "model-name",
    "api",
    "no-stream",
    "arrivals",
    "requests",
    "prompt-tokens",
    "output-tokens",
    "token-env",
    "token-file",
    "ca",
    "insecure",
    "tables",
];
const REMEDY: &str = "`isomon bench --help` has the words; config/plan.yaml is an example";

/// A command line of its own.
#[derive(Parser)]
#[command(name = "bench")]
pub(super) struct Line {
    #[command(flatten)]
    pub(super) bench: BenchArgs,
}

/// `wish` over what its plan file says, where it names one.
pub(super) fn with_file(wish: &BenchArgs) -> Result<BenchArgs> {
    let Some(path) = &wish.file else { return Ok(wish.clone()) };
    let text = text(path)?;
    let name = path.to_string_lossy();
    match read(&name, &text, is_toml(path)) {
        Ok(file) => Ok(wish.clone().over(file)),
        Err(mistakes) => {
            let all: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            Err(eyre!("{}", all.join("\n")).advise(REMEDY))
        }
    }
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"))
}

fn text(path: &Path) -> Result<String> {
    let cannot = || format!("cannot read {}", path.display());
    let file = std::fs::File::open(path).wrap_err_with(cannot).advise(REMEDY)?;
    let mut text = String::new();
    let within = file.take(LONGEST_BYTES as u64 + 1).read_to_string(&mut text);
    within.wrap_err_with(cannot).advise("a plan is a text in UTF-8")?;
    if text.len() > LONGEST_BYTES {
        return Err(eyre!("{} is longer than any plan", path.display()).advise(REMEDY));
    }
    Ok(text)
}

/// What the plan file `text`, called `path`, says as arguments; else everything that is wrong with it.
fn read(path: &str, text: &str, toml: bool) -> Result<BenchArgs, Vec<Mistake>> {
    let entries = if toml { entry::of_toml(path, text) } else { entry::of_yaml(path, text) };
    let entries = entries.map_err(|mistake| vec![mistake])?;
    let mistakes: Vec<Mistake> = entries.iter().filter_map(mistake).collect();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let words = entries.iter().flat_map(Entry::words);
    let line = Line::try_parse_from(std::iter::once("bench".to_owned()).chain(words));
    let together = |error: &clap::Error| {
        let place = Place::new(path, text, &(0..0));
        vec![Mistake { place, what: complaint(error), remedy: SafeText::default() }]
    };
    line.map(|line| line.bench).map_err(|error| together(&error))
}

/// Whether `words` could stand behind `isomon bench`; else why not.
pub(in crate::cli) fn words_are_right(words: &[String]) -> Result<(), String> {
    let line = std::iter::once("bench".to_owned()).chain(words.iter().cloned());
    let line = Line::try_parse_from(line).map(drop);
    line.map_err(|error| complaint(&error).to_string())
}

/// The keys of a plan file.
fn keys() -> Vec<String> {
    let command = BenchArgs::augment_args(Line::command());
    let longs = command.get_arguments().filter_map(clap::Arg::get_long);
    let mut keys: Vec<String> =
        longs.filter(|long| !OTHERS.contains(long)).map(str::to_owned).collect();
    keys.push(BACKENDS.to_owned());
    keys.sort();
    keys.dedup();
    keys
}

/// What is wrong with one entry by itself.
fn mistake(entry: &Entry) -> Option<Mistake> {
    let keys = keys();
    if !keys.contains(&entry.key) {
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        let near = super::args::meant(&entry.key, &names);
        let remedy = if near.is_empty() { format!("there are {}", names.join(", ")) } else { near };
        let what = SafeText::new(&format!("there is no `{}` in a plan", entry.key));
        let remedy = SafeText::new(remedy.trim());
        return Some(Mistake { place: entry.place.clone(), what, remedy });
    }
    let words = std::iter::once("bench".to_owned()).chain(entry.words());
    let error = Line::try_parse_from(words).err()?;
    // What needs another key, or bears none, is judged when all are there.
    let alone =
        matches!(error.kind(), ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict);
    let what = complaint(&error);
    (!alone).then(|| Mistake { place: entry.at.clone(), what, remedy: SafeText::default() })
}

/// The parser's own words without its decoration.
fn complaint(error: &clap::Error) -> SafeText {
    use std::error::Error;
    let value = error.get(ContextKind::InvalidValue).map(ToString::to_string);
    let source = error.source().map(ToString::to_string);
    if let (Some(value), Some(source)) = (value, source) {
        return SafeText::new(&format!("`{value}`: {source}"));
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    SafeText::new(first.trim_start_matches("error: "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Bench;
    use crate::model::backend::BackendId;
    use crate::model::bench::{Payload, Plan};
    use crate::model::load::Load;
    use crate::model::unit::Seconds;

    fn planned(text: &str, toml: bool) -> Result<Plan, String> {
        let told = |mistakes: Vec<Mistake>| {
            mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let args = read("plan", text, toml).map_err(told)?;
        args.plan(&Bench::default(), 7).map_err(|error| error.to_string())
    }

    #[test]
    fn both_kinds_of_file_say_the_same_as_the_flags() {
        let yaml = "name: nightly\nbackends: [process, gvisor]\npayload:\n  - cpu=7\n  - noop\n\
                    runs: 5\nbudget: 2m\nmeasure: [start, memory=40, \"throughput=1..8/1.5s\"]\nseed: 3\n";
        let toml = "name = \"nightly\"\nbackends = [\"process\", \"gvisor\"]\npayload = [\"cpu=7\", \"noop\"]\n\
                    runs = 5\nbudget = \"2m\"\nmeasure = [\"start\", \"memory=40\", \"throughput=1..8/1.5s\"]\nseed = 3\n";
        let plan = planned(yaml, false).unwrap();
        assert_eq!(planned(toml, true).as_ref(), Ok(&plan));
        assert_eq!(plan.backends[..2], [BackendId::Process, BackendId::GvisorSystrap]);
        assert_eq!(plan.payloads, [Payload::Cpu { rounds: 7 }, Payload::Noop]);
        let throughput = Load::Throughput { least: 1, most: 8, seconds: Seconds(1.5) };
        assert_eq!(plan.loads, [Load::Memory { count: 40 }, throughput]);
        assert_eq!((plan.seed, plan.effort.max_rounds), (3, 5));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_with_its_place() {
        let yaml = "name: x\npayloads: cpu\nbackends: [process, gvizor]\nruns: many\n";
        let said = planned(yaml, false).unwrap_err();
        assert!(said.contains("plan:2:1: there is no `payloads` in a plan"), "{said}");
        assert!(said.contains("did you mean payload?"), "{said}");
        assert!(said.contains("plan:3:11: `gvizor`: did you mean gvisor-kvm"), "{said}");
        assert!(said.contains("plan:4:7: `many`: a whole number"), "{said}");
        let toml = "runs = 5\nmeasure = \"start,latenzy\"\ntarget = 0\n[more]\nx = 1\n";
        let said = planned(toml, true).unwrap_err();
        assert!(said.contains("plan:2:11: `latenzy`: did you mean latency?"), "{said}");
        assert!(said.contains("plan:3:10: `0`"), "{said}");
        assert!(said.contains("plan:4:2: there is no `more` in a plan"), "{said}");
    }

    #[test]
    fn what_is_no_plan_at_all_is_said_with_its_place() {
        for (text, toml) in [
            ("- process\n", false),
            ("backends: [process\n", false),
            ("backends: {a: b}\n", false),
            ("runs: 5\nruns: 6\n", false),
            ("runs = \n", true),
            ("runs: 5\nmin-runs: 4\n", false),
        ] {
            let said = planned(text, toml).unwrap_err();
            assert!(said.starts_with("plan:"), "{text}: {said}");
        }
        assert!(planned("", false).is_ok() && planned("", true).is_ok(), "nothing is said");
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let file = read("plan", "runs: 5\nbackends: runc\nbudget: 9s\n", false).unwrap();
        let line = Line::try_parse_from(["bench", "process", "--min-runs", "3"]).unwrap();
        let plan = line.bench.over(file).plan(&Bench::default(), 7).unwrap();
        assert_eq!(
            (plan.backends.as_slice(), plan.effort.min_rounds),
            (&[BackendId::Process][..], 3)
        );
        assert_eq!(plan.effort.budget_seconds, Seconds(9.0));
    }

    #[test]
    fn the_example_is_a_plan_and_names_every_key() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/plan.yaml");
        let text = std::fs::read_to_string(path).unwrap();
        let plan = planned(&text, false).unwrap();
        assert!(!plan.loads.is_empty());
        for key in keys() {
            let named = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{key}:"));
            assert!(text.lines().any(named), "{key} is not in the example");
        }
        // What stands there as a comment is right too.
        let key = |line: &str| keys().iter().any(|key| line.starts_with(&format!("{key}:")));
        for line in text.lines().filter_map(|line| line.strip_prefix("# ")).filter(|line| key(line))
        {
            let name = line.split(':').next().unwrap();
            assert!(
                read("plan", line, false).is_ok() || ["initrd", "runtime", "shell"].contains(&name),
                "{line}"
            );
        }
    }
}
