//! Secrets are taken out of everything that a host says before it is told or kept.

use std::collections::BTreeMap;

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
            mask.0.extend(host.password.iter().chain(&host.key_password).cloned());
        }
        mask.add_all(&wish.env);
        workflow.cases.iter().for_each(|case| mask.add_all(&case.env));
        let stages = workflow.stages.iter().chain(&workflow.cleanup);
        stages.for_each(|stage| mask.add_all(&stage.env));
        mask.0.retain(|secret| secret.reveal().len() >= SHORTEST);
        // A secret that holds another goes first, else its rest would be shown.
        mask.0.sort_by_key(|secret| std::cmp::Reverse(secret.reveal().len()));
        mask
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

    /// Bytes that were written, without them and safe to show.
    pub(super) fn safe(&self, bytes: &[u8]) -> SafeText {
        let text = String::from_utf8_lossy(bytes);
        if self.0.is_empty() { SafeText::new(&text) } else { SafeText::new(&self.hide(&text)) }
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
