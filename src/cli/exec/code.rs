//! A file of code and the runtime it is for.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};

use super::super::advice::Advise;
use crate::model::job::{Runtime, What};

/// Longest code that is taken.
const LONGEST: u64 = 64 << 20;
/// Endings of files, and what runs them.
const ENDINGS: [(&str, Runtime); 7] = [
    ("js", Runtime::Js),
    ("mjs", Runtime::Js),
    ("py", Runtime::Python),
    ("go", Runtime::Go),
    ("wasm", Runtime::Wasm),
    ("wat", Runtime::Wasm),
    ("sh", Runtime::Command),
];

/// The code in `file`, for `runtime` or for what its ending says.
pub(in crate::cli) fn read(file: &Path, runtime: Option<Runtime>) -> Result<What> {
    let runtime = runtime.or_else(|| guess(file)).ok_or_else(|| {
        let endings: Vec<String> = ENDINGS.iter().map(|(ending, _)| format!(".{ending}")).collect();
        eyre!("{} does not say what runs it", file.display())
            .advise(&format!("name it with --runtime, or end the file in {}", endings.join(" ")))
    })?;
    if runtime == Runtime::Oci {
        return Err(eyre!("oci runs a command in a root file system, not a file of code")
            .advise("isomon exec --root DIR -- COMMAND"));
    }
    let cannot = || format!("cannot read {}", file.display());
    let opened = File::open(file).wrap_err_with(cannot)?;
    let mut code = Vec::new();
    let length = opened.take(LONGEST + 1).read_to_end(&mut code).wrap_err_with(cannot)?;
    if length as u64 > LONGEST {
        return Err(eyre!("{} is longer than 64 MiB", file.display()));
    }
    Ok(What::Code { runtime, code })
}

fn guess(file: &Path) -> Option<Runtime> {
    let ending = file.extension()?.to_str()?;
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, runtime)| *runtime)
}

/// The words for runtimes.
fn words() -> impl Iterator<Item = &'static str> {
    Runtime::ALL.into_iter().map(Runtime::name).chain(["sh"])
}

/// The runtime that `word` means.
fn named(word: &str) -> Option<Runtime> {
    let word = if word == "sh" { "command" } else { word };
    Runtime::ALL.into_iter().find(|runtime| runtime.name() == word)
}

/// The same, for a command line.
pub(in crate::cli) fn runtime(word: &str) -> Result<Runtime, String> {
    named(word).ok_or_else(|| {
        let names: Vec<&str> = words().collect();
        format!("{}there are {}", meant(word, &names), names.join(", "))
    })
}

/// `did you mean …? ` where a name is near.
pub(super) fn meant(word: &str, names: &[&str]) -> String {
    let likeness = |name: &&&str| strsim::jaro_winkler(word, name);
    let best = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let near = best.filter(|name| likeness(name) > 0.8);
    near.map_or_else(String::new, |name| format!("did you mean {name}? "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_what_runs_it() {
        let rows = [("a/b.py", Some(Runtime::Python)), ("x.tar.js", Some(Runtime::Js))];
        let none = [("py", None), ("x.PY", None), ("x.", None)];
        for (file, wanted) in rows.into_iter().chain(none) {
            assert_eq!(guess(Path::new(file)), wanted, "{file}");
        }
    }

    #[test]
    fn every_runtime_has_a_word() {
        assert!(words().all(|word| named(word).is_some()));
        assert_eq!(named("sh"), Some(Runtime::Command));
    }
}
