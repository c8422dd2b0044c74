//! Where a workflow's tasks run: this machine, or a host by SSH.
//!
//! A host is given words, never a line for a shell, and what it writes is passed on as bytes. Whatever was
//! started there ends when the task is dropped, when the connection goes, and when isomon is killed. It
//! knows nothing of stages or files of workflows.

mod channel;
mod fed;
mod file;
mod ground;
mod keeper;
mod kept;
mod local;
mod look;
mod open;
mod options;
mod running;
mod scan;
mod ssh;

use std::ffi::OsString;
use std::fmt::Debug;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

pub use fed::{Feed, feed};
pub use open::{Opened, open, open_telling, words};
pub use options::{Ask, HostKeys, Options};
pub use scan::{Item, Scanner};

use tokio::sync::mpsc;

use crate::model::text::SafeText;
use crate::model::unit::Bytes;
use crate::model::workflow::CheckKind;

/// What a host answers, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A host that is at hand.
pub trait Host: Debug + Send + Sync {
    /// Its name in the workflow.
    fn name(&self) -> &str;

    /// Starts `order`; what it writes comes through `out`, and has to be taken for it to go on.
    fn start<'a>(
        &'a self,
        order: &'a Order,
        out: mpsc::Sender<Piece>,
    ) -> Answer<'a, Box<dyn Process>>;

    /// Looks once whether something is ready.
    fn look<'a>(&'a self, kind: CheckKind, target: &'a str, order: &'a Order) -> Answer<'a, Sight>;

    /// Copies a file of this machine there, readable and executable by who logs in there alone.
    fn send<'a>(&'a self, from: &'a Path, to: &'a str) -> Answer<'a, ()>;

    /// Copies a file from there; `to` is whole or not there.
    fn fetch<'a>(&'a self, from: &'a str, to: &'a Path) -> Answer<'a, Fetched>;

    /// Copies a file or directory from here to `other`, through this machine where it has to.
    fn copy<'a>(&'a self, from: &'a str, other: &'a Arc<dyn Host>, to: &'a str) -> Answer<'a, ()>;

    /// Unpacks what `copy` of another host packed: a stream of tar, in pieces of any size. The stream is
    /// whole only if its sender said `true` at the end.
    fn unpack<'a>(&'a self, to: &'a str, packed: Packed) -> Answer<'a, ()>;

    /// Removes a file that was sent there.
    fn remove<'a>(&'a self, path: &'a str) -> Answer<'a, ()>;

    /// Ends the connection, and what still runs over it.
    fn close(&self) -> Answer<'_, ()>;
}

/// Something that was started on a host. Dropped, it is ended with all it started.
pub trait Process: Debug + Send {
    /// Its process on its host, where that is known.
    fn pid(&self) -> Option<u32>;

    /// Waits for its end.
    fn wait(&mut self) -> Answer<'_, End>;

    /// Asks its process group to end, and kills it when `grace` is over.
    fn end(&mut self, grace: Duration) -> Answer<'_, End>;
}

/// A file or directory on its way from one host to another.
#[derive(Debug)]
pub struct Packed {
    /// Its name without the directories above it.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// The stream, and at its end whether that was all of it.
    pub stream: mpsc::Receiver<Result<Vec<u8>, bool>>,
}

impl Packed {
    /// What the script that unpacks it is told.
    fn fields(&self, to: &str) -> [String; 3] {
        let kind = if self.is_dir { "dir" } else { "file" };
        [to.to_owned(), self.name.clone(), kind.to_owned()]
    }
}

/// What is to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its environment, on top of what a login there has.
    pub env: Vec<(String, String)>,
    /// The directory it is run in; `None` is the one isomon was called in, there the home directory.
    pub dir: Option<String>,
}

/// Something that was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Whether it came on the error output.
    pub bad: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// How something ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Its exit status; `None` where it had none.
    pub exit: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Why its end was not heard: the connection went.
    pub lost: Option<SafeText>,
}

impl End {
    /// Whether it ended well.
    pub const fn is_good(&self) -> bool {
        matches!(self, Self { exit: Some(0), signal: None, lost: None })
    }
}

/// What was seen by a look whether something is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Whether it is.
    pub ready: bool,
    /// What was seen: `port 8080 is closed`.
    pub said: SafeText,
}

/// A file that was copied here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fetched {
    /// Its size.
    pub bytes: Bytes,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Why a host could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be reached, or lets nobody in.
    #[error("{host}: {why}")]
    Unreachable {
        /// Its name in the workflow.
        host: SafeText,
        /// Why, and what mends it.
        why: SafeText,
    },
    /// The connection went while it was asked.
    #[error("{host}: the connection is lost: {why}")]
    Lost {
        /// Its name in the workflow.
        host: SafeText,
        /// Why.
        why: SafeText,
    },
    /// A file is not there, or may not be read or written.
    #[error("{host}: {path}: {why}")]
    File {
        /// Its name in the workflow.
        host: SafeText,
        /// The file.
        path: SafeText,
        /// Why.
        why: SafeText,
    },
    /// A program could not be started.
    #[error("{host}: {program}: {why}")]
    Start {
        /// Its name in the workflow.
        host: SafeText,
        /// The program.
        program: SafeText,
        /// Why.
        why: SafeText,
    },
    /// What the workflow says of the host cannot be used.
    #[error("{host}: {why}")]
    Setting {
        /// Its name in the workflow.
        host: SafeText,
        /// Why, and what mends it.
        why: SafeText,
    },
}

/// Runs isomon as the one who watches over what a host started, when the arguments say so; `None` when
/// they do not.
pub fn reexecuted(arguments: &[OsString]) -> Option<ExitCode> {
    if ssh::answer::is_asked(arguments) {
        return Some(ssh::answer::run(arguments));
    }
    let rest = arguments.get(2..).unwrap_or_default();
    (arguments.get(1)?.to_str()? == keeper::NAME).then(|| keeper::run(rest))
}

impl Error {
    /// The same for where the host is named beside it.
    pub fn why(&self) -> String {
        match self {
            Self::Unreachable { why, .. } | Self::Setting { why, .. } => why.to_string(),
            Self::Lost { why, .. } => format!("the connection is lost: {why}"),
            Self::File { path, why, .. } => format!("{path}: {why}"),
            Self::Start { program, why, .. } => format!("{program}: {why}"),
        }
    }
}
