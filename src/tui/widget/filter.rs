//! The filter language, the same in every table: `cpu>80 mem>=1GiB name~web status=stale web`.
//!
//! Terms are separated by blanks and must all hold. A term is `field operator value` with one of
//! `= != ~ !~ > >= < <=`, or a bare word, which any field of words may contain; `!word` must not
//! be contained. `=` asks for the whole text or one of its words. Words are compared without regard to
//! case; quotes hold blanks together. A missing value satisfies no comparison. There is no `or`: it is
//! told so, and not looked for.

use super::field::{Field, Kind, Row, Value};

mod error;
mod terms;

pub use error::Error;
pub use terms::{Choice, Terms};

/// A filter that was understood; the default one lets everything through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
enum Term {
    /// A word any text field contains, or none does.
    Word { word: String, wanted: bool },
    /// A comparison of a text field.
    Text { field: usize, operator: Operator, text: String },
    /// A comparison of a number.
    Number { field: usize, operator: Operator, number: f64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Contains,
    Lacks,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// Longer signs first, so that `>=` is not read as `>`.
const OPERATORS: [(&str, Operator); 8] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("!=", Operator::Unequal),
    ("!~", Operator::Lacks),
    (">", Operator::Above),
    ("<", Operator::Below),
    ("=", Operator::Equal),
    ("~", Operator::Contains),
];

impl Filter {
    /// Reads `text`, whose terms may speak of `fields`.
    pub fn parse(text: &str, fields: &[Field]) -> Result<Self, Error> {
        let words = split(text)?;
        if let Some(joint) = joint(&words) {
            return Err(joint);
        }
        let terms = words.into_iter().map(|(column, word)| term(column, &word, fields));
        Ok(Self { terms: terms.collect::<Result<_, _>>()? })
    }

    /// Whether it lets everything through.
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether `row` satisfies every term.
    pub fn lets<R: Row>(&self, row: &R) -> bool {
        self.terms.iter().all(|term| term.holds(row))
    }
}

/// Words between blanks with the column each begins at; quotes are kept for [`unquote`].
fn split(text: &str) -> Result<Vec<(usize, String)>, Error> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let (mut quote, mut begun) = (None, false);
    for (column, letter) in (1..).zip(text.chars()) {
        if letter == '"' {
            quote = if quote.is_some() { None } else { Some(column) };
        }
        if letter.is_whitespace() && quote.is_none() {
            begun = false;
            continue;
        }
        if !begun {
            words.push((column, String::new()));
            begun = true;
        }
        if let Some((_, word)) = words.last_mut() {
            word.push(letter);
        }
    }
    quote.map_or(Ok(words), |column| Err(Error::Quote { column }))
}

/// A word between two terms that other languages join terms with.
fn joint(words: &[(usize, String)]) -> Option<Error> {
    let between = words.get(1..words.len().checked_sub(1)?)?;
    let joins =
        |word: &str| ["or", "and", "||", "&&"].iter().any(|it| it.eq_ignore_ascii_case(word));
    let (column, word) = between.iter().find(|(_, word)| joins(word))?;
    Some(Error::Joint { column: *column, word: word.clone() })
}

fn unquote(text: &str) -> String {
    text.replace('"', "").to_lowercase()
}

fn term(column: usize, word: &str, fields: &[Field]) -> Result<Term, Error> {
    let Some((name, operator, value, offset)) = comparison(word) else {
        let wanted = !word.starts_with('!');
        let word = unquote(word.trim_start_matches('!'));
        return Ok(Term::Word { word, wanted });
    };
    let found = fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
    let Some(index) = found else {
        return Err(unknown(column, name, fields));
    };
    let column_of_value = column + offset;
    if operator == Operator::Equal && value.starts_with('=') {
        return Err(Error::Twice { column: column_of_value });
    }
    let text = unquote(value);
    if text.is_empty() {
        return Err(Error::Value { column: column_of_value });
    }
    let field = fields[index];
    match field.kind {
        Kind::Text if operator.orders() => Err(Error::Order { column, field: field.name }),
        Kind::Text if operator.is_exact() && !can_hold(field, &text) => {
            let hint = hint(&text, field.values);
            let words = format!("`{text}` is no `{}`; {hint}", field.name);
            Err(Error::Choice { column: column_of_value, words })
        }
        Kind::Text => Ok(Term::Text { field: index, operator, text }),
        kind => match number(&text, kind) {
            Some(number) => Ok(Term::Number { field: index, operator, number }),
            None => Err(Error::Number { column: column_of_value, text, field: field.name }),
        },
    }
}

