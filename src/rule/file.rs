//! A file of rules, read with the place of each mistake, and laid over what isomon comes with.

use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use serde_spanned::Spanned;

use super::receiver::Held;
use super::token::Wrong;
use super::{DEFAULT, Expression, Message, Receiver, Rule, Rules, Way};
use crate::config::mistake::Place;
use crate::config::{Mistake, Span};
use crate::model::alert::Severity;
use crate::model::secret::Secret;
use crate::model::text::SafeText;

mod head;
mod label;

pub use head::template;
use label::Written;

/// Longest file that is read, in bytes.
pub const LONGEST_BYTES: usize = 256 << 10;
/// Rules and receivers of a file.
const MOST: usize = 500;
/// How long an alert goes on to fire after it is well again, unless the rule says otherwise.
const KEEP: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "yes")]
    presets: bool,
    baseline: Option<String>,
    #[serde(default)]
    rule: Vec<Spanned<Entry>>,
    #[serde(default)]
    receiver: Vec<Spanned<Told>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    when: Option<Spanned<String>>,
    until: Option<Spanned<String>>,
    #[serde(rename = "for")]
    lasts: Option<Spanned<String>>,
    keep: Option<Spanned<String>>,
    severity: Option<Spanned<String>>,
    message: Option<Spanned<String>>,
    labels: Option<Written>,
    #[serde(default)]
    off: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    name: Spanned<String>,
    kind: Spanned<String>,
    url: Option<String>,
    url_env: Option<String>,
    url_file: Option<String>,
    command: Option<Vec<String>>,
    least: Option<Spanned<String>>,
    labels: Option<Written>,
    group_by: Option<Vec<Spanned<String>>>,
    #[serde(default = "yes")]
    resolved: bool,
    #[serde(default)]
    allow_private: bool,
    #[serde(default)]
    allow_loopback: bool,
}

/// Every key of the file, for what was perhaps meant.
const KEYS: [&str; 23] = [
    "presets",
    "baseline",
    "rule",
    "receiver",
    "name",
    "when",
    "until",
    "for",
    "keep",
    "severity",
    "message",
    "labels",
    "off",
    "kind",
    "url",
    "url_env",
    "url_file",
    "command",
    "least",
    "group_by",
    "resolved",
    "allow_private",
    "allow_loopback",
];

const fn yes() -> bool {
    true
}

/// The rules of `text`, which is called `path` in mistakes, over those isomon comes with.
pub fn read(path: &str, text: &str) -> Result<Rules, Mistake> {
    let own = Reading { path, text, preset: false };
    let file = own.file()?;
    let mut rules = if file.presets { presets()? } else { Rules::default() };
    rules.baseline.clone_from(&file.baseline);
    own.lay(&file, &mut rules)?;
    Ok(rules)
}

/// The rules isomon comes with.
pub fn presets() -> Result<Rules, Mistake> {
    let reading = Reading { path: "config/rules.toml", text: DEFAULT, preset: true };
    let mut rules = Rules::default();
    reading.lay(&reading.file()?, &mut rules)?;
    Ok(rules)
}

/// A file while it is read.
struct Reading<'a> {
    path: &'a str,
    text: &'a str,
    preset: bool,
}

