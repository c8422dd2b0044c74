//! Expressions over readings: `gpu.temperature > gpu.slowdown_temperature - 5 and not node.late`.
//!
//! The words are those of the filters of tables: `= != ~ !~ > >= < <=`, terms beside each other must
//! all hold. Beyond them there are `and or not`, brackets, `+ - * /`, and `was(…)`, which holds from
//! when it first held on. Units are checked when a rule is read, so that none is wrong at night.

use super::reading::{self, Scope};
use super::token::{Placed, Token, Wrong, tokens};
use super::unit::Unit;

/// Brackets in brackets.
const DEEPEST: usize = 32;

/// A number that is known when it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// As it is written.
    Number(f64),
    /// A reading, by its place in the table.
    Reading(usize),
    /// Two of them.
    Calculated(char, Box<Self>, Box<Self>),
}

impl Term {
    /// Whether it is made of written numbers alone.
    fn is_bare(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Reading(_) => false,
            Self::Calculated(_, left, right) => left.is_bare() && right.is_bare(),
        }
    }
}

/// Something that holds or does not.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Two numbers beside each other.
    Numbers(&'static str, Term, Term),
    /// A reading of words beside words.
    Words(&'static str, usize, String),
    /// A reading that is yes or no.
    Flag(usize),
    /// Whether it held at any time so far; each has a number of its own.
    Was(usize, Box<Self>),
    /// Whether it does not hold.
    Not(Box<Self>),
    /// Whether all hold.
    All(Vec<Self>),
    /// Whether any holds.
    Any(Vec<Self>),
}

/// An expression that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it asks.
    pub test: Test,
    /// Of what kind of thing it speaks; [`Scope::Node`] where it speaks of nodes alone.
    pub scope: Scope,
    /// How many `was(…)` there are.
    pub memories: usize,
    /// The readings it needs, by their places in the table, each once.
    pub readings: Vec<usize>,
}

impl Expression {
    /// Reads `text`.
    ///
    /// # Errors
    /// The first mistake, with its place in bytes.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let mut reader = Reader {
            tokens: tokens(text)?,
            at: 0,
            end: text.len(),
            depth: 0,
            scope: Scope::Node,
            memories: 0,
            readings: Vec::new(),
        };
        if reader.tokens.is_empty() {
            return Err(Wrong::new(0..text.len(), "nothing is asked", "cpu > 90%"));
        }
        let question = reader.any()?;
        if let Some((span, token)) = reader.tokens.get(reader.at) {
            let what = format!("nothing may follow here, least of all {}", spoken(token));
            return Err(Wrong::new(span.clone(), what, "join two questions by `and` or `or`"));
        }
        let Reader { scope, memories, readings, .. } = reader;
        Ok(Self { test: question, scope, memories, readings })
    }

    /// Whether it asks only how a source stands, which who watches knows best.
    pub fn is_of_source(&self) -> bool {
        self.readings.iter().all(|at| reading::READINGS[*at].is_of_source())
    }
}

/// A word, in a sentence.
fn spoken(token: &Token) -> String {
    match token {
        Token::Number(..) => "a number".to_owned(),
        Token::Name(name) => format!("`{name}`"),
        Token::Words(words) => format!("\"{words}\""),
        Token::Sign(sign) => format!("`{sign}`"),
    }
}

/// What stands on one side of a comparison.
enum Side {
    Number(Term, Unit),
    Words(usize),
    Flag(usize),
}

struct Reader {
    tokens: Vec<Placed>,
    at: usize,
    end: usize,
    depth: usize,
    scope: Scope,
    memories: usize,
    readings: Vec<usize>,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    /// Where the next word stands.
    fn span(&self) -> std::ops::Range<usize> {
        self.tokens.get(self.at).map_or(self.end..self.end, |(span, _)| span.clone())
    }

