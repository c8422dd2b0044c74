//! What an engine was asked to make and has not answered for: it goes on when its asker dies, so
//! whoever sweeps must know that something may still come.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// How the name of a file ends that says that something is being made.
const NOTE: &str = "coming";
/// How the name of the file begins beside which an image is made.
pub(super) const FACTS: &str = "docker-";

/// A note that something is being made, until there is an answer.
#[must_use]
pub(super) struct Note(PathBuf);

impl Note {
    /// Notes that what the file at `beside` describes is being made.
    pub(super) fn write(beside: &Path) -> io::Result<Self> {
        let path = beside.with_extension(NOTE);
        File::create(&path)?;
        Ok(Self(path))
    }

    /// There is an answer.
    pub(super) fn answered(self) -> io::Result<()> {
        fs::remove_file(self.0)
    }
}

/// What may still come of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::backend) struct Coming {
    image: bool,
    containers: BTreeSet<String>,
}

impl Coming {
    /// What stands in the run's directory, `place`.
    pub(in crate::backend) fn of(place: &Path) -> Self {
        let mut coming = Self::default();
        for file in fs::read_dir(place).into_iter().flatten().flatten() {
            let path = file.path();
            if path.extension().is_none_or(|of| of != NOTE) {
                continue;
            }
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with(FACTS) {
                coming.image = true;
            } else {
                coming.containers.insert(name);
            }
        }
        coming
    }

    /// Whether nothing may come any more.
    pub(in crate::backend) fn is_empty(&self) -> bool {
        !self.image && self.containers.is_empty()
    }

    /// The image has come.
    pub(super) fn saw_image(&mut self) {
        self.image = false;
    }

    /// A container has come, by one of the names that an engine has for it.
    pub(super) fn saw_container(&mut self, name: &str) {
        self.containers.remove(name.trim_start_matches('/'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_noted_until_it_is_seen_or_answered_for() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let image = Note::write(&at("docker-docker.json")).unwrap();
        let one = Note::write(&at("im-1-main-1.json")).unwrap();
        let _two = Note::write(&at("im-1-main-2.json")).unwrap();
        fs::write(at("im-1-main-3.json"), "").unwrap();
        let mut coming = Coming::of(home.path());
        assert_eq!((coming.image, coming.containers.len()), (true, 2));
        coming.saw_image();
        coming.saw_container("/im-1-main-1");
        coming.saw_container("/im-1-main-3");
        assert!(!coming.is_empty());
        coming.saw_container("/im-1-main-2");
        assert!(coming.is_empty());
        image.answered().unwrap();
        one.answered().unwrap();
        let left = Coming::of(home.path());
        assert_eq!((left.image, left.containers.len()), (false, 1));
        assert!(Coming::of(&at("nowhere")).is_empty());
    }
}
