//! Sources beyond this machine: another isomon, a host by SSH, a store, the servers of other systems.
//!
//! A source is asked, one question after another, and tells what it learned; it knows neither who
//! asks nor how often. Whatever comes from outside is hostile: it is bounded, made safe and typed
//! before it leaves this floor, and never becomes a path, a command or an address. Endpoint by
//! endpoint it is found out what a server offers; that something is not offered is told as such
//! ([`crate::model::origin::Origin`]) and is no error.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::config::address::Address;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::run::Record;
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::model::update::What;

pub mod client;
pub mod clients;
pub mod cluster;
pub mod dcgm;
pub mod detect;
pub mod dream;
pub mod error;
mod foreign;
pub mod isomon;
pub mod mistudio;
pub mod model;
pub mod open;
pub mod openclaw;
pub mod prom;
pub mod solstice;
pub mod ssh;
pub mod tokenspy;
pub mod vulcan;

pub use clients::Clients;
pub use error::Error;
pub use open::open;

/// What a source is asked with.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name here; what it calls itself never replaces it.
    pub id: SourceId,
    /// Where it is.
    pub address: Address,
    /// The group the user put it in.
    pub group: Option<SafeText>,
    /// What it is told to be let in. Never sent to another, nor without TLS beyond this machine.
    pub token: Option<Secret>,
    /// `name:password` for a server that asks for both, by the same rules; not beside `token`.
    pub login: Option<Secret>,
    /// Certificates, in PEM, that vouch for it, in place of the system's.
    pub ca: Option<Vec<u8>>,
    /// Take any certificate, which is shown all the time.
    pub insecure: bool,
    /// Time from one question to the next; `None` leaves it to who asks.
    pub interval: Option<Duration>,
    /// How SSH is to be used.
    pub ssh: Ssh,
    /// Connections it shares with other sources.
    pub clients: Clients,
}

impl Spec {
    /// A source at `address` with nothing set.
    pub fn new(id: SourceId, address: Address) -> Self {
        let (ssh, clients) = (Ssh::default(), Clients::default());
        let (group, token, login) = (None, None, None);
        let (ca, insecure, interval) = (None, false, None);
        Self { id, address, group, token, login, ca, insecure, interval, ssh, clients }
    }
}

/// How SSH is to be used; all else is in the user's own configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    /// What is done about a host key that is not known.
    pub host_key: HostKey,
    /// Time to connect and log in.
    pub timeout: Duration,
    /// Copy isomon there where it is not, which is asked for by the user.
    pub copy: bool,
    /// The program; `ssh` of the path unless a test says otherwise.
    pub program: String,
    /// A configuration file in place of the user's own.
    pub config: Option<std::path::PathBuf>,
}

impl Default for Ssh {
    fn default() -> Self {
        Self {
            host_key: HostKey::Yes,
            timeout: Duration::from_secs(10),
            copy: false,
            program: "ssh".to_owned(),
            config: None,
        }
    }
}

/// What is done about a host key that is not known. One that changed is always refused, unless `No`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum HostKey {
    /// It is refused.
    #[default]
    Yes,
    /// It is taken and remembered.
    AcceptNew,
    /// Any key is taken, which is shown all the time.
    No,
}

/// What is wanted beyond the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Everything, processes too: somebody looks at this node in depth.
    pub depth: bool,
}

/// Something a source told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The node it is about, where the source tells of several; `None`: of the source's own.
    pub node: Option<SafeText>,
    /// What happened.
    pub what: What,
}

impl Told {
    /// About the source's own node.
    pub const fn own(what: What) -> Self {
        Self { node: None, what }
    }

    /// About one of many.
    pub const fn of(node: SafeText, what: What) -> Self {
        Self { node: Some(node), what }
    }
}

/// What a source's answer is waited for by.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Something that can be asked again and again. Each implementation keeps its own deadlines; a future
/// that is dropped leaves nothing behind.
pub trait Source: Send {
    /// Everything that is new. The first answer begins with [`What::Origin`]. An error means that the
    /// source as a whole does not answer.
    fn ask(&mut self, wants: Wants) -> Asked<'_, Vec<Told>>;

    /// Has `command` carried out there. Only `BenchAs`, `Cancel` and `CheckBackends` are ever asked.
    fn wish<'a>(&'a mut self, command: &'a Command) -> Asked<'a, ()>;

    /// Reads run `id`, which is kept there. Isomons keep runs; who keeps none says so.
    fn read<'a>(&'a mut self, id: &'a RunId) -> Asked<'a, Record> {
        let why = format!(
            "run {} is not read from there: only an isomon that serves keeps runs",
            id.short()
        );
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}
