//! A host by SSH: the system's OpenSSH, with the user's own configuration, keys and jump hosts.
//!
//! One `ssh` process with one channel, and no control master: when this process ends, however it ends,
//! the channel's input ends and everything there with it. On the channel a fixed script says what is
//! there. Is there an isomon, it takes the channel over and the node is whole (`peer`); else, where
//! the user asked for it, this isomon is copied there (`copy`); else the script goes on reading `/proc`
//! and `nvidia-smi` (`bare`). No field of an address, and nothing a host said, is ever part of a
//! command.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{Asked, Error, HostKey, Source, Spec, Told, Wants};
use crate::model::command::Command;
use crate::model::id::RunId;
use crate::model::origin::{Endpoint, Kind, Offer, Origin};
use crate::model::run::Record;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::update::{Notice, What};

mod argv;
mod bare;
mod copy;
mod files;
mod key;
mod link;
mod nvidia;
mod peer;
mod process;
mod refusal;
mod run;
mod script;
mod sensor;

use bare::Bare;
use files::Files;
use link::Link;
use peer::Peer;

/// Time for one exchange on a channel that is open.
const EXCHANGE: Duration = Duration::from_secs(10);

/// A host reached by SSH.
#[derive(Debug)]
pub struct Host {
    spec: Spec,
    program: PathBuf,
    way: Option<Way>,
    told: Option<Origin>,
    /// Why the isomon there is not used, once that was tried.
    no_peer: Option<SafeText>,
    /// What was tried to copy isomon there, once it was.
    copied: Option<Result<SafeText, SafeText>>,
    notices: Vec<SafeText>,
}

/// How the host is read.
#[derive(Debug)]
enum Way {
    /// By the isomon there.
    Peer(Box<Peer>),
    /// By the script.
    Bare(Box<Bare>),
}

impl Host {
    /// The host that `spec` names. Nothing is asked yet.
    pub fn new(spec: Spec) -> Result<Self, Error> {
        argv::check(&spec)?;
        let program = PathBuf::from("/proc/self/exe");
        let (way, told, no_peer, copied) = (None, None, None, None);
        Ok(Self { spec, program, way, told, no_peer, copied, notices: Vec::new() })
    }

    /// The same, copying `program` there in place of this one; for tests, which are no isomon.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// Everything that is new. What is under way is dropped, and so ended, with the future.
    async fn news(&mut self, wants: Wants) -> Result<Vec<Told>, Error> {
        // What was told on the channel before is not gone on with.
        let anew = (self.way.is_none() && self.told.is_some()).then(|| Told::own(What::Anew));
        let way = match self.way.take() {
            Some(way) => way,
            None => self.connect().await?,
        };
        let (way, news) = match way {
            Way::Peer(mut peer) => {
                let news = match peer.news(wants).await {
                    Err(why) if !peer.has_greeted() => return self.without_peer(why),
                    news => news?,
                };
                (Way::Peer(peer), news)
            }
            Way::Bare(mut bare) => {
                let news = bare.news(wants).await?;
                (Way::Bare(bare), news)
            }
        };
        let mut told = self.tell(&way, news);
        told.extend(anew);
        self.way = Some(way);
        Ok(told)
    }

    /// The isomon there is not one that can be spoken with: the next question goes without.
    fn without_peer(&mut self, why: Error) -> Result<Vec<Told>, Error> {
        let first = self.no_peer.replace(why.to_string().into()).is_none();
        if first { Ok(Vec::new()) } else { Err(why) }
    }

    async fn connect(&mut self) -> Result<Way, Error> {
        let began = Instant::now();
        let (link, facts) = self.greet(began).await?;
        let link = if self.is_to_copy(&facts) {
            drop(link);
            self.copy(&facts).await;
            self.greet(Instant::now()).await?
        } else {
            (link, facts)
        };
        let (link, facts) = link;
        if self.no_peer.is_none() && facts.told("isomon").is_some() {
            return Ok(Way::Peer(Box::new(Peer::take_over(link).await?)));
        }
        Ok(Way::Bare(Box::new(Bare::new(link, &facts))))
    }

