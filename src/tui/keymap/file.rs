//! One keymap file, read with the place of each mistake.

use serde::Deserialize;
use serde_spanned::Spanned;

use super::super::mistake::{Mistake, suggest};
use super::hides;
use crate::tui::action::Action;
use crate::tui::key::Chord;

/// What unbinds a key.
const NONE: &str = "none";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    bind: Vec<Bind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bind {
    keys: Vec<Spanned<String>>,
    action: Spanned<String>,
}

/// A file's chords; no action means that the chord is taken away.
type Layer = Vec<(Chord, Option<Action>)>;

/// Reads `text`, which is called `file` in mistakes.
pub(super) fn read(file: &str, text: &str) -> Result<Layer, Mistake> {
    let parsed: File =
        toml::from_str(text).map_err(|error| Mistake::from_toml(file, text, &error))?;
    let mut layer = Layer::new();
    for bind in &parsed.bind {
        let mistake = |at: &Spanned<String>, what| Mistake::new(file, text, &at.span(), what);
        let action = action(bind.action.as_ref()).map_err(|what| mistake(&bind.action, what))?;
        for name in &bind.keys {
            let chord = chord(&layer, name.as_ref()).map_err(|what| mistake(name, what))?;
            layer.push((chord, action));
        }
    }
    Ok(layer)
}

fn action(name: &str) -> Result<Option<Action>, String> {
    if name == NONE {
        return Ok(None);
    }
    let known = Action::ALL.iter().map(|action| action.name());
    Action::named(name)
        .map(Some)
        .ok_or_else(|| format!("no action is called `{name}`{}", suggest(name, known)))
}

fn chord(layer: &Layer, name: &str) -> Result<Chord, String> {
    let chord: Chord = name.parse().map_err(|error: crate::tui::key::NoKey| error.to_string())?;
    let taken = layer.iter().find(|(old, _)| hides(&chord, old));
    let Some((old, action)) = taken else {
        return Ok(chord);
    };
    let action = action.map_or(NONE, Action::name);
    Err(if *old == chord {
        format!("`{name}` is already bound to `{action}`")
    } else {
        format!("`{name}` cannot be told from `{old}`, which is bound to `{action}`")
    })
}
