//! Which file speaks to which kind of source: one line each.

use super::cluster::Cluster;
use super::dcgm::Dcgm;
use super::detect::Detect;
use super::dream::Dream;
use super::isomon::Isomon;
use super::mistudio::MiStudio;
use super::model::ModelServer;
use super::openclaw;
use super::prom::Prom;
use super::solstice::Solstice;
use super::ssh::Host;
use super::tokenspy::TokenSpy;
use super::vulcan::Vulcan;
use super::{Error, Source, Spec};
use crate::config::address::Address;
use crate::model::origin::Kind;

/// What asks the source that `spec` names. Nothing is asked yet.
pub fn open(spec: Spec) -> Result<Box<dyn Source>, Error> {
    if matches!(spec.address, Address::OpenClaw { .. }) {
        return Ok(Box::new(openclaw::Files::new(&spec)?));
    }
    match spec.address.kind() {
        None => Ok(Box::new(Detect::new(spec)?)),
        Some(Kind::Isomon) => Ok(Box::new(Isomon::new(&spec)?)),
        Some(Kind::Vulcan) => Ok(Box::new(Vulcan::new(&spec)?)),
        Some(Kind::Solstice) => Ok(Box::new(Solstice::new(&spec)?)),
        Some(Kind::MiStudio) => Ok(Box::new(MiStudio::new(&spec)?)),
        Some(Kind::Dream) => Ok(Box::new(Dream::new(&spec)?)),
        Some(Kind::Cluster) => Ok(Box::new(Cluster::new(&spec)?)),
        Some(Kind::Prometheus) => Ok(Box::new(Prom::new(&spec)?)),
        Some(Kind::Dcgm) => Ok(Box::new(Dcgm::new(&spec)?)),
        Some(Kind::OpenClaw) => Ok(Box::new(openclaw::Gateway::new(&spec)?)),
        Some(Kind::TokenSpy) => Ok(Box::new(TokenSpy::new(&spec)?)),
        Some(Kind::Ssh) => Ok(Box::new(Host::new(spec)?)),
        Some(Kind::Model(engine)) => Ok(Box::new(ModelServer::new(&spec, engine)?)),
        Some(Kind::Local) => {
            Err(Error::Unable { why: format!("nobody here can ask {}", spec.address).into() })
        }
    }
}
