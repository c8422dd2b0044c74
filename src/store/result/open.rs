//! Opening a file below a run's directory, whoever else may write there.
//!
//! Each part of the name is opened in the directory before it, so that no link leads elsewhere, also not
//! one that is put there meanwhile; a pipe does not block.

use std::fs::File;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open, openat};

use super::{METADATA, PLOTS};

/// The file `name` in `directory`, with its size.
pub(super) fn below(directory: &Path, name: &str) -> Option<(File, u64)> {
    let shut = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let folder = shut | OFlags::DIRECTORY;
    let mut inside = open(directory, folder, Mode::empty()).ok()?;
    let mut last = name;
    if let Some((plots, rest)) = name.split_once('/') {
        last = rest;
        inside = (plots == PLOTS).then(|| openat(&inside, plots, folder, Mode::empty()).ok())??;
    }
    if !is_plain(last) || last == METADATA {
        return None;
    }
    let file = File::from(openat(&inside, last, shut, Mode::empty()).ok()?);
    let about = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some((file, about.len()))
}

/// Whether `name` is that of a file a run may show: no path, and not hidden.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn only_plain_files_below_are_opened() {
        let run = tempfile::tempdir().unwrap();
        let at = |name: &str| run.path().join(name);
        std::fs::create_dir(at("plots")).unwrap();
        std::fs::create_dir(at("more")).unwrap();
        for name in ["a.csv", "plots/a.png", "more/b", ".hidden", METADATA] {
            std::fs::write(at(name), name).unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", at("link.csv")).unwrap();
        std::os::unix::fs::symlink("a.csv", at("near.csv")).unwrap();
        let pipe = rustix::fs::CWD;
        rustix::fs::mknodat(
            pipe,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        for name in ["a.csv", "plots/a.png"] {
            let (mut file, bytes) = below(run.path(), name).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), bytes), (name, name.len() as u64));
        }
        for name in [
            "",
            ".",
            "..",
            "../a.csv",
            "plots",
            "plots/",
            "plots/..",
            "plots/../a.csv",
            "more/b",
            "/etc/passwd",
            ".hidden",
            METADATA,
            "link.csv",
            "near.csv",
            "pipe",
            "gone",
            "a.csv\0",
        ] {
            assert!(below(run.path(), name).is_none(), "{name:?}");
        }
    }
}
