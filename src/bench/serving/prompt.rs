//! Prompts that are made: words at random, so that no two begin alike and no cache of the server knows
//! them beforehand.
//!
//! Only the server knows how many tokens a word is. It is asked twice, with few words and with many, and
//! from what it counted the length is made; a server that does not count is sent a word a token.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Short words of everyday; most tokenizers have a token of their own for each.
const WORDS: [&str; 48] = [
    "time", "year", "people", "way", "day", "man", "thing", "woman", "life", "child", "world",
    "school", "state", "family", "student", "group", "country", "problem", "hand", "part", "place",
    "case", "week", "company", "system", "program", "question", "work", "number", "night", "point",
    "home", "water", "room", "mother", "area", "money", "story", "fact", "month", "lot", "right",
    "study", "book", "eye", "job", "word", "side",
];

/// Words of the two prompts by which a server's counting is found out.
pub(super) const TRIED: [u32; 2] = [8, 72];

/// How prompts are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prompts {
    seed: u64,
    /// Words of each.
    pub(super) words: u32,
}

impl Prompts {
    /// Prompts of so many words.
    pub(super) const fn new(seed: u64, words: u32) -> Self {
        Self { seed, words }
    }

    /// The prompt of request `number`; the same for the same seed and number.
    pub(super) fn prompt(&self, number: u64) -> String {
        let stream = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rng = StdRng::seed_from_u64(self.seed ^ stream);
        let mut text = String::with_capacity(self.words as usize * 6);
        for at in 0..self.words {
            if at > 0 {
                text.push(' ');
            }
            text.push_str(WORDS[rng.random_range(0..WORDS.len())]);
        }
        text
    }
}

/// How many words come to `tokens`, if prompts of [`TRIED`] words came to `counted` tokens; and tokens a
/// word. `None` where the counting makes no sense.
pub(super) fn words(tokens: u32, counted: [u64; 2]) -> Option<(u32, f64)> {
    let each = (counted[1] as f64 - counted[0] as f64) / f64::from(TRIED[1] - TRIED[0]);
    let around = counted[0] as f64 - each * f64::from(TRIED[0]);
    if !(0.2..=64.0).contains(&each) || around.abs() > 100_000.0 {
        return None;
    }
    let words = ((f64::from(tokens) - around) / each).round().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
    Some((words.min(4e6) as u32, each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_differ_from_the_first_word_on_and_are_the_same_again() {
        let prompts = Prompts::new(1, 12);
        assert_eq!(prompts.prompt(3), prompts.prompt(3));
        assert_eq!(prompts.prompt(3).split(' ').count(), 12);
        let firsts: std::collections::BTreeSet<String> =
            (0..200).map(|number| prompts.prompt(number)).collect();
        assert_eq!(firsts.len(), 200);
    }

    #[test]
    fn words_are_as_many_as_the_counting_says() {
        // A token a word, and 10 for what stands around.
        assert_eq!(words(128, [18, 82]), Some((118, 1.0)));
        assert_eq!(words(128, [16, 144]), Some((64, 2.0)));
        assert_eq!(words(1, [18, 82]).map(|(words, _)| words), Some(1), "no fewer than a word");
        assert_eq!(words(128, [50, 50]), None, "it counts nothing");
        assert_eq!(words(128, [u64::MAX, 0]), None);
    }
}
