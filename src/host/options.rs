//! How hosts are reached: what the user set, and what this run has for it.
//!
//! A password is asked through [`Ask`], which the door gives, for the terminal is not ours to ask on.

use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::model::secret::Secret;

/// How hosts are reached.
#[derive(Clone, Debug)]
pub struct Options {
    /// This program, which is started again to watch over what is run.
    pub program: PathBuf,
    /// OpenSSH's client.
    pub ssh: String,
    /// A configuration file in place of the user's own.
    pub config: Option<PathBuf>,
    /// Time to connect and log in.
    pub timeout: Duration,
    /// What is done about a host key that is not known.
    pub host_keys: HostKeys,
    /// Where a directory for sockets is made, which goes with the host. Its path has to be short: the
    /// system takes no socket's path of more than 107 bytes.
    pub dir: PathBuf,
    /// Who asks the user for a password that is named `prompt`; `None`: nobody can be asked.
    pub ask: Option<Arc<dyn Ask>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            ssh: "ssh".to_owned(),
            config: None,
            timeout: Duration::from_secs(10),
            host_keys: HostKeys::Strict,
            dir: std::env::temp_dir(),
            ask: None,
        }
    }
}

/// What is done about a host key that is not known. One that changed is refused, whatever is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKeys {
    /// It is refused.
    #[default]
    Strict,
    /// It is taken and remembered.
    AcceptNew,
}

/// Who asks the user.
pub trait Ask: Debug + Send + Sync {
    /// Asks for the `what` of `host`: `password`, `passphrase of KEY`. `None`: there is no answer.
    fn ask<'a>(
        &'a self,
        host: &'a str,
        what: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Secret>> + Send + 'a>>;
}