impl Reading<'_> {
    fn mistake(&self, span: &Range<usize>, what: &str, remedy: &str) -> Mistake {
        let place = Place::new(self.path, self.text, span);
        Mistake { place, what: SafeText::new(what), remedy: SafeText::new(remedy) }
    }

    /// A mistake `wrong` within the text `held`, in the place it has in the file where the file holds it
    /// letter by letter.
    fn within(&self, held: &Spanned<String>, wrong: &Wrong) -> Mistake {
        let span = held.span();
        let inner = span.start + 1..span.end.saturating_sub(1);
        let is_plain = self.text.get(inner.clone()) == Some(held.get_ref().as_str());
        let place = inner.start + wrong.span.start..inner.start + wrong.span.end;
        self.mistake(if is_plain { &place } else { &span }, &wrong.what, &wrong.remedy)
    }

    fn file(&self) -> Result<File, Mistake> {
        toml::from_str(self.text).map_err(|error| {
            let what = error.message();
            let unknown =
                what.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
            let remedy = unknown.map(|name| suggest(name, &KEYS)).unwrap_or_default();
            let what = what.split(", expected one of").next().unwrap_or(what);
            self.mistake(&error.span().unwrap_or(0..0), what, &remedy)
        })
    }

    fn lay(&self, file: &File, rules: &mut Rules) -> Result<(), Mistake> {
        let count = file.rule.len() + file.receiver.len();
        if count > MOST {
            let what = format!("it has {count} rules and receivers; {MOST} are the most");
            return Err(self.mistake(&(0..0), &what, ""));
        }
        let mut own: Vec<&str> = Vec::new();
        for entry in &file.rule {
            let name = entry.get_ref().name.get_ref();
            if own.contains(&name.as_str()) {
                let what = format!("`{name}` is a rule already");
                return Err(self.mistake(&entry.get_ref().name.span(), &what, "name it otherwise"));
            }
            own.push(name);
            self.lay_rule(entry, rules)?;
        }
        for told in &file.receiver {
            let receiver = self.receiver(told)?;
            if rules.receivers.iter().any(|other| other.name == receiver.name) {
                let what = format!("`{}` is a receiver already", receiver.name);
                let span = told.get_ref().name.span();
                return Err(self.mistake(&span, &what, "name it otherwise"));
            }
            rules.receivers.push(receiver);
        }
        Ok(())
    }

    /// A rule takes the place of one of that name, or takes it away.
    fn lay_rule(&self, entry: &Spanned<Entry>, rules: &mut Rules) -> Result<(), Mistake> {
        let name = self.name(&entry.get_ref().name)?;
        let at = rules.rules.iter().position(|rule| rule.name == name);
        if entry.get_ref().off {
            let Some(at) = at else {
                let names: Vec<&str> = rules.rules.iter().map(|rule| rule.name.as_str()).collect();
                let what = format!("no rule is called `{name}`");
                let span = entry.get_ref().name.span();
                return Err(self.mistake(&span, &what, &suggest(name.as_str(), &names)));
            };
            rules.rules.remove(at);
            return Ok(());
        }
        let rule = self.rule(entry, name)?;
        match at {
            Some(at) => rules.rules[at] = rule,
            None => rules.rules.push(rule),
        }
        Ok(())
    }

    fn name(&self, name: &Spanned<String>) -> Result<SafeText, Mistake> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
        let text = name.get_ref();
        if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
            let what = format!("`{}` is no name", SafeText::within(text, 64));
            return Err(self.mistake(
                &name.span(),
                &what,
                "write letters, digits, - _ . and blanks",
            ));
        }
        Ok(SafeText::new(text))
    }

    fn rule(&self, spanned: &Spanned<Entry>, name: SafeText) -> Result<Rule, Mistake> {
        let entry = spanned.get_ref();
        let Some(written) = &entry.when else {
            let what = format!("the rule `{name}` has no `when`");
            return Err(self.mistake(&entry.name.span(), &what, "when = \"cpu > 90%\""));
        };
        let when = self.expression(written)?;
        let until = entry.until.as_ref().map(|until| self.expression(until)).transpose()?;
        if let (Some(until), Some(written)) = (&until, &entry.until)
            && until.scope != when.scope
            && until.scope != super::reading::Scope::Node
        {
            let what = format!("`until` is of a {}, and `when` is not", until.scope.name());
            return Err(self.mistake(&written.span(), &what, "ask both of the same thing"));
        }
        let message = match &entry.message {
            None => Message::of_readings(&when.readings),
            Some(text) => Message::read(text.get_ref(), when.scope)
                .map_err(|wrong| self.within(text, &wrong))?,
        };
        Ok(Rule {
            name,
            text: SafeText::new(written.get_ref()),
            when,
            until,
            lasts: self.length(entry.lasts.as_ref())?.unwrap_or_default(),
            keep: self.length(entry.keep.as_ref())?.unwrap_or(KEEP),
            severity: self.severity(entry.severity.as_ref())?,
            message,
            labels: self.labels(entry.labels.as_ref())?,
            preset: self.preset,
        })
    }

    fn expression(&self, text: &Spanned<String>) -> Result<Expression, Mistake> {
        Expression::read(text.get_ref()).map_err(|wrong| self.within(text, &wrong))
    }

    fn length(&self, text: Option<&Spanned<String>>) -> Result<Option<Duration>, Mistake> {
        let Some(text) = text else { return Ok(None) };
        if matches!(text.get_ref().as_str(), "0" | "0s") {
            return Ok(Some(Duration::ZERO));
        }
        let span = text.get_ref().parse::<Span>();
        span.map(|span| Some(span.0))
            .map_err(|what| self.mistake(&text.span(), &what, "for = \"5m\""))
    }

    fn severity(&self, text: Option<&Spanned<String>>) -> Result<Severity, Mistake> {
        let Some(text) = text else { return Ok(Severity::default()) };
        let found = Severity::ALL.into_iter().find(|severity| severity.name() == text.get_ref());
        found.ok_or_else(|| {
            let what = format!("no severity is called `{}`", SafeText::within(text.get_ref(), 40));
            let names = Severity::ALL.map(Severity::name);
            self.mistake(&text.span(), &what, &suggest(text.get_ref(), &names))
        })
    }

    fn receiver(&self, spanned: &Spanned<Told>) -> Result<Receiver, Mistake> {
        let told = spanned.get_ref();
        let name = self.name(&told.name)?.to_string();
        let way = Way::ALL.into_iter().find(|way| way.name() == told.kind.get_ref());
        let way = way.ok_or_else(|| {
            let what = format!(
                "no kind of receiver is called `{}`",
                SafeText::within(told.kind.get_ref(), 40)
            );
            self.mistake(
                &told.kind.span(),
                &what,
                &suggest(told.kind.get_ref(), &Way::ALL.map(Way::name)),
            )
        })?;
        let held: Vec<Held> = [
            told.url.as_deref().map(|url| Held::Here(Secret::new(url))),
            told.url_env.clone().map(Held::Variable),
            told.url_file.clone().map(Held::File),
        ]
        .into_iter()
        .flatten()
        .collect();
        let command = told.command.clone().unwrap_or_default();
        let wrong = match (way, held.len(), command.first()) {
            (Way::Command, 0, Some(program)) if !program.is_empty() => None,
            (Way::Command, ..) => Some((
                "a command needs `command` and no address",
                "command = [\"/usr/bin/notify\"]",
            )),
            (_, 1, None) => None,
            (_, 0, _) => Some(("it has no address", "url_env = \"OPS_WEBHOOK\", or url_file")),
            (_, _, Some(_)) => Some(("only kind = \"command\" has a `command`", "take it away")),
            _ => Some(("it has several addresses", "keep one of url, url_env, url_file")),
        };
        if let Some((what, remedy)) = wrong {
            return Err(self.mistake(
                &told.name.span(),
                &format!("receiver `{name}`: {what}"),
                remedy,
            ));
        }
        Ok(Receiver {
            name,
            way,
            url: held.into_iter().next().unwrap_or_default(),
            command,
            least: self.severity(told.least.as_ref())?,
            labels: self.labels(told.labels.as_ref())?,
            group_by: self.group_by(told.group_by.as_ref())?,
            resolved: told.resolved,
            allow_private: told.allow_private,
            allow_loopback: told.allow_loopback,
        })
    }
}

/// What was perhaps meant by `name`, or everything there is.
fn suggest(name: &str, known: &[&str]) -> String {
    let near = |other: &&&str| strsim::jaro_winkler(name, other);
    let best = known.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    match best.filter(|best| near(best) > 0.7) {
        Some(best) => format!("did you mean `{best}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests;
