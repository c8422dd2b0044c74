//! Files of a host: sent, fetched, packed, unpacked and removed over a channel, here as there.
//!
//! A file is put under its name only when it is whole: its size is compared, and its checksum where the
//! host can tell it. Paths travel as fields.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::channel::Channel;
use super::{Error, Fetched, Host, Item, Packed};
use crate::model::text::SafeText;
use crate::model::unit::Bytes;

/// Takes a file: path, size and checksum, then its bytes.
pub(super) const SEND: &str = include_str!("script/send.sh");
/// Gives a file: its path.
pub(super) const FETCH: &str = include_str!("script/fetch.sh");
/// Gives a file or directory as tar: its path.
pub(super) const PACK: &str = include_str!("script/pack.sh");
/// Takes one: path, name and kind, then pieces with their lengths.
pub(super) const UNPACK: &str = include_str!("script/unpack.sh");
/// Removes a file: its path.
pub(super) const REMOVE: &str = include_str!("script/remove.sh");

/// Bytes moved at a time.
const PIECE: usize = 256 << 10;
/// Pieces on their way between two hosts.
const AHEAD: usize = 8;

/// A file on a host.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    /// The host's name.
    pub(super) host: &'a SafeText,
    /// The path.
    pub(super) path: &'a str,
}

impl Place<'_> {
    /// Why nothing can be done with it.
    pub(super) fn fault(&self, why: &str) -> Error {
        Error::File { host: self.host.clone(), path: self.path.into(), why: why.into() }
    }

    /// `yes REST` or `no WHY`.
    fn judge(&self, words: &str) -> Result<String, Error> {
        match words.split_once(' ').unwrap_or((words, "")) {
            ("yes", rest) => Ok(rest.to_owned()),
            ("no", why) => Err(self.fault(why)),
            _ => Err(self.fault("the host gave no answer that makes sense")),
        }
    }
}

/// Size and SHA-256 of a file of this machine.
pub(super) async fn measure(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path).await?;
    if !file.metadata().await?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let (mut sum, mut size, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        match file.read(&mut piece).await? {
            0 => return Ok((size, hex(sum))),
            length => {
                size += length as u64;
                sum.update(piece.get(..length).unwrap_or_default());
            }
        }
    }
}

fn hex(sum: Sha256) -> String {
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Sends the bytes of `from`; the channel has its fields.
pub(super) async fn send(
    mut channel: Channel,
    from: &Path,
    size: u64,
    to: &Place<'_>,
) -> Result<(), Error> {
    let file = File::open(from).await.map_err(|error| to.fault(&error.to_string()))?;
    let (mut file, mut piece) = (file.take(size), vec![0; PIECE]);
    while let Ok(length @ 1..) = file.read(&mut piece).await {
        // Who refuses early says why, and takes no more.
        if channel.send(piece.get(..length).unwrap_or_default()).await.is_err() {
            break;
        }
    }
    channel.finish();
    let words = channel.frame().await?;
    to.judge(&words).map(drop)
}

/// Receives a file; `to` is whole or not there.
pub(super) async fn fetch(
    mut channel: Channel,
    from: &Place<'_>,
    to: &Path,
) -> Result<Fetched, Error> {
    let words = channel.frame().await?;
    let Some(size) = words.strip_prefix("size ").and_then(|size| size.parse::<u64>().ok()) else {
        from.judge(&words)?;
        return Err(from.fault("the host does not say how large it is"));
    };
    let part = Part::beside(to);
    let here = |error: std::io::Error| {
        from.fault(&format!("it cannot be written to {}: {error}", to.display()))
    };
    let mut file = File::create(&part.0).await.map_err(here)?;
    let (mut sum, mut bytes) = (Sha256::new(), 0);
    let told = loop {
        match channel.next().await {
            Some(Item::Data(data)) => {
                sum.update(&data);
                bytes += data.len() as u64;
                file.write_all(&data).await.map_err(here)?;
            }
            Some(Item::Frame(words)) => break from.judge(&words)?,
            None => return Err(channel.lost().await),
        }
    };
    file.sync_all().await.map_err(here)?;
    let sha256 = hex(sum);
    if bytes != size || !(told.is_empty() || told == sha256) {
        return Err(from.fault("it was changed while it was copied"));
    }
    tokio::fs::rename(&part.0, to).await.map_err(here)?;
    Ok(Fetched { bytes: Bytes(bytes), sha256 })
}

/// A file that is not whole yet, removed unless it was put in its place.
struct Part(PathBuf);

impl Part {
    fn beside(path: &Path) -> Self {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        Self(path.with_file_name(name))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Ignored: once it is in its place there is nothing under this name.
        std::fs::remove_file(&self.0).ok();
    }
}

/// Packs what the channel gives and has `other` unpack it at `to`.
pub(super) async fn copy(
    mut channel: Channel,
    from: &Place<'_>,
    other: &Arc<dyn Host>,
    to: &str,
) -> Result<(), Error> {
    let words = channel.frame().await?;
    if !matches!(words.as_str(), "dir" | "file") {
        return from.judge(&words).map(drop);
    }
    let path = from.path.trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let (give, stream) = mpsc::channel(AHEAD);
    let packed = Packed { name, is_dir: words == "dir", stream };
    let pack = pass(channel, from, give);
    let (packed, unpacked) = tokio::join!(pack, other.unpack(to, packed));
    // What the source says is the cause of what the other says.
    packed.and(unpacked)
}

async fn pass(
    mut channel: Channel,
    from: &Place<'_>,
    give: mpsc::Sender<Result<Vec<u8>, bool>>,
) -> Result<(), Error> {
    loop {
        let end = match channel.next().await {
            Some(Item::Data(data)) => match give.send(Ok(data)).await {
                Ok(()) => continue,
                // The other has said why.
                Err(_) => return Ok(()),
            },
            Some(Item::Frame(words)) => from.judge(&words).map(drop),
            None => Err(channel.lost().await),
        };
        // Ignored: who is gone needs not know.
        give.send(Err(end.is_ok())).await.ok();
        return end;
    }
}

/// Has the host unpack a stream; the channel has its fields.
pub(super) async fn unpack(
    mut channel: Channel,
    to: &Place<'_>,
    mut packed: Packed,
) -> Result<(), Error> {
    while let Some(piece) = packed.stream.recv().await {
        let sent = match piece {
            Ok(data) if data.is_empty() => continue,
            Ok(data) => {
                let head = format!("{}\n", data.len());
                channel.send(&[head.as_bytes(), &data].concat()).await
            }
            Err(true) => channel.send(b"0\n").await,
            Err(false) => break,
        };
        if sent.is_err() {
            break;
        }
    }
    channel.finish();
    let words = channel.frame().await?;
    to.judge(&words).map(drop)
}

/// Hears whether something was done.
pub(super) async fn done(mut channel: Channel, place: &Place<'_>) -> Result<(), Error> {
    let words = channel.frame().await?;
    place.judge(&words).map(drop)
}
