//! Functions and files stay as small as the house rules say.

#![expect(clippy::print_stdout, reason = "the longest are shown")]

#[path = "house/source.rs"]
mod source;

use source::Source;

/// Lines of a function: median, 90th and 99th percentile, most.
const FUNCTION: [usize; 4] = [8, 25, 60, 80];
/// Lines of a file without its tests.
const FILE: usize = 500;

#[test]
fn functions_are_small() {
    let mut functions: Vec<Function> = source::all().iter().flat_map(functions).collect();
    assert!(functions.len() > 100, "the functions are found");
    functions.sort_by_key(|function| function.lines);
    println!("the five longest functions:");
    for function in functions.iter().rev().take(5) {
        println!("  {:3} {} {}", function.lines, function.place, function.name);
    }
    let wrong = too_long(&functions);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is beyond the limits; `functions` are sorted by length.
fn too_long(functions: &[Function]) -> Vec<String> {
    let at = |percent: usize| functions[(functions.len() - 1) * percent / 100].lines;
    let names = ["median", "90th percentile", "99th percentile", "longest"];
    let found = [at(50), at(90), at(99), at(100)];
    println!("lines of a function: {names:?} {found:?}, at most {FUNCTION:?}");
    let all = names.into_iter().zip(found).zip(FUNCTION);
    all.filter(|((_, found), most)| found > most)
        .map(|((name, found), most)| format!("{name}: {found} lines, at most {most}"))
        .collect()
}

#[test]
fn files_are_small() {
    let mut files: Vec<(usize, String)> =
        source::all().iter().map(|file| (lines_without_tests(file), file.path.clone())).collect();
    files.sort();
    println!("the five longest files:");
    for (lines, path) in files.iter().rev().take(5) {
        println!("  {lines:3} {path}");
    }
    files.retain(|(lines, _)| *lines > FILE);
    assert!(files.is_empty(), "beyond {FILE} lines: {files:?}");
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> = source::all()
        .into_iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    assert!(silent.is_empty(), "without a `//!` line: {silent:?}");
}

#[test]
fn the_measure_itself_is_right() {
    let text = "fn one() {\n    let brace = \"}\"; // }\n    'x: loop { break 'x; }\n}\n\
                fn declared();\nfn two() -> [u8; 2] { [0; 2] }\n\
                #[cfg(test)]\nmod tests {\n    fn unseen() {\n    }\n}\n";
    let found = functions(&source::parse("f.rs", text));
    let found: Vec<(&str, usize)> =
        found.iter().map(|function| (function.name.as_str(), function.lines)).collect();
    assert_eq!(found, [("one", 4), ("two", 1)]);
    let long = Function { place: String::new(), name: "long".to_owned(), lines: 81 };
    assert_eq!(too_long(&[long]).len(), 4, "a function of 81 lines is too long");
}

/// A function and how many lines it has, from `fn` to the closing brace.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    place: String,
    name: String,
    lines: usize,
}

/// Lines before the tests of `file`; none for a file of tests.
fn lines_without_tests(file: &Source) -> usize {
    if file.path.ends_with("/tests.rs") || file.path.contains("/tests/") {
        return 0;
    }
    let tests = file.code.iter().position(|line| line.trim() == "#[cfg(test)]");
    tests.unwrap_or(file.code.len())
}

/// The functions before the tests of `file`.
fn functions(file: &Source) -> Vec<Function> {
    let lines = &file.code[..lines_without_tests(file)];
    let named = |(at, line): (usize, &String)| {
        let name = function_name(line)?;
        Some(Function {
            place: format!("{}:{}", file.path, at + 1),
            name,
            lines: length(&lines[at..])?,
        })
    };
    lines.iter().enumerate().filter_map(named).collect()
}

fn function_name(line: &str) -> Option<String> {
    let (before, after) = line.split_once("fn ")?;
    let words = ["pub", "const", "async", "unsafe", "extern"];
    let is_head = before
        .split_whitespace()
        .all(|word| words.contains(&word) || word.starts_with("pub(") || word.ends_with(')'));
    let name: String =
        after.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    (is_head && !name.is_empty()).then_some(name)
}

/// Lines until the brace that was opened first is closed; `None` for a declaration.
fn length(lines: &[String]) -> Option<usize> {
    let mut depth = 0_i32;
    let mut brackets = 0_i32;
    for (count, line) in lines.iter().enumerate() {
        for letter in line.chars() {
            match letter {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets -= 1,
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 && brackets == 0 {
                        return Some(count + 1);
                    }
                }
                ';' if depth == 0 && brackets == 0 => return None,
                _ => {}
            }
        }
    }
    None
}
