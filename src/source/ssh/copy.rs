//! Copies this isomon to a host, which the user asked for: into `~/.cache/isomon`, for that user alone,
//! under a name with its version. It is put in its place only once its checksum is right there and it
//! runs there, so that neither half a file nor one for another machine is ever left.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::super::{Error, Spec};
use super::files::Files;
use super::link::{Link, cut};
use super::{key, refusal, script};
use crate::model::text::SafeText;

/// Time for all of it.
const ALL: Duration = Duration::from_secs(50);
/// Largest program.
const LARGEST: u64 = 1 << 30;
/// Bytes sent at a time.
const PIECE: usize = 256 << 10;

/// Copies `program` to the host whose `facts` are known; where it is now.
pub(super) async fn copy(spec: &Spec, program: &Path, facts: &Files) -> Result<SafeText, Error> {
    let there = facts.told("machine").unwrap_or("unknown");
    if there != std::env::consts::ARCH {
        let why = format!("it is made for {}, the host is {there}", std::env::consts::ARCH);
        return Err(Error::Unable { why: SafeText::from(why) });
    }
    let late = Error::Late { seconds: ALL.as_secs(), doing: "copying isomon" };
    timeout(ALL, send(spec, program)).await.unwrap_or(Err(late))
}

async fn send(spec: &Spec, program: &Path) -> Result<SafeText, Error> {
    let unreadable = |error: std::io::Error| Error::Unable {
        why: format!("this isomon cannot be read: {error}").into(),
    };
    let sum = checksum(program).await.map_err(unreadable)?;
    let mut link = Link::open(spec, key::checking(spec).await, script::COPY)?;
    let name = concat!("isomon-", env!("CARGO_PKG_VERSION"));
    let sent = async {
        link.send(format!("{name} {sum}\n").as_bytes()).await?;
        let mut file = tokio::fs::File::open(program).await.map_err(unreadable)?;
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece).await.map_err(unreadable)? {
                0 => break,
                length => link.send(piece.get(..length).unwrap_or_default()).await?,
            }
        }
        link.finish();
        Ok(())
    };
    // Who refuses early says why, and takes no more.
    let sent: Result<(), Error> = sent.await;
    let frame = link.frame().await;
    match frame {
        Ok(body) => answer(&String::from_utf8_lossy(&body)),
        Err(error) => {
            Err(refusal::reason(spec, sent.err().unwrap_or(error), &link.end().await).await)
        }
    }
}

fn answer(text: &str) -> Result<SafeText, Error> {
    match text.strip_prefix("ok ") {
        Some(path) => Ok(path.trim().into()),
        None if text.is_empty() => Err(cut("it ended in the middle")),
        None => Err(Error::Unable { why: text.into() }),
    }
}

async fn checksum(program: &Path) -> std::io::Result<String> {
    let mut file = tokio::fs::File::open(program).await?;
    if file.metadata().await?.len() > LARGEST {
        return Err(std::io::Error::other("it is larger than 1 GiB"));
    }
    let mut sum = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece).await? {
            0 => {
                return Ok(sum
                    .finalize()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<Vec<_>>()
                    .concat());
            }
            length => sum.update(piece.get(..length).unwrap_or_default()),
        }
    }
}
