//! The themes there are: isomon's own, the user's, and those that btop brings.
//!
//! A mistake in one of the user's is told; one in a file of btop's is logged and the file passed
//! over, since nobody wrote it for isomon.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::super::mistake::suggest;
use super::depth::Depth;
use super::{DARK, EMBEDDED, Error, Theme, btop, file, proper};

/// The theme for a terminal without colours.
const COLOURLESS: &str = "mono";
/// Most files read from one directory.
const MOST: usize = 100;
/// Longest file that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// The themes there are, and the one in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Themes {
    all: Vec<Theme>,
    current: usize,
}

impl Themes {
    /// The themes isomon comes with, those in the directory `own`, and btop's in the directories `others`,
    /// all brought down to `depth`; `name` is the one to use. Of one name the user's goes before isomon's,
    /// and isomon's before btop's. Without colours it is always the one made for that.
    pub fn load(
        own: Option<&Path>,
        others: &[PathBuf],
        name: &str,
        depth: Depth,
    ) -> Result<Self, Error> {
        let mut all: Vec<Theme> =
            EMBEDDED.iter().map(|(name, _)| Theme::embedded(name, depth)).collect();
        for path in own.map(|own| files(own, &["toml", "theme"])).unwrap_or_default() {
            let theme = read_one(&path, depth)?;
            all.retain(|known| known.name != theme.name);
            all.push(theme);
        }
        for path in others.iter().flat_map(|other| files(other, &["theme"])) {
            match read_one(&path, depth) {
                Ok(theme) if all.iter().any(|known| known.name == theme.name) => {}
                Ok(theme) => all.push(theme),
                Err(error) => tracing::warn!("a theme is passed over: {error}"),
            }
        }
        let mut themes = Self { all, current: 0 };
        themes.choose(name)?;
        if depth == Depth::None {
            // Without colours the others would not even show which row is chosen.
            themes.choose(COLOURLESS)?;
            themes = Self { all: vec![themes.current().clone()], current: 0 };
        }
        Ok(themes)
    }

    /// The theme in use.
    pub fn current(&self) -> &Theme {
        &self.all[self.current]
    }

    /// All of them, in the order in which they follow each other.
    pub fn all(&self) -> &[Theme] {
        &self.all
    }

    /// The names of all, in the order in which they follow each other.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|theme| theme.name.as_str())
    }

    /// Goes on to the next theme.
    pub fn next(&mut self) {
        self.current = (self.current + 1) % self.all.len();
    }

    /// Its name, and which of how many it is.
    pub fn words(&self) -> String {
        format!("theme: {}, {} of {}", self.current().name, self.current + 1, self.all.len())
    }

    /// Uses the theme called `name`.
    pub fn choose(&mut self, name: &str) -> Result<(), Error> {
        let name = proper(name);
        let found = self.all.iter().position(|theme| theme.name == name);
        self.current = found.ok_or_else(|| Error::Unknown {
            name: name.to_owned(),
            suggestion: suggest(name, self.names().chain([DARK])),
            known: self.names().collect::<Vec<_>>().join(", "),
        })?;
        Ok(())
    }
}

impl Default for Themes {
    fn default() -> Self {
        let all = EMBEDDED.iter().map(|(name, _)| Theme::embedded(name, Depth::True)).collect();
        Self { all, current: 0 }
    }
}

/// Every file in `directory` with one of these `ends`, by name; none if there is no such directory.
fn files(directory: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let is_meant = |path: &PathBuf| ends.iter().any(|end| path.extension() == Some(end.as_ref()));
    let mut paths: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_meant).take(MOST).collect();
    paths.sort();
    paths
}

fn read_one(path: &Path, depth: Depth) -> Result<Theme, Error> {
    let shown = path.display().to_string();
    let text = text(path).map_err(|source| Error::Read { path: shown.clone(), source })?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_btop = path.extension().is_some_and(|end| end == "theme");
    let read = if is_btop { btop::read } else { file::read };
    Ok(read(&name, &shown, &text, depth)?)
}

/// What a plain file of a bearable length says.
fn text(path: &Path) -> std::io::Result<String> {
    let wrong = |why: &str| Err(std::io::Error::new(std::io::ErrorKind::InvalidData, why));
    if !std::fs::metadata(path)?.is_file() {
        return wrong("no plain file");
    }
    let mut text = String::new();
    let length = std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LONGEST { wrong("longer than 64 KiB") } else { Ok(text) }
}
