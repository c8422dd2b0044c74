//! What a workflow would run, on which host, word by word.

use std::fmt::Write as _;

use super::super::{Exit, Outcome, print};
use super::check::language;
use crate::dialect::Read;
use crate::dialect::plan::{self, Task};
use crate::host;
use crate::model::text::SafeText;
use crate::model::workflow::{Host, LOCAL, Stage, Workflow, WorkflowWish};

/// Prints what `wish` would do to the workflow that was read.
pub(in crate::cli) fn told(read: &Read, wish: &WorkflowWish) -> Outcome {
    for note in &read.notes {
        print::err(&format!("note: {note}"));
    }
    print::out(&text(&read.workflow, wish))?;
    Ok(Exit::Good)
}

fn text(workflow: &Workflow, wish: &WorkflowWish) -> String {
    let mut text = format!(
        "{} ({}), runs in {}\n\nhosts\n",
        workflow.name,
        language(workflow.dialect),
        SafeText::new(&workflow.output_dir)
    );
    for (name, host) in &workflow.hosts {
        let _infallible = writeln!(text, "  {:16} {}", safe(name), place(name, host));
        ways(name, host, &mut text);
    }
    let tasks = plan::plan(workflow, wish);
    let _infallible =
        writeln!(text, "\ntasks, in this order where none waits for another by `needs`");
    for (number, task) in tasks.iter().enumerate() {
        row(workflow, wish, number + 1, task, &mut text);
    }
    text
}

/// How a host is reached, word by word.
fn ways(name: &str, host: &Host, text: &mut String) {
    let line = |argv: &[String]| argv.iter().map(|word| shown(word)).collect::<Vec<_>>().join(" ");
    let _infallible = match host::words(name, host, &host::Options::default()) {
        Ok(None) => Ok(()),
        Ok(Some([connect, through])) => {
            let (connect, through) = (line(&connect), line(&through));
            writeln!(text, "    one connection:  {connect}\n    then each task:  {through}")
        }
        Err(error) => writeln!(text, "    it cannot be reached: {}", safe(&error.why())),
    };
}

/// Where a host is.
fn place(name: &str, host: &Host) -> String {
    if name == LOCAL {
        return "this machine".to_owned();
    }
    let user = host.username.as_ref().map_or_else(String::new, |user| format!("{user}@"));
    let port = host.port.map_or_else(String::new, |port| format!(", port {port}"));
    let key = host.key_file.as_ref().map_or_else(String::new, |key| format!(", key {key}"));
    let password = if host.password.is_some() { ", password [redacted]" } else { "" };
    let address = host.address.as_deref().unwrap_or_default();
    SafeText::new(&format!("ssh {user}{address}{port}{key}{password}")).to_string()
}

fn row(workflow: &Workflow, wish: &WorkflowWish, number: usize, task: &Task, text: &mut String) {
    let Some(stage) = task.stage.of(workflow) else { return };
    let mut words = vec![format!("{number:4}  {} on {}", safe(&stage.name), safe(&task.host))];
    words.extend(task.plan.case.as_ref().map(|case| format!("case {case}")));
    words.extend((task.repetition > 0).then(|| format!("repetition {}", task.repetition)));
    words.extend(task.plan.background.then(|| "in the background".to_owned()));
    words.extend(task.plan.cleanup.then(|| "cleanup".to_owned()));
    words.extend(stage.timeout.map(|time| format!("at most {time}")));
    words.extend(task.plan.check.as_ref().map(|check| format!("ready by {check}")));
    words.extend(task.skip.as_ref().map(|why| format!("skipped: {why}")));
    let _infallible = writeln!(text, "{}", words.join(", "));
    if task.skip.is_some() {
        return;
    }
    let env = environment(workflow, wish, stage, task.case);
    if !env.is_empty() {
        let _infallible = writeln!(text, "        with {}", env.join(" "));
    }
    let argv = plan::argv(workflow, stage, task.case);
    let argv: Vec<String> = argv.iter().map(|word| shown(word)).collect();
    let _infallible = writeln!(text, "        {}", argv.join(" "));
}

/// What is set for `stage` by itself, the command line and its case; what may be a secret is not shown.
fn environment(
    workflow: &Workflow,
    wish: &WorkflowWish,
    stage: &Stage,
    case: Option<usize>,
) -> Vec<String> {
    let env = plan::environment(workflow, wish, stage, case, &plan::values(workflow, case));
    let each = env.iter().map(|(name, value)| {
        let value = if is_secret(name) {
            plan::REDACTED.to_owned()
        } else {
            plan::redacted(workflow, value)
        };
        format!("{}={}", safe(name), shown(&value))
    });
    each.collect()
}

/// Whether a variable of this name may hold a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL"].iter().any(|word| name.contains(word))
}

fn safe(text: &str) -> SafeText {
    SafeText::new(text)
}

/// `word` as bash reads it back, on one line, with nothing in it that steers a terminal.
fn shown(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._:/@%+=,-[]".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let steers = |letter: char| SafeText::new(&letter.to_string()).as_str() != letter.to_string();
    if !word.chars().any(steers) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut text = String::from("$'");
    for letter in word.chars() {
        match letter {
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\'' | '\\' => text.extend(['\\', letter]),
            letter if steers(letter) => {
                let _infallible = write!(text, "\\U{:08X}", u32::from(letter));
            }
            letter => text.push(letter),
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::workflow::Case;

    #[test]
    fn a_case_goes_before_the_command_line_and_that_before_the_stage() {
        let set = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let env = set(&[("A", "case")]);
        let case = Case { name: "one".to_owned(), env, ..Case::default() };
        let workflow = Workflow { cases: vec![case], ..Workflow::default() };
        let env = set(&[("A", "wish"), ("B", "wish")]);
        let wish = WorkflowWish { env, ..WorkflowWish::default() };
        let env = set(&[("A", "stage"), ("B", "stage"), ("C", "{{case}}")]);
        let stage = Stage { env, ..Stage::default() };
        let told = environment(&workflow, &wish, &stage, Some(0));
        assert_eq!(told, ["A=case", "B=wish", "C=one"]);
    }

    #[test]
    fn a_word_is_shown_as_a_shell_reads_it_back() {
        let rows = [
            ("echo", "echo"),
            ("a b", "'a b'"),
            ("", "''"),
            ("it's", r"'it'\''s'"),
            ("a\nb'\\", r"$'a\nb\'\\'"),
            ("a\u{1b}[2J\u{202e}", r"$'a\U0000001B[2J\U0000202E'"),
        ];
        for (word, wanted) in rows {
            assert_eq!(shown(word), wanted);
        }
    }
}
