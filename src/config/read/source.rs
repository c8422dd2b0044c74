//! The `[[source]]` tables of a settings file, read key by key like the rest.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::super::mistake::Place;
use super::super::source::Source;
use super::{Gathering, kind, nearest, plain};
use crate::model::text::SafeText;

/// Sources that are read; more nodes than that are a store's business (`prom+http://`).
const MOST: usize = 20_000;
/// Longest name of a source or a group, in letters.
const LONGEST_NAME: usize = 64;
/// What people write a secret under.
const SECRETS: [&str; 5] = ["token", "password", "secret", "key", "bearer"];

impl Gathering {
    /// Takes in `content`, the value of the key `source`.
    pub(super) fn take_sources(
        &mut self,
        content: &Spanned<DeValue<'_>>,
        values: &Table,
        place: &impl Fn(&Range<usize>) -> Place,
    ) {
        let DeValue::Array(items) = content.get_ref() else {
            let what = "`source` is a list of tables";
            let remedy = "write `[[source]]` on a line of its own, its keys below";
            return self.complain(place(&content.span()), what, remedy);
        };
        if items.len() > MOST {
            let what = format!("{} sources are more than {MOST}", items.len());
            let remedy = "ask a store that collects them: prom+http://";
            return self.complain(place(&content.span()), &what, remedy);
        }
        let mut places = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let value = values.get("source").and_then(|all| all.get(index));
            match (item.get_ref(), value.and_then(Value::as_table)) {
                (DeValue::Table(keys), Some(value)) => {
                    let source = self.take_source(keys, value, place);
                    self.keep_source(source, &place(&item.span()), &mut places);
                }
                _ => self.complain(place(&item.span()), "a source is a table", "write [[source]]"),
            }
        }
    }

    /// What is right of one source.
    fn take_source(
        &mut self,
        keys: &DeTable<'_>,
        values: &Table,
        place: &impl Fn(&Range<usize>) -> Place,
    ) -> Option<Source> {
        let known = Table::try_from(Source::example()).unwrap_or_default();
        let mut good = Table::new();
        let before = self.mistakes.len();
        for (key, spanned) in keys {
            let name: &str = key.get_ref();
            let Some(value) = values.get(name) else { continue };
            let Some(like) = known.get(name) else {
                self.no_such_key(place(&key.span()), name, &known);
                continue;
            };
            let mut alone = Table::new();
            alone.insert(name.to_owned(), value.clone());
            match alone.try_into::<Source>().map_err(|error| plain(error.message())) {
                Ok(_) => drop(good.insert(name.to_owned(), value.clone())),
                Err(_) if !like.same_type(value) && name != "interval" => {
                    let what = format!("{} is needed, not {}", kind(like), kind(value));
                    self.complain(place(&spanned.span()), &what, &format!("for example {like}"));
                }
                Err(what) => {
                    // Before an `@` may stand a secret.
                    let hidden = value.as_str().is_some_and(|text| text.contains(['@', '?']));
                    let place = place(&spanned.span());
                    let place = if hidden { place.without_text() } else { place };
                    self.complain(place, &what, "");
                }
            }
        }
        let whole = self.mistakes.len() == before;
        good.try_into().ok().filter(|_| whole)
    }

    fn no_such_key(&mut self, place: Place, name: &str, known: &Table) {
        if SECRETS.contains(&name) {
            let what = format!("`{name}`: a secret does not stand in the settings");
            let remedy = "write it into a file of mode 0600 and name that with token_file, or with \
                          login_file where it is name:password; or name a variable with token_env \
                          or login_env";
            return self.complain(place.without_text(), &what, remedy);
        }
        let keys: Vec<String> = known.keys().cloned().collect();
        let what = format!("there is no `{name}` in [[source]]");
        self.complain(place, &what, &nearest(name, &keys));
    }

    /// Keeps `source` if nothing speaks against it as a whole.
    fn keep_source(
        &mut self,
        source: Option<Source>,
        place: &Place,
        places: &mut BTreeMap<String, Place>,
    ) {
        let Some(source) = source else { return };
        let (Some(name), true) = (source.named(), source.url.is_some()) else {
            let remedy = "write url = \"http://host:7070\" or url = \"ssh://user@host\"";
            return self.complain(place.clone(), "this source has no `url`", remedy);
        };
        for (what, remedy) in wrong_in(&source, &name) {
            self.complain(place.clone(), what, remedy);
        }
        if let Some(line) = places.get(&name).and_then(Place::line) {
            let what = format!("the source `{name}` is there already, at line {line}");
            self.complain(place.clone(), &what, "give one of them another `name`");
        } else {
            places.insert(name, place.clone());
            self.sources.push(source);
        }
    }
}

