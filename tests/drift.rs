//! What is generated is what is committed. `ISOMON_BLESS=1 cargo test --test drift` rewrites it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory, Parser};
use isomon::cli::args::Args;
use isomon::model::backend::BackendId;
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
fn the_words_of_the_rules() {
    keep("config/rules.toml", &isomon::rule::file::template());
}

#[test]
fn dashboards_and_alert_rules() {
    for board in isomon::report::grafana::BOARDS {
        let json = isomon::report::grafana::dashboard(&board);
        let text = serde_json::to_string_pretty(&json).expect("JSON") + "\n";
        keep(&format!("assets/grafana/{}.json", board.name), &text);
    }
    keep("assets/prometheus/rules.yml", &isomon::report::rule::rules());
}

#[test]
fn tables_of_the_documents() {
    let reference = [("commands", commands()), ("flags", flags()), ("keys", keys())];
    for (name, tables) in
        [("docs/measuring.md", &[("backends", backends())][..]), ("docs/reference.md", &reference)]
    {
        let text = fs::read_to_string(path(name)).expect(name);
        let text = tables.iter().fold(text, |text, (mark, table)| replace(&text, mark, table));
        keep(name, &text);
    }
}

/// `text` with what stands between the marks replaced.
fn replace(text: &str, mark: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (before, rest) = text.split_once(&begin).expect("the first mark");
    let (_, after) = rest.split_once(&end).expect("the second mark");
    format!("{before}{begin}{table}{end}{after}")
}

/// Each backend in its own words: the schema has them from where it is declared.
fn backends() -> String {
    let schema = serde_json::to_value(schemars::schema_for!(BackendId)).expect("a schema");
    let variants = schema["oneOf"].as_array().expect("a variant each");
    let mut table = String::from("| backend | what it is | starts | needs |\n|---|---|---|---|\n");
    for id in BackendId::ALL {
        let ours = variants.iter().find(|variant| variant["const"] == id.name()).expect("declared");
        let words = ours["description"].as_str().expect("documented").trim_end_matches('.');
        let starts: Vec<&str> = id.starts().iter().map(|start| start.name()).collect();
        let (starts, needs) = (starts.join(", "), needs(id));
        writeln!(table, "| `{id}` | {words} | {starts} | {needs} |").expect("a string");
    }
    table
}

/// What must be there for a backend; `isomon doctor` says what of it is missing.
fn needs(id: BackendId) -> &'static str {
    match id {
        BackendId::Process | BackendId::Namespaces => "nothing",
        BackendId::Wasm => "nothing (feature `wasm`, on by default)",
        BackendId::V8 => "nothing (feature `v8`, off by default)",
        BackendId::Deno => "`deno` 2",
        BackendId::Bubblewrap => "`bwrap`",
        BackendId::Runc => "`runc`, root",
        BackendId::Crun => "`crun`, root",
        BackendId::Youki => "`youki`, root",
        BackendId::Docker => "a Docker engine and its socket",
        BackendId::DockerCrun => "the same, and `crun` known to it",
        BackendId::DockerRunsc => "the same, and `runsc` known to it",
        BackendId::DockerKata => "the same, and Kata Containers known to it",
        BackendId::GvisorSystrap => "`runsc` of 2023 or later, root",
        BackendId::GvisorPtrace => "`runsc`, root",
        BackendId::GvisorKvm => "`runsc`, root, `/dev/kvm`",
        BackendId::Kvm => "`/dev/kvm`",
        BackendId::QemuTcg => "`qemu-system-x86_64`",
        BackendId::QemuKvm => "`qemu-system-x86_64`, `/dev/kvm`",
        BackendId::Firecracker => "`firecracker`, `/dev/kvm`",
        BackendId::FirecrackerJailed => "`firecracker`, `jailer`, `/dev/kvm`, root",
    }
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
    rows(&mut table, "", &Args::command());
    table
}

