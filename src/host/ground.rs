//! What this machine and a host by SSH have in common: where there is a channel to a script, files and
//! directories go through it alike.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::channel::Channel;
use super::file::{self, Place};
use super::{Answer, Error, Fetched, Host, Order, Packed, Piece, Process, Sight};
use crate::model::text::SafeText;
use crate::model::workflow::CheckKind;

/// Where a script of isomon's own can be spoken with.
pub(super) trait Ground: Debug + Send + Sync {
    /// The host's name in the workflow.
    fn called(&self) -> &SafeText;

    /// A channel to `script`, which is given `fields`.
    fn reach<'a>(&'a self, script: &'static str, fields: Vec<String>) -> Answer<'a, Channel>;

    /// Starts `order`.
    fn begun<'a>(
        &'a self,
        order: &'a Order,
        out: mpsc::Sender<Piece>,
    ) -> Answer<'a, Box<dyn Process>>;

    /// Looks once whether something is ready.
    fn seen<'a>(&'a self, kind: CheckKind, target: &'a str, order: &'a Order) -> Answer<'a, Sight>;

    /// Ends all that is there.
    fn left(&self) -> Answer<'_, ()>;
}

impl<G: Ground> Host for G {
    fn name(&self) -> &str {
        self.called().as_str()
    }

    fn start<'a>(
        &'a self,
        order: &'a Order,
        out: mpsc::Sender<Piece>,
    ) -> Answer<'a, Box<dyn Process>> {
        self.begun(order, out)
    }

    fn look<'a>(&'a self, kind: CheckKind, target: &'a str, order: &'a Order) -> Answer<'a, Sight> {
        self.seen(kind, target, order)
    }

    fn send<'a>(&'a self, from: &'a Path, to: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let place = Place { host: self.called(), path: to };
            let measured = file::measure(from).await;
            let (size, sum) = measured.map_err(|error| unread(&place, from, &error))?;
            let fields = vec![to.to_owned(), size.to_string(), sum];
            file::send(self.reach(file::SEND, fields).await?, from, size, &place).await
        })
    }

    fn fetch<'a>(&'a self, from: &'a str, to: &'a Path) -> Answer<'a, Fetched> {
        Box::pin(async move {
            let channel = self.reach(file::FETCH, vec![from.to_owned()]).await?;
            file::fetch(channel, &Place { host: self.called(), path: from }, to).await
        })
    }

    fn copy<'a>(&'a self, from: &'a str, other: &'a Arc<dyn Host>, to: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let channel = self.reach(file::PACK, vec![from.to_owned()]).await?;
            file::copy(channel, &Place { host: self.called(), path: from }, other, to).await
        })
    }

    fn unpack<'a>(&'a self, to: &'a str, packed: Packed) -> Answer<'a, ()> {
        Box::pin(async move {
            let channel = self.reach(file::UNPACK, packed.fields(to).to_vec()).await?;
            file::unpack(channel, &Place { host: self.called(), path: to }, packed).await
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let channel = self.reach(file::REMOVE, vec![path.to_owned()]).await?;
            file::done(channel, &Place { host: self.called(), path }).await
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        self.left()
    }
}

/// A file of this machine that cannot be sent.
fn unread(to: &Place<'_>, from: &Path, error: &std::io::Error) -> Error {
    to.fault(&format!("{} cannot be read: {error}", from.display()))
}
