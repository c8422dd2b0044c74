//! A workflow: what a file says is to be done, on which hosts, in which order.
//!
//! One form for every dialect it may be written in; nothing here knows YAML. What happens when it runs
//! is told by [`event`], what is kept of it by [`result`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backend::BackendId;
use super::id::RunId;
use super::secret::Secret;
use super::text::SafeText;
use super::unit::Seconds;

pub mod event;
pub mod plot;
pub mod result;

pub use event::{Ending, TaskPlan, TaskState, WorkflowEvent, WorkflowHead, WorkflowTail};
pub use plot::{Aggregation, PlotKind, PlotSpec};
pub use result::{Collected, RunMetadata, WorkflowRun};

/// A workflow that is to be run: its file, and what was said beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowWish {
    /// The file.
    pub file: std::path::PathBuf,
    /// The id of the run.
    pub id: Option<RunId>,
    /// Metadata, as `-m key=value`.
    pub metadata: BTreeMap<String, String>,
    /// Environment of its commands, as `-e KEY=VALUE`; a case's own goes before it.
    pub env: BTreeMap<String, String>,
    /// Stages that are passed over.
    pub skip: Vec<String>,
    /// The one case that is run.
    pub case: Option<String>,
    /// Time after which all of it has failed.
    pub timeout: Option<Seconds>,
    /// The run it goes on from.
    pub resume: Option<RunId>,
}

/// The host that is always there: this machine.
pub const LOCAL: &str = "local";
/// The shell that runs a command where the file names none.
pub const SHELL: &str = "bash -lic";
/// What the commands of a workflow find in their environment, behind `BENCHCTL_` and behind `ISOMON_`.
pub const VARIABLES: [&str; 7] =
    ["RUN_ID", "OUTPUT_DIR", "RUN_DIR", "CONFIG_PATH", "BIN", "CASE_NAME", "HOST"];
/// Tasks that one workflow may come to: stages × hosts × cases × repetitions.
pub const TASKS: usize = 10_000;

/// The language a workflow file is written in; benchctl's three and isomon's own, which holds them all.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// benchctl's design: `data_schema` as a map, `local_path`, `export_path`; runs are `run-001`.
    Seed,
    /// benchctl 0.1 and 0.2: `columns`, plots, `append_metadata`; runs are `1`.
    Plots,
    /// benchctl 0.3: cases, cleanup, git, sync; runs are `1` and have `benchctl.ndjson`.
    Cases,
    /// isomon's own keys are used; runs are `run-001`.
    #[default]
    Own,
}

/// A workflow, checked: every name in it that names something is known.
#[derive(Clone, Debug, Default)]
pub struct Workflow {
    /// Its name.
    pub name: SafeText,
    /// The language its file is in.
    pub dialect: Dialect,
    /// Where its runs are put; relative to the directory isomon is called in.
    pub output_dir: String,
    /// What runs commands: words, of which the last is followed by the command.
    pub shell: String,
    /// What is logged, and where to.
    pub logging: Logging,
    /// What is kept of the repository it is called in.
    pub git: Git,
    /// Where runs are copied to by `isomon sync`.
    pub sync: Option<Sync>,
    /// Hosts by name, [`LOCAL`] among them.
    pub hosts: BTreeMap<String, Host>,
    /// Cases, each of which runs all stages; combinations of `matrix` are cases too, named
    /// `size=10,mode=fast`. Empty: one run without a case.
    pub cases: Vec<Case>,
    /// How often each case is run, from 1; the results go through statistics.
    pub repeat: u32,
    /// What is done, in the order of the file.
    pub stages: Vec<Stage>,
    /// What is done at the end, however it ends.
    pub cleanup: Vec<Stage>,
    /// Pictures of its outputs.
    pub plots: Vec<PlotSpec>,
}

/// What is logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// `debug info warn error`.
    pub level: String,
    /// The file it is appended to, in place of `benchctl.ndjson` in the run's directory.
    pub path: Option<String>,
    /// Go's layout of a time on the terminal.
    pub time_format: Option<String>,
}

/// What is kept of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Git {
    /// Commit, branch and state are kept.
    pub capture: bool,
    /// Nothing starts while files are changed.
    pub require_clean: bool,
    /// What is changed is kept as `git.patch`.
    pub save_patch: bool,
}

impl Default for Git {
    fn default() -> Self {
        Self { capture: true, require_clean: false, save_patch: false }
    }
}

/// Where runs are copied to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// A remote of rclone and a path there: `lab:bench/runs`; or a bucket: `s3://bucket/prefix`.
    pub remote: String,
    /// Arguments for rclone.
    pub args: Vec<String>,
}

