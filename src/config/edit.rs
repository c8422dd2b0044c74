//! The settings one by one, and a change to one of them in the user's own text.
//!
//! Pure: the face that shows them reads and writes the file. A change leaves every comment, blank line
//! and unknown order as it was, and is read by the reader of the whole before it counts.

use toml::{Table, Value};
use toml_edit::DocumentMut;

use super::read::{as_toml, defaults, read};
use super::template::schema;

/// Where a value comes from, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The user's file.
    File,
    /// A variable of the environment.
    Variable,
    /// A flag of the command line.
    Flag,
}

impl Origin {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Variable => "environment",
            Self::Flag => "flag",
        }
    }
}

/// One setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its section.
    pub section: String,
    /// Its key there.
    pub key: String,
    /// What holds, as it is typed: without quotes.
    pub value: String,
    /// What holds where nobody set it.
    pub default: String,
    /// Who set it.
    pub origin: Origin,
    /// What it means.
    pub words: String,
}

/// A change of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its section.
    pub section: String,
    /// Its key there.
    pub key: String,
    /// What was typed; nothing takes the key away, so that the default holds again.
    pub value: String,
}

/// Every setting, as `text`, which is the user's file, and the variables of `environment` have it.
pub fn settings(text: &str, environment: &[(String, String)]) -> Vec<Setting> {
    let (defaults, schema) = (defaults(), schema());
    let file: Table = toml::from_str(text).unwrap_or_default();
    let mut all = Vec::new();
    for (section, keys) in &defaults {
        for (key, default) in keys.as_table().into_iter().flatten() {
            let variable = format!("ISOMON_{section}_{key}").to_ascii_uppercase();
            let set = environment.iter().find(|(name, _)| *name == variable);
            let set = set.map(|(_, value)| (Origin::Variable, value.clone()));
            let kept = file.get(section).and_then(|keys| keys.get(key));
            let kept = kept.map(|value| (Origin::File, typed(value)));
            let usual = (Origin::Default, typed(default));
            let (origin, value) = set.or(kept).unwrap_or(usual);
            let fields = &schema["properties"][section]["properties"];
            let words = fields[key]["description"].as_str().unwrap_or_default();
            all.push(Setting {
                section: section.clone(),
                key: key.clone(),
                value,
                default: typed(default),
                origin,
                words: words.replace('\n', " "),
            });
        }
    }
    all
}

/// A value as a user types it: no quotes, a list with commas.
fn typed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(typed).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// `text`, which was read from `path`, with `change` in it.
///
/// # Errors
/// In words: what the reader of the settings says of the new value, or of what was wrong before.
pub fn changed(path: &str, text: &str, change: &Change) -> Result<String, String> {
    let defaults = defaults();
    let like = defaults.get(&change.section).and_then(|section| section.get(&change.key));
    let like =
        like.ok_or_else(|| format!("there is no `{}` in [{}]", change.key, change.section))?;
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let section = document.entry(&change.section).or_insert_with(toml_edit::table);
    let section = section
        .as_table_like_mut()
        .ok_or_else(|| format!("`{}` is no section in {path}", change.section))?;
    if change.value.trim().is_empty() {
        section.remove(&change.key);
    } else {
        let value = as_toml(change.value.trim(), like).to_string();
        let mut value: toml_edit::Value =
            value.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
        if let Some(old) = section.get(&change.key).and_then(toml_edit::Item::as_value) {
            *value.decor_mut() = old.decor().clone();
        }
        section.insert(&change.key, toml_edit::Item::Value(value));
    }
    let text = document.to_string();
    match read(path, &text, []) {
        Ok(_) => Ok(text),
        Err(mistakes) => {
            let words = mistakes.iter().map(|one| format!("{}: {}", one.what, one.remedy));
            Err(words.collect::<Vec<_>>().join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::template::template;

    fn change(section: &str, key: &str, value: &str) -> Change {
        let [section, key, value] = [section, key, value].map(ToOwned::to_owned);
        Change { section, key, value }
    }

    #[test]
    fn a_change_leaves_comments_and_everything_else_alone() {
        let text =
            "# mine\n[watch]\ninterval = \"5s\" # slow\n\n[[source]]\nurl = \"http://a:7070\"\n";
        let new = changed("f", text, &change("watch", "interval", "2s")).unwrap();
        assert_eq!(new, text.replace("5s", "2s"));
        let new = changed("f", &new, &change("screen", "mouse", "false")).unwrap();
        assert!(new.starts_with("# mine\n[watch]\ninterval = \"2s\" # slow\n"), "{new}");
        assert!(new.contains("[screen]\nmouse = false\n"), "{new}");
        let new = changed("f", &new, &change("watch", "interval", " ")).unwrap();
        assert!(!new.contains("interval") && new.contains("# mine"), "{new}");
    }

    #[test]
    fn every_setting_of_a_fresh_file_can_be_changed_to_its_default() {
        let mut text = template();
        for one in settings(&text, &[]) {
            assert!(!one.words.is_empty() && one.origin == Origin::Default, "{one:?}");
            text = changed("f", &text, &change(&one.section, &one.key, &one.default)).unwrap();
        }
        let comments = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
        assert_eq!(comments(&text), comments(&template()));
        assert!(settings(&text, &[]).iter().all(|one| one.value == one.default));
    }

    #[test]
    fn what_is_wrong_is_not_written() {
        for (section, key, value) in [
            ("watch", "interval", "soon"),
            ("screen", "charts", "dots"),
            ("threshold", "use_warn", "99"),
            ("bench", "cpus", "many"),
            ("watch", "intervall", "2s"),
        ] {
            let why = changed("f", "", &change(section, key, value)).unwrap_err();
            assert!(!why.is_empty(), "{section} {key}");
        }
        let broken = changed("f", "[watch", &change("screen", "mouse", "false"));
        assert!(broken.is_err(), "a broken file is not written over");
    }

    #[test]
    fn who_set_it_is_told() {
        let set = [("ISOMON_WATCH_INTERVAL".to_owned(), "9s".to_owned())];
        let all = settings("[watch]\ninterval = \"5s\"\n[screen]\nascii = true\n", &set);
        let find = |key: &str| all.iter().find(|one| one.key == key).unwrap();
        let interval = all
            .iter()
            .find(|one| (one.section.as_str(), one.key.as_str()) == ("watch", "interval"))
            .unwrap();
        assert_eq!((interval.value.as_str(), interval.origin), ("9s", Origin::Variable));
        assert_eq!((find("ascii").value.as_str(), find("ascii").origin), ("true", Origin::File));
        assert_eq!(find("theme").origin, Origin::Default);
    }
}
