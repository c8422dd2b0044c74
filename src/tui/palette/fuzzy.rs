//! How well a few letters fit a longer text: in order, with gaps, the beginnings of words first.

/// For each letter that is found.
const FOUND: i32 = 4;
/// For one that begins a word.
const BEGINS: i32 = 7;
/// For one right behind the letter found before it.
const JOINED: i32 = 6;
/// Taken away for a gap, beside one for each letter passed over.
const GAP: i32 = 3;

/// How well `typed` fits `text`, the more the better; `None` where a word of it does not fit at all.
/// Words may come in any order; case means nothing.
pub(super) fn score(typed: &str, text: &str) -> Option<i32> {
    let text = letters(text);
    // Of two that fit alike the shorter one was meant.
    let length = i32::try_from(text.len() / 8).unwrap_or(i32::MAX);
    let words = typed.split_whitespace().map(|typed| word(&letters(typed), &text));
    words.sum::<Option<i32>>().map(|sum| sum - length)
}

fn letters(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The best way to find the letters of `typed` in `text`, one after the other: a row for each of them,
/// which holds the best score that ends at each letter of `text`.
fn word(typed: &[char], text: &[char]) -> Option<i32> {
    let mut before: Vec<Option<i32>> = Vec::new();
    for (place, wanted) in typed.iter().enumerate() {
        let mut row = vec![None; text.len()];
        // The best that ends further back, with what its gap costs.
        let mut far = (place == 0).then_some(0);
        for (at, letter) in text.iter().enumerate() {
            let near = at.checked_sub(1).and_then(|at| *before.get(at)?);
            if letter == wanted {
                let begins = at == 0 || !text[at - 1].is_alphanumeric();
                let own = if begins { FOUND + BEGINS } else { FOUND };
                row[at] = near.map(|score| score + JOINED).max(far).map(|score| score + own);
            }
            if place > 0 {
                far = far.map(|score| score - 1).max(near.map(|score| score - GAP));
            }
        }
        before = row;
    }
    // Letters that lie about with more gaps than they are worth were not meant.
    let least = FOUND * i32::try_from(typed.len()).unwrap_or(i32::MAX);
    before.into_iter().flatten().max().filter(|score| *score >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(typed: &str, texts: &[&'a str]) -> Option<&'a str> {
        let scored = texts.iter().filter_map(|text| Some((score(typed, text)?, *text)));
        scored.max_by_key(|(score, _)| *score).map(|(_, text)| text)
    }

    #[test]
    fn beginnings_and_neighbours_win() {
        assert_eq!(best("nt", &["count", "next tab"]), Some("next tab"));
        assert_eq!(best("hc", &["theme high-contrast", "node hatch"]), Some("theme high-contrast"));
        assert_eq!(best("node 12", &["node n-2-1", "node n-12"]), Some("node n-12"));
        assert_eq!(best("12 node", &["node n-12", "model 12b"]), Some("node n-12"));
        assert_eq!(best("ba", &["backends", "backends and what they are"]), Some("backends"));
        assert_eq!(best("zz", &["abc"]), None);
        assert!(score("ÄB", "xäb").is_some());
    }

    #[test]
    fn letters_out_of_order_do_not_fit() {
        assert_eq!(score("ba", "ab"), None);
        assert_eq!(score("aa", "a"), None);
        assert_eq!(score("nowhere", "acknowledge the alert, or take that back"), None);
        assert!(score("", "anything").is_some() && score("a", "").is_none());
    }
}
