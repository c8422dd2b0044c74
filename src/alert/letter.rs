//! A message to a receiver: what turned since the last one, in the form that it wants.
//!
//! Names of things come from outside: nothing of them may mean anything to who reads the message, no
//! mention of everybody, no link, no markup.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::alert::{self, AlertId, Labels, Severity};
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::rule::{Change, Way};

/// Alerts that are listed for people, and for programs.
const LISTED: usize = 10;
const FOR_PROGRAMS: usize = 100;
/// Letters of a message for people; Discord takes 2,000.
const LETTERS: usize = 1_900;

/// What is to be told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Letter {
    /// What turned, latest last.
    pub changes: Vec<Change>,
    /// How many more began to fire, and ended.
    pub dropped: [u64; 2],
    /// What all of them have in common, where the receiver has them told apart by it.
    pub group: Labels,
    /// The machine that tells.
    pub host: SafeText,
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// An alert, as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    rule: &'a SafeText,
    node: SafeText,
    thing: &'a SafeText,
    severity: Severity,
    state: &'static str,
    message: &'a SafeText,
    labels: &'a Labels,
}

impl Letter {
    /// What the node of `change` is called: this machine by its own name.
    fn node(&self, change: &Change) -> SafeText {
        let is_own = change.id.node == SourceId::local().0 && !self.host.is_empty();
        if is_own { self.host.clone() } else { change.id.node.clone() }
    }

    /// What all have in common, with this machine by its own name.
    fn group(&self) -> Labels {
        let mut group = self.group.clone();
        let node =
            group.get_mut(&SafeText::new("node")).filter(|node| **node == SourceId::local().0);
        if let Some(node) = node.filter(|_| !self.host.is_empty()) {
            node.clone_from(&self.host);
        }
        group
    }

    /// How many began to fire, and how many ended.
    pub fn counts(&self) -> [u64; 2] {
        let ended = self.changes.iter().filter(|change| change.is_end()).count() as u64;
        let fired = self.changes.len() as u64 - ended;
        [fired + self.dropped[0], ended + self.dropped[1]]
    }

    /// It as `way` wants it.
    pub fn body(&self, way: Way) -> Vec<u8> {
        let value = match way {
            Way::Discord => {
                json!({ "content": self.words(discord), "allowed_mentions": { "parse": [] } })
            }
            Way::Slack => json!({ "text": self.words(slack) }),
            Way::Webhook | Way::Command => self.rows(),
        };
        serde_json::to_vec(&value).unwrap_or_default()
    }

    fn rows(&self) -> Value {
        let [firing, resolved] = self.counts();
        let row = |change| -> Row<'_> {
            let Change { id, severity, message, labels, .. }: &Change = change;
            Row {
                rule: &id.rule,
                node: self.node(change),
                thing: &id.thing,
                severity: *severity,
                state: if change.is_end() { "resolved" } else { "firing" },
                message,
                labels,
            }
        };
        let listed: Vec<Row<'_>> = self.worst().take(FOR_PROGRAMS).map(row).collect();
        json!({
            "isomon": env!("CARGO_PKG_VERSION"),
            "from": self.host,
            "group": self.group(),
            "at": Stamp { mono_ms: 0, wall_ms: self.at_ms }.rfc3339(),
            "firing": firing,
            "resolved": resolved,
            "not_listed": firing + resolved - listed.len() as u64,
            "alerts": listed,
        })
    }

    /// What turned: what fires first, the worst first.
    fn worst(&self) -> impl Iterator<Item = &Change> {
        let mut sorted: Vec<&Change> = self.changes.iter().collect();
        sorted.sort_by_key(|change| (change.is_end(), std::cmp::Reverse(change.severity)));
        sorted.into_iter()
    }

    /// It for people; `plain` takes the meaning out of what a text says.
    fn words(&self, plain: fn(&str) -> String) -> String {
        let [firing, resolved] = self.counts();
        let counted = [(firing, "firing"), (resolved, "resolved")];
        let counted: Vec<String> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let group = alert::written(&self.group());
        let group = if group.is_empty() { group } else { format!(" ({})", plain(&group)) };
        let host = plain(self.host.as_str());
        let mut words = format!("isomon on {host}{group}: {}", counted.join(", "));
        let mut listed = 0;
        for change in self.worst().take(LISTED) {
            let severity = || change.severity.name().to_uppercase();
            let state = if change.is_end() { "RESOLVED".to_owned() } else { severity() };
            let line = format!(
                "\n{state} {} — {}",
                plain(&AlertId { node: self.node(change), ..change.id.clone() }.to_string()),
                plain(change.message.as_str())
            );
            if words.chars().count() + line.chars().count() > LETTERS {
                break;
            }
            words.push_str(&line);
            listed += 1;
        }
        let more = firing + resolved - listed;
        if more > 0 {
            let _infallible = write!(words, "\n… and {more} more");
        }
        words
    }
}

