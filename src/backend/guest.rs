//! isomon's own guest: a kernel for microVMs that does the payload's work and nothing else.
//!
//! It is compiled with isomon (see `build.rs`) and a part of it. Whatever boots a PVH kernel of
//! x86-64 boots it; it says the markers on the serial port at 0x3f8 and resets the machine.

use std::fs;
use std::path::PathBuf;

use super::Error;
use super::kind::Errand;
use super::payload::HOLD;
use super::site::Site;
use super::trial::Work;
use crate::model::bench::Payload;

/// The program, an ELF file; empty where isomon is not built for x86-64.
const ELF: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest.elf"));
/// Its name in a run's directory.
const FILE: &str = "guest.elf";
/// The command line that makes it say [`WAITING`] and then ask for work over the serial port.
pub(super) const WAIT: &str = "isomon wait";
/// The line it says when it waits for work.
pub(super) const WAITING: &str = "ISOMON-WAIT";

/// The program; fails where there is none.
pub(super) fn elf() -> Result<&'static [u8], Error> {
    if ELF.is_empty() {
        return Err(Error::refused("isomon's guest is for x86-64 alone"));
    }
    Ok(ELF)
}

/// The program as a file in the run's directory, written when it is not there.
pub(super) fn file(site: &Site) -> Result<PathBuf, Error> {
    let path = site.place.join(FILE);
    if !path.exists() {
        fs::write(&path, elf()?).map_err(|source| Error::io("write", &path, source))?;
    }
    Ok(path)
}

/// The work of `errand`, as the line that makes one that waits do it; fails where that needs more
/// than a guest without a kernel.
pub(super) fn work(errand: &Errand<'_>) -> Result<String, Error> {
    let task = errand.task;
    let why = "isomon's own guest has no kernel: it does isomon's own work alone";
    match task.work {
        Work::Hold => Ok(format!("{HOLD} 0 {:016x}", task.nonce)),
        Work::Payload(payload) => match payload.lack(task.backend, false) {
            Some(why) => Err(Error::refused(why)),
            None => Ok(words(payload, task.nonce)),
        },
        Work::Look | Work::Job(_) => Err(Error::refused(why)),
    }
}

/// The command line that makes it do `work`.
pub(super) fn command_line(work: &str) -> String {
    format!("isomon {work}")
}

/// Whether the guest of this command line halts for good, and means it.
pub(super) fn holds(command_line: &str) -> bool {
    command_line.split(' ').nth(1) == Some(HOLD)
}

fn words(payload: Payload, nonce: u64) -> String {
    format!("{} {} {nonce:016x}", payload.name(), payload.amount())
}

#[cfg(test)]
mod tests {
    use object::LittleEndian;
    use object::elf::{FileHeader64, PT_LOAD};
    use object::read::elf::{FileHeader, ProgramHeader};

    use super::*;

    /// `XEN_ELFNOTE_PHYS32_ENTRY`.
    const ENTRY: u32 = 18;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_note_names_an_entry_inside_the_program() {
        let elf = elf().unwrap();
        let header = FileHeader64::<LittleEndian>::parse(elf).unwrap();
        let endian = header.endian().unwrap();
        let parts = header.program_headers(endian, elf).unwrap();
        let mut notes = parts.iter().filter_map(|part| part.notes(endian, elf).unwrap());
        let note = notes.next().unwrap().next().unwrap().unwrap();
        assert_eq!((note.name(), note.n_type(endian)), (&b"Xen"[..], ENTRY));
        let entry = u64::from_le_bytes(note.desc().try_into().unwrap());
        let mut loaded = parts.iter().filter(|part| part.p_type(endian) == PT_LOAD);
        let image = loaded.next().unwrap();
        assert!(loaded.next().is_none(), "one piece");
        assert_eq!(image.p_paddr(endian), 1 << 20, "at 1 MiB");
        let code = image.p_paddr(endian)..image.p_paddr(endian) + image.p_filesz(endian);
        assert!(code.contains(&entry), "{entry:#x} in {code:#x?}");
        assert!(image.p_memsz(endian) < 1 << 20, "smaller than 1 MiB");
    }

    #[test]
    fn the_command_line_is_short_and_carries_the_nonce() {
        let line = command_line(&words(Payload::Cpu { rounds: u64::MAX }, 0xab));
        assert_eq!(line, "isomon cpu 18446744073709551615 00000000000000ab");
        assert!(holds("isomon hold 0 00000000000000ab") && !holds(&line));
    }
}
