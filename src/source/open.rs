//! Which file speaks to which kind of source: one line each.

use super::prom::Prom;
use super::ssh::Host;
use super::{Error, Source, Spec};
use crate::config::address::Address;
use crate::model::origin::Kind;

/// What asks the source that `spec` names. Nothing is asked yet.
pub fn open(spec: Spec) -> Result<Box<dyn Source>, Error> {
    let kind = match &spec.address {
        Address::Local => Some(Kind::Local),
        Address::Ssh { .. } => Some(Kind::Ssh),
        Address::Http { kind, .. } => *kind,
    };
    match kind {
        Some(Kind::Ssh) => Ok(Box::new(Host::new(spec)?)),
        Some(Kind::Prometheus) => Ok(Box::new(Prom::new(&spec)?)),
        None
        | Some(
            Kind::Local
            | Kind::Isomon
            | Kind::Vulcan
            | Kind::Solstice
            | Kind::MiStudio
            | Kind::Dream
            | Kind::Cluster,
        ) => Err(Error::Unable { why: format!("nobody here can ask {}", spec.address).into() }),
    }
}
