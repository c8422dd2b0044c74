//! Opens a host of a workflow.

use std::path::Path;
use std::sync::Arc;

use super::local::Local;
use super::ssh::{self, Remote};
use super::{Error, Host, Options};
use crate::model::secret::Secret;
use crate::model::workflow;

/// What came of opening a host.
#[derive(Debug)]
pub struct Opened {
    /// The host, or why it is not at hand.
    pub host: Result<Arc<dyn Host>, Error>,
    /// The secrets that were found for it, wherever they were, also where they let nobody in: nothing
    /// that is told or kept may hold one.
    pub secrets: Vec<Secret>,
}

/// The words by which the host `name` will be reached: one `ssh` that logs in, and one for each task that
/// goes through it; `SOCKET` stands for the file between them, and no secret is among them. `None`: it is
/// this machine. Where a key of a new host is taken, its first connection checks less.
pub fn words(
    name: &str,
    host: &workflow::Host,
    options: &Options,
) -> Result<Option<[Vec<String>; 2]>, Error> {
    if host.address.is_none() {
        return Ok(None);
    }
    ssh::words(name, host, options, Path::new("SOCKET")).map(Some)
}

/// Opens the host `name`. One without an address is this machine, which needs nothing. Another is
/// connected with: who logs in there by then is let in, and its key is known.
pub async fn open(
    name: &str,
    host: &workflow::Host,
    options: &Options,
) -> Result<Arc<dyn Host>, Error> {
    open_telling(name, host, options).await.host
}

/// Does the same, and tells which secrets it found.
pub async fn open_telling(name: &str, host: &workflow::Host, options: &Options) -> Opened {
    let mut secrets = Vec::new();
    let host: Result<Arc<dyn Host>, Error> = if host.address.is_none() {
        Ok(Arc::new(Local::new(name, options)))
    } else {
        let remote = Remote::open(name, host, options, &mut secrets).await;
        remote.map(|remote| Arc::new(remote) as _)
    };
    Opened { host, secrets }
}