/// The flags of `command` behind its name, and those of the commands below it.
fn rows(table: &mut String, prefix: &str, command: &Command) {
    for flag in command.get_arguments().filter(|argument| !argument.is_positional()) {
        let long = flag.get_long().unwrap_or_default();
        let short = flag.get_short().map_or_else(String::new, |short| format!("-{short}, "));
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.replace('|', "\\|");
        writeln!(table, "| `{prefix}{short}--{long}` | {help} |").expect("a string");
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        rows(table, &format!("{prefix}{} ", below.get_name()), below);
    }
}

#[test]
fn flags_of_every_command_are_in_the_table() {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help);
    let inner = Command::new("inner").arg(flag("exact", "This | that").short('x'));
    let outer = Command::new("outer").arg(flag("deep", "Further")).subcommand(inner);
    let secret = Command::new("secret").arg(flag("own", "Of isomon alone")).hide(true);
    let mut table = String::new();
    let all = Command::new("isomon").arg(flag("ascii", "Plain")).subcommands([outer, secret]);
    rows(&mut table, "", &all);
    assert_eq!(
        table,
        "| `--ascii` | Plain |\n| `outer --deep` | Further |\n\
         | `outer inner -x, --exact` | This \\| that |\n"
    );
    for command in Args::command().get_subcommands() {
        let own = command.get_arguments().find_map(Arg::get_long);
        let row = own.map(|long| format!("--{long}` | ")).unwrap_or_default();
        let named = |line: &str| line.contains(&format!("`{} ", command.get_name()));
        let told = flags().lines().any(|line| named(line) && line.contains(&row));
        assert!(own.is_none() || told, "{}", command.get_name());
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
fn every_command_in_the_documents_is_one() {
    let told = documents().filter(|(name, _)| name == "README.md" || name.starts_with("docs/"));
    let (fenced, plain) = apart(&told.map(|(_, text)| text).collect::<String>());
    let named = plain.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " "));
    let lines: Vec<String> =
        named.chain(fenced).filter(|line| line.split(' ').next() == Some("isomon")).collect();
    assert!(lines.len() > 20, "{lines:?}");
    for line in lines {
        let words = words(&line);
        // A command that is only named has no arguments yet.
        let is_named = words.len() == 2 && Args::command().find_subcommand(&words[1]).is_some();
        let parsed = Args::try_parse_from(&words);
        assert!(is_named || parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
    }
}

/// The README and what it leads to, each with its name.
fn documents() -> impl Iterator<Item = (String, String)> {
    let docs = fs::read_dir(path("docs")).expect("docs");
    let docs = docs.map(|entry| format!("docs/{}", entry.expect("listed").file_name().display()));
    let own = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned);
    own.into_iter().chain(docs).map(|name| {
        let text = fs::read_to_string(path(&name)).expect("read");
        (name, text)
    })
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut links = 0;
    for (name, text) in documents() {
        let (_, plain) = apart(&text);
        let targets = plain.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http")) {
            let (file, mark) = target.split_once('#').unwrap_or((target, ""));
            let beside = path(&name).parent().expect("a directory").join(file);
            let found = if file.is_empty() { path(&name) } else { beside };
            assert!(found.exists(), "{name}: {target}");
            let heads =
                fs::read_to_string(&found).unwrap_or_default().to_lowercase().replace(' ', "-");
            assert!(mark.is_empty() || heads.contains(&format!("#-{mark}")), "{name}: {target}");
            links += 1;
        }
    }
    assert!(links > 20, "{links}");
}

/// The lines of `text` between fences, and the rest.
fn apart(text: &str) -> (Vec<String>, String) {
    let (mut fenced, mut plain, mut inside) = (Vec::new(), String::new(), false);
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside {
            fenced.push(line.to_owned());
        } else {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    (fenced, plain)
}

/// `line` as a shell takes it apart.
fn words(line: &str) -> Vec<String> {
    let script = format!("isomon() {{ printf '%s\\n' isomon \"$@\"; }}\n{line}");
    let out = std::process::Command::new("sh").args(["-c", &script]).output().expect("a shell");
    assert!(out.status.success(), "{line}");
    String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
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
