//! Files that somebody sent, as a tar archive in gzip: looked through, and laid out for a job.
//!
//! The archive is hostile. How much comes out of it is bounded whatever it says of itself; names stay
//! below the directory they are laid out in; links are made last, so that nothing is ever written
//! through one; owners, special bits and devices are not taken over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::EntryType;

use super::view::open_to_all;
use crate::model::text::SafeText;

/// Bytes that may come out of an archive.
const LARGEST: u64 = 256 << 20;
/// Files, directories and links in it.
const MOST: usize = 20_000;
/// Letters of a path, and of what a link names.
const LONGEST: usize = 1_024;
/// How every file of gzip begins.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It is something else.
    #[error("the archive is not gzip")]
    NotGzip,
    /// It is cut off or damaged.
    #[error("the archive cannot be read: {0}")]
    Read(#[source] io::Error),
    /// It holds too much.
    #[error("the archive holds more than {0}")]
    TooMuch(&'static str),
    /// A name that leads out of it, or twice to the same place.
    #[error("the archive has the path {0}, which leads out of it or stands there twice")]
    Path(SafeText),
    /// A link that leads out of it.
    #[error("the archive has the link {0}, which leads out of it")]
    Link(SafeText),
    /// A device, a pipe, a file with holes, or a link to another name of the same file.
    #[error("the archive has {0}, which is neither a plain file, a directory nor a symbolic link")]
    Kind(SafeText),
    /// It cannot be laid out here.
    #[error("{path}: {source}")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// One thing in an archive.
enum Item<'a> {
    Directory,
    File { executable: bool, content: &'a mut dyn Read },
    Link(PathBuf),
}

/// The names of the files in `bytes`, all of which is looked through.
pub fn names(bytes: &[u8]) -> Result<Vec<String>, Wrong> {
    let mut names = Vec::new();
    walk(bytes, |path, item| {
        if let Item::File { content, .. } = item {
            io::copy(content, &mut io::sink()).map_err(too_much)?;
            names.push(path.to_string_lossy().into_owned());
        }
        Ok(())
    })?;
    Ok(names)
}

/// What is in the file `name`, up to `most` bytes; `None` if there is no such file.
pub fn content(bytes: &[u8], name: &str, most: u64) -> Result<Option<Vec<u8>>, Wrong> {
    let mut found = None;
    walk(bytes, |path, item| {
        if let Item::File { content, .. } = item
            && path == Path::new(name)
        {
            let mut whole = Vec::new();
            content.take(most).read_to_end(&mut whole).map_err(too_much)?;
            found = Some(whole);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Lays the files out in `dir`, which is there.
pub(super) fn unpack(bytes: &[u8], dir: &Path) -> Result<(), Wrong> {
    let mut links = Vec::new();
    walk(bytes, |path, item| {
        let place = dir.join(path);
        match item {
            Item::Directory => make_dirs(dir, path),
            Item::File { executable, content } => {
                make_dirs(dir, path.parent().unwrap_or(path))?;
                write(&place, executable, content)
            }
            Item::Link(target) => {
                links.push((path.to_owned(), target));
                Ok(())
            }
        }
    })?;
    for (path, target) in links {
        make_dirs(dir, path.parent().unwrap_or(&path))?;
        let place = dir.join(path);
        symlink(target, &place).map_err(|source| Wrong::Write { path: place, source })?;
    }
    Ok(())
}

/// The directories of `path` below `dir`; a link in their place is refused.
fn make_dirs(dir: &Path, path: &Path) -> Result<(), Wrong> {
    let mut place = dir.to_owned();
    for part in path.components() {
        place.push(part);
        match fs::symlink_metadata(&place) {
            Ok(there) if there.is_dir() => continue,
            Ok(_) => return Err(Wrong::Path(said(path))),
            Err(_) => {}
        }
        let made = fs::create_dir(&place).and_then(|()| open_to_all(&place, 0o755));
        made.map_err(|source| Wrong::Write { path: place.clone(), source })?;
    }
    Ok(())
}

/// A file that is not there yet.
fn write(place: &Path, executable: bool, content: &mut dyn Read) -> Result<(), Wrong> {
    let mode = if executable { 0o755 } else { 0o644 };
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(place);
    let mut file: File = match opened {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Wrong::Path(said(place.file_name().map_or(place, Path::new))));
        }
        opened => opened.map_err(|source| Wrong::Write { path: place.to_owned(), source })?,
    };
    io::copy(content, &mut file).map_err(too_much)?;
    open_to_all(place, mode).map_err(|source| Wrong::Write { path: place.to_owned(), source })
}

/// Goes through `bytes` and hands each thing in it to `visit`, under a name that is safe.
fn walk(
    bytes: &[u8],
    mut visit: impl FnMut(&Path, Item<'_>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    if !bytes.starts_with(&MAGIC) {
        return Err(Wrong::NotGzip);
    }
    let bounded = Bounded { from: GzDecoder::new(bytes), left: LARGEST };
    let mut archive = tar::Archive::new(bounded);
    for (count, entry) in archive.entries().map_err(Wrong::Read)?.enumerate() {
        let mut entry = entry.map_err(too_much)?;
        if count >= MOST {
            return Err(Wrong::TooMuch("20,000 files"));
        }
        let raw = entry.path().map_err(Wrong::Read)?.into_owned();
        let Some(path) = inner(&raw) else { return Err(Wrong::Path(said(&raw))) };
        let header = entry.header();
        let executable = header.mode().is_ok_and(|mode| mode & 0o111 != 0);
        let kind = header.entry_type();
        let item = match kind {
            EntryType::Directory => Item::Directory,
            // No GNUSparse: its holes come out of nothing, past what bounds the rest.
            EntryType::Regular | EntryType::Continuous => {
                Item::File { executable, content: &mut entry }
            }
            EntryType::Symlink => {
                let target = entry.link_name().map_err(Wrong::Read)?.unwrap_or_default();
                Item::Link(within(&path, &target).ok_or_else(|| Wrong::Link(said(&path)))?)
            }
            EntryType::XGlobalHeader => continue,
            _ => return Err(Wrong::Kind(said(&raw))),
        };
        // The archive's own `./`.
        if path.as_os_str().is_empty() {
            continue;
        }
        visit(&path, item)?;
    }
    Ok(())
}

/// `path` without `.`; `None` if it is absolute, goes up or is too long.
fn inner(path: &Path) -> Option<PathBuf> {
    let mut inner = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => inner.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (path.as_os_str().len() <= LONGEST && inner.components().count() <= 64).then_some(inner)
}

/// `target` of a link at `path`, if it stays within the archive; an absolute one begins there.
fn within(path: &Path, target: &Path) -> Option<PathBuf> {
    let depth = path.components().count().checked_sub(1)?;
    let mut at = if target.is_absolute() { 0 } else { depth };
    for part in target.components() {
        match part {
            Component::ParentDir => at = at.checked_sub(1)?,
            Component::Normal(_) => at += 1,
            Component::CurDir | Component::RootDir => {}
            Component::Prefix(_) => return None,
        }
    }
    if target.as_os_str().is_empty() || target.as_os_str().len() > LONGEST {
        return None;
    }
    let Ok(rest) = target.strip_prefix("/") else { return Some(target.to_owned()) };
    let up = std::iter::repeat_n("..", depth);
    let below: PathBuf = up.chain(["."]).collect();
    Some(below.join(rest))
}

/// Ends with an error, and not quietly, when more comes than is allowed.
struct Bounded<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(to)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(count)
    }
}

fn too_much(error: io::Error) -> Wrong {
    let mut inner = Some(&error);
    while let Some(error) = inner {
        if error.kind() == io::ErrorKind::FileTooLarge {
            return Wrong::TooMuch("256 MiB");
        }
        inner = error.get_ref().and_then(|error| error.downcast_ref::<io::Error>());
    }
    Wrong::Read(error)
}

fn said(path: &Path) -> SafeText {
    SafeText::within(&path.to_string_lossy(), 80)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use tar::{Builder, Header};

    use super::*;

    /// A thing of an archive: name, kind, mode, content or target.
    type Thing<'a> = (&'a str, EntryType, u32, &'a str);

    fn pack(things: &[Thing<'_>]) -> Vec<u8> {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, kind, mode, text) in things {
            let mut header = Header::new_ustar();
            // The builder would refuse the names that are tried here.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(*mode);
            let content = if *kind == EntryType::Regular { text.as_bytes() } else { &[] };
            if content.is_empty() {
                header.as_mut_bytes()[157..157 + text.len()].copy_from_slice(text.as_bytes());
            }
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, content).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    const FILE: EntryType = EntryType::Regular;
    const LINK: EntryType = EntryType::Symlink;

    #[test]
    fn files_are_laid_out_with_sane_modes() {
        let bytes = pack(&[
            ("./", EntryType::Directory, 0o700, ""),
            ("./a/b/run.sh", FILE, 0o4777, "echo"),
            ("plain", FILE, 0o000, "text"),
            ("a/link", LINK, 0o777, "../plain"),
            ("a/b/root", LINK, 0o777, "/plain"),
        ]);
        assert_eq!(names(&bytes).unwrap(), ["a/b/run.sh", "plain"]);
        assert_eq!(content(&bytes, "plain", 2).unwrap().unwrap(), b"te");
        assert!(content(&bytes, "a", 9).unwrap().is_none());
        let home = tempfile::tempdir().unwrap();
        unpack(&bytes, home.path()).unwrap();
        let mode = |name: &str| {
            fs::metadata(home.path().join(name)).unwrap().permissions().mode() & 0o7777
        };
        assert_eq!([mode("a"), mode("a/b/run.sh"), mode("plain")], [0o755, 0o755, 0o644]);
        for link in ["a/link", "a/b/root"] {
            assert_eq!(fs::read_to_string(home.path().join(link)).unwrap(), "text", "{link}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let rows: [&[Thing<'_>]; 10] = [
            &[("../x", FILE, 0o644, "x")],
            &[("/etc/x", FILE, 0o644, "x")],
            &[("a/../../x", FILE, 0o644, "x")],
            &[("a", LINK, 0o777, "../x")],
            &[("a/b", LINK, 0o777, "c/../../../x")],
            &[("a", LINK, 0o777, "/../x")],
            &[("a", LINK, 0o777, "b"), ("a/x", FILE, 0o644, "x"), ("b/y", FILE, 0o644, "y")],
            &[("x", FILE, 0o644, "x"), ("x", FILE, 0o644, "x")],
            &[("fifo", EntryType::Fifo, 0o644, "")],
            &[("hard", EntryType::Link, 0o644, "/etc/passwd")],
        ];
        for things in rows {
            let home = tempfile::tempdir().unwrap();
            let inner = home.path().join("inner");
            fs::create_dir(&inner).unwrap();
            let refused = unpack(&pack(things), &inner);
            assert!(refused.is_err(), "{things:?}");
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "{things:?}");
        }
    }

    #[test]
    fn a_bomb_is_found_while_it_goes_off() {
        let mut gz = GzEncoder::new(Vec::new(), Compression::best());
        let mut header = Header::new_ustar();
        header.set_path("zeros").unwrap();
        header.set_size(1 << 40);
        header.set_cksum();
        gz.write_all(header.as_bytes()).unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..300 {
            gz.write_all(&zeros).unwrap();
        }
        let bytes = gz.finish().unwrap();
        assert!(bytes.len() < 1 << 20);
        assert!(matches!(names(&bytes), Err(Wrong::TooMuch("256 MiB"))));
        let many: Vec<Thing<'_>> = vec![("x", EntryType::Directory, 0o755, ""); MOST + 1];
        assert!(matches!(names(&pack(&many)), Err(Wrong::TooMuch(_))));
    }

    #[test]
    fn a_file_with_holes_is_refused_and_not_read() {
        let mut header = Header::new_gnu();
        header.set_path("holes").unwrap();
        header.set_entry_type(EntryType::GNUSparse);
        header.set_size(0);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.sparse[0].set_offset(1 << 40);
        gnu.sparse[0].set_length(0);
        gnu.set_real_size(1 << 40);
        header.set_cksum();
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        builder.append(&header, io::empty()).unwrap();
        let bytes = builder.into_inner().unwrap().finish().unwrap();
        assert!(bytes.len() < 1 << 10);
        assert!(matches!(names(&bytes), Err(Wrong::Kind(_))));
        let home = tempfile::tempdir().unwrap();
        assert!(matches!(unpack(&bytes, home.path()), Err(Wrong::Kind(_))));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fall(mut bytes: Vec<u8>, at in 0_usize..400, with: u8) {
            prop_assert!(names(&bytes).is_err());
            bytes.splice(0..0, MAGIC);
            names(&bytes).ok();
            let mut good = pack(&[("a", FILE, 0o644, "x"), ("b", LINK, 0o777, "a")]);
            if let Some(byte) = good.get_mut(at) {
                *byte = with;
            }
            let home = tempfile::tempdir().unwrap();
            unpack(&good, home.path()).ok();
        }
    }
}
