//! The workloads of this machine on its own screen: read from the record that `isomon serve` and
//! `isomon exec` write.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::model::time::{Clock, SystemClock};
use crate::model::update::What;
use crate::model::workload::Workloads;
use crate::serve::workload::seen;
use crate::store::workload::Glance;
use crate::watch::{Outlet, Pace};

/// Time between two looks; one at a record that has not changed costs a few microseconds.
const LOOK: Duration = Duration::from_secs(2);
/// Looks after which windows are told anew: they go on where nothing happens.
const MOVE: u32 = 30;

/// Tells of the record in `state` until `stop`, unless paused. Where there is none yet, nobody ran anything.
pub(super) async fn watch(
    outlet: Outlet,
    state: PathBuf,
    mut pace: watch::Receiver<Pace>,
    stop: CancellationToken,
) {
    let mut record = Record { state, glance: None, stir: None, told: None, looks: 0 };
    loop {
        let looked = tokio::task::spawn_blocking(move || {
            let news = record.look();
            (record, news)
        });
        let Ok((back, news)) = looked.await else { return };
        record = back;
        if let Some(news) = news {
            outlet.send(What::Workloads(Box::new(news))).await;
        }
        if !Pace::rest(&mut pace, LOOK, &stop).await {
            return;
        }
    }
}

/// What was seen last.
struct Record {
    state: PathBuf,
    glance: Option<Glance>,
    stir: Option<i64>,
    told: Option<Workloads>,
    looks: u32,
}

impl Record {
    /// The workloads, if something about them is new.
    fn look(&mut self) -> Option<Workloads> {
        if self.glance.is_none() {
            let opened = Glance::open(&self.state);
            self.glance = opened.unwrap_or_else(|error| {
                tracing::debug!(%error, "the record of workloads is not read");
                None
            });
        }
        let glance = self.glance.as_ref()?;
        let stir = glance.stir().ok()?;
        self.looks += 1;
        if self.stir == Some(stir) && !self.looks.is_multiple_of(MOVE) {
            return None;
        }
        self.stir = Some(stir);
        let news = seen(glance, SystemClock.wall_ns()).ok()?;
        let is_new = self.told.as_ref() != Some(&news);
        self.told = Some(news.clone());
        is_new.then_some(news)
    }
}
