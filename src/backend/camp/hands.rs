//! Hands of a camp: each starts sandboxes one at a time in a lot of its own, beside the others.
//!
//! Let in together or not at all. A hand's lot is the camp's to clear, by its name: a hand that is
//! dropped, in the middle of a launch too, takes its launcher with it, and what that had started is
//! cleared with the camp. What hands share is locked for moments in which nothing is started.

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::desk::Desk;
use super::{Camp, Error, crowd, kind};
use crate::backend::admission;
use crate::backend::lot::{Lot, Plot};
use crate::backend::trial::{Launch, Task, Trial, Work};
use crate::model::bench::Payload;
use crate::model::unit::Seconds;
use crate::model::usage::{Held, Usage};

/// Starts sandboxes by itself, beside others of its camp.
#[derive(Debug)]
pub struct Hand {
    desk: Arc<Desk>,
    lot: Lot,
}

impl Launch for Hand {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        self.desk.carry_out(task, &mut self.lot, None).await
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        self.desk.overhead(&mut self.lot).await
    }

    fn usage(&self) -> Option<Usage> {
        self.lot.usage()
    }

    fn held(&self) -> Option<Held> {
        self.lot.held()
    }

    fn pid(&self) -> Option<u32> {
        self.lot.launcher()
    }
}

impl Camp {
    /// `count` hands for tasks like `like`; those of a host have it up already.
    pub(super) async fn open_hands(&mut self, count: u32, like: &Task) -> Result<Vec<Hand>, Error> {
        let hosted = kind::of(like.backend).is_some_and(kind::Kind::is_host);
        admission::admit_apart(&self.desk.site.settings, count, like)?;
        let free = (0..).map(|number| format!("h-{number}"));
        let names: Vec<String> =
            free.filter(|name| !self.lent.contains(name)).take(count as usize).collect();
        // Before there is anything of them, so that whatever becomes of us is cleared.
        self.lent.extend(names.iter().cloned());
        let (site, limits) = (&self.desk.site, self.desk.site.settings.limits);
        let lots = match crowd::open(names.clone(), site, &self.group, limits).await {
            Ok(lots) => lots,
            Err(error) => {
                self.lent.retain(|name| !names.contains(name));
                return Err(error);
            }
        };
        let hand = |lot| Hand { desk: self.desk.clone(), lot };
        let mut hands: Vec<Hand> = lots.into_iter().map(hand).collect();
        if hosted {
            // A host begins with its first isolate, whatever comes of that.
            let first = Task { work: Work::Payload(Payload::Noop), ..like.clone() };
            try_join_all(hands.iter_mut().map(|hand| hand.launch(&first))).await?;
        }
        Ok(hands)
    }

    /// Takes `hands` back.
    pub(super) async fn rest_hands(&mut self, hands: Vec<Hand>) -> Result<(), Error> {
        let lots: Vec<Lot> = hands.into_iter().map(|hand| hand.lot).collect();
        let plots: Vec<Plot> = lots.iter().map(|lot| lot.plot.clone()).collect();
        crowd::clear(lots).await?;
        Plot::remove(&plots).await;
        self.lent.retain(|name| plots.iter().all(|plot| plot.name != *name));
        Ok(())
    }

    /// Clears the lots of hands that did not come back.
    pub(super) async fn clear_lent(&mut self) -> Result<(), Error> {
        let site = &self.desk.site;
        for name in &self.lent {
            let plot = Plot::of(name.clone(), site, &self.group);
            plot.clear().await?;
            plot.settle().await;
        }
        self.lent.clear();
        Ok(())
    }
}