/// What means something to Discord is written so that it means itself.
fn discord(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(
            letter,
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '[' | ']' | '(' | ')' | '#'
        ) {
            plain.push('\\');
        }
        plain.push(letter);
        if matches!(letter, '@' | ':') {
            // Neither a mention nor a link is left of it.
            plain.push('\u{200b}');
        }
    }
    plain
}

/// The same for Slack, which reads three letters.
fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::AlertState;

    fn change(thing: &str, to: AlertState) -> Change {
        let id = AlertId { rule: "hot".into(), node: "web-1".into(), thing: thing.into() };
        let (severity, from) = (Severity::Warning, AlertState::Ok);
        let labels = Labels::from([("team".into(), "ml".into())]);
        Change { id, severity, from, to, message: "GPU at 95 °C".into(), labels }
    }

    #[test]
    fn what_does_not_fit_is_a_number() {
        let changes = vec![change("x", AlertState::Firing); 100];
        let letter = Letter { changes, dropped: [9_900, 0], host: "a".into(), ..Letter::default() };
        let of = |way| serde_json::from_slice::<Value>(&letter.body(way)).unwrap();
        let content = of(Way::Discord)["content"].as_str().unwrap().to_owned();
        assert!(content.starts_with("isomon on a: 10000 firing\n"), "{content}");
        assert!(content.ends_with("… and 9990 more") && content.chars().count() < 2_000);
        let rows = of(Way::Webhook);
        assert_eq!((&rows["firing"], &rows["not_listed"]), (&json!(10_000), &json!(9_900)));
        assert_eq!(rows["alerts"].as_array().unwrap().len(), 100);
        assert_eq!(rows["alerts"][0]["labels"], json!({ "team": "ml" }));
    }

    #[test]
    fn this_machine_has_one_name_in_a_message() {
        let mut own = change("x", AlertState::Firing);
        own.id.node = SourceId::local().0;
        let group = Labels::from([("node".into(), own.id.node.clone())]);
        let letter = Letter { changes: vec![own], group, host: "lab".into(), ..Letter::default() };
        let rows: Value = serde_json::from_slice(&letter.body(Way::Webhook)).unwrap();
        assert_eq!(
            (&rows["group"]["node"], &rows["alerts"][0]["node"]),
            (&json!("lab"), &json!("lab"))
        );
    }

    #[test]
    fn a_name_means_nothing_to_who_reads_it() {
        let evil = "<!channel> @everyone **x** [a](http://evil) `rm`";
        let letter = Letter { changes: vec![change(evil, AlertState::Ok)], ..Letter::default() };
        let text = |way: Way, key: &str| -> String {
            let value: Value = serde_json::from_slice(&letter.body(way)).unwrap();
            value[key].as_str().unwrap().to_owned()
        };
        let slack = text(Way::Slack, "text");
        assert!(slack.contains("RESOLVED") && !slack.contains('<'), "{slack}");
        let discord = text(Way::Discord, "content");
        assert!(!discord.contains("@everyone") && !discord.contains("http://"), "{discord}");
        assert!(discord.contains("\\*\\*x") && discord.contains("\\[a\\]"), "{discord}");
        let body = String::from_utf8(letter.body(Way::Discord)).unwrap();
        assert!(body.contains("\"parse\":[]"));
    }
}
