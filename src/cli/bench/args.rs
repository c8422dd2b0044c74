//! The arguments of `isomon bench`, and the plan they make.

use std::path::PathBuf;

use super::super::advice::Advise;
use clap::ValueEnum;
use color_eyre::eyre::{Result, eyre};

use super::super::kernel;
use super::super::outcome::Form;
use super::super::sources::SourceArgs;
use super::beside::BesideArgs;
use super::export::Export;
use super::measure::{self, Crowd, Measure, Shape};
use super::model::ModelArgs;
use super::own::Own;
use super::resume::ResumeArgs;
use crate::bench::preset;
use crate::config::{Bench, Size, Span};
use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Effort, Limits, Payload, Plan, Preset};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Ratio, Seconds};
use crate::stats::interval::FEWEST;

/// What to measure, how often, and where to write it.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct BenchArgs {
    /// Backends, or a family like `gvisor`; every one that is ready if none
    #[arg(value_name = "BACKEND", value_parser = backends)]
    backends: Vec<Family>,
    /// A file with the plan, in YAML or TOML, in the words of these flags; what is said here goes
    /// before it
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Say what would be started and how long it takes, and start nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) resume: ResumeArgs,
    /// How much effort; quick unless set
    #[arg(long, value_enum, value_name = "PRESET")]
    preset: Option<Effortful>,
    /// What to measure (with commas): start, memory, throughput, latency, neighbour, density; with
    /// numbers perhaps, like memory=40, throughput=1..16/2s, latency=@50/8/5s
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    measure: Vec<Measure>,
    /// Sandboxes at work at once under load: 8, or 1..16 for 1, 2, 4 … 16; alone it measures
    /// throughput
    #[arg(short = 'C', long, value_name = "NUMBER")]
    pub(super) concurrency: Option<Crowd>,
    /// Length of each step of a load, which is put on twice where there is time: 5s; alone it measures
    /// throughput
    #[arg(short = 'z', long, value_name = "TIME", value_parser = measure::window)]
    pub(super) duration: Option<f64>,
    /// Arrivals a second, whether or not earlier ones are done; alone it measures latency. Of a model
    /// several with commas, one after another
    #[arg(short = 'q', long, value_name = "NUMBER", value_parser = measure::rate, value_delimiter = ',',
        allow_negative_numbers = true)]
    pub(super) rate: Vec<f64>,
    /// Work inside the sandbox, with an amount perhaps: noop, cpu, memory=64, syscall=50000, io (repeat)
    #[arg(long, value_name = "KERNEL[=AMOUNT]", value_parser = payload)]
    payload: Vec<Payload>,
    #[command(flatten)]
    own: Own,
    /// What is there already: cold, cached, pooled, snapshot, warm (repeat, or with commas); every one
    /// a backend has if none
    #[arg(long, value_name = "START", value_delimiter = ',', value_parser = start)]
    start: Vec<Start>,
    /// Decides the order and all that is random; the same seed repeats it
    #[arg(long, value_name = "NUMBER", value_parser = seed)]
    pub(super) seed: Option<u64>,
    /// Rounds before counting begins
    #[arg(short, long, value_name = "ROUNDS", value_parser = rounds)]
    pub(super) warmup: Option<u32>,
    /// Rounds at least
    #[arg(short, long, value_name = "ROUNDS", value_parser = rounds)]
    min_runs: Option<u32>,
    /// Rounds at most
    #[arg(short = 'M', long, value_name = "ROUNDS", value_parser = rounds)]
    max_runs: Option<u32>,
    /// Rounds exactly
    #[arg(short, long, value_name = "ROUNDS", value_parser = rounds,
        conflicts_with_all = ["min_runs", "max_runs"])]
    runs: Option<u32>,
    /// Time at most for all of it: 30s, 5m
    #[arg(long, value_name = "TIME")]
    budget: Option<Span>,
    /// Stop when the 95 % interval of each median is this narrow: 5%, 0.05
    #[arg(long, value_name = "SHARE", value_parser = share)]
    target: Option<Ratio>,
    /// Memory of each sandbox: 128MiB
    #[arg(long, value_name = "SIZE")]
    memory: Option<Size>,
    /// Processors of each sandbox: 0.5, 2
    #[arg(long, value_name = "NUMBER", value_parser = cpus)]
    cpus: Option<f64>,
    /// Time a sandbox may take before it is killed and counted as failed
    #[arg(long, value_name = "TIME")]
    pub(super) timeout: Option<Span>,
    /// A Linux kernel that virtual machines boot in place of isomon's own guest; auto is the newest
    /// in /boot
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,
    /// A first file system for that kernel, to which isomon adds itself
    #[arg(long, value_name = "FILE", requires = "kernel")]
    initrd: Option<PathBuf>,
    /// A name for the run
    #[arg(short, long)]
    pub(super) name: Option<String>,
    /// Say what this machine could do better for the run (governor, turbo, SMT), and with a yes set it
    /// until the run is over
    #[arg(long)]
    pub(super) tune: bool,
    /// Say yes to --tune beforehand
    #[arg(long, requires = "tune")]
    pub(super) yes: bool,
    /// Print the whole run as JSON instead of the table
    #[arg(long)]
    pub(super) json: bool,
    /// Write the run as JSON (`-` is standard output)
    #[arg(long, value_name = "FILE")]
    pub(super) export_json: Option<PathBuf>,
    /// Write every figure of the table as CSV, and more
    #[arg(long, value_name = "FILE")]
    export_csv: Option<PathBuf>,
    /// Write the table as Markdown
    #[arg(long, value_name = "FILE")]
    export_markdown: Option<PathBuf>,
    /// Write what hyperfine's scripts read
    #[arg(long, value_name = "FILE")]
    export_hyperfine: Option<PathBuf>,
    /// Write what Bencher reads (its metric format)
    #[arg(long, value_name = "FILE")]
    export_bmf: Option<PathBuf>,
    /// Write the figures as text for a Prometheus
    #[arg(long, value_name = "FILE")]
    export_prometheus: Option<PathBuf>,
    #[command(flatten)]
    pub(super) beside: BesideArgs,
    #[command(flatten)]
    pub(super) sources: SourceArgs,
    #[command(flatten)]
    pub(super) model: ModelArgs,
}

