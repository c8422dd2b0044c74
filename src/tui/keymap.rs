//! Which keys do what: data, in `config/keymap.toml`, over which the user's file is laid.
//!
//! Help, footer and palette read the same table, so what they say is what the keys do.

use std::path::Path;

use super::action::Action;
use super::key::{Chord, Key};
use super::mistake::Mistake;

mod file;

/// The keymap isomon comes with.
pub const DEFAULT: &str = include_str!("../../config/keymap.toml");

/// Keys and what they do, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    binds: Vec<(Chord, Action)>,
}

/// What a row of pressed keys means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This action.
    Action(Action),
    /// Nothing yet; more keys may follow.
    Prefix,
    /// Nothing.
    Nothing,
}

/// The user's keymap could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("{path}")]
    Read {
        /// Which file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file says something that makes no sense.
    #[error(transparent)]
    Mistake(#[from] Mistake),
}

impl Keymap {
    /// The keys isomon comes with.
    ///
    /// # Panics
    /// Never: a test reads the embedded file.
    pub fn embedded() -> Self {
        file::read("config/keymap.toml", DEFAULT)
            .map(|layer| Self::default().over(&layer))
            .unwrap_or_default()
    }

    /// The default with `text` laid over it; `file` is what `text` is called in mistakes.
    pub fn with(file: &str, text: &str) -> Result<Self, Mistake> {
        Ok(Self::embedded().over(&file::read(file, text)?))
    }

    /// The default with the file at `path` laid over it; a file that is not there changes nothing.
    pub fn load(path: &Path) -> Result<Self, Error> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::with(&path.display().to_string(), &text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::embedded()),
            Err(source) => Err(Error::Read { path: path.display().to_string(), source }),
        }
    }

    /// Lays `layer` over this: its keys win, also over chords that begin with them.
    fn over(mut self, layer: &[(Chord, Option<Action>)]) -> Self {
        self.binds.retain(|(old, _)| !layer.iter().any(|(new, _)| hides(new, old)));
        let bound = layer.iter().filter_map(|(chord, action)| Some((chord.clone(), (*action)?)));
        self.binds.extend(bound);
        self
    }

    /// What `pressed` means.
    pub fn find(&self, pressed: &[Key]) -> Found {
        let exact = self.binds.iter().find(|(chord, _)| chord.0 == pressed);
        match exact {
            Some((_, action)) => Found::Action(*action),
            None if self.after(pressed).next().is_some() => Found::Prefix,
            None => Found::Nothing,
        }
    }

    /// What may follow `pressed`: the rest of each chord that begins so, and what it does.
    pub fn after(&self, pressed: &[Key]) -> impl Iterator<Item = (Chord, Action)> {
        self.binds.iter().filter_map(move |(chord, action)| {
            let rest = chord.0.strip_prefix(pressed)?;
            (!rest.is_empty()).then(|| (Chord(rest.to_vec()), *action))
        })
    }

    /// The keys of `action`, the first one first.
    pub fn keys(&self, action: Action) -> impl Iterator<Item = &Chord> {
        self.binds.iter().filter(move |(_, bound)| *bound == action).map(|(chord, _)| chord)
    }

    /// All keys of `action` as text: `q, ctrl-c`; empty if it has none.
    pub fn all(&self, action: Action) -> String {
        let keys: Vec<String> = self.keys(action).map(ToString::to_string).collect();
        keys.join(", ")
    }
}

/// Whether `new` makes `old` unreachable, or the other way round.
fn hides(new: &Chord, old: &Chord) -> bool {
    new.0.starts_with(&old.0) || old.0.starts_with(&new.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Actions that have no key on purpose; the palette has them.
    const UNBOUND: &[Action] = &[];

    fn keys(names: &str) -> Vec<Key> {
        names.parse::<Chord>().unwrap().0
    }

    #[test]
    fn every_action_has_a_key_or_is_listed_as_having_none() {
        let map = Keymap::embedded();
        for action in Action::ALL {
            let bound = map.keys(*action).next().is_some();
            assert_ne!(bound, UNBOUND.contains(action), "{}", action.name());
        }
    }

    #[test]
    fn the_default_has_no_mistake() {
        file::read("config/keymap.toml", DEFAULT).unwrap();
    }

    #[test]
    fn a_chord_waits_for_its_second_key() {
        let map = Keymap::embedded();
        assert_eq!(map.find(&keys("g")), Found::Prefix);
        assert_eq!(map.find(&keys("g g")), Found::Action(Action::First));
        assert_eq!(map.find(&keys("g x")), Found::Nothing);
        assert_eq!(map.after(&keys("g")).count(), 3);
    }

    #[test]
    fn the_users_keys_win() {
        let text =
            r#"bind = [{ keys = ["g", "x"], action = "quit" }, { keys = ["q"], action = "none" }]"#;
        let map = Keymap::with("keymap.toml", text).unwrap();
        assert_eq!(map.find(&keys("g")), Found::Action(Action::Quit));
        assert_eq!(map.find(&keys("q")), Found::Nothing);
        assert_eq!(map.find(&keys("j")), Found::Action(Action::Down));
    }

    #[test]
    fn a_mistake_names_its_place_and_what_was_meant() {
        let rows = [
            (
                "bind = [\n  { keys = [\"q\"], action = \"qiut\" },\n]",
                "k:2:28: no action is called `qiut`; did you mean `quit`?",
            ),
            (
                "bind = [{ keys = [\"ctrl-Q\"], action = \"quit\" }]",
                "k:1:19: `ctrl-Q` is not a key",
            ),
            (
                "bind = [{ keys = [\"q\"], action = \"quit\" }, { keys = [\"q\"], action = \"up\" }]",
                "k:1:54: `q` is already bound to `quit`",
            ),
            (
                "bind = [{ keys = [\"g\"], action = \"up\" }, { keys = [\"g g\"], action = \"up\" }]",
                "k:1:52: `g g` cannot be told from `g`, which is bound to `up`",
            ),
        ];
        for (text, wanted) in rows {
            assert_eq!(Keymap::with("k", text).unwrap_err().to_string(), wanted);
        }
    }

    #[test]
    fn an_unknown_field_is_a_mistake_and_a_missing_file_is_not() {
        assert!(Keymap::with("k", "bnid = []").is_err());
        let nowhere = Path::new("/nonexistent/keymap.toml");
        assert_eq!(Keymap::load(nowhere).unwrap(), Keymap::embedded());
    }
}