/// Cuts `word` at its first operator: the name, the operator, the value and where it begins. A
/// word that begins with a sign or a quote is no comparison.
fn comparison(word: &str) -> Option<(&str, Operator, &str, usize)> {
    let at = word.find(['>', '<', '=', '~', '!', '"']).filter(|at| *at > 0)?;
    let (name, rest) = word.split_at(at);
    let (sign, operator) = OPERATORS.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    let value = rest.strip_prefix(sign)?;
    Some((name, operator, value, name.chars().count() + sign.len()))
}

/// Whether `field` can ever hold `text`, in lower case.
fn can_hold(field: Field, text: &str) -> bool {
    field.values.is_empty() || field.values.iter().any(|value| is(&value.to_lowercase(), text))
}

fn unknown(column: usize, name: &str, fields: &[Field]) -> Error {
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    Error::Field { column, name: name.to_owned(), hint: hint(name, &names) }
}

/// The one of `names` that is most likely meant by `name`, or all of them.
fn hint(name: &str, names: &[&str]) -> String {
    let near = |known: &&&str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
    let nearest = names.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    match nearest.filter(|known| near(known) > 0.6) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("there are {}", names.join(", ")),
    }
}

/// A number with an optional unit: `80%`, `1.5k`, `1GiB`, `20MB/s`. K, M, G and T count in 1024
/// for bytes and in 1000 else. `text` is lower case.
fn number(text: &str, kind: Kind) -> Option<f64> {
    if kind == Kind::Time {
        return seconds(text);
    }
    let text = text.trim_end_matches('%').trim_end_matches("/s");
    let end = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let step = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let base: f64 = if kind == Kind::Bytes { 1024.0 } else { 1000.0 };
    let number: f64 = digits.trim().parse().ok()?;
    number.is_finite().then(|| number * base.powi(step))
}

/// A length of time in seconds. `text` is lower case.
fn seconds(text: &str) -> Option<f64> {
    let end =
        text.find(|letter: char| letter.is_alphabetic() || letter == 'µ').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let each = match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number: f64 = digits.trim().parse().ok()?;
    number.is_finite().then_some(number * each)
}

impl Operator {
    const fn is_exact(self) -> bool {
        matches!(self, Self::Equal | Self::Unequal)
    }

    const fn orders(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast | Self::Below | Self::AtMost)
    }

    fn words(self, held: &str, wanted: &str) -> bool {
        match self {
            Self::Equal => is(held, wanted),
            Self::Unequal => !is(held, wanted),
            Self::Lacks => !held.contains(wanted),
            _ => held.contains(wanted),
        }
    }

    fn numbers(self, held: f64, wanted: f64) -> bool {
        // What is shown with three digits is meant with three digits.
        let equal = (held - wanted).abs() <= wanted.abs() * 0.005;
        match self {
            Self::Equal | Self::Contains => equal,
            Self::Unequal | Self::Lacks => !equal,
            Self::Above => held > wanted,
            Self::AtLeast => held >= wanted,
            Self::Below => held < wanted,
            Self::AtMost => held <= wanted,
        }
    }
}

impl Term {
    fn holds<R: Row>(&self, row: &R) -> bool {
        match self {
            Self::Word { word, wanted } => contains(row, word) == *wanted,
            Self::Text { field, operator, text } => matches!(row.value(*field), Value::Text(held)
                if operator.words(&held.to_lowercase(), text)),
            Self::Number { field, operator, number } => {
                matches!(row.value(*field), Value::Number(held)
                if operator.numbers(held, *number))
            }
        }
    }
}

/// Whether `held` is `wanted`, or one of its words is: a node has several backends.
fn is(held: &str, wanted: &str) -> bool {
    held == wanted || held.split(' ').any(|word| word == wanted)
}

fn contains<R: Row>(row: &R, word: &str) -> bool {
    let held =
        |field| matches!(row.value(field), Value::Text(held) if held.to_lowercase().contains(word));
    (0..R::FIELDS.len()).any(held)
}

#[cfg(test)]
#[path = "filter/tests.rs"]
mod tests;