/// The backends one word on the command line means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Family(Vec<BackendId>);

impl Family {
    /// Its backends.
    pub(in crate::cli) fn ids(&self) -> &[BackendId] {
        &self.0
    }
}

/// A preset as a word on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Effortful {
    /// About half a minute, `noop` only
    Quick,
    /// Up to twelve minutes: every payload, memory, throughput
    Standard,
    /// Up to half an hour: every payload, every load, narrow intervals
    Full,
}

impl From<Effortful> for Preset {
    fn from(word: Effortful) -> Self {
        match word {
            Effortful::Quick => Self::Quick,
            Effortful::Standard => Self::Standard,
            Effortful::Full => Self::Full,
        }
    }
}

impl BenchArgs {
    /// The plan: the preset's, changed by what was set; `random` is the seed unless one is given.
    pub(super) fn plan(&self, setting: &Bench, random: u64) -> Result<Plan> {
        let preset = self.preset.map_or(setting.preset, Preset::from);
        let mut plan = preset::plan(preset, &self.chosen(), self.seed.unwrap_or(random));
        plan.starts = self.starts();
        if !self.payload.is_empty() {
            plan.payloads.clone_from(&self.payload);
        }
        if let Some(job) = self.own.job()? {
            plan.payloads.clone_from(&self.payload);
            plan.payloads.push(Payload::Job);
            plan.job = Some(Box::new(job));
        }
        plan.name = self.name.as_deref().map(SafeText::new);
        plan.kernel = kernel::named(self.kernel.as_deref(), self.initrd.as_deref())?;
        plan.limits = self.limits(setting, &plan);
        let measured = self.measured();
        let shape =
            Shape { crowd: self.concurrency, seconds: self.duration, rate: self.one_rate()? };
        if !measured.is_empty() {
            plan.loads = measure::loads(&measured, shape, preset::processors())
                .map_err(|why| eyre!("--measure: {why}"))
                .advise("`isomon bench --help` has its words and an example of each")?;
        }
        plan.effort = self.effort(if self.has_rounds() { plan.effort } else { few(plan.effort) });
        rounds_are_right(&plan.effort)?;
        if plan.cells().is_empty() {
            let lack = |id: &BackendId| {
                let why = plan.payloads.iter().find_map(|payload| plan.lack(*payload, *id))?;
                Some(format!("; {id}: {why}"))
            };
            let lacks: String = plan.backends.iter().filter_map(lack).collect();
            return Err(eyre!(
                "none of these backends has such a start and can do such work{lacks}"
            )
            .advise("leave --start, --payload or the work away, or name other backends"));
        }
        Ok(plan)
    }

    /// The one rate that sandboxes may come at.
    fn one_rate(&self) -> Result<Option<f64>> {
        match self.rate[..] {
            [] => Ok(None),
            [rate] => Ok(Some(rate)),
            _ => Err(eyre!("sandboxes come at one rate")
                .advise("name one rate; several are for a model: --model URL --rate 1,2,4")),
        }
    }

