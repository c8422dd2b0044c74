//! Images of Linux kernels: what they are, which version, and which backend boots them.
//!
//! QEMU takes the compressed image that distributions install, and an ELF file with an entry for
//! PVH; Firecracker takes ELF files alone. Only x86-64 is known here.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader, ProgramHeader};

use super::refused;
use crate::backend::Error;
use crate::model::backend::BackendId;
use crate::model::text::SafeText;

/// Longest image that is read.
const LONGEST: u64 = 512 << 20;
/// Where a compressed image says what it is, and what is there.
const MAGIC: (usize, &[u8]) = (0x202, b"HdrS");
/// Where it says how far behind 0x200 its version is.
const VERSION: usize = 0x20e;
/// `XEN_ELFNOTE_PHYS32_ENTRY`, by which PVH starts a kernel.
const ENTRY: u32 = 18;
/// Before the version in a kernel's memory.
const BANNER: &[u8] = b"Linux version ";

/// What an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Compressed, as distributions install it.
    Compressed,
    /// An ELF file; `pvh`: that can be started by PVH.
    Elf { pvh: bool },
}

/// Refuses the image at `path` where `id` does not boot it.
pub(super) fn check(id: BackendId, path: &Path) -> Result<(), Error> {
    let bytes = read(path)?;
    let name = path.display();
    match (form(&bytes), firecracker(id)) {
        (Some(Form::Compressed | Form::Elf { pvh: true }), false)
        | (Some(Form::Elf { .. }), true) => Ok(()),
        (Some(Form::Elf { pvh: false }), false) => {
            Err(refused(&format!("{name} has no PVH entry, by which QEMU starts an ELF kernel")))
        }
        (Some(Form::Compressed), true) => Err(refused(&format!(
            "{name} is a bzImage; Firecracker boots only an uncompressed vmlinux"
        ))),
        (None, _) => Err(refused(&format!("{name} is no Linux kernel for x86-64"))),
    }
}

/// Whether `id` is Firecracker.
pub(super) const fn firecracker(id: BackendId) -> bool {
    matches!(id, BackendId::Firecracker | BackendId::FirecrackerJailed)
}

/// The version of the image at `path`; `None` where it does not say.
pub(super) fn version(path: &Path) -> Option<SafeText> {
    let bytes = read(path).ok()?;
    let text = match form(&bytes)? {
        Form::Compressed => {
            let low =
                usize::from(u16::from_le_bytes(bytes.get(VERSION..)?.get(..2)?.try_into().ok()?));
            bytes.get(0x200 + low..)?
        }
        Form::Elf { .. } => {
            let at = bytes.windows(BANNER.len()).position(|window| window == BANNER)?;
            bytes.get(at + BANNER.len()..)?
        }
    };
    let release = text.split(|byte| matches!(byte, 0 | b' ' | b'\n')).next()?;
    (!release.is_empty()).then(|| SafeText::within(&String::from_utf8_lossy(release), 80))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let file = || -> std::io::Result<Vec<u8>> {
        if !fs::metadata(path)?.is_file() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    file().map_err(|error| refused(&format!("cannot read the kernel {}: {error}", path.display())))
}

fn form(bytes: &[u8]) -> Option<Form> {
    let (at, magic) = MAGIC;
    if bytes.get(at..at + magic.len()) == Some(magic) {
        return Some(Form::Compressed);
    }
    let header = FileHeader64::<LittleEndian>::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    if header.e_machine(endian) != object::elf::EM_X86_64 {
        return None;
    }
    let segments = header.program_headers(endian, bytes).ok()?;
    let notes = segments.iter().filter_map(|segment| segment.notes(endian, bytes).ok()?);
    let pvh = notes.flat_map(|mut notes| std::iter::from_fn(move || notes.next().ok()?));
    let is_entry = |name: &[u8], kind| name == b"Xen" && kind == ENTRY;
    Some(Form::Elf { pvh: { pvh }.any(|note| is_entry(note.name(), note.n_type(endian))) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::guest;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        file
    }

    /// What of a compressed image says what it is.
    fn compressed() -> Vec<u8> {
        let mut bytes = vec![0; 0x400];
        bytes[0x202..0x206].copy_from_slice(b"HdrS");
        bytes[0x20e] = 0x80;
        bytes[0x280..0x290].copy_from_slice(b"6.1.0-x (a@b) #1");
        bytes
    }

    #[test]
    fn each_backend_boots_what_it_can() {
        let (qemu, fire) = (BackendId::QemuTcg, BackendId::FirecrackerJailed);
        let said = |id, bytes: &[u8]| {
            check(id, file(bytes).path()).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(said(qemu, &compressed()), "");
        assert!(said(fire, &compressed()).contains("is a bzImage; Firecracker"));
        let elf = guest::elf().unwrap();
        assert_eq!((said(qemu, elf), said(fire, elf)), (String::new(), String::new()));
        let own = fs::read("/proc/self/exe").unwrap();
        assert!(said(qemu, &own).contains("has no PVH entry"));
        for wrong in [&b"#!/bin/sh"[..], b""] {
            assert!(said(qemu, wrong).contains("is no Linux kernel"));
        }
        let none = check(qemu, Path::new("/nonexistent")).unwrap_err().to_string();
        assert!(none.contains("/nonexistent: No such file"), "{none}");
        assert!(check(qemu, Path::new("/dev")).is_err());
    }

    #[test]
    fn an_image_says_its_version() {
        let of = |bytes: &[u8]| version(file(bytes).path()).map(|text| text.to_string());
        assert_eq!(of(&compressed()).as_deref(), Some("6.1.0-x"));
        assert_eq!(of(guest::elf().unwrap()), None);
        let mut elf = guest::elf().unwrap().to_vec();
        elf.extend(b"Linux version 6.9.1 (x@y)\0");
        assert_eq!(of(&elf).as_deref(), Some("6.9.1"));
    }
}
