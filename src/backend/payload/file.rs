//! The kernel that needs files: writes one, forces it to the disk, and reads it again.
//!
//! The file has no name as soon as it is open, so it goes with the process, however that ends.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::kernel::{MIB_WORDS, PAGE_WORDS, ends, fold};

/// Words written and read at a time.
const PIECE: usize = 16 * PAGE_WORDS;

/// Has `mib` MiB go through a file in `place`; a checksum of what came back.
pub(super) fn pass_through(place: &Path, mib: u32, nonce: u64) -> io::Result<u64> {
    let mut file = open(place, nonce)?;
    let pieces = mib as usize * (MIB_WORDS / PIECE);
    let mut bytes = vec![0; PIECE * size_of::<u64>()];
    for piece in 0..pieces {
        fill(&mut bytes, piece, nonce);
        file.write_all(&bytes)?;
    }
    file.sync_all()?;
    file.rewind()?;
    let mut sum = 0;
    for _ in 0..pieces {
        file.read_exact(&mut bytes)?;
        sum = check(&bytes, sum);
    }
    Ok(sum)
}

/// A file without a name.
fn open(place: &Path, nonce: u64) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let made: Result<OwnedFd, _> = rustix::fs::open(place, flags, Mode::RUSR | Mode::WUSR);
    if let Ok(made) = made {
        return Ok(File::from(made));
    }
    // Not every file system has such files, nor every kernel.
    let path = place.join(format!("isomon-io-{nonce:016x}"));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Puts the words of each page of `piece` where they belong.
fn fill(bytes: &mut [u8], piece: usize, nonce: u64) {
    let first = (piece * PIECE / PAGE_WORDS) as u64;
    for (page, number) in bytes.chunks_mut(PAGE_WORDS * size_of::<u64>()).zip(first..) {
        let [begin, end] = ends(nonce, number).map(u64::to_le_bytes);
        if let Some(place) = page.first_chunk_mut() {
            *place = begin;
        }
        if let Some(place) = page.last_chunk_mut() {
            *place = end;
        }
    }
}

/// `sum` with the words of each page of `bytes`.
fn check(bytes: &[u8], sum: u64) -> u64 {
    bytes.chunks(PAGE_WORDS * size_of::<u64>()).fold(sum, |sum, page| {
        let words = [page.first_chunk(), page.last_chunk()];
        words.into_iter().flatten().fold(sum, |sum, word| fold(sum, u64::from_le_bytes(*word)))
    })
}
