//! Settings out of a file's text and the environment, with every mistake at once.
//!
//! Each key is tried alone on top of the defaults. So a mistake has its own place, does not hide
//! the next one, and a file and a variable are checked by the same code.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::mistake::Place;
use super::{Config, Mistake, Source};
use crate::model::text::SafeText;
use crate::model::workflow::VARIABLES;

mod source;

pub use source::is_name;

/// Longest file that is read; a person's settings are far below.
pub const LONGEST_BYTES: usize = 256 << 10;

/// Letters by which the name of a section may be off and still be meant.
const SLIP: usize = 2;

/// Settings while they are gathered.
struct Gathering {
    table: Table,
    sources: Vec<Source>,
    mistakes: Vec<Mistake>,
    /// Where what is set was set.
    places: BTreeMap<(String, String), Place>,
}

/// The settings of `text`, which was read from `path`, with the variables `ISOMON_SECTION_KEY` of
/// `environment` on top. Where there is a mistake there are no settings.
pub fn read(
    path: &str,
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Vec<Mistake>> {
    let mut gathering = Gathering {
        table: defaults(),
        sources: Vec::new(),
        mistakes: Vec::new(),
        places: BTreeMap::new(),
    };
    gathering.take_text(path, text);
    for (name, value) in environment {
        gathering.take_variable(&name, &value);
    }
    gathering.finish(path)
}

/// Where `text`, which was read from `path`, says `value` for a key of a section.
pub fn place_of(
    path: &str,
    text: &str,
    (section, key): (&str, &str),
    value: &str,
) -> Option<Place> {
    let table = DeTable::parse(text).ok()?;
    let (_, keys) = table.get_ref().iter().find(|(name, _)| name.get_ref() == section)?;
    let DeValue::Table(keys) = keys.get_ref() else { return None };
    let (_, found) = keys.iter().find(|(name, _)| name.get_ref() == key)?;
    let says = matches!(found.get_ref(), DeValue::String(text) if text == value);
    says.then(|| Place::new(path, text, &found.span()))
}

/// The default settings as a table.
pub(super) fn defaults() -> Table {
    Table::try_from(Config::default()).unwrap_or_default()
}

impl Gathering {
    fn take_text(&mut self, path: &str, text: &str) {
        let spans = match DeTable::parse(text) {
            Ok(spans) => spans,
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                self.complain(Place::new(path, text, &span), error.message(), "");
                return;
            }
        };
        let values: Table = toml::from_str(text).unwrap_or_default();
        for (section, content) in spans.get_ref() {
            let name = section.get_ref();
            let place = |span: &Range<usize>| Place::new(path, text, span);
            match (self.table.contains_key(&**name), content.get_ref()) {
                (false, _) if name == "source" => self.take_sources(content, &values, &place),
                (false, _) => self.unknown(place(&section.span()), name, None),
                (true, DeValue::Table(keys)) => self.take_section(name, keys, &values, &place),
                (true, _) => self.complain(
                    place(&content.span()),
                    &format!("`{name}` is a section"),
                    &format!("write `[{name}]` on a line of its own, its keys below"),
                ),
            }
        }
    }

    fn take_section(
        &mut self,
        section: &str,
        keys: &DeTable<'_>,
        values: &Table,
        place: &impl Fn(&Range<usize>) -> Place,
    ) {
        for (key, spanned) in keys {
            let name: &str = key.get_ref();
            if !self.knows(section, name) {
                self.unknown(place(&key.span()), name, Some(section));
                continue;
            }
            let value = values.get(section).and_then(|section| section.get(name));
            if let Some(value) = value {
                self.put(section, name, value.clone(), place(&spanned.span()));
            }
        }
    }

    fn take_variable(&mut self, name: &str, text: &str) {
        let Some(words) = name.strip_prefix("ISOMON_") else {
            return;
        };
        if VARIABLES.contains(&words) {
            // A workflow's, of which this isomon is a command.
            return;
        }
        let words = words.to_ascii_lowercase();
        if !self.means_a_setting(&words) {
            return;
        }
        let place = Place::Variable(name.to_owned());
        let Some((section, key)) = self.setting(&words) else {
            let names = self.variables();
            return self.complain(place, "no setting has this name", &nearest(name, &names));
        };
        let value = as_toml(text, &self.table[&section][&key]);
        self.put(&section, &key, value, place);
    }

    /// The section and the key that `words`, the end of a variable's name, are of.
    fn setting(&self, words: &str) -> Option<(String, String)> {
        let of = |section: &String| {
            let key = words.strip_prefix(section.as_str())?.strip_prefix('_')?;
            self.knows(section, key).then(|| (section.clone(), key.to_owned()))
        };
        self.table.keys().find_map(of)
    }

    fn knows(&self, section: &str, key: &str) -> bool {
        let section = self.table.get(section).and_then(Value::as_table);
        section.is_some_and(|section| section.contains_key(key))
    }

    /// Whether `words` begin with a section, or with what was meant as one. Other variables of
    /// isomon's (`ISOMON_LOG`, and what its tests and sandboxes use) are no settings.
    fn means_a_setting(&self, words: &str) -> bool {
        let Some((first, _)) = words.split_once('_') else { return false };
        let is_meant = |section: &String| {
            strsim::levenshtein(section, first) <= SLIP || words.starts_with(section.as_str())
        };
        self.table.keys().any(is_meant)
    }

    /// Every setting's variable.
    fn variables(&self) -> Vec<String> {
        let of_section = |(section, keys): (&String, &Value)| {
            let keys = keys.as_table().into_iter().flat_map(Table::keys);
            keys.map(|key| format!("ISOMON_{section}_{key}").to_ascii_uppercase())
                .collect::<Vec<_>>()
        };
        self.table.iter().flat_map(of_section).collect()
    }

    /// Sets one value if it is right by itself.
    fn put(&mut self, section: &str, key: &str, value: Value, place: Place) {
        let mut alone = Table::new();
        alone.insert(key.to_owned(), value.clone());
        let mut tried = Table::new();
        tried.insert(section.to_owned(), Value::Table(alone));
        match tried.try_into::<Config>() {
            Ok(_) => {
                if let Some(keys) = self.table.get_mut(section).and_then(Value::as_table_mut) {
                    keys.insert(key.to_owned(), value);
                    self.places.insert((section.to_owned(), key.to_owned()), place);
                }
            }
            Err(error) => {
                let default = &self.table[section][key];
                let remedy = format!("the default is {default}");
                let what = if default.same_type(&value) {
                    plain(error.message())
                } else {
                    format!("{} is needed, not {}", kind(default), kind(&value))
                };
                self.complain(place, &what, &remedy);
            }
        }
    }

    fn unknown(&mut self, place: Place, name: &str, section: Option<&str>) {
        let keys = section.map_or(Some(&self.table), |section| self.table[section].as_table());
        let mut keys: Vec<String> = keys.into_iter().flat_map(Table::keys).cloned().collect();
        keys.extend(section.is_none().then(|| "source".to_owned()));
        let what = match section {
            Some(section) => format!("there is no `{name}` in [{section}]"),
            None => format!("there is no section `{name}`"),
        };
        let remedy = nearest(name, &keys);
        self.complain(place, &what, &remedy);
    }

    fn complain(&mut self, place: Place, what: &str, remedy: &str) {
        self.mistakes.push(Mistake {
            place,
            what: SafeText::new(what.trim()),
            remedy: SafeText::new(remedy),
        });
    }

    fn finish(mut self, path: &str) -> Result<Config, Vec<Mistake>> {
        let read = std::mem::take(&mut self.table).try_into::<Config>();
        let config = Config { source: self.sources.split_off(0), ..read.unwrap_or_default() };
        self.mistakes.sort_by_key(|mistake| mistake.place.line());
        for (section, keys, what, remedy) in wrong_together(&config) {
            let mut places = keys.iter().map(|key| (section.to_owned(), (*key).to_owned()));
            let place = places.find_map(|key| self.places.remove(&key));
            let place = place.unwrap_or_else(|| Place::new(path, "", &(0..0)));
            self.complain(place, what, remedy);
        }
        if self.mistakes.is_empty() { Ok(config) } else { Err(self.mistakes) }
    }
}

