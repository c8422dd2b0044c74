//! What the loader says: the PVH start info with its command line and memory map.

use crate::entry::MAPPED;

/// `hvm_start_info.magic`.
const MAGIC: u32 = 0x336e_c578;
/// Usable memory, in a memory map.
const RAM: u32 = 1;
/// Entries of a memory map looked at.
const ENTRIES: u64 = 64;

unsafe extern "C" {
    /// The first byte after this program; its address is all that counts.
    static image_end: u8;
}

/// The start info.
pub(crate) struct Info(u64);

impl Info {
    /// The one at `address`, if there is one.
    pub(crate) fn at(address: u64) -> Option<Self> {
        (load::<u32>(address)? == MAGIC).then_some(Self(address))
    }

    /// The bytes of the command line, `longest` at most.
    pub(crate) fn command_line(&self, longest: usize) -> Option<impl Iterator<Item = u8>> {
        let from: u64 = load(self.0 + 24)?;
        Some((from..).take(longest).map_while(load::<u8>).take_while(|byte| *byte != 0))
    }

    /// Words of memory behind this program, for the work.
    pub(crate) fn memory(&self) -> &'static mut [u64] {
        let begin = (&raw const image_end) as u64;
        let end = self.end_of_memory(begin).unwrap_or(begin).min(MAPPED);
        let words = (end.saturating_sub(begin) / 8) as usize;
        // SAFETY: the memory map says that this is memory; it is mapped, nothing else uses it, and
        // this is called once.
        unsafe { core::slice::from_raw_parts_mut(begin as *mut u64, words) }
    }

    /// Where the usable memory around `address` ends.
    fn end_of_memory(&self, address: u64) -> Option<u64> {
        if load::<u32>(self.0 + 4)? < 1 {
            return None;
        }
        let map: u64 = load(self.0 + 40)?;
        let count = u64::from(load::<u32>(self.0 + 48)?);
        (0..count.min(ENTRIES)).find_map(|entry| {
            let at = map + entry * 24;
            let (begin, size, kind) =
                (load::<u64>(at)?, load::<u64>(at + 8)?, load::<u32>(at + 16)?);
            let end = begin.checked_add(size)?;
            (kind == RAM && begin <= address && address < end).then_some(end)
        })
    }
}

/// What is at `address`, where that is mapped.
fn load<T: Copy>(address: u64) -> Option<T> {
    let mapped = address > 0 && address < MAPPED - 8;
    // SAFETY: mapped and readable; `T` is an integer, which any bytes make.
    mapped.then(|| unsafe { (address as *const T).read_unaligned() })
}