    fn wrong<T>(&self, what: impl Into<String>, remedy: impl Into<String>) -> Result<T, Wrong> {
        Err(Wrong::new(self.span(), what, remedy))
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let is = self.peek() == Some(wanted);
        self.at += usize::from(is);
        is
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Name(name)) if name == word);
        self.at += usize::from(is);
        is
    }

    fn any(&mut self) -> Result<Test, Wrong> {
        let mut tests = vec![self.all()?];
        while self.takes_word("or") {
            tests.push(self.all()?);
        }
        Ok(one_or(tests, Test::Any))
    }

    fn all(&mut self) -> Result<Test, Wrong> {
        let mut tests = vec![self.one()?];
        while self.takes_word("and") || self.goes_on() {
            tests.push(self.one()?);
        }
        Ok(one_or(tests, Test::All))
    }

    /// Whether another question follows without a word between.
    fn goes_on(&self) -> bool {
        match self.peek() {
            Some(Token::Name(name)) => name != "or",
            Some(Token::Sign(sign)) => matches!(*sign, "(" | "!"),
            Some(Token::Number(..) | Token::Words(_)) | None => false,
        }
    }

    fn one(&mut self) -> Result<Test, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.wrong("too many brackets", "make two rules of it");
        }
        let test = self.inner();
        self.depth -= 1;
        test
    }

    fn inner(&mut self) -> Result<Test, Wrong> {
        if self.takes_word("not") || self.takes(&Token::Sign("!")) {
            return Ok(Test::Not(Box::new(self.one()?)));
        }
        if self.takes_word("was") {
            return self.was();
        }
        if self.peek() != Some(&Token::Sign("(")) {
            return self.compared();
        }
        // Brackets hold a question or a number: what follows them tells.
        let before = (self.at, self.memories, self.readings.len(), self.scope, self.depth);
        self.at += 1;
        let question = self.any();
        if question.is_ok() {
            self.close()?;
            if !self.calculates() {
                return question;
            }
        }
        self.readings.truncate(before.2);
        (self.at, self.memories, _, self.scope, self.depth) = before;
        self.compared().map_err(|wrong| match question {
            Err(other) if other.span.start >= wrong.span.start => other,
            _ => wrong,
        })
    }

    fn was(&mut self) -> Result<Test, Wrong> {
        if !self.takes(&Token::Sign("(")) {
            return self.wrong("a bracket follows `was`", "was(backend.ready)");
        }
        let test = self.any()?;
        self.close()?;
        let number = self.memories;
        self.memories += 1;
        Ok(Test::Was(number, Box::new(test)))
    }

    fn close(&mut self) -> Result<(), Wrong> {
        if self.takes(&Token::Sign(")")) { Ok(()) } else { self.wrong("`)` is missing", "") }
    }

    /// Whether what stood in brackets is a part of a number.
    fn calculates(&self) -> bool {
        let Some(Token::Sign(sign)) = self.peek() else { return false };
        !matches!(*sign, "(" | ")" | "!")
    }

    fn compared(&mut self) -> Result<Test, Wrong> {
        let start = self.span();
        let left = self.sum()?;
        let sign = match self.peek() {
            Some(Token::Sign(sign)) if !matches!(*sign, "(" | ")" | "!") => *sign,
            _ => return Self::alone(&left, start),
        };
        let at = self.span();
        self.at += 1;
        if sign == "=" && self.peek() == Some(&Token::Sign("=")) {
            let both = at.start..self.span().end;
            return Err(Wrong::new(both, "is equal is written `=`", ""));
        }
        match left {
            Side::Words(reading) => self.words(sign, reading, at),
            Side::Flag(reading) => {
                let name = reading::READINGS[reading].name;
                let what = format!("`{name}` is yes or no");
                Err(Wrong::new(at, what, format!("write `{name}` or `not {name}`")))
            }
            Side::Number(term, unit) => self.numbers(sign, (term, unit), at),
        }
    }

    fn alone(side: &Side, span: std::ops::Range<usize>) -> Result<Test, Wrong> {
        match side {
            Side::Flag(reading) => Ok(Test::Flag(*reading)),
            Side::Number(_, unit) => {
                let remedy = format!("write > {}", unit.example());
                Err(Wrong::new(span, "a number alone is no question", remedy))
            }
            Side::Words(_) => {
                Err(Wrong::new(span, "words alone are no question", "write ~ \"web\""))
            }
        }
    }

    fn words(
        &mut self,
        sign: &'static str,
        reading: usize,
        at: std::ops::Range<usize>,
    ) -> Result<Test, Wrong> {
        if !matches!(sign, "=" | "!=" | "~" | "!~") {
            let what = format!("`{}` holds words", reading::READINGS[reading].name);
            return Err(Wrong::new(at, what, "use = != ~ !~"));
        }
        let words = match self.peek() {
            Some(Token::Words(words) | Token::Name(words)) => words.to_lowercase(),
            _ => return self.wrong("words follow here", "write them in quotes: \"web\""),
        };
        self.at += 1;
        Ok(Test::Words(sign, reading, words))
    }

    fn numbers(
        &mut self,
        sign: &'static str,
        (left, unit): (Term, Unit),
        at: std::ops::Range<usize>,
    ) -> Result<Test, Wrong> {
        if matches!(sign, "~" | "!~") {
            return Err(Wrong::new(at, "a number does not hold words", "use > >= < <= = !="));
        }
        let place = self.span();
        let Side::Number(right, other) = self.sum()? else {
            return Err(Wrong::new(place, "a number follows here", unit.example()));
        };
        fit((&left, unit), (&right, other), place)?;
        Ok(Test::Numbers(sign, left, right))
    }

    fn sum(&mut self) -> Result<Side, Wrong> {
        let mut left = self.product()?;
        while let Some(sign) = self.sign(&["+", "-"]) {
            let place = self.span();
            let right = self.product()?;
            let (Side::Number(a, unit), Side::Number(b, other)) = (left, right) else {
                return Err(Wrong::new(place, "only numbers are counted with", ""));
            };
            let unit = fit((&a, unit), (&b, other), place)?;
            left = Side::Number(Term::Calculated(sign, Box::new(a), Box::new(b)), unit);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Side, Wrong> {
        let mut left = self.atom()?;
        while let Some(sign) = self.sign(&["*", "/"]) {
            let place = self.span();
            let right = self.atom()?;
            let (Side::Number(a, unit), Side::Number(b, other)) = (left, right) else {
                return Err(Wrong::new(place, "only numbers are counted with", ""));
            };
            let unit = match (sign, unit, other) {
                ('/', ..) if unit == other => Unit::Plain,
                ('*', Unit::Plain, _) => other,
                (_, one, Unit::Percent) if one != Unit::Plain => {
                    let what = "nothing is multiplied or divided by %";
                    return Err(Wrong::new(place, what, in_place_of(&b)));
                }
                _ => unit,
            };
            left = Side::Number(Term::Calculated(sign, Box::new(a), Box::new(b)), unit);
        }
        Ok(left)
    }

    fn sign(&mut self, signs: &[&str]) -> Option<char> {
        let found = match self.peek() {
            Some(Token::Sign(sign)) if signs.contains(sign) => sign.chars().next(),
            _ => None,
        };
        self.at += usize::from(found.is_some());
        found
    }

    fn atom(&mut self) -> Result<Side, Wrong> {
        let place = self.span();
        match self.peek().cloned() {
            Some(Token::Number(number, unit)) => {
                self.at += 1;
                Ok(Side::Number(Term::Number(number), unit))
            }
            Some(Token::Name(name)) => self.reading(&name),
            Some(Token::Sign("(")) => self.bracket(),
            Some(Token::Sign("-")) => self.negative(),
            Some(token) => {
                let what = format!("a reading or a number stands here, not {}", spoken(&token));
                Err(Wrong::new(place, what, "cpu > 90%"))
            }
            None => self.wrong("it ends too early", "cpu > 90%"),
        }
    }

    fn bracket(&mut self) -> Result<Side, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.wrong("too many brackets", "make two rules of it");
        }
        self.at += 1;
        let inner = self.sum()?;
        self.close()?;
        self.depth -= 1;
        Ok(inner)
    }

    fn negative(&mut self) -> Result<Side, Wrong> {
        self.at += 1;
        let place = self.span();
        match self.peek() {
            Some(Token::Number(number, unit)) => {
                let side = Side::Number(Term::Number(-number), *unit);
                self.at += 1;
                Ok(side)
            }
            _ => Err(Wrong::new(place, "a number follows `-`", "")),
        }
    }

    fn reading(&mut self, name: &str) -> Result<Side, Wrong> {
        let Some(at) = reading::position(name) else {
            let remedy = reading::nearest(name);
            return self.wrong(format!("nothing is called `{name}`"), remedy);
        };
        let known = &reading::READINGS[at];
        self.scope = match (self.scope, known.scope()) {
            (scope, Scope::Node) | (Scope::Node, scope) => scope,
            (one, other) if one == other => one,
            (one, other) => {
                let what =
                    format!("`{name}` is of a {}, and the rule of a {}", other.name(), one.name());
                return self.wrong(what, "make two rules of it");
            }
        };
        self.at += 1;
        if !self.readings.contains(&at) {
            self.readings.push(at);
        }
        Ok(match known.unit {
            Unit::Text => Side::Words(at),
            Unit::Flag => Side::Flag(at),
            unit => Side::Number(Term::Reading(at), unit),
        })
    }
}

