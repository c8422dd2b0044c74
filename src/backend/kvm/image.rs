//! What stands in a machine's memory before it runs: the guest, its command line, the start info.

use object::LittleEndian;
use object::elf::{FileHeader64, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

/// `hvm_start_info`, version 1.
const INFO: u64 = 0x6000;
/// The memory map.
const MAP: u64 = 0x7000;
/// The command line.
const LINE: u64 = 0x8000;
/// Its longest.
const LONGEST: usize = 1024;
/// Where the memory that old machines have ends.
const LOW_END: u64 = 0x9_fc00;
/// Where the memory above their devices begins.
const HIGH: u64 = 1 << 20;
/// `XEN_ELFNOTE_PHYS32_ENTRY`.
const ENTRY: u32 = 18;

/// Where a processor begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begin {
    /// The first instruction.
    pub entry: u64,
    /// The start info.
    pub info: u64,
}

/// Puts the guest of `elf` into `memory` of `size` bytes, told `line`; why not.
pub(super) fn load(
    memory: &GuestMemoryMmap,
    size: u64,
    elf: &[u8],
    line: &str,
) -> Result<Begin, String> {
    let entry = load_elf(memory, elf).map_err(|error| format!("the guest: {error}"))?;
    let entry = entry.ok_or("the guest has no PVH note")?;
    if line.len() >= LONGEST {
        return Err("the command line is too long".to_owned());
    }
    let put = |bytes: &[u8], at: u64| memory.write_slice(bytes, GuestAddress(at));
    put(line.as_bytes(), LINE)
        .and_then(|()| put(&map(size), MAP))
        .and_then(|()| put(&info(), INFO))
        .map_err(|error| error.to_string())?;
    Ok(Begin { entry, info: INFO })
}

/// Copies the loadable pieces; the entry, where there is a note of it.
fn load_elf(memory: &GuestMemoryMmap, elf: &[u8]) -> Result<Option<u64>, String> {
    let header = FileHeader64::<LittleEndian>::parse(elf).map_err(text)?;
    let endian = header.endian().map_err(text)?;
    let mut entry = None;
    for part in header.program_headers(endian, elf).map_err(text)? {
        if part.p_type(endian) == PT_LOAD {
            let bytes = part.data(endian, elf).map_err(|()| "a piece is cut off".to_owned())?;
            // What is beyond the bytes is zero, as fresh memory is.
            memory.write_slice(bytes, GuestAddress(part.p_paddr(endian))).map_err(text)?;
        }
        let Some(mut notes) = part.notes(endian, elf).map_err(text)? else { continue };
        while let Some(note) = notes.next().map_err(text)? {
            let address = note.desc().first_chunk().copied().map(u32::from_le_bytes);
            if note.name() == b"Xen" && note.n_type(endian) == ENTRY {
                entry = address.map(u64::from);
            }
        }
    }
    Ok(entry)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
fn text(error: impl ToString) -> String {
    error.to_string()
}

/// The start info: command line and memory map, no modules, no tables of the firmware.
fn info() -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [0x336e_c578_u32, 1, 0, 0] {
        bytes.extend(word.to_le_bytes());
    }
    for address in [0, LINE, 0, MAP] {
        bytes.extend(address.to_le_bytes());
    }
    bytes.extend(2_u64.to_le_bytes());
    bytes
}

/// The memory map of a machine with `size` bytes: two pieces of usable memory.
fn map(size: u64) -> Vec<u8> {
    let pieces = [[0, LOW_END, 1], [HIGH, size - HIGH, 1]];
    pieces.as_flattened().iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_stands_where_it_says_with_its_command_line() {
        let size = 4 << 20;
        let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 4 << 20)]).unwrap();
        let elf = super::super::guest::elf().unwrap();
        let begin = load(&memory, size, elf, "isomon wait").unwrap();
        let mut code = [0; 1];
        memory.read_slice(&mut code, GuestAddress(begin.entry)).unwrap();
        assert_eq!(code, [0xfa], "cli is its first instruction");
        let line: u64 = memory.read_obj(GuestAddress(begin.info + 24)).unwrap();
        let mut said = [0; 12];
        memory.read_slice(&mut said, GuestAddress(line)).unwrap();
        assert_eq!(&said, b"isomon wait\0");
        let high: u64 = memory.read_obj(GuestAddress(MAP + 24 + 8)).unwrap();
        assert_eq!(high, size - HIGH);
    }

    #[test]
    fn what_is_no_guest_is_refused() {
        let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 4 << 20)]).unwrap();
        assert!(load(&memory, 4 << 20, b"no elf", "").is_err());
        let elf = super::super::guest::elf().unwrap();
        assert!(load(&memory, 4 << 20, elf, &"x".repeat(LONGEST)).is_err());
    }
}