/// What is wrong with a source as a whole, and what mends it.
fn wrong_in(source: &Source, name: &str) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    if source.token_file.is_some() && source.token_env.is_some() {
        wrong.push(("both token_file and token_env are set", "keep one of them"));
    }
    if source.login_file.is_some() && source.login_env.is_some() {
        wrong.push(("both login_file and login_env are set", "keep one of them"));
    }
    let token = source.token_file.is_some() || source.token_env.is_some();
    if token && (source.login_file.is_some() || source.login_env.is_some()) {
        wrong.push(("both a token and a login are set", "keep the one its server asks for"));
    }
    if !is_name(name) {
        let what = "a name is 1 to 64 visible letters, without `/`, `,` and `=`";
        wrong.push((what, "and neither `local` nor `stored`"));
    }
    if source.group.as_deref().is_some_and(|group| !is_visible(group)) {
        wrong.push(("a group is 1 to 64 visible letters", "shorten `group`"));
    }
    wrong
}

/// Whether a source may be called `name`: it stands in tables, in filters and before a `/`.
pub fn is_name(name: &str) -> bool {
    let odd = name.starts_with('-') || name.contains(['/', ',', '=']);
    is_visible(name) && !odd && name != "local" && name != "stored"
}

fn is_visible(text: &str) -> bool {
    let length = text.chars().count();
    (1..=LONGEST_NAME).contains(&length) && SafeText::new(text).as_str() == text
}

impl Place {
    /// The same place without the text there, which may hold a secret.
    fn without_text(self) -> Self {
        match self {
            Self::File { path, line, column, .. } => {
                Self::File { path, line, column, text: SafeText::new("…"), length: 1 }
            }
            variable @ Self::Variable(_) => variable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::config::{Config, Mistake};

    fn read_plain(text: &str) -> Result<Config, String> {
        read("isomon.toml", text, []).map_err(|mistakes: Vec<Mistake>| {
            let shown = mistakes.iter().map(ToString::to_string);
            shown.collect::<Vec<_>>().join("\n")
        })
    }

    #[test]
    fn sources_are_read_in_their_order() {
        let text = "[[source]]\nurl = \"http://b\"\n[[source]]\nname = \"a\"\nurl = \"ssh://x\"\n\
                    interval = 5\ninsecure = true\n";
        let config = read_plain(text).unwrap();
        let names: Vec<_> = config.source.iter().filter_map(Source::named).collect();
        assert_eq!(names, ["b", "a"]);
        assert!(config.source[1].insecure);
    }

    #[test]
    fn every_mistake_has_its_place_and_its_remedy() {
        let text = "[[source]]\nurll = \"http://b\"\n[[source]]\nurl = \"web-1\"\ngroup = 3\n\
                    [[source]]\nurl = \"http://b\"\n[[source]]\nurl = \"http://b\"\n\
                    [[source]]\nurl = \"http://c\"\ntoken_env = \"A\"\ntoken_file = \"b\"\n\
                    [[source]]\nname = \"local\"\nurl = \"http://d\"\ninterval = \"1 y\"\n\
                    [[source]]\nname = \"e\"\n\
                    [[source]]\nurl = \"http://f\"\ntoken_env = \"A\"\nlogin_env = \"B\"\n";
        let shown = read_plain(text).unwrap_err();
        for wanted in [
            "isomon.toml:2:1: there is no `urll` in [[source]]",
            "did you mean `url`?",
            "isomon.toml:4:7: `web-1`: it has no scheme",
            "isomon.toml:5:9: a text in quotes is needed, not a whole number",
            "the source `b` is there already, at line 6",
            "both token_file and token_env are set",
            "both a token and a login are set",
            "isomon.toml:17:12: `1 y` is not a length of time",
            "this source has no `url`",
        ] {
            assert!(shown.contains(wanted), "{wanted}\n---\n{shown}");
        }
    }

    #[test]
    fn a_secret_is_refused_and_not_repeated() {
        for line in
            ["token = \"hunter2\"", "password = \"hunter2\"", "url = \"http://ann:hunter2@web\""]
        {
            let shown = read_plain(&format!("[[source]]\n{line}\n")).unwrap_err();
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("token_file"), "{shown}");
        }
        assert!(read_plain("source = 3\n").unwrap_err().contains("[[source]]"));
        assert!(read_plain("[source]\nurl = \"x\"\n").unwrap_err().contains("[[source]]"));
    }

    #[test]
    fn a_name_can_stand_in_a_table_and_a_filter() {
        for name in ["web-1", "Zürich", "10.0.0.1:7070"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "local", "stored", "a/b", "a,b", "a=b", "-o", "\u{1b}[2J", &"x".repeat(65)]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
