//! Where in a command a quoted value is still one word.
//!
//! Only what is surely outside of quotes, comments, here-documents, backticks and arithmetic counts as
//! such; where that is unclear, as in a substitution inside of double quotes, it is taken for not.

use std::collections::VecDeque;

/// How the text is read at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mode {
    Plain,
    Comment,
    Single,
    /// `$'…'`, in which a backslash speaks.
    Ansi,
    Double,
    /// `((…))`, and how many brackets are open.
    Arithmetic(usize),
    /// The lines up to the one that ends a here-document.
    Here,
    /// From here on nothing is sure.
    Unclear,
}

/// Whether each of the `places` (bytes of `text`, ascending) is one where a quoted value could be read as
/// more than a word.
pub(super) fn guarded(text: &str, places: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut places = places.peekable();
    let mut guarded = Vec::new();
    let mut reader =
        Reader { mode: Mode::Plain, heres: VecDeque::new(), skip: 0, word_start: true };
    for (at, letter) in text.char_indices() {
        while places.next_if(|place| *place <= at).is_some() {
            guarded.push(reader.mode != Mode::Plain);
        }
        let rest = text.get(at..).unwrap_or_default();
        reader.step(letter, rest);
    }
    guarded.extend(places.map(|_| true));
    guarded
}

/// Whether `value` means the same to a shell wherever it stands.
pub(super) fn is_raw(value: &str) -> bool {
    let raw = |letter: char| letter.is_ascii_alphanumeric() || "._:/@%+=,-".contains(letter);
    !value.is_empty() && value.chars().all(raw)
}

struct Reader {
    mode: Mode,
    /// What ends the here-documents that are open, and whether tabs before it count.
    heres: VecDeque<(String, bool)>,
    /// Letters that were looked at already.
    skip: usize,
    /// Whether a word may begin here.
    word_start: bool,
}

impl Reader {
    /// Takes `letter`, with which `rest` begins.
    fn step(&mut self, letter: char, rest: &str) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        match &self.mode {
            Mode::Plain => self.plain(letter, rest),
            Mode::Comment if letter == '\n' => self.line(rest),
            Mode::Ansi if letter == '\\' => self.skip = 1,
            Mode::Single | Mode::Ansi if letter == '\'' => self.mode = Mode::Plain,
            Mode::Double => self.double(letter, rest),
            Mode::Arithmetic(open) => self.mode = arithmetic(*open, letter),
            Mode::Here if letter == '\n' => self.here(rest),
            _ => {}
        }
    }

    fn plain(&mut self, letter: char, rest: &str) {
        let starts = std::mem::replace(&mut self.word_start, is_break(letter));
        match letter {
            '\\' => self.skip = 1,
            '\'' => self.mode = Mode::Single,
            '"' => self.mode = Mode::Double,
            '`' => self.mode = Mode::Unclear,
            '#' if starts => self.mode = Mode::Comment,
            '$' if rest.starts_with("$'") => self.enter(Mode::Ansi, 1),
            '$' if rest.starts_with("$[") => self.mode = Mode::Unclear,
            '(' if rest.starts_with("((") => self.enter(Mode::Arithmetic(2), 1),
            '<' if rest.starts_with("<<<") => self.skip = 2,
            '<' if rest.starts_with("<<") => self.open_here(rest),
            '\n' => self.line(rest),
            _ => {}
        }
    }

    fn enter(&mut self, mode: Mode, skip: usize) {
        self.mode = mode;
        self.skip = skip;
    }

    fn double(&mut self, letter: char, rest: &str) {
        match letter {
            '\\' => self.skip = 1,
            '"' => self.mode = Mode::Plain,
            '`' => self.mode = Mode::Unclear,
            '$' if rest.starts_with("$(") || rest.starts_with("$[") => self.mode = Mode::Unclear,
            '$' if rest.starts_with("${") && !is_simple(rest) => self.mode = Mode::Unclear,
            _ => {}
        }
    }

    /// A line ended; `rest` begins with its end.
    fn line(&mut self, rest: &str) {
        self.word_start = true;
        self.mode = Mode::Plain;
        if !self.heres.is_empty() {
            self.mode = Mode::Here;
            self.here(rest);
        }
    }

    /// A line of a here-document begins behind the first letter of `rest`.
    fn here(&mut self, rest: &str) {
        let next = rest.get(1..).unwrap_or_default();
        let line = next.split('\n').next().unwrap_or_default();
        let ends = |(end, tabs): &(String, bool)| {
            end == if *tabs { line.trim_start_matches('\t') } else { line }
        };
        if self.heres.front().is_some_and(ends) {
            self.heres.pop_front();
            self.skip = line.chars().count();
            if self.heres.is_empty() {
                self.mode = Mode::Plain;
                self.word_start = false;
            }
        }
    }

    /// Keeps what ends the here-document that `rest` begins.
    fn open_here(&mut self, rest: &str) {
        let after = rest.trim_start_matches('<');
        let (after, tabs) = after.strip_prefix('-').map_or((after, false), |after| (after, true));
        let after = after.trim_start_matches([' ', '\t']);
        let word: String = after.chars().take_while(|letter| !is_break(*letter)).collect();
        let end: String =
            word.chars().filter(|letter| !matches!(letter, '\'' | '"' | '\\')).collect();
        if end.is_empty() || word.contains(['$', '`']) {
            self.mode = Mode::Unclear;
            return;
        }
        self.heres.push_back((end, tabs));
        self.skip = 1;
    }
}

fn arithmetic(open: usize, letter: char) -> Mode {
    match (letter, open) {
        ('(', _) => Mode::Arithmetic(open + 1),
        (')', 1) => Mode::Plain,
        (')', _) => Mode::Arithmetic(open - 1),
        ('`', _) => Mode::Unclear,
        _ => Mode::Arithmetic(open),
    }
}

/// Whether `rest` begins with `${NAME}`.
fn is_simple(rest: &str) -> bool {
    let inner = rest.strip_prefix("${").and_then(|rest| rest.split_once('}'));
    inner.is_some_and(|(name, _)| {
        name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

const fn is_break(letter: char) -> bool {
    letter.is_ascii_whitespace() || matches!(letter, ';' | '&' | '|' | '(' | ')' | '<' | '>')
}
