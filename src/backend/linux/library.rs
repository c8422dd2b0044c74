//! Which files a program needs to run: itself, its loader, its libraries, and theirs; for a script,
//! its interpreter. Read from the files, nothing is executed. The order in which the loader searches
//! is that of ld.so(8): the program's own path, the configured directories, the usual ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

/// Files of one program, at most: what needs more is not a program to be packed.
const MOST: usize = 200;

type Header = elf::FileHeader64<object::Endianness>;

/// Everything `program` needs, itself first. What cannot be found is left out; the loader inside
/// says it by name.
pub(super) fn needed(program: &Path) -> Vec<PathBuf> {
    let usual = directories();
    let mut found: Vec<PathBuf> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![program.to_owned()];
    while let Some(path) = waiting.pop() {
        if found.len() >= MOST || !seen.insert(path.clone()) || !path.is_file() {
            continue;
        }
        waiting.extend(asked_for(&path, &usual));
        found.push(path);
    }
    found
}

/// What `path` itself asks for.
fn asked_for(path: &Path, usual: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(bytes) = fs::read(path) else {
        return Vec::new();
    };
    if let Some(rest) = bytes.strip_prefix(b"#!") {
        return interpreter(rest).into_iter().collect();
    }
    let Some(asks) = Asks::read(&bytes) else {
        return Vec::new();
    };
    let own = asks.directories(path);
    let here = |name: &String| {
        let mut dirs = own.iter().chain(usual);
        dirs.find_map(|dir| Some(dir.join(name)).filter(|path| path.is_file()))
    };
    asks.loader.iter().cloned().chain(asks.libraries.iter().filter_map(here)).collect()
}

/// The program a script names in its first line; of `env NAME` that name, where programs are.
fn interpreter(rest: &[u8]) -> Option<PathBuf> {
    let line = rest.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_whitespace();
    let first = PathBuf::from(words.next()?);
    if first.file_name()? != "env" {
        return Some(first);
    }
    let name = words.find(|word| !word.starts_with('-'))?;
    let dirs = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
    dirs.into_iter().map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// What an ELF file asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asks {
    loader: Option<PathBuf>,
    libraries: Vec<String>,
    /// `$ORIGIN` not yet replaced.
    paths: Vec<String>,
}

impl Asks {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header = Header::parse(bytes).ok()?;
        let endian = header.endian().ok()?;
        let mut asks = Self::default();
        let segments = header.program_headers(endian, bytes).ok()?;
        for segment in segments {
            if let Ok(Some(loader)) = segment.interpreter(endian, bytes) {
                asks.loader = std::str::from_utf8(loader).ok().map(PathBuf::from);
            }
        }
        let dynamic = segments.iter().find_map(|segment| segment.dynamic(endian, bytes).ok()?);
        let dynamic = dynamic.unwrap_or_default();
        let value = |tag: i64| {
            dynamic.iter().find(|entry| entry.d_tag(endian) == tag).map(|entry| entry.d_val(endian))
        };
        let (Some(at), Some(size)) = (value(elf::DT_STRTAB), value(elf::DT_STRSZ)) else {
            return Some(asks);
        };
        let names = segments
            .iter()
            .find_map(|segment| segment.data_range(endian, bytes, at, size).ok().flatten())?;
        for entry in dynamic {
            let Some(text) = text(names, entry.d_val(endian)) else { continue };
            match entry.d_tag(endian) {
                elf::DT_NEEDED => asks.libraries.push(text),
                elf::DT_RPATH | elf::DT_RUNPATH => {
                    asks.paths.extend(text.split(':').map(str::to_owned));
                }
                _ => {}
            }
        }
        Some(asks)
    }

    /// Its own search path, for the file at `path`.
    fn directories(&self, path: &Path) -> Vec<PathBuf> {
        let origin = path.parent().unwrap_or_else(|| Path::new("/")).to_string_lossy().into_owned();
        let real = |dir: &String| dir.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin);
        self.paths.iter().map(real).map(PathBuf::from).collect()
    }
}

