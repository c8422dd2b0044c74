//! Colours by what they mean, never by where they are used.
//!
//! Themes are data (`themes/*.toml`): three come with isomon, more may lie in the user's `themes`
//! directory. A theme is written once in 24-bit colours and brought down to what the terminal can
//! show when it is read, so that nothing that draws has to ask.

use std::path::Path;

use ratatui::style::Style;

use super::mistake::{Mistake, suggest};
use depth::Depth;

pub mod depth;
mod file;

/// The themes isomon comes with, the default first.
const EMBEDDED: [(&str, &str); 3] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];
/// The theme for a terminal without colours.
const COLOURLESS: &str = "mono";
/// Most files read from the user's directory.
const MOST: usize = 100;

/// A style for each meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// Plain text.
    pub text: Style,
    /// Well, within bounds, ready.
    pub good: Style,
    /// Worth a look.
    pub warn: Style,
    /// Wrong, beyond bounds.
    pub bad: Style,
    /// Less important: labels, units, what is stale or missing.
    pub muted: Style,
    /// What the eye should find: keys, the live run.
    pub accent: Style,
    /// Frames.
    pub border: Style,
    /// The frame of the panel that has the keys.
    pub focus: Style,
    /// Headings.
    pub title: Style,
    /// The row under the cursor.
    pub selected: Style,
    /// Lines of a chart, each different from its neighbours.
    pub series: [Style; 8],
    /// Ground of bars and gauges.
    pub track: Style,
}

/// A theme could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none of that name.
    #[error("no theme is called `{name}`{suggestion}")]
    Unknown {
        /// The name.
        name: String,
        /// What was perhaps meant.
        suggestion: String,
    },
    /// A file could not be read.
    #[error("{path}")]
    Read {
        /// Which file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file says something that makes no sense.
    #[error(transparent)]
    Mistake(#[from] Mistake),
}

impl Theme {
    /// The theme isomon starts with, in 24-bit colours.
    pub fn dark() -> Self {
        Self::embedded("dark", Depth::True)
    }

    /// One of the themes isomon comes with; without any style if there is none called `name`.
    pub fn embedded(name: &str, depth: Depth) -> Self {
        EMBEDDED
            .iter()
            .find(|(known, _)| *known == name)
            .and_then(|(name, text)| file::read(name, "themes", text, depth).ok())
            .unwrap_or_default()
    }
}

/// The themes there are, and the one in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Themes {
    all: Vec<Theme>,
    current: usize,
}

impl Themes {
    /// The themes isomon comes with and those in the directory `own`, brought down to `depth`;
    /// `name` is the one to use. Without colours it is always the one made for that.
    pub fn load(own: Option<&Path>, name: &str, depth: Depth) -> Result<Self, Error> {
        let mut all: Vec<Theme> =
            EMBEDDED.iter().map(|(name, _)| Theme::embedded(name, depth)).collect();
        for theme in own.map_or_else(|| Ok(Vec::new()), |own| read_all(own, depth))? {
            all.retain(|known| known.name != theme.name);
            all.push(theme);
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

    /// Goes on to the next theme.
    pub fn next(&mut self) {
        self.current = (self.current + 1) % self.all.len();
    }

    /// Uses the theme called `name`.
    pub fn choose(&mut self, name: &str) -> Result<(), Error> {
        let found = self.all.iter().position(|theme| theme.name == name);
        let names = self.all.iter().map(|theme| theme.name.as_str());
        self.current = found.ok_or_else(|| Error::Unknown {
            name: name.to_owned(),
            suggestion: suggest(name, names),
        })?;
        Ok(())
    }
}

impl Default for Themes {
    fn default() -> Self {
        Self { all: vec![Theme::dark()], current: 0 }
    }
}

/// Every `*.toml` in `directory`, by name; none if there is no such directory.
fn read_all(directory: &Path, depth: Depth) -> Result<Vec<Theme>, Error> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .take(MOST)
        .collect();
    paths.sort();
    paths.iter().map(|path| read_one(path, depth)).collect()
}

fn read_one(path: &Path, depth: Depth) -> Result<Theme, Error> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Read { path: shown.clone(), source })?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(file::read(&name, &shown, &text, depth)?)
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;

    fn styles(theme: &Theme) -> Vec<Style> {
        let mut styles = vec![
            theme.text,
            theme.good,
            theme.warn,
            theme.bad,
            theme.muted,
            theme.accent,
            theme.border,
            theme.focus,
            theme.title,
            theme.selected,
            theme.track,
        ];
        styles.extend(theme.series);
        styles
    }

    #[test]
    fn the_embedded_themes_have_no_mistake() {
        for (name, text) in EMBEDDED {
            file::read(name, name, text, Depth::True).unwrap();
        }
    }

    #[test]
    fn without_colours_there_are_none_and_meanings_still_differ() {
        let themes = Themes::load(None, "dark", Depth::None).unwrap();
        let mono = themes.current();
        assert_eq!(mono.name, "mono");
        assert!(styles(mono).iter().all(|s| s.fg.is_none() && s.bg.is_none()));
        assert_ne!(mono.bad, mono.good);
        assert_ne!(mono.selected, mono.text);
        assert_ne!(mono.warn, mono.good);
    }

    #[test]
    fn sixteen_colours_keep_meanings_apart_and_text_readable() {
        for (name, _) in EMBEDDED.iter().take(2) {
            let theme = Theme::embedded(name, Depth::Sixteen);
            assert_ne!(theme.good, theme.warn, "{name}");
            assert_ne!(theme.warn, theme.bad, "{name}");
            for style in styles(&theme) {
                assert_ne!(
                    style.fg.unwrap_or(Color::Reset),
                    style.bg.unwrap_or(Color::Rgb(1, 1, 1))
                );
                assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))));
            }
        }
    }

    #[test]
    fn neighbouring_lines_differ() {
        for (name, _) in EMBEDDED.iter().take(2) {
            for depth in [Depth::True, Depth::Many, Depth::Sixteen] {
                let series = Theme::embedded(name, depth).series;
                assert!(series.windows(2).all(|two| two[0] != two[1]), "{name} {depth:?}");
            }
        }
    }

    #[test]
    fn an_unknown_theme_names_the_nearest() {
        let error = Themes::load(None, "drak", Depth::True).unwrap_err();
        assert_eq!(error.to_string(), "no theme is called `drak`; did you mean `dark`?");
    }

    #[test]
    fn the_users_theme_joins_and_its_mistake_is_placed() {
        let own = tempfile::tempdir().unwrap();
        std::fs::write(own.path().join("mine.toml"), "good = { fg = \"green\" }\n").unwrap();
        let themes = Themes::load(Some(own.path()), "mine", Depth::True).unwrap();
        assert_eq!(themes.current().good.fg, Some(Color::Green));
        assert_eq!(themes.current().bad, Theme::dark().bad);

        std::fs::write(own.path().join("mine.toml"), "\ngood = { fg = \"gren\" }\n").unwrap();
        let error = Themes::load(Some(own.path()), "mine", Depth::True).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("mine.toml:2:15: `gren` is not a colour; did you mean `green`?"),
            "{error}"
        );
    }

    #[test]
    fn every_theme_comes_round() {
        let mut themes = Themes::load(None, "light", Depth::True).unwrap();
        for _ in 0..EMBEDDED.len() {
            themes.next();
        }
        assert_eq!(themes.current().name, "light");
    }
}
