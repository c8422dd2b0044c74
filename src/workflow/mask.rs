//! Secrets are taken out of everything that a host says before it is told or kept.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::model::workflow::{Workflow, WorkflowWish};

/// What stands for a secret.
pub(super) const HIDDEN: &str = "[redacted]";
/// Shorter secrets are not looked for: they would be found everywhere.
const SHORTEST: usize = 4;
/// Words in the name of a variable whose value is a secret.
const WORDS: [&str; 9] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "APIKEY",
    "API_KEY",
    "PRIVATE_KEY",
];

/// Secrets that are known.
#[derive(Default)]
pub(super) struct Mask(Vec<Secret>);

impl Mask {
    /// Those of `workflow` and `wish`: passwords, passphrases, and variables that are called so.
    pub(super) fn of(workflow: &Workflow, wish: &WorkflowWish) -> Self {
        let mut mask = Self::default();
        for host in workflow.hosts.values() {
            mask.0.extend(host.password.iter().chain(&host.key_password).filter_map(meant));
        }
        mask.add_all(&wish.env);
        workflow.cases.iter().for_each(|case| mask.add_all(&case.env));
        let stages = workflow.stages.iter().chain(&workflow.cleanup);
        stages.for_each(|stage| mask.add_all(&stage.env));
        mask.with([])
    }

    /// The same with further secrets.
    pub(super) fn with(mut self, secrets: impl IntoIterator<Item = Secret>) -> Self {
        self.0.extend(secrets);
        self.0.retain(|secret| secret.reveal().len() >= SHORTEST);
        // A secret that holds another goes first, else its rest would be shown.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.reveal().len()));
        self
    }

    fn add_all(&mut self, env: &BTreeMap<String, String>) {
        let secret = env.iter().filter(|(name, _)| is_secret(name));
        self.0.extend(secret.map(|(_, value)| Secret::new(value)));
    }

    /// `text` without them.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.reveal()) {
                text = text.replace(secret.reveal(), HIDDEN);
            }
        }
        text
    }

    /// `value` with every text in it without them.
    pub(super) fn hide_all(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hide(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_all(item)),
            Value::Object(map) => map.values_mut().for_each(|value| self.hide_all(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Bytes that were written, without them and safe to show.
    pub(super) fn safe(&self, bytes: &[u8]) -> SafeText {
        let text = String::from_utf8_lossy(bytes);
        if self.0.is_empty() { SafeText::new(&text) } else { SafeText::new(&self.hide(&text)) }
    }
}

/// The secret that a file gives, or says where it is; `None` where only its host finds it out, which
/// tells it then.
fn meant(given: &Secret) -> Option<Secret> {
    let text = given.reveal();
    match text.split_once(':') {
        _ if text == "prompt" => None,
        Some(("env", name)) => std::env::var(name).ok().map(|value| Secret::new(&value)),
        Some(("file", _)) => None,
        _ => Some(given.clone()),
    }
}

/// Whether the variable `name` holds a secret, by its name.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_the_longer_one_first() {
        let env = [("DB_PASSWORD", "hunter2"), ("A_TOKEN", "hunter2-long"), ("PLAIN", "seen")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let wish = WorkflowWish { env, ..WorkflowWish::default() };
        let mask = Mask::of(&Workflow::default(), &wish);
        let said = mask.safe(b"hunter2-long hunter2 seen");
        assert_eq!(said.as_str(), "[redacted] [redacted] seen");
    }
}
