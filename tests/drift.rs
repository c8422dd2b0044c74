//! What is generated is what is committed. `ISOMON_BLESS=1 cargo test --test drift` rewrites it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory, Parser};
use isomon::cli::args::Args;
use isomon::tui::action::Action;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Fails where `name` is not `wanted`, or writes it when told to.
fn keep(name: &str, wanted: &str) {
    let path = path(name);
    if std::env::var_os("ISOMON_BLESS").is_some() {
        fs::write(&path, wanted).expect("written");
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(wanted.lines()).position(|(a, b)| a != b);
    assert!(
        found == wanted,
        "{name} is out of date from line {}: ISOMON_BLESS=1 cargo test --test drift",
        line.map_or(0, |line| line + 1)
    );
}

#[test]
fn the_settings_file() {
    keep("config/isomon.toml", &isomon::config::template::template());
}

#[test]
fn the_readme() {
    let mut readme = fs::read_to_string(path("README.md")).expect("README.md");
    for (mark, table) in [("commands", commands()), ("flags", flags()), ("keys", keys())] {
        readme = replace(&readme, mark, &table);
    }
    keep("README.md", &readme);
}

/// `text` with what stands between the marks replaced.
fn replace(text: &str, mark: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (before, rest) = text.split_once(&begin).expect("the first mark");
    let (_, after) = rest.split_once(&end).expect("the second mark");
    format!("{before}{begin}{table}{end}{after}")
}

fn commands() -> String {
    let mut table = String::from("| command | what it does |\n|---|---|\n");
    table.push_str("| `isomon` | the screen |\n");
    for command in Args::command().get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(table, "| `isomon {}` | {about} |", command.get_name()).expect("a string");
    }
    table
}

fn flags() -> String {
    let mut table = String::from("| flag | what it does |\n|---|---|\n");
    let mut command = Args::command();
    rows(&mut table, "", &command);
    let bench = command.find_subcommand_mut("bench").expect("bench");
    rows(&mut table, "bench ", bench);
    table
}

fn rows(table: &mut String, prefix: &str, command: &Command) {
    for flag in command.get_arguments().filter(|argument| !argument.is_positional()) {
        let long = flag.get_long().unwrap_or_default();
        let short = flag.get_short().map_or_else(String::new, |short| format!("-{short}, "));
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        writeln!(table, "| `{prefix}{short}--{long}` | {help} |").expect("a string");
    }
}

/// The keys of each action as the keymap binds them.
fn keys() -> String {
    let keymap = fs::read_to_string(path("config/keymap.toml")).unwrap_or_default();
    let keymap: toml::Table = toml::from_str(&keymap).expect("config/keymap.toml parses");
    let mut table = String::from("| key | action | what it does |\n|---|---|---|\n");
    for action in Action::ALL {
        let keys = bound(&keymap, action.name());
        let (name, words) = (action.name(), action.words());
        if !keys.is_empty() {
            writeln!(table, "| {} | `{name}` | {words} |", keys.join(" ")).expect("a string");
        }
    }
    table
}

fn bound(keymap: &toml::Table, action: &str) -> Vec<String> {
    let bindings = keymap.get("bind").and_then(toml::Value::as_array);
    let ours = |binding: &&toml::Value| binding["action"].as_str() == Some(action);
    let keys = bindings.into_iter().flatten().filter(ours);
    keys.filter_map(|binding| binding["keys"].as_array())
        .flatten()
        .filter_map(toml::Value::as_str)
        .map(|key| format!("`{}`", key.replace('|', "\\|")))
        .collect()
}

#[test]
fn every_command_in_the_readme_is_one() {
    let readme = fs::read_to_string(path("README.md")).expect("README.md");
    let spans = readme.split('`').skip(1).step_by(2);
    let lines: Vec<String> = spans
        .filter(|span| span.starts_with("isomon ") || *span == "isomon")
        .map(|span| span.replace('\n', " "))
        .collect();
    assert!(lines.len() > 5, "{lines:?}");
    for line in lines.iter().filter(|line| !line.ends_with("completions")) {
        let parsed = Args::try_parse_from(line.split_whitespace());
        let needs_more = |error: &clap::Error| {
            use clap::error::ErrorKind as Kind;
            matches!(
                error.kind(),
                Kind::DisplayHelpOnMissingArgumentOrSubcommand | Kind::MissingRequiredArgument
            )
        };
        assert!(parsed.as_ref().map_or_else(needs_more, |_| true), "{line}");
    }
}

#[test]
fn the_help() {
    let mut command = Args::command().term_width(100);
    command.build();
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    insta::assert_snapshot!("help", command.render_long_help().to_string());
    for name in names {
        let sub = command.find_subcommand_mut(&name).expect("there");
        insta::assert_snapshot!(format!("help_{name}"), sub.render_long_help().to_string());
    }
}
