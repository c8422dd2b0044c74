//! Environment variables in the names and paths of outputs: `$VAR`, `${VAR}`, and `$$` for a dollar.

use std::collections::BTreeMap;

/// `text` with its variables put in; else the names of those that are not in `values`, in their order.
pub fn variables(text: &str, values: &BTreeMap<String, String>) -> Result<String, Vec<String>> {
    let mut out = String::with_capacity(text.len());
    let mut missing = Vec::new();
    for part in parts(text) {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Dollar => out.push('$'),
            Part::Variable(name) => match values.get(name) {
                Some(value) => out.push_str(value),
                None => missing.push(name.to_owned()),
            },
        }
    }
    missing.dedup();
    if missing.is_empty() { Ok(out) } else { Err(missing) }
}

/// The variables in `text`.
pub fn names(text: &str) -> Vec<&str> {
    let name = |part| if let Part::Variable(name) = part { Some(name) } else { None };
    parts(text).into_iter().filter_map(name).collect()
}

enum Part<'t> {
    Text(&'t str),
    Dollar,
    Variable(&'t str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        parts.push(Part::Text(before));
        let (part, behind) = one(after);
        parts.push(part);
        rest = behind;
    }
    parts.push(Part::Text(rest));
    parts
}

/// What stands behind a dollar, and the rest.
fn one(after: &str) -> (Part<'_>, &str) {
    if let Some(rest) = after.strip_prefix('$') {
        return (Part::Dollar, rest);
    }
    // The brace that closes is not looked for behind the name: a text may be full of those that open.
    let braced = after.strip_prefix('{').and_then(|inner| {
        let (name, rest) = inner.split_at(inner.find(|letter| !is_letter(letter))?);
        Some((name, rest.strip_prefix('}')?))
    });
    if let Some((name, rest)) = braced.filter(|(name, _)| is_name(name)) {
        return (Part::Variable(name), rest);
    }
    let end = after.find(|letter: char| !is_letter(letter)).unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    if is_name(name) { (Part::Variable(name), rest) } else { (Part::Dollar, after) }
}

const fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()) && {
        name.chars().all(is_letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_unknown_ones_named() {
        let values = [("A", "1"), ("B_2", "x y")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let rows = [
            ("", Ok("")),
            ("$A-${B_2}", Ok("1-x y")),
            ("$$A costs $ 5, ${, ${1}, ${A b}", Ok("$A costs $ 5, ${, ${1}, ${A b}")),
            ("$A$A", Ok("11")),
            ("ä$Aö", Ok("ä1ö")),
            ("$AB/${C}", Err(vec!["AB", "C"])),
        ];
        for (text, wanted) in rows {
            let found = variables(text, &values);
            let wanted: Result<String, Vec<String>> = wanted
                .map(str::to_owned)
                .map_err(|names| names.iter().map(ToString::to_string).collect());
            assert_eq!(found, wanted, "{text}");
        }
        assert_eq!(names("$A ${B} $$C"), ["A", "B"]);
    }
}