    /// Opens a channel and hears what is there; all of it in the time that was given.
    async fn greet(&self, began: Instant) -> Result<(Link, Files), Error> {
        let checking = key::checking(&self.spec).await;
        let mut link = Link::open(&self.spec, checking, script::READ)?;
        let left = self.spec.ssh.timeout.saturating_sub(began.elapsed());
        let hello = format!("hello {}", env!("CARGO_PKG_VERSION"));
        let error = match timeout(left, link.exchange(&hello)).await {
            Ok(Ok(facts)) => return linux(facts).map(|facts| (link, facts)),
            Ok(Err(error)) => error,
            Err(_) => {
                let seconds = self.spec.ssh.timeout.as_secs();
                Error::Late { seconds, doing: "connecting and logging in by ssh" }
            }
        };
        Err(refusal::reason(&self.spec, error, &link.end().await).await)
    }

    /// Whether isomon is to be copied: asked for, not there, and not tried yet.
    fn is_to_copy(&self, facts: &Files) -> bool {
        self.spec.ssh.copy && self.copied.is_none() && facts.told("isomon").is_none()
    }

    async fn copy(&mut self, facts: &Files) {
        let copied = copy::copy(&self.spec, &self.program, facts).await;
        let address = &self.spec.address;
        let notice = match &copied {
            Ok(path) => format!(
                "isomon was copied to {path} on {address}; remove it there with: rm -r ~/.cache/isomon"
            ),
            Err(error) => format!("isomon was not copied to {address}: {error}"),
        };
        self.notices.push(notice.into());
        self.copied = Some(copied.map_err(|error| error.to_string().into()));
    }

    /// What is new, behind what the source is and what is to be said of it.
    fn tell(&mut self, way: &Way, mut news: Vec<Told>) -> Vec<Told> {
        let origin = self.origin(way);
        let mut told = Vec::new();
        if self.told.as_ref() != Some(&origin) {
            self.told = Some(origin.clone());
            told.push(Told::own(What::Origin(Box::new(origin))));
        }
        let notices = self.notices.drain(..).map(|text| Notice { bad: false, text });
        told.extend(notices.map(|notice| Told::own(What::Notice(notice))));
        told.append(&mut news);
        told
    }

    fn origin(&self, way: &Way) -> Origin {
        let own = Origin {
            kind: Kind::Ssh,
            address: self.spec.address.to_string().into(),
            group: self.spec.group.clone(),
            interval_seconds: Seconds(self.spec.interval.unwrap_or_default().as_secs_f64()),
            unverified: self.spec.ssh.host_key == HostKey::No,
            ..Origin::default()
        };
        let there = match (way, &self.no_peer) {
            (Way::Peer(peer), _) => peer.offer(),
            (_, Some(why)) => Offer::Failed(why.clone()),
            _ => Offer::NotOffered,
        };
        let mut endpoints = vec![Endpoint { name: "isomon serve --stdio".into(), offer: there }];
        match &self.copied {
            Some(Ok(path)) => {
                let name = format!("copied to {path}").into();
                endpoints.push(Endpoint { name, offer: Offer::Offered });
            }
            Some(Err(why)) => {
                let offer = Offer::Failed(why.clone());
                endpoints.push(Endpoint { name: "copy of isomon".into(), offer });
            }
            None => {}
        }
        match way {
            Way::Peer(peer) => Origin { endpoints, ..peer.origin(own) },
            Way::Bare(bare) => {
                endpoints.extend(bare.endpoints());
                Origin { endpoints, ..own }
            }
        }
    }
}

/// The facts, if they are of a system that can be read.
fn linux(facts: Files) -> Result<Files, Error> {
    match facts.told("system") {
        Some("Linux") => Ok(facts),
        other => {
            let found = other.unwrap_or("no system that tells its name");
            Err(Error::Another { wanted: "Linux host", found: found.into() })
        }
    }
}

impl Source for Host {
    fn ask(&mut self, wants: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.news(wants))
    }

    fn wish<'a>(&'a mut self, command: &'a Command) -> Asked<'a, ()> {
        Box::pin(async move {
            if let Some(Way::Peer(peer)) = &self.way {
                return peer.wish(command).await;
            }
            let why = "there is no isomon on that host to do it; set `copy = true` for it";
            Err(Error::Unable { why: why.into() })
        })
    }

    fn read<'a>(&'a mut self, id: &'a RunId) -> Asked<'a, Record> {
        Box::pin(async move {
            if let Some(Way::Peer(peer)) = &mut self.way {
                return peer.read(id).await;
            }
            let why = "there is no isomon on that host to read it; set `copy = true` for one";
            Err(Error::Unable { why: why.into() })
        })
    }
}
