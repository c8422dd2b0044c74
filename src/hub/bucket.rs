//! Runs that are kept in buckets: which there are, and one of them told again.
//!
//! A bucket is asked when somebody wishes to see the runs, and not again for a while: whoever opens a
//! tab ten times asks once. What comes of it is told under the bucket's own name.

use std::time::Duration;

use tokio::time::Instant;

use super::task::tell;
use super::tell_again;
use super::{Deed, Hub};
use crate::config::place::Place;
use crate::model::id::{RunId, SourceId};
use crate::model::text::SafeText;
use crate::model::update::What;
use crate::store::bucket::{Bucket, Error};
use crate::watch::Outlet;

/// Time until a bucket is asked again which runs it has.
const PACE: Duration = Duration::from_secs(10);

/// A bucket, and when it was asked last.
pub(super) struct Shelf {
    place: Place,
    asked: Option<Instant>,
}

impl<D: Deed> Hub<D> {
    /// Shows the runs that are kept at `places` too.
    pub fn keep_at(&mut self, places: Vec<Place>) {
        self.shelves = places.into_iter().map(|place| Shelf { place, asked: None }).collect();
    }

    /// Has each bucket tell which runs it has.
    pub(super) fn list_buckets(&mut self) {
        let now = Instant::now();
        for shelf in &mut self.shelves {
            if shelf.asked.is_none_or(|asked| now.duration_since(asked) >= PACE) {
                shelf.asked = Some(now);
                let (outlet, place) = (self.outlet.of(shelf.place.source()), shelf.place.clone());
                self.tasks.spawn(list(outlet, place));
            }
        }
    }

    /// Tells run `id` again out of the bucket called `source`; false if there is no such bucket.
    pub(super) fn open_bucket(&self, source: &SourceId, id: &RunId) -> bool {
        let shelf = self.shelves.iter().find(|shelf| shelf.place.source() == *source);
        let Some(shelf) = shelf else { return false };
        let outlet = self.outlet.of(SourceId::kept_at(source));
        self.tasks.spawn(open(outlet, shelf.place.clone(), id.clone()));
        true
    }
}

async fn bucket(place: Place) -> Result<Bucket, Error> {
    let opened = tokio::task::spawn_blocking(move || Bucket::open(&place)).await;
    opened.unwrap_or(Err(Error::Missing))
}

async fn list(outlet: Outlet, place: Place) {
    let listed = async { bucket(place).await?.list().await }.await;
    match listed {
        Ok(listing) => drop(outlet.send(What::Runs(listing.runs)).await),
        Err(error) => tell(&outlet, Err(sentence(&error))).await,
    }
}

async fn open(outlet: Outlet, place: Place, id: RunId) {
    let read = async { bucket(place).await?.read(&id).await }.await;
    match read {
        Ok(run) => tell_again::tell_all(&outlet, &id, tell_again::events(run)).await,
        Err(error) => tell(&outlet, Err(sentence(&error))).await,
    }
}

/// What is wrong and what mends it, in one sentence.
fn sentence(error: &Error) -> SafeText {
    SafeText::within(&format!("{error}; {}", error.remedy()), 512)
}
