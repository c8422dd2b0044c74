//! What a host has to say of itself. Its words become arguments of `ssh`: none may be taken for an option.

use super::super::check::within;
use super::super::yaml::{Entry, Node};
use super::Rules;
use crate::model::workflow::LOCAL;

impl Rules<'_, '_, '_> {
    pub(super) fn hosts(&mut self) {
        for entry in self.file.of("hosts").map(Node::entries).unwrap_or_default() {
            if entry.key == LOCAL {
                self.local(entry);
            } else {
                self.host(entry);
            }
        }
    }

    fn local(&mut self, entry: &Entry) {
        if !entry.value.entries().is_empty() {
            self.notes.push("hosts.local is this machine; what is said of it has no effect".into());
        }
    }

    fn host(&mut self, entry: &Entry) {
        let path = within("hosts", &entry.key);
        if entry.value.of("ip").is_none() {
            let remedy = "an address, or a name in ~/.ssh/config";
            self.found.add(&entry.at, format!("{path}.ip must be set"), remedy);
        }
        for key in ["ip", "username"] {
            let Some(node) = entry.value.of(key) else { continue };
            if node.text().is_some_and(|text| !is_plain(text)) {
                let what = format!("{path}.{key} cannot be given to ssh");
                let remedy = "no blanks, no `@`, no `/`, and no `-` in front";
                self.found.add(&node.at, what, remedy);
            }
        }
        let key = entry.value.of("key_file");
        if let Some(node) = key.filter(|node| node.text().is_some_and(|text| text.starts_with('-')))
        {
            let what = format!("{path}.key_file cannot be given to ssh");
            self.found.add(&node.at, what, "write `./` in front");
        }
    }
}

fn is_plain(text: &str) -> bool {
    let odd = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '@' | '/' | '\'' | '"' | '%')
    };
    !text.is_empty() && !text.starts_with('-') && !text.contains(odd)
}
