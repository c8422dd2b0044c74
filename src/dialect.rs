//! The language of workflow files: benchctl's three dialects and isomon's own, which holds them all.
//!
//! A text becomes a [`Workflow`] in which every name is known, or everything that is wrong with it is said
//! at once, each with its place. The tables of `grammar` hold the keys, `rule` what is between them. Pure:
//! whoever calls reads the file, and nothing here knows a host or a process.

use crate::config::Mistake;
use crate::model::text::SafeText;
use crate::model::workflow::{Dialect, Workflow};

mod build;
mod check;
mod columns;
mod duration;
pub mod expand;
mod found;
mod grammar;
mod json;
mod order;
pub mod plan;
mod rule;
pub mod schema;
pub mod sketch;
pub mod template;
mod yaml;

use check::Check;
use found::Found;
use grammar::Since;
use rule::Rules;

/// Longest file that is read, in bytes.
pub const LONGEST: usize = yaml::LONGEST;

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// What it says.
    pub workflow: Workflow,
    /// What is worth saying of it and no mistake.
    pub notes: Vec<SafeText>,
    /// The file as JSON, without its secrets.
    pub config: serde_json::Value,
}

/// Reads the workflow file `text`, called `path`. Fails with everything that is wrong, by place.
pub fn read(path: &str, text: &str) -> Result<Read, Vec<Mistake>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Found::new(path, text);
    let read = whole(text, &mut found);
    match read {
        Some(read) if found.is_empty() => Ok(read),
        _ => Err(found.into_mistakes()),
    }
}

/// What `text` says, where it is YAML; it counts only if nothing was found.
fn whole(text: &str, found: &mut Found<'_>) -> Option<Read> {
    let file = yaml::read(text, found);
    if file.as_ref().is_none_or(yaml::Node::is_null) {
        if found.is_empty() {
            found.add(&(0..0), "there is no workflow in this file", "`isomon init` writes one");
        }
        return None;
    }
    let file = file?;
    let mut check = Check::new(found);
    check.part(&file, &grammar::FILE, "", &file.at);
    let (used, mut notes) = (check.used, check.notes);
    let mut workflow = build::workflow(&file);
    let mut rules = Rules::new(&file, &workflow, found);
    rules.all();
    notes.extend(rules.notes);
    let own_words = rules.own_words;
    workflow.dialect = dialect(&used, own_words);
    let config = json::of(&file, &workflow);
    let notes = notes.iter().map(|note| SafeText::new(note)).collect();
    Some(Read { workflow, notes, config })
}

/// The dialect that keys of these kinds are of. A file that none has to itself is today's benchctl's.
fn dialect(used: &std::collections::BTreeSet<Since>, own_words: bool) -> Dialect {
    let has = |since| used.contains(&since);
    if own_words || has(Since::Own) {
        Dialect::Own
    } else if has(Since::Cases) {
        Dialect::Cases
    } else if has(Since::Plots) || (has(Since::Seed) && has(Since::Later)) {
        Dialect::Plots
    } else if has(Since::Seed) {
        Dialect::Seed
    } else if has(Since::Pictures) {
        Dialect::Plots
    } else {
        Dialect::Cases
    }
}

#[cfg(test)]
mod tests;