/// The text that begins at `at` in a table of texts.
fn text(table: &[u8], at: u64) -> Option<String> {
    let rest = table.get(usize::try_from(at).ok()?..)?;
    let text = rest.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

/// Where the loader looks: as configured, then the usual places.
fn directories() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    let configured = fs::read_dir("/etc/ld.so.conf.d").into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = configured.map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(file).unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with('/'));
        dirs.extend(lines.map(PathBuf::from));
    }
    dirs.extend(["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(PathBuf::from));
    dirs
}

/// The program that loads `program`, if it is not whole by itself.
pub(super) fn loader(program: &Path) -> Option<PathBuf> {
    Asks::read(&fs::read(program).ok()?)?.loader
}

/// `bytes` of a program, loaded by the program at `path` instead of the one it names: so it needs
/// nothing of whatever file system it lies in. As it was where `path` is longer than that name.
pub(super) fn loaded_by(mut bytes: Vec<u8>, path: &str) -> Vec<u8> {
    let Some((offset, size)) = place_of_loader(&bytes) else {
        return bytes;
    };
    let place = bytes.get_mut(offset..offset.saturating_add(size));
    if let Some(place) = place.filter(|place| place.len() > path.len()) {
        place.fill(0);
        place[..path.len()].copy_from_slice(path.as_bytes());
    }
    bytes
}

fn place_of_loader(bytes: &[u8]) -> Option<(usize, usize)> {
    let header = Header::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, bytes).ok()?;
    let named = segments.iter().find(|segment| segment.p_type(endian) == elf::PT_INTERP)?;
    let (offset, size) = named.file_range(endian);
    Some((usize::try_from(offset).ok()?, usize::try_from(size).ok()?))
}

/// The part of an executable that is ever loaded: what comes after it, names and debugging
/// information, may be more than ten times as much. The table of sections goes with it.
pub(super) fn loaded(mut bytes: Vec<u8>) -> Vec<u8> {
    let Some(end) = last_loaded(&bytes) else {
        return bytes;
    };
    bytes.truncate(end);
    // e_shoff, and e_shnum with e_shstrndx, in the header of a 64-bit file.
    for range in [0x28..0x30, 0x3c..0x40] {
        bytes[range].fill(0);
    }
    bytes
}

fn last_loaded(bytes: &[u8]) -> Option<usize> {
    let header = Header::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, bytes).ok()?;
    let ends = segments.iter().map(|segment| {
        let (offset, size) = segment.file_range(endian);
        offset.saturating_add(size)
    });
    let end = usize::try_from(ends.max()?).ok()?;
    (end > 0x40 && end <= bytes.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_needs_its_loader_and_the_library_of_c() {
        let own = std::env::current_exe().unwrap();
        let files = needed(&own);
        assert_eq!(files[0], own);
        let has = |part: &str| files.iter().any(|file| file.to_string_lossy().contains(part));
        assert!(has("ld-linux") && has("libc.so"), "{files:?}");
    }

    #[test]
    fn a_script_needs_its_interpreter() {
        assert_eq!(interpreter(b"/bin/sh -e\necho"), Some(PathBuf::from("/bin/sh")));
        let found = interpreter(b"/usr/bin/env -S sh\n").unwrap();
        assert!(found.ends_with("sh"));
        assert_eq!(interpreter(b"\n"), None);
    }

    #[test]
    fn a_program_is_loaded_from_where_it_is_told() {
        let own = std::env::current_exe().unwrap();
        let real = loader(&own).unwrap();
        let home = tempfile::Builder::new().prefix("l").tempdir_in("/tmp").unwrap();
        let place = home.path().join("ld");
        std::os::unix::fs::symlink(&real, &place).unwrap();
        let bytes = loaded_by(fs::read(&own).unwrap(), place.to_str().unwrap());
        let program = home.path().join("program");
        fs::write(&program, bytes).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&program, mode).unwrap();
        assert_eq!(loader(&program).unwrap(), place);
        let run = || std::process::Command::new(&program).arg("--list").output();
        assert!(run().unwrap().status.success());
        fs::remove_file(&place).unwrap();
        assert!(run().is_err(), "the system's loader was taken");
        assert_eq!(loaded_by(b"no program".to_vec(), "/x"), b"no program");
    }

    #[test]
    fn what_is_never_loaded_is_cut_off_and_the_rest_runs() {
        let whole = fs::read("/proc/self/exe").unwrap();
        let length = whole.len();
        let cut = loaded(whole);
        assert!(cut.len() < length);
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("cut");
        fs::write(&path, cut).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).unwrap();
        let ran = std::process::Command::new(path).arg("--list").output().unwrap();
        assert!(ran.status.success());
        assert_eq!(loaded(b"no program".to_vec()), b"no program");
    }
}
