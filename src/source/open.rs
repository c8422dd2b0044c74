//! Which file speaks to which kind of source: one line each.

use super::isomon::Isomon;
use super::prom::Prom;
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
        None | Some(Kind::Isomon) => Ok(Box::new(Isomon::new(&spec)?)),
        Some(Kind::Prometheus) => Ok(Box::new(Prom::new(&spec)?)),
        Some(
            Kind::Local
            | Kind::Vulcan
            | Kind::Solstice
            | Kind::MiStudio
            | Kind::Dream
            | Kind::Cluster
            | Kind::Ssh,
        ) => Err(Error::Unable { why: format!("nobody here can ask {}", spec.address).into() }),
    }
}