    /// What is to be measured; nothing where the preset decides.
    fn measured(&self) -> Vec<Measure> {
        if !self.measure.is_empty() {
            return self.measure.clone();
        }
        let throughput =
            self.rate.is_empty() && (self.concurrency.is_some() || self.duration.is_some());
        let implied = [(throughput, "throughput"), (!self.rate.is_empty(), "latency")];
        let named = implied.into_iter().filter(|(is, _)| *is);
        named.map(|(_, name)| Measure::Load(name, Shape::default())).collect()
    }

    /// Whether starts are measured too, and not as often as a load needs alone.
    fn has_rounds(&self) -> bool {
        let measured = self.measured();
        measured.is_empty() || measured.contains(&Measure::Start)
    }

    /// Whether backends were named, so that one that cannot run is a failure.
    pub(super) fn names_backends(&self) -> bool {
        !self.backends.is_empty()
    }

    /// What is said here, and where nothing is, what `file` says. Rounds are said as a whole.
    pub(super) fn over(self, file: Self) -> Self {
        let rounds = self.runs.is_some() || self.min_runs.is_some() || self.max_runs.is_some();
        let or = |own: Option<u32>, other: Option<u32>| if rounds { own } else { other };
        Self {
            backends: list_of(self.backends, file.backends),
            preset: self.preset.or(file.preset),
            measure: list_of(self.measure, file.measure),
            concurrency: self.concurrency.or(file.concurrency),
            duration: self.duration.or(file.duration),
            rate: list_of(self.rate, file.rate),
            payload: list_of(self.payload, file.payload),
            start: list_of(self.start, file.start),
            seed: self.seed.or(file.seed),
            warmup: self.warmup.or(file.warmup),
            min_runs: or(self.min_runs, file.min_runs),
            max_runs: or(self.max_runs, file.max_runs),
            runs: or(self.runs, file.runs),
            budget: self.budget.or(file.budget),
            target: self.target.or(file.target),
            memory: self.memory.or(file.memory),
            cpus: self.cpus.or(file.cpus),
            timeout: self.timeout.or(file.timeout),
            initrd: if self.kernel.is_some() { self.initrd } else { file.initrd },
            kernel: self.kernel.or(file.kernel),
            name: self.name.or(file.name),
            own: if self.own.is_named() { self.own } else { file.own },
            ..self
        }
    }

    /// What to write, and where.
    pub(super) fn exports(&self) -> Vec<Export<'_>> {
        let all = [
            (Form::Json, &self.export_json),
            (Form::Csv, &self.export_csv),
            (Form::Markdown, &self.export_markdown),
            (Form::Hyperfine, &self.export_hyperfine),
            (Form::Bmf, &self.export_bmf),
            (Form::Prometheus, &self.export_prometheus),
        ];
        let named = all.into_iter().filter_map(|(form, path)| Some((form, path.as_deref()?)));
        named.map(|(form, to)| Export { form, to }).collect()
    }

    fn chosen(&self) -> Vec<BackendId> {
        if self.backends.is_empty() {
            let starts = self.starts();
            let able = |id: &BackendId| id.starts().iter().any(|start| starts.contains(start));
            return BackendId::ALL.into_iter().filter(able).collect();
        }
        let named = |id: &BackendId| self.backends.iter().any(|family| family.0.contains(id));
        BackendId::ALL.into_iter().filter(named).collect()
    }

    /// Those that were named, else all, in their own order.
    fn starts(&self) -> Vec<Start> {
        let named = |start: &Start| self.start.is_empty() || self.start.contains(start);
        Start::ALL.into_iter().filter(named).collect()
    }

    /// What is set; where it is not, with Linux guests no less than those need. They do a user's work
    /// too, and are there where they are named.
    fn limits(&self, setting: &Bench, plan: &Plan) -> Limits {
        let timeout = Seconds::from(self.timeout.unwrap_or(setting.timeout).0);
        let memory = self.memory.unwrap_or(setting.memory).0;
        let machines = self.names_backends() && plan.backends.iter().any(|id| id.boots_linux());
        let raised = self.kernel.is_some() || (plan.job.is_some() && machines);
        let least = |named: bool, least: u64| if raised && !named { least } else { 0 };
        let least_timeout = if raised && self.timeout.is_none() { kernel::SECONDS } else { 0.0 };
        Limits {
            cpus: self.cpus.unwrap_or(setting.cpus),
            memory_bytes: Bytes(memory.max(least(self.memory.is_some(), kernel::MEMORY.0))),
            timeout_seconds: Seconds(timeout.0.max(least_timeout)),
            ..plan.limits
        }
    }

    fn effort(&self, preset: Effort) -> Effort {
        let min_rounds = self.runs.or(self.min_runs);
        let max_rounds = self.runs.or(self.max_runs);
        let budget = self.budget.map(|span| Seconds::from(span.0));
        Effort {
            warmup_rounds: self.warmup.unwrap_or(preset.warmup_rounds),
            min_rounds: min_rounds.unwrap_or_else(|| {
                let most = max_rounds.unwrap_or(preset.min_rounds);
                preset.min_rounds.min(most)
            }),
            max_rounds: max_rounds.unwrap_or_else(|| {
                let least = min_rounds.unwrap_or(preset.max_rounds);
                preset.max_rounds.max(least)
            }),
            min_seconds: match self.runs {
                Some(_) => Seconds(0.0),
                None => preset.min_seconds,
            },
            budget_seconds: budget.unwrap_or(preset.budget_seconds),
            target: self.target.unwrap_or(preset.target),
        }
    }
}

