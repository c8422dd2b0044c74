//! An OpenClaw by its state directory: `openclaw:/path`.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::home::Home;
use crate::config::address::Address;
use crate::model::command::Command;
use crate::model::origin::{Endpoint, Kind, Offer, Origin};
use crate::model::time::{Clock as _, SystemClock};
use crate::model::unit::Seconds;
use crate::model::update::What;
use crate::source::{Asked, Error, Source, Spec, Told, Wants};

/// Time between looks where the user says nothing.
const PACE: Duration = Duration::from_secs(5);
/// Shortest time between them, whatever the user says.
const SHORTEST: Duration = Duration::from_secs(1);

/// A state directory that is asked.
#[derive(Debug)]
pub struct Files {
    path: PathBuf,
    home: Option<Home>,
    origin: Origin,
    told: Option<Origin>,
    pace: Duration,
    due: Instant,
}

impl Files {
    /// The directory of `spec`. Nothing is read yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        let Address::OpenClaw { path } = &spec.address else {
            return Err(Error::Unable { why: "it is no directory of an OpenClaw".into() });
        };
        let pace = spec.interval.unwrap_or(PACE).max(SHORTEST);
        let origin = Origin {
            kind: Kind::OpenClaw,
            address: spec.address.to_string().into(),
            group: spec.group.clone(),
            interval_seconds: Seconds::from(pace),
            ..Origin::default()
        };
        let (path, due) = (PathBuf::from(path), Instant::now());
        Ok(Self { home: None, path, origin, told: None, pace, due })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        if Instant::now() < self.due {
            return Ok(Vec::new());
        }
        let mut home = self.home.take().unwrap_or_else(|| Home::new(self.path.clone()));
        let now_ms = SystemClock.now().wall_ms;
        let looked = tokio::task::spawn_blocking(move || {
            let looked = home.look(now_ms);
            (home, looked)
        });
        let (home, looked) = looked
            .await
            .map_err(|_| Error::Unable { why: "a fault of isomon: its reader broke".into() })?;
        self.home = Some(home);
        let at = self.path.display();
        let agents = match looked {
            Ok(Some(agents)) => agents,
            Ok(None) => {
                let why = format!("{at} has no `agents`: it is no state directory of an OpenClaw");
                return Err(Error::Unable { why: why.into() });
            }
            Err(error) => {
                return Err(Error::Unable { why: format!("{at}: {error}").into() });
            }
        };
        let offer = agents.gaps.first().map_or(Offer::Offered, |why| match agents.list[..] {
            [] => Offer::Failed(why.clone()),
            _ => Offer::Offered,
        });
        self.origin.endpoints = vec![Endpoint { name: "agents".into(), offer }];
        // Who asks is never quite on time.
        self.due = Instant::now() + self.pace.mul_f64(0.9);
        let mut told = Vec::new();
        if self.told.as_ref() != Some(&self.origin) {
            self.told = Some(self.origin.clone());
            told.push(Told::own(What::Origin(Box::new(self.origin.clone()))));
        }
        told.push(Told::own(What::Agents(Box::new(agents))));
        Ok(told)
    }
}

impl Source for Files {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "an OpenClaw takes no orders of isomon";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}
