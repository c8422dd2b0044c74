//! The commented file of all settings, made from the doc comments of [`Config`].

use std::fmt::Write as _;

use serde_json::Value;

use super::{Config, Source};

/// The file: every key with its default behind a `#`, so that defaults stay isomon's to choose.
pub fn template() -> String {
    let schema = schema();
    let defaults = toml::to_string(&Config::default()).unwrap_or_default();
    let mut file = String::from(HEAD);
    let mut section = String::new();
    for line in defaults.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            name.clone_into(&mut section);
            comment(&mut file, &schema["properties"][name]);
            let _infallible = writeln!(file, "[{name}]");
        } else if let Some((key, _)) = line.split_once(" = ") {
            let fields = &schema["properties"][&section]["properties"];
            comment(&mut file, &fields[key]);
            let _infallible = writeln!(file, "#{line}");
        } else {
            file.push('\n');
        }
    }
    sources(&mut file, &schema["properties"]["source"]["items"]);
    file
}

/// A source with every key, all of it behind marks: there is none unless the user names one.
fn sources(file: &mut String, schema: &Value) {
    file.push('\n');
    comment(file, schema);
    file.push_str("#[[source]]\n");
    let example = toml::to_string(&Source::example()).unwrap_or_default();
    for line in example.lines() {
        if let Some((key, _)) = line.split_once(" = ") {
            comment(file, &schema["properties"][key]);
            let _infallible = writeln!(file, "#{line}");
        }
    }
}

const HEAD: &str = "# The settings of isomon, each with its default.
# Take the `#` away from a key to change it. Precedence: flag, then the environment
# (ISOMON_SECTION_KEY, for example ISOMON_WATCH_INTERVAL=2s), then this file, then the default.
# `isomon config check` reads it and says what is wrong.

";

/// The JSON schema of the settings, for editors.
pub fn schema() -> Value {
    let inline = |settings: &mut schemars::generate::SchemaSettings| {
        settings.inline_subschemas = true;
    };
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(inline);
    let schema = settings.into_generator().into_root_schema_for::<Config>();
    schema.to_value()
}

fn comment(file: &mut String, field: &Value) {
    let words = field["description"].as_str().unwrap_or_default();
    for line in words.lines() {
        let _infallible = writeln!(file, "# {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read::read;

    #[test]
    fn the_file_means_the_defaults_with_and_without_its_marks() {
        let file = template();
        assert_eq!(read("f", &file, []), Ok(Config::default()));
        let unmarked: String = file
            .lines()
            .filter(|line| !line.starts_with("# "))
            .map(|line| line.trim_start_matches('#').to_owned() + "\n")
            .collect();
        let (settings, sources) = unmarked.split_once("[[source]]").expect("an example");
        assert_eq!(read("f", settings, []), Ok(Config::default()));
        // Of these there may be one.
        let others = ["token_env", "login_file", "login_env"];
        let is_other = |line: &&str| others.iter().any(|key| line.starts_with(key));
        let kept: Vec<&str> = sources.lines().filter(|line| !is_other(line)).collect();
        let sources = format!("[[source]]{}\n", kept.join("\n"));
        let (token_env, login_file, login_env) = (None, None, None);
        let example = Source { token_env, login_file, login_env, ..Source::example() };
        assert_eq!(read("f", &sources, []).map(|config| config.source), Ok(vec![example]));
        assert!(unmarked.contains("interval = \"1s\""), "{unmarked}");
    }

    #[test]
    fn every_setting_has_words() {
        let file = template();
        let lines: Vec<&str> = file.lines().collect();
        for pair in lines.windows(2) {
            let is_key = pair[1].starts_with('#') && !pair[1].starts_with("# ");
            assert!(!is_key || pair[0].starts_with("# "), "{}", pair[1]);
        }
    }
}
