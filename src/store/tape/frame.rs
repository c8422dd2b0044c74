//! Where the frames of a zstd file begin, found without unpacking them.
//!
//! A frame is a header and blocks, and each block says how long it is (RFC 8878, 3.1.1). Frames are put
//! together to chunks of a size that is worth a look of its own.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::read::Chunk;

/// How every zstd frame begins.
pub(super) const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// How a frame begins that is to be passed over; the low four bits are free.
const SKIPPABLE: u32 = 0x184D_2A50;
/// Least bytes of a chunk.
const CHUNK: u64 = 128 << 10;
/// Blocks that are looked at; what comes after so many is one chunk.
const MOST_BLOCKS: u32 = 4_000_000;

/// The chunks of a file of `length` bytes. What is no frame is in the last one.
pub(super) fn chunks(file: &File, length: u64) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut left = MOST_BLOCKS;
    let (mut begin, mut at) = (0, 0);
    while at < length {
        let Some(end) = end_of(file, at, &mut left).filter(|end| *end <= length) else {
            break;
        };
        at = end;
        if at - begin >= CHUNK {
            chunks.push(Chunk { at: begin, length: at - begin });
            begin = at;
        }
    }
    if begin < length {
        chunks.push(Chunk { at: begin, length: length - begin });
    }
    chunks
}

/// Where the frame at `at` ends; `None` if there is none, or if too many blocks were looked at.
fn end_of(file: &File, at: u64, left: &mut u32) -> Option<u64> {
    let magic = u32::from_le_bytes(bytes(file, at)?);
    if magic & !0xF == SKIPPABLE {
        *left = left.checked_sub(1)?;
        let size = u32::from_le_bytes(bytes(file, at + 4)?);
        return at.checked_add(8 + u64::from(size));
    }
    if magic.to_le_bytes() != MAGIC {
        return None;
    }
    let [descriptor] = bytes(file, at + 4)?;
    let mut at = at + 5 + header(descriptor);
    loop {
        *left = left.checked_sub(1)?;
        let [low, middle, high] = bytes(file, at)?;
        let block = u32::from_le_bytes([low, middle, high, 0]);
        // A block of one letter, repeated, holds it once.
        let size = if (block >> 1) & 3 == 1 { 1 } else { u64::from(block >> 3) };
        at = at.checked_add(3 + size)?;
        if block & 1 == 1 {
            let checksum = if descriptor & 4 != 0 { 4 } else { 0 };
            return at.checked_add(checksum);
        }
    }
}

/// Bytes of a frame's header after its descriptor.
const fn header(descriptor: u8) -> u64 {
    let single = descriptor & 0x20 != 0;
    let window = if single { 0 } else { 1 };
    let dictionary = [0, 1, 2, 4][(descriptor & 3) as usize];
    let content = match descriptor >> 6 {
        0 if single => 1,
        0 => 0,
        flag => 1 << flag,
    };
    window + dictionary + content
}

fn bytes<const N: usize>(file: &File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}
