//! Writes an archive that the Linux kernel unpacks as its first file system: cpio in the "newc"
//! form (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst). Uncompressed: to
//! unpack it costs less than to decompress it.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Component, Path};

/// File types, as in `st_mode`.
const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const DEVICE: u32 = 0o020_000;

/// An archive in the making. Directories above what is put in are made.
pub(super) struct Archive<W> {
    out: W,
    count: u32,
    there: BTreeSet<String>,
}

impl<W: Write> Archive<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out, count: 0, there: BTreeSet::new() }
    }

    /// An executable file at `path`. What is there already stays.
    pub(super) fn program(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.file(path, 0o755, content)
    }

    /// A file at `path` that may be used as `mode` says; what would give it another's power is left
    /// out of that.
    pub(super) fn file(&mut self, path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
        self.put(path, FILE | mode & 0o777, (0, 0), content)
    }

    /// A directory at `path`.
    pub(super) fn directory(&mut self, path: &Path, mode: u32) -> io::Result<()> {
        self.put(path, DIRECTORY | mode & 0o1777, (0, 0), &[])
    }

    /// A link at `path` to `target`.
    pub(super) fn link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        self.put(path, LINK | 0o777, (0, 0), target.to_string_lossy().as_bytes())
    }

    /// A character device at `path` with its two numbers.
    pub(super) fn device(&mut self, path: &Path, numbers: (u32, u32)) -> io::Result<()> {
        self.put(path, DEVICE | 0o600, numbers, &[])
    }

    fn put(
        &mut self,
        path: &Path,
        mode: u32,
        device: (u32, u32),
        content: &[u8],
    ) -> io::Result<()> {
        let name = name(path)?;
        if name.is_empty() || self.there.contains(&name) {
            return Ok(());
        }
        if let Some(above) = Path::new(&name).parent() {
            self.put(above, DIRECTORY | 0o755, (0, 0), &[])?;
        }
        self.there.insert(name.clone());
        self.entry(&name, mode, device, content)
    }

    fn entry(
        &mut self,
        name: &str,
        mode: u32,
        (major, minor): (u32, u32),
        content: &[u8],
    ) -> io::Result<()> {
        let size = u32::try_from(content.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let long = u32::try_from(name.len() + 1).map_err(|_| io::ErrorKind::InvalidFilename)?;
        self.count += 1;
        // Inode, mode, owner, group, links, time, size, device of the file (2), device it is (2),
        // length of the name, check sum.
        let fields = [self.count, mode, 0, 0, 1, 0, size, 0, 0, major, minor, long, 0];
        self.out.write_all(b"070701")?;
        for field in fields {
            write!(self.out, "{field:08x}")?;
        }
        self.out.write_all(name.as_bytes())?;
        self.out.write_all(b"\0")?;
        self.pad(110 + long)?;
        self.out.write_all(content)?;
        self.pad(size)
    }

    /// Fills up to a multiple of four.
    fn pad(&mut self, length: u32) -> io::Result<()> {
        let missing = (4 - length % 4) % 4;
        self.out.write_all(&[0; 3][..missing as usize])
    }

    /// Ends it.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.entry("TRAILER!!!", 0, (0, 0), &[])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The path from the root without leading `/`; refused where it climbs.
fn name(path: &Path) -> io::Result<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(part) => {
                parts.push(part.to_str().ok_or(io::ErrorKind::InvalidFilename)?);
            }
            _ => return Err(io::ErrorKind::InvalidFilename.into()),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(fill: impl Fn(&mut Archive<Vec<u8>>)) -> Vec<u8> {
        let mut archive = Archive::new(Vec::new());
        fill(&mut archive);
        archive.finish().unwrap()
    }

    #[test]
    fn directories_come_before_what_is_in_them_and_once() {
        let bytes = archive(|archive| {
            archive.program(Path::new("/usr/lib/a"), b"abcde").unwrap();
            archive.program(Path::new("/usr/lib/b"), b"").unwrap();
            archive.program(Path::new("/usr/lib/a"), b"again").unwrap();
        });
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let at = |name: &str| text.find(&format!("{name}\0")).unwrap();
        assert!(at("usr") < at("usr/lib") && at("usr/lib") < at("usr/lib/a"));
        assert_eq!(text.matches("070701").count(), 5);
        assert!(!text.contains("again") && text.ends_with("TRAILER!!!\0\0\0\0"));
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn the_archiver_of_the_system_reads_it() {
        let home = tempfile::tempdir().unwrap();
        let bytes = archive(|archive| {
            archive.file(Path::new("bin/x"), 0o4644, b"hello").unwrap();
            archive.link(Path::new("bin/y"), Path::new("x")).unwrap();
        });
        let file = home.path().join("a.cpio");
        std::fs::write(&file, bytes).unwrap();
        let mut command = std::process::Command::new("cpio");
        command.args(["-id", "--quiet", "-F"]).arg(&file).current_dir(home.path());
        let Ok(status) = command.status() else {
            return;
        };
        assert!(status.success());
        assert_eq!(std::fs::read(home.path().join("bin/y")).unwrap(), b"hello");
        let mode = std::fs::metadata(home.path().join("bin/x")).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o7777, 0o644);
    }

    #[test]
    fn a_path_that_climbs_is_refused() {
        assert!(name(Path::new("/a/../b")).is_err());
        assert_eq!(name(Path::new("/a/./b")).unwrap(), "a/b");
    }
}
