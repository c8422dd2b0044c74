//! The work itself: the kernels that every sandbox does, a process or a machine without a kernel.
//!
//! isomon and its guest compile this same file, so it knows nothing but `core`.

use core::hint::black_box;

/// Begins the line that says the program runs.
pub(crate) const READY: &str = "ISOMON-READY";
/// Begins the line that carries the result.
pub(crate) const DONE: &str = "ISOMON-DONE";
/// Begins the line of a guest whose memory is too small for what it shall touch.
pub(crate) const NO_ROOM: &str = "isomon guest: no room for";
/// Bytes between two touches of memory: the usual size of a page.
const PAGE: usize = 4096;
/// Words of memory in one page.
pub(crate) const PAGE_WORDS: usize = PAGE / size_of::<u64>();
/// Words of memory in one MiB.
pub(crate) const MIB_WORDS: usize = (1 << 20) / size_of::<u64>();

/// One round of Marsaglia's 32-bit xorshift (13, 17, 5); "Xorshift RNGs", 2003.
pub(crate) const fn step(mut state: u32) -> u32 {
    state ^= state << 13;
    state ^= state >> 17;
    state ^ (state << 5)
}

/// `rounds` of it.
pub(crate) fn spin(mut state: u32, rounds: u64) -> u32 {
    for _ in 0..rounds {
        state = step(state);
    }
    state
}

/// A start for xorshift, which must not be 0.
pub(crate) const fn seed(nonce: u64) -> u32 {
    (mix(nonce) >> 32) as u32 | 1
}

/// The finaliser of `SplitMix64`: spreads a nonce over 64 bits.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The words that begin and end page `number` of a file.
pub(crate) const fn ends(nonce: u64, number: u64) -> [u64; 2] {
    [mix(nonce ^ number), mix(!(nonce ^ number))]
}

/// Adds what a page holds to a checksum.
pub(crate) const fn fold(sum: u64, value: u64) -> u64 {
    sum.rotate_left(1).wrapping_add(value)
}

/// Writes a word into every page of `memory`, then reads them all back.
pub(crate) fn touch(memory: &mut [u64], nonce: u64) -> u64 {
    for (page, number) in memory.chunks_mut(PAGE_WORDS).zip(0_u64..) {
        page[0] = mix(nonce ^ number);
    }
    black_box(&mut *memory);
    memory.chunks(PAGE_WORDS).fold(0, |sum, page| fold(sum, page[0]))
}