/// A host.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Its address or name in `~/.ssh/config`; `None` for this machine.
    pub address: Option<String>,
    /// Its port; `None` leaves it to OpenSSH's configuration.
    pub port: Option<u16>,
    /// Who logs in.
    pub username: Option<String>,
    /// A password, given in the file or named there by `env:NAME`, `file:PATH` or `prompt`.
    pub password: Option<Secret>,
    /// The file of a private key; `~/` is the home directory.
    pub key_file: Option<String>,
    /// The passphrase of that key, given as the password is.
    pub key_password: Option<Secret>,
}

/// One way to run the stages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What is set in the environment of its commands.
    pub env: BTreeMap<String, String>,
    /// Values of `{{matrix.NAME}}`; empty for a case of `cases:`.
    pub matrix: BTreeMap<String, String>,
}

/// A stage: one thing done on one or more hosts.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub struct Stage {
    /// Its name, one of a kind.
    pub name: String,
    /// Where it is done; at least one.
    pub hosts: Vec<String>,
    /// Its hosts at the same time, not one after another.
    pub parallel: bool,
    /// What is done.
    pub work: Work,
    /// What runs its command, in place of the workflow's shell.
    pub shell: Option<String>,
    /// What is set in its environment.
    pub env: BTreeMap<String, String>,
    /// It is passed over.
    pub skip: bool,
    /// The one case in which it is done.
    pub only_for: Option<String>,
    /// It goes on while later stages run, and is ended after the last.
    pub background: bool,
    /// The JSON object it writes is kept as metadata of the run.
    pub append_metadata: bool,
    /// When it is ready.
    pub check: Option<HealthCheck>,
    /// What is fetched when it is done.
    pub outputs: Vec<Output>,
    /// Stages that have to be done before; `None` is the one before it in the file.
    pub needs: Option<Vec<String>>,
    /// How often it is done in a row, from 1.
    pub repeat: u32,
    /// Time after which it has failed.
    pub timeout: Option<Seconds>,
}

/// What a stage does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A command for a shell.
    Command(String),
    /// A script of this machine: a path, relative to the workflow's file, else to where isomon is called.
    Script(String),
    /// A benchmark of isomon: the words behind `isomon bench`.
    Bench(Vec<String>),
    /// A command in a sandbox of this machine.
    Exec {
        /// Which backend.
        backend: BackendId,
        /// The command.
        command: String,
    },
    /// A file or directory, from one host to another.
    Copy {
        /// From here.
        from: Spot,
        /// To there.
        to: Spot,
    },
}

impl Default for Work {
    fn default() -> Self {
        Self::Command(String::new())
    }
}

impl Work {
    /// What kind it is, in a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Script(_) => "script",
            Self::Bench(_) => "bench",
            Self::Exec { .. } => "exec",
            Self::Copy { .. } => "copy",
        }
    }
}

/// A path on a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The host's name.
    pub host: String,
    /// The path.
    pub path: String,
}

/// How it is found out that a stage is ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HealthCheck {
    /// What is looked at.
    pub kind: CheckKind,
    /// `8080` or `host:8080`; an address; a path; a name of a process; a command.
    pub target: String,
    /// Time it has in all.
    pub timeout: Seconds,
    /// Attempts that are made at most; `None` is as many as the time allows.
    pub retries: Option<u32>,
    /// Time from one attempt to the next.
    pub every: Seconds,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A TCP port takes connections.
    #[default]
    Port,
    /// An address answers a GET with 2xx.
    Http,
    /// A file is there.
    File,
    /// A process of that name runs.
    Process,
    /// A command ends with 0.
    Command,
}

impl CheckKind {
    /// Its word in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Http => "http",
            Self::File => "file",
            Self::Process => "process",
            Self::Command => "command",
        }
    }
}

/// A file that a stage makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Its name, one of a kind in the workflow; environment variables in it are put in.
    pub name: String,
    /// Where it is on the stage's host.
    pub remote_path: String,
    /// Where it is copied to as well, on this machine.
    pub local_path: Option<String>,
    /// What is in it.
    pub schema: Option<Schema>,
}

/// What is in a CSV file: its columns. Others may be in it too, and are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its header.
    pub name: String,
    /// What its cells are.
    pub kind: ColumnKind,
    /// Their unit.
    pub unit: Option<String>,
    /// How a time is written; `None` is found out from `unit`, else from the values.
    pub format: Option<TimeFormat>,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Instants.
    Timestamp,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Float,
    /// Texts.
    #[default]
    String,
}

/// How an instant is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// Seconds since 1970 UTC, with or without a fraction.
    Unix,
    /// Milliseconds.
    UnixMs,
    /// Microseconds.
    UnixUs,
    /// Nanoseconds.
    UnixNs,
    /// RFC 3339.
    Rfc3339,
    /// RFC 3339 with nanoseconds.
    Rfc3339Nano,
    /// ISO 8601, which may lack an offset: then UTC.
    Iso8601,
}
