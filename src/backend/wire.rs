//! What a camp and its launcher say to each other: one JSON line each way, one at a time.
//!
//! Times are nanoseconds of the host's monotonic clock since just before the spawn, all taken by
//! the launcher. Nothing in a report that came out of a sandbox is more than bounded text.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::isolate::{Code, Fault};
use crate::model::backend::Start;
use crate::model::job::Stream;

/// The launcher's first line: it is up.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Control groups it could not enter, with the reason.
    pub refused: Vec<String>,
}

/// What a launcher is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Start this and watch it to its end.
    Launch(Launch),
    /// Have a host do this, which is started first where it does not run.
    Call(Call),
    /// Start this, watch it until it says its marker, and let it stand beside those that stand
    /// already.
    Stand(Launch),
    /// Spawn this program, wait for it, and do nothing else: what the harness itself costs.
    Empty(PathBuf),
}

impl Order {
    /// Has output told at `pace` bytes a second, or all of it.
    pub(super) const fn set_pace(&mut self, pace: Option<u64>) {
        match self {
            Self::Launch(launch) => launch.pace = pace,
            Self::Call(call) => call.pace = pace,
            Self::Stand(_) | Self::Empty(_) => {}
        }
    }
}

/// One program to start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "what it is like, one by one")]
pub(super) struct Launch {
    /// Program, by full path, and arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// The nonce its markers must carry.
    pub nonce: u64,
    /// Time until it is killed.
    pub timeout_ms: u64,
    /// Output looked at; more is read, counted and dropped.
    pub keep_bytes: u64,
    /// Paths that must be gone when it has ended.
    pub gone: Vec<PathBuf>,
    /// Files and directories made for it alone, removed when it has ended.
    #[serde(default)]
    pub remove: Vec<PathBuf>,
    /// What it reads.
    #[serde(default)]
    pub input: Input,
    /// Its output is told as it comes, in pieces.
    #[serde(default)]
    pub stream: bool,
    /// Bytes of it that are told in a second, after a first burst; of what is more the latest is told,
    /// the rest counted. All of it if `None`.
    #[serde(default)]
    pub pace: Option<u64>,
    /// It writes a line to descriptor 3 at the end of each phase it knows of: `create`, `boot`,
    /// `init`. Only for programs of ours: a sandbox must not have that descriptor.
    #[serde(default)]
    pub marks: bool,
    /// Its output is that of a Linux guest, whose first process is isomon: frames, of which the exit
    /// status is one.
    #[serde(default)]
    pub framed: bool,
    /// Nothing inside says a marker, and nobody looks at what it says: it writes to `/dev/null`.
    #[serde(default)]
    pub silent: bool,
    /// Spawned and waited for just before the clock starts, so that the program does not pay for what
    /// was done since the one before.
    #[serde(default)]
    pub before: Option<PathBuf>,
    /// What is asked of it, in order, once it listens; the answer before the last ends `create`, the
    /// last one `boot`.
    #[serde(default)]
    pub talk: Option<Talk>,
    /// Time until it is killed if its marker has not come; as long as it may take if `None`.
    #[serde(default)]
    pub ready_ms: Option<u64>,
}

/// What a program reads on standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Input {
    /// Nothing.
    #[default]
    Nothing,
    /// A file.
    File(PathBuf),
    /// A line, written when the talk is over; the stream stays open until the end.
    Line(String),
}

/// Requests to an HTTP server behind a socket in the file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Talk {
    /// Where it will listen.
    pub socket: PathBuf,
    /// What to ask; an answer that is not 2xx ends it.
    pub requests: Vec<Request>,
}

/// One request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    /// `GET`, `PUT`, `PATCH`…
    pub method: String,
    /// From the first `/`.
    pub path: String,
    /// JSON, or nothing.
    pub body: String,
}

/// One exchange with a host of isolates or instances.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Call {
    /// The host: program, by full path, and arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// What each isolate of this call is asked; all are alive before the first is disposed of.
    pub runs: Vec<Run>,
    /// Time until the host is killed; an isolate has its own deadline, which is shorter.
    pub timeout_ms: u64,
    /// Output looked at, of each.
    pub keep_bytes: u64,
    /// Output is told as it comes.
    pub stream: bool,
    /// Bytes of it that are told in a second, as of a program.
    #[serde(default)]
    pub pace: Option<u64>,
    /// The isolates stay when their work is done, until the host ends.
    #[serde(default)]
    pub hold: bool,
}

/// One isolate of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    /// What is there already.
    pub start: Start,
    /// The nonce it must echo.
    pub nonce: u64,
    /// Memory it may have.
    pub heap_bytes: u64,
    /// Time it may take.
    pub deadline_ms: u64,
    /// What it does.
    pub code: Code,
    /// Its input.
    pub input: Option<serde_json::Value>,
}

/// What a launcher says: any number of pieces of output, then the reports.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    /// A piece of output of a program or isolate that streams.
    Output(Stream, #[serde(with = "super::letters")] Vec<u8>),
    /// What became of each that was ordered.
    Reports(Vec<Report>),
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "what was seen, one by one")]
pub(super) struct Report {
    /// Its process, where it stands.
    #[serde(default)]
    pub pid: Option<u32>,
    /// Why it could not be spawned.
    pub start_error: Option<String>,
    /// The spawn returned; or a handle existed, where a program marks that.
    pub created_ns: Option<u64>,
    /// The first instruction of the guest was let run.
    pub booted_ns: Option<u64>,
    /// The runtime inside was ready.
    pub inited_ns: Option<u64>,
    /// First byte of the marker with the nonce.
    pub ready_ns: Option<u64>,
    /// Last byte of the result.
    pub done_ns: Option<u64>,
    /// It had ended and was waited for.
    pub exited_ns: Option<u64>,
    /// Nothing of it was left.
    pub clean_ns: Option<u64>,
    /// Exit status.
    pub status: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// The result, as it was said.
    pub value: Option<String>,
    /// First line of its output that is no marker.
    pub first_line: String,
    /// First lines of its standard error.
    pub complaint: String,
    /// Output beyond the limit.
    pub dropped_bytes: u64,
    /// How an isolate failed, as its host says or as the launcher saw.
    pub fault: Option<Fault>,
    /// Memory that an isolate held when its work was done.
    pub used_bytes: Option<u64>,
    /// It was killed because its time was over.
    pub timed_out: bool,
    /// It was killed for want of memory, by what its engine saw.
    #[serde(default)]
    pub starved: bool,
    /// It was a Linux guest, whose first process says the marker for any work.
    #[serde(default)]
    pub framed: bool,
    /// Nothing inside could say a marker.
    #[serde(default)]
    pub silent: bool,
    /// Some of it outlived it.
    pub left_over: bool,
}
