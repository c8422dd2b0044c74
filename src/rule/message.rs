//! The sentence of an alert: words with readings in braces, `{node}: processors at {cpu}`.

use std::ops::Range;

use super::reading::{self, READINGS, Scope};
use super::token::Wrong;
use super::truth::Asked;
use crate::model::text::SafeText;

/// Letters of a sentence that are kept.
const LONGEST: usize = 240;

/// A sentence with gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Reading(usize),
    /// The thing's name, of whatever kind it is.
    Thing,
}

impl Message {
    /// Reads `text`, which may name readings of nodes and of `scope`.
    pub fn read(text: &str, scope: Scope) -> Result<Self, Wrong> {
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some(open) = text.get(at..).and_then(|rest| rest.find('{')) {
            let start = at + open;
            let words = text.get(at..start).unwrap_or_default();
            pieces.push(Piece::Words(words.to_owned()));
            let rest = text.get(start + 1..).unwrap_or_default();
            let Some(length) = rest.find('}') else {
                return Err(Wrong::new(start..start + 1, "the brace is not closed", ""));
            };
            let name = rest.get(..length).unwrap_or_default();
            pieces.push(piece(name.trim(), scope, start..start + length + 2)?);
            at = start + length + 2;
        }
        pieces.push(Piece::Words(text.get(at..).unwrap_or_default().to_owned()));
        Ok(Self(pieces))
    }

    /// The sentence where nobody wrote one: each reading by its name.
    pub fn of_readings(readings: &[usize]) -> Self {
        let numbers = readings.iter().filter(|at| READINGS[**at].unit != super::unit::Unit::Text);
        let mut pieces = vec![];
        for at in numbers {
            let comma = if pieces.is_empty() { "" } else { ", " };
            pieces.push(Piece::Words(format!("{comma}{} ", READINGS[*at].name)));
            pieces.push(Piece::Reading(*at));
        }
        Self(pieces)
    }

    /// The sentence of now.
    pub fn write(&self, asked: &Asked<'_>) -> SafeText {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Words(words) => text.push_str(words),
                Piece::Reading(at) => text.push_str(&asked.written(*at)),
                Piece::Thing => text.push_str(asked.thing.words().as_str()),
            }
        }
        SafeText::within(&text, LONGEST)
    }
}

fn piece(name: &str, scope: Scope, span: Range<usize>) -> Result<Piece, Wrong> {
    if name == "thing" {
        return Ok(Piece::Thing);
    }
    let Some(at) = reading::position(name) else {
        let what = format!("nothing is called `{name}`");
        return Err(Wrong::new(span, what, reading::nearest(name)));
    };
    let of = READINGS[at].scope();
    if of != Scope::Node && of != scope {
        let what = format!("`{name}` is of a {}, and the rule of a {}", of.name(), scope.name());
        return Err(Wrong::new(span, what, ""));
    }
    Ok(Piece::Reading(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_names_a_reading() {
        assert!(Message::read("{node}: {cpu} of {thing}", Scope::Node).is_ok());
        let rows = [
            ("at {cpuu}", Scope::Node, 3..9, "nothing is called `cpuu`"),
            ("at {cpu", Scope::Node, 3..4, "not closed"),
            ("{gpu.busy}", Scope::Mount, 0..10, "is of a GPU"),
        ];
        for (text, scope, span, what) in rows {
            let wrong = Message::read(text, scope).unwrap_err();
            assert_eq!(wrong.span, span);
            assert!(wrong.what.contains(what), "{wrong:?}");
        }
    }
}
