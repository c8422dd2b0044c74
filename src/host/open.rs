//! Opens a host of a workflow.

use std::sync::Arc;

use super::local::Local;
use super::ssh::Remote;
use super::{Error, Host, Options};
use crate::model::workflow;

/// Opens the host `name`. One without an address is this machine, which needs nothing. Another is
/// connected with: who logs in there by then is let in, and its key is known.
pub async fn open(
    name: &str,
    host: &workflow::Host,
    options: &Options,
) -> Result<Arc<dyn Host>, Error> {
    if host.address.is_none() {
        return Ok(Arc::new(Local::new(name, options)));
    }
    Ok(Arc::new(Remote::open(name, host, options).await?))
}
