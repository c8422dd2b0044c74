//! Which file speaks to which kind of source: one line each.

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
        None => Ok(Box::new(super::detect::Detect::new(spec)?)),
        Some(Kind::Vulcan) => Ok(Box::new(super::vulcan::Vulcan::new(&spec)?)),
        Some(Kind::Solstice) => Ok(Box::new(super::solstice::Solstice::new(&spec)?)),
        Some(Kind::MiStudio) => Ok(Box::new(super::mistudio::MiStudio::new(&spec)?)),
        Some(Kind::Dream) => Ok(Box::new(super::dream::Dream::new(&spec)?)),
        Some(Kind::Cluster) => Ok(Box::new(super::cluster::Cluster::new(&spec)?)),
        Some(Kind::Local | Kind::Isomon | Kind::Prometheus | Kind::Ssh) => {
            Err(Error::Unable { why: format!("nobody here can ask {}", spec.address).into() })
        }
    }
}
