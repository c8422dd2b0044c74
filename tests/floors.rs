//! Imports only go down, and the hands on floor 2 do not know each other.
//!
//! A single package has no walls between its modules; this test is the wall. The floors are read
//! from `src/lib.rs`, so that they stand in one place.

#[path = "house/source.rs"]
mod source;

use std::collections::BTreeMap;

use source::Source;

type Floors = BTreeMap<String, u8>;

/// Modules on this floor must not import each other.
const STRANGERS: u8 = 2;

#[test]
fn imports_only_go_down() {
    let files = source::all();
    let floors = floors(&files);
    assert!(floors.len() > 10, "the floors are found: {floors:?}");
    let wrong: Vec<String> = files.iter().flat_map(|file| wrong(file, &floors)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The floor of each module, as the table of contents has it.
fn floors(files: &[Source]) -> Floors {
    let lib = files.iter().find(|file| file.path == "src/lib.rs");
    let mut floor = None;
    let mut floors = Floors::new();
    for line in lib.expect("src/lib.rs").text.lines() {
        if let Some(rest) = line.strip_prefix("// Floor ") {
            floor = rest.chars().next().and_then(|digit| digit.to_digit(10));
        }
        let module = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';'));
        if let Some(module) = module {
            let floor = floor.expect("a floor before the first module");
            floors.insert(module.to_owned(), u8::try_from(floor).expect("a digit"));
        }
    }
    floors
}

/// What `file` imports and must not.
fn wrong(file: &Source, floors: &Floors) -> Vec<String> {
    let inner = file.path.trim_start_matches("src/").trim_end_matches(".rs");
    let path: Vec<&str> = inner.split('/').collect();
    let Some((own, floor)) = floors.get_key_value(path[0]) else {
        return Vec::new();
    };
    let code = file.code.join("\n");
    let mut found = Vec::new();
    for (line, module) in uses(&code, path.len()) {
        let Some(other) = floors.get(&module).filter(|_| module != *own) else {
            continue;
        };
        if other > floor || (other == floor && *floor == STRANGERS) {
            let place = format!("{}:{line}", file.path);
            found.push(format!("{place} {own} (floor {floor}) -> {module} (floor {other})"));
        }
    }
    found
}

/// Line and top-level module of each `crate::…` and of each `super::…` that reaches the top from
/// a module at `depth`.
fn uses(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in ["crate::".to_owned(), "super::".repeat(depth)] {
        for (at, _) in code.match_indices(&root) {
            let (before, after) = code.split_at(at);
            if before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
                || before.ends_with("super::")
            {
                continue;
            }
            let line = before.matches('\n').count() + 1;
            let after = after.strip_prefix(&root);
            found.extend(after.map(named).into_iter().flatten().map(|module| (line, module)));
        }
    }
    found
}

/// The modules named at the start of `after`: one, or each of a group in braces.
fn named(after: &str) -> Vec<String> {
    let first = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect()
    };
    let Some(group) = after.strip_prefix('{') else {
        return vec![first(after)];
    };
    let mut depth = 0;
    let mut names = vec![first(group)];
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first(group.split_at(at + 1).1)),
            _ => {}
        }
    }
    names
}

fn sample(path: &str, text: &str) -> Vec<String> {
    let floors = [("model", 0), ("state", 1), ("probe", 2), ("store", 2), ("tui", 4)];
    let floors = floors.map(|(name, floor)| (name.to_owned(), floor)).into();
    wrong(&source::parse(path, text), &floors)
}

#[test]
fn an_import_that_goes_up_is_found() {
    assert_eq!(
        sample("src/state.rs", "use crate::model::id;\nuse crate::tui::App;\n"),
        ["src/state.rs:2 state (floor 1) -> tui (floor 4)"]
    );
    assert_eq!(sample("src/state/run.rs", "fn f() { super::super::tui::draw() }").len(), 1);
    assert_eq!(
        sample("src/state.rs", "use crate::{\n    model::{a, b},\n    tui::x,\n};").len(),
        1
    );
    assert_eq!(sample("src/state.rs", "use super::tui;").len(), 1);
}

#[test]
fn hands_that_know_each_other_are_found() {
    assert_eq!(
        sample("src/probe/cpu.rs", "use crate::store::RunDir;"),
        ["src/probe/cpu.rs:1 probe (floor 2) -> store (floor 2)"]
    );
}

#[test]
fn what_goes_down_or_is_no_code_is_fine() {
    let text = "//! See [`crate::tui`].\nuse crate::model::id; // crate::tui\n\
                use super::other;\nconst T: &str = \"crate::tui\";\n";
    assert_eq!(sample("src/state/run.rs", text), [""; 0]);
}