/// The unit of both; an error where they do not fit. A written number is taken as percent beside percent;
/// one that is read or divided is not: `memory.available / memory.total` ends at 1.
fn fit(
    (one, unit): (&Term, Unit),
    (two, other): (&Term, Unit),
    place: std::ops::Range<usize>,
) -> Result<Unit, Wrong> {
    let remedy = match (unit, other) {
        (Unit::Plain, Unit::Percent) if !one.is_bare() => in_place_of(two) + AS_PERCENT,
        (Unit::Percent, Unit::Plain) if !two.is_bare() => in_place_of(one) + AS_PERCENT,
        _ => match unit.with(other) {
            Some(both) => return Ok(both),
            None => format!("write {}", unit.example()),
        },
    };
    let what = format!("{} and {} do not compare", unit.words(), other.words());
    Err(Wrong::new(place, what, remedy))
}

/// What else to write.
const AS_PERCENT: &str = ", or multiply a share by 100%";

/// What to write in place of `share`, which is in percent.
fn in_place_of(share: &Term) -> String {
    match share {
        Term::Number(percent) => format!("write {} in place of {percent}%", percent / 100.0),
        _ => "divide what is in % by 100%, in brackets".to_owned(),
    }
}

/// The only one, or all together.
fn one_or(mut tests: Vec<Test>, together: fn(Vec<Test>) -> Test) -> Test {
    match (tests.len(), tests.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            tests.extend(last);
            together(tests)
        }
    }
}

#[cfg(test)]
mod tests;