/// A section, keys of it of which the first that was set is the one to point at, what is wrong, and what
/// mends it.
type Together = (&'static str, &'static [&'static str], &'static str, &'static str);

/// What no key shows alone.
fn wrong_together(config: &Config) -> Vec<Together> {
    let threshold = &config.threshold;
    let mut wrong: Vec<Together> = Vec::new();
    if threshold.use_warn > threshold.use_bad {
        let keys = &["use_warn", "use_bad"];
        wrong.push(("threshold", keys, "[threshold] use_warn is above use_bad", "lower use_warn"));
    }
    if threshold.heat_warn > threshold.heat_bad {
        let keys = &["heat_warn", "heat_bad"];
        let what = "[threshold] heat_warn is above heat_bad";
        wrong.push(("threshold", keys, what, "lower heat_warn"));
    }
    if !(config.bench.cpus > 0.0 && config.bench.cpus <= 4096.0) {
        let what = "[bench] cpus is not more than 0";
        wrong.push(("bench", &["cpus"], what, "the default is 1.0"));
    }
    wrong
}

/// The reader's words without those that only programmers use.
fn plain(words: &str) -> String {
    words.replace("unknown variant ", "").replace(", expected", " is not")
}

/// What a value is, with its article.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text in quotes",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

/// A variable's text as a value of the kind `like` is.
pub(super) fn as_toml(text: &str, like: &Value) -> Value {
    let parsed = match like {
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(items.map(|item| Value::String(item.to_owned())).collect::<Vec<_>>().into())
        }
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// A sentence with the name most like `name`, or all of them.
fn nearest(name: &str, names: &[String]) -> String {
    let likeness = |other: &&String| strsim::jaro_winkler(name, other);
    let best = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(best) if likeness(&best) > 0.8 => format!("did you mean `{best}`?"),
        _ => format!("there are: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::config::{Color, Interval};

    fn read_plain(text: &str) -> Result<Config, String> {
        read("isomon.toml", text, []).map_err(|mistakes| {
            let shown = mistakes.iter().map(ToString::to_string);
            shown.collect::<Vec<_>>().join("\n")
        })
    }

    fn with_variable(name: &str, value: &str) -> Result<Config, Vec<Mistake>> {
        let text = "[watch]\ninterval = 5\n";
        read("f", text, [(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn nothing_is_the_default() {
        assert_eq!(read_plain(""), Ok(Config::default()));
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let config = with_variable("ISOMON_WATCH_INTERVAL", "250ms").unwrap();
        assert_eq!(config.watch.interval, Interval(Duration::from_millis(250)));
        let config = with_variable("ISOMON_SCREEN_ASCII", "true").unwrap();
        assert!(config.screen.ascii);
        assert_eq!(config.watch.interval, Interval(Duration::from_secs(5)));
        assert!(with_variable("HOME", "x").is_ok());
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = "[watch]\nintervall = 2\n[screen]\ncolor = \"pink\"\n[screan]\n";
        let shown = read_plain(text).unwrap_err();
        assert!(shown.contains("isomon.toml:2:1: there is no `intervall`"), "{shown}");
        assert!(shown.contains("did you mean `interval`?"), "{shown}");
        assert!(shown.contains("isomon.toml:4:9: `pink` is not one of"), "{shown}");
        assert!(shown.contains("isomon.toml:5:2: there is no section `screan`"), "{shown}");
    }

    #[test]
    fn a_wrong_variable_names_the_right_one() {
        let mistakes = with_variable("ISOMON_WATCH_INTERVALL", "1").unwrap_err();
        assert!(mistakes[0].remedy.as_str().contains("ISOMON_WATCH_INTERVAL`"));
        let mistakes = with_variable("ISOMON_SCREEN_ASCII", "maybe").unwrap_err();
        assert_eq!(mistakes[0].place, Place::Variable("ISOMON_SCREEN_ASCII".to_owned()));
    }

    #[test]
    fn what_is_wrong_together_is_told() {
        assert!(read_plain("[threshold]\nuse_warn = 95.0\n").unwrap_err().contains("use_bad"));
        let shown = read_plain("[threshold]\nuse_bad = 10\nuse_warn = 95\n").unwrap_err();
        assert!(shown.starts_with("isomon.toml:3:12: [threshold] use_warn is above"), "{shown}");
        assert!(shown.contains("use_warn = 95"), "{shown}");
        let shown = read_plain("[threshold]\nheat_bad = 10\n").unwrap_err();
        assert!(shown.starts_with("isomon.toml:2:12: "), "{shown}");
        let mistakes = with_variable("ISOMON_BENCH_CPUS", "0").unwrap_err();
        assert_eq!(mistakes[0].place, Place::Variable("ISOMON_BENCH_CPUS".to_owned()));
        assert!(read_plain("[bench]\ncpus = 0.0\n").is_err());
        assert!(read_plain("[bench]\ncpus = nan\n").is_err());
    }

    #[test]
    fn a_colour_is_read() {
        let config = read_plain("[screen]\ncolor = \"never\"\n").unwrap();
        assert_eq!(config.screen.color, Color::Never);
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "(\\[?(watch|screen|x)\\]?|interval|=|\"|[0-9ä\\n\\[\\]{}.])*") {
            let _read = read_plain(&text);
        }
    }
}
