//! The program's own source, read so far as the house rules need: code without comments and
//! strings.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
pub(crate) struct Source {
    /// Path from the package's root.
    pub(crate) path: String,
    /// Its text as it stands.
    pub(crate) text: String,
    /// Its code line for line, comments and what is between quotes blanked out.
    pub(crate) code: Vec<String>,
}

/// Every file in `src`.
pub(crate) fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    paths.sort();
    paths.iter().map(|path| read(root, path)).collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("src is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("UTF-8");
    let path = path.strip_prefix(root).expect("within").display();
    parse(&path.to_string(), &text)
}

/// A file out of its text.
pub(crate) fn parse(path: &str, text: &str) -> Source {
    let code: Vec<String> = blank(text).lines().map(str::to_owned).collect();
    Source { path: path.to_owned(), text: text.to_owned(), code }
}

/// `text` with everything blanked that is no code; lines stay where they are.
fn blank(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let end = skipped(&letters, at);
        if end == at {
            out.push(letters[at]);
            at += 1;
            continue;
        }
        let breaks = letters[at..end].iter().filter(|letter| **letter == '\n');
        out.extend(breaks);
        out.push(' ');
        at = end;
    }
    out
}

/// Where the comment, string or letter that begins at `at` ends; `at` itself if none does.
fn skipped(letters: &[char], at: usize) -> usize {
    let rest = &letters[at..];
    let before = at.checked_sub(1).map_or(' ', |before| letters[before]);
    match rest {
        ['/', '/', ..] => until(letters, at, "\n"),
        ['/', '*', ..] => until(letters, at + 2, "*/") + 2,
        ['r', '"' | '#', ..] if !before.is_alphanumeric() && before != '_' => raw(letters, at),
        ['"', ..] => string(letters, at),
        ['\'', '\\', ..] => until(letters, at + 3, "'") + 1,
        ['\'', _, '\'', ..] => at + 3,
        _ => at,
    }
    .min(letters.len())
}

fn until(letters: &[char], from: usize, end: &str) -> usize {
    let end: Vec<char> = end.chars().collect();
    let found =
        letters[from.min(letters.len())..].windows(end.len()).position(|window| window == end);
    found.map_or(letters.len(), |found| from + found)
}

fn string(letters: &[char], at: usize) -> usize {
    let mut end = at + 1;
    while end < letters.len() && letters[end] != '"' {
        end += if letters[end] == '\\' { 2 } else { 1 };
    }
    end + 1
}

fn raw(letters: &[char], at: usize) -> usize {
    let hashes = letters[at + 1..].iter().take_while(|letter| **letter == '#').count();
    if letters.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    until(letters, at + 2 + hashes, &end) + 1 + hashes
}