/// Whether there is a round at all, and the fewest are no more than the most.
fn rounds_are_right(effort: &Effort) -> Result<()> {
    if effort.max_rounds == 0 {
        return Err(
            eyre!("at least 1 round is needed").advise("set --runs, or --max-runs, to 1 or more")
        );
    }
    if effort.min_rounds > effort.max_rounds {
        return Err(eyre!("--min-runs may not be above --max-runs")
            .advise("set --min-runs and --max-runs together, or --runs alone"));
    }
    Ok(())
}

/// `own`, unless it is empty.
fn list_of<T>(own: Vec<T>, other: Vec<T>) -> Vec<T> {
    if own.is_empty() { other } else { own }
}

/// As few rounds as there can be with an interval, for a run that is about loads.
fn few(preset: Effort) -> Effort {
    let rounds = u32::try_from(FEWEST).unwrap_or(u32::MAX);
    Effort {
        warmup_rounds: 1,
        min_rounds: rounds,
        max_rounds: rounds,
        min_seconds: Seconds(0.0),
        ..preset
    }
}

/// Reads the name of a backend or of a family.
pub(in crate::cli) fn backends(word: &str) -> Result<Family, String> {
    let found = BackendId::matching(word);
    if found.is_empty() {
        let names = BackendId::ALL.map(BackendId::name);
        Err(format!("{}there are {}", meant(word, &names), names.join(", ")))
    } else {
        Ok(Family(found))
    }
}

/// `did you mean …? ` where a name is near.
pub(super) fn meant(word: &str, names: &[&str]) -> String {
    let likeness = |name: &&&str| strsim::jaro_winkler(word, name);
    let best = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let near = best.filter(|name| likeness(name) > 0.8);
    near.map_or_else(String::new, |name| format!("did you mean {name}? "))
}

fn rounds(word: &str) -> Result<u32, String> {
    word.parse().map_err(|_| format!("a whole number, at most {}", u32::MAX))
}

fn seed(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("a whole number, at most {}", u64::MAX))
}

fn payload(word: &str) -> Result<Payload, String> {
    let (name, amount) = word.split_once('=').unwrap_or((word, ""));
    let usual = Payload::USUAL.into_iter().find(|usual| usual.name() == name);
    let usual = usual.ok_or_else(|| {
        let names = Payload::USUAL.map(Payload::name);
        format!("{}there are {}", meant(name, &names), names.join(", "))
    })?;
    if amount.is_empty() {
        return Ok(usual);
    }
    let amount = amount.parse().ok().filter(|amount| *amount > 0);
    let chosen = amount.and_then(|amount| Payload::with_amount(name, amount));
    chosen.ok_or_else(|| "the amount is a whole number above 0".to_owned())
}

fn start(word: &str) -> Result<Start, String> {
    let names = Start::ALL.map(Start::name);
    let found = Start::ALL.into_iter().find(|start| start.name() == word);
    found.ok_or_else(|| format!("{}there are {}", meant(word, &names), names.join(", ")))
}

fn share(word: &str) -> Result<Ratio, String> {
    let (number, scale) = match word.strip_suffix('%') {
        Some(percent) => (percent, 100.0),
        None => (word, 1.0),
    };
    let value = number.trim().parse::<f64>().ok().map(|value| value / scale);
    value
        .filter(|value| *value > 0.0 && *value < 1.0)
        .and_then(Ratio::new)
        .ok_or_else(|| "a share like 5% or 0.05, more than 0 and less than 100 %".to_owned())
}

fn cpus(word: &str) -> Result<f64, String> {
    let number = word.parse().ok();
    number
        .filter(|number| (0.01..=4_096.0).contains(number))
        .ok_or_else(|| "a number of processors like 0.5 or 2".to_owned())
}

#[cfg(test)]
mod tests;
