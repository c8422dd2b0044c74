//! A camp that does one thing at a time.

use crate::backend::{Camp, Crew, Error, Launch, Task, Trial};
use crate::model::bench::Outcome;
use crate::model::load::Standing;
use crate::model::unit::Seconds;
use crate::model::usage::Usage;

pub(super) struct Solo<'a>(pub(super) &'a mut Camp);

impl Launch for Solo<'_> {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        self.0.launch(task).await
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        self.0.overhead().await
    }

    fn usage(&self) -> Option<Usage> {
        self.0.usage()
    }
}

impl Crew for Solo<'_> {
    type Hand = Self;

    async fn hands(&mut self, _: u32, _: &Task) -> Result<Vec<Self>, Error> {
        Err(alone())
    }

    async fn rest(&mut self, _: Vec<Self>) -> Result<(), Error> {
        Ok(())
    }

    async fn stand(&mut self, _: &[Task]) -> Result<Vec<Outcome>, Error> {
        Err(alone())
    }

    async fn standing(&mut self) -> Result<Standing, Error> {
        Err(alone())
    }

    async fn raze(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

const fn alone() -> Error {
    Error::Interrupted { doing: "crew" }
}
