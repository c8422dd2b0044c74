//! A workflow in lines: what begins, what it writes, what came of it.
//!
//! In colours on a terminal, in plain words elsewhere, or an event a line as JSON. Who reads may go at any
//! time: the run goes on.

use std::fmt::Write as _;

use super::super::print;
use super::super::result::{command, statistic};
use crate::model::id::RunId;
use crate::model::text::{SafeText, counted};
use crate::model::unit::Bytes;
use crate::model::workflow::event::{Attempt, Failure, TaskLine};
use crate::model::workflow::result::Collected;
use crate::model::workflow::{
    Ending, TaskPlan, TaskState, WorkflowEvent, WorkflowHead, WorkflowTail,
};
use crate::workflow::{Loaded, Outcome};

/// Letters of a prefix.
const PREFIX: usize = 40;
const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
/// What parts the lines of one task from those of another.
const COLORS: [&str; 6] = ["\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[32m", "\x1b[33m", "\x1b[96m"];

/// Shows a workflow.
#[expect(clippy::struct_excessive_bools, reason = "each is a way to show it")]
pub(in crate::cli) struct Show {
    json: bool,
    colored: bool,
    tasks: Vec<TaskPlan>,
    id: Option<RunId>,
    tail: Option<WorkflowTail>,
    passed: u64,
    skipped: u64,
    /// It goes to standard error, for something else goes to standard output.
    aside: bool,
    /// Files, and what stages write to standard output, are passed over.
    brief: bool,
    /// Nobody reads any more.
    gone: bool,
    plots: usize,
}

impl Show {
    /// One that leaves standard output to others.
    pub(in crate::cli) fn aside(loaded: &Loaded) -> Self {
        Self { aside: true, ..Self::brief(false, loaded) }
    }

    /// One that passes over files, and over what stages write for programs.
    pub(in crate::cli) fn brief(colored: bool, loaded: &Loaded) -> Self {
        Self { brief: true, ..Self::new(false, colored, loaded) }
    }

    pub(in crate::cli) fn new(json: bool, colored: bool, loaded: &Loaded) -> Self {
        Self {
            json,
            colored,
            tasks: Vec::new(),
            id: None,
            tail: None,
            passed: 0,
            skipped: 0,
            aside: false,
            brief: false,
            gone: false,
            plots: loaded.read.workflow.plots.len(),
        }
    }

    /// Shows what happened.
    pub(super) fn event(&mut self, id: &RunId, event: &WorkflowEvent) {
        self.id.get_or_insert_with(|| id.clone());
        let text = if self.json {
            serde_json::to_string(event).map(|line| line + "\n").unwrap_or_default()
        } else {
            self.text(event)
        };
        self.print(&text);
        if let WorkflowEvent::Ended(tail) = event {
            self.tail = Some((**tail).clone());
        }
    }

    fn print(&mut self, text: &str) {
        if self.aside {
            text.lines().for_each(print::err);
        } else if !self.gone && !text.is_empty() {
            self.gone = print::out(text).is_err();
        }
    }

    fn text(&mut self, event: &WorkflowEvent) -> String {
        match event {
            WorkflowEvent::Started(head) => {
                self.tasks.clone_from(&head.tasks);
                self.start(head)
            }
            WorkflowEvent::Task { task, state, .. } => self.task(*task, state),
            WorkflowEvent::Lines { lines, dropped } => {
                let shown = lines.iter().filter(|line| line.bad || !self.brief);
                let mut text: String = shown.map(|line| self.line(line)).collect();
                if *dropped > 0 {
                    let _infallible = writeln!(text, "{}", self.paint(DIM, &left_out(*dropped)));
                }
                text
            }
            WorkflowEvent::Attempt(attempt) => self.attempt(attempt),
            WorkflowEvent::File(_) if self.brief => String::new(),
            WorkflowEvent::File(file) => self.file(file),
            WorkflowEvent::Statistics(statistics) => {
                let lines: Vec<String> = statistics.iter().map(statistic).collect();
                lines.iter().fold(String::new(), |text, line| text + "figure " + line + "\n")
            }
            WorkflowEvent::Table(_) | WorkflowEvent::Metadata(_) | WorkflowEvent::Ended(_) => {
                String::new()
            }
        }
    }

    fn start(&self, head: &WorkflowHead) -> String {
        format!("{} {}\n", self.paint(BOLD, head.name.as_str()), beginning(head))
    }

    fn task(&mut self, task: u32, state: &TaskState) -> String {
        let name = self.plan(task).map(of).unwrap_or_default();
        match state {
            // Of both that are told of a start the one that knows its process is shown.
            TaskState::Running { pid: Some(_) } => {
                format!("{} {name}\n", self.paint(BOLD, "start "))
            }
            TaskState::Pending | TaskState::Running { pid: None } | TaskState::Checking => {
                String::new()
            }
            TaskState::Background => {
                format!("{} {name} goes on in the background\n", self.paint(BOLD, "ready "))
            }
            TaskState::Passed { seconds } => {
                self.passed += 1;
                format!("{} {name}, {seconds}\n", self.paint(GREEN, "passed"))
            }
            TaskState::Failed { seconds, reason, .. } => {
                format!("{} {name}, {seconds}: {reason}\n", self.paint(RED, "FAILED"))
            }
            TaskState::Skipped { reason } => {
                self.skipped += 1;
                format!("{} {name}: {reason}\n", self.paint(DIM, "skip  "))
            }
            TaskState::Unknown { reason } => {
                format!("{} {name}: {reason}\n", self.paint(RED, "LOST  "))
            }
        }
    }

    fn line(&self, line: &TaskLine) -> String {
        let Some(plan) = self.plan(line.task) else { return String::new() };
        let prefix = SafeText::within(&format!("{} {}", plan.host, plan.stage), PREFIX);
        let color = COLORS[line.task as usize % COLORS.len()];
        let sign = if line.bad { "!" } else { "|" };
        format!("{} {}\n", self.paint(color, &format!("{prefix} {sign}")), line.text)
    }

    fn attempt(&self, attempt: &Attempt) -> String {
        let name = self.plan(attempt.task).map(of).unwrap_or_default();
        let count = attempt.of.map_or_else(
            || attempt.attempt.to_string(),
            |of| format!("{} of {of}", attempt.attempt),
        );
        let (color, word) = if attempt.ready { (GREEN, "ready") } else { (YELLOW, "not ready") };
        let left = if attempt.ready { String::new() } else { format!(", {} left", attempt.left) };
        format!("check  {name}: {} ({count}{left}): {}\n", self.paint(color, word), attempt.said)
    }

    fn file(&self, file: &Collected) -> String {
        match &file.error {
            None => fetched(file),
            Some(why) => format!("{}   {}: {why}\n", self.paint(RED, "file"), file.output),
        }
    }

    /// Shows what came of it, and where it is.
    pub(super) fn end(&mut self, outcome: &Outcome) {
        if let Some(why) = &outcome.unkept {
            print::err(&format!("isomon: {why}"));
        }
        if self.json {
            return;
        }
        let tail = &outcome.tail;
        let mut text = String::new();
        if let Some(failure) = &tail.failure {
            text.push_str(&self.failure(failure));
        }
        for trouble in &tail.troubles {
            let _infallible = writeln!(text, "{} {trouble}", self.paint(YELLOW, "note  "));
        }
        let (color, word) = match tail.ending {
            Ending::Success => (GREEN, "done"),
            Ending::Failed => (RED, "FAILED"),
            Ending::Cancelled => (YELLOW, "cancelled"),
        };
        let _infallible = writeln!(
            text,
            "{} after {}: {} of {} passed{}; {}",
            self.paint(color, word),
            tail.seconds,
            self.passed,
            counted(self.tasks.len() as u64, "task"),
            self.skipped_words(),
            SafeText::within(&outcome.dir.to_string_lossy(), 1_024)
        );
        if let Some(id) = &self.id {
            let more = match tail.ending {
                Ending::Success if self.plots > 0 => format!("isomon show {id} · isomon plot {id}"),
                Ending::Success => format!("isomon show {id}"),
                _ => format!("isomon show {id} · isomon run --resume {id}"),
            };
            let _infallible = writeln!(text, "{}", self.paint(DIM, &more));
        }
        self.print(&text);
    }

    fn skipped_words(&self) -> String {
        if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() }
    }

    fn failure(&self, failure: &Failure) -> String {
        let mut text = String::new();
        let at = match (failure.stage.as_str(), &failure.case) {
            ("", _) => String::new(),
            (stage, None) => format!("stage {stage} on {}: ", failure.host),
            (stage, Some(case)) => format!("stage {stage} on {}, case {case}: ", failure.host),
        };
        let _infallible = writeln!(text, "\n{} {at}{}", self.paint(RED, "failed"), failure.reason);
        if !failure.command.is_empty() {
            text.extend(command(failure).map(|line| format!("  {line}\n")));
        }
        if !failure.lines.is_empty() {
            text.push_str("  the last lines it wrote:\n");
        }
        for line in &failure.lines {
            let _infallible = writeln!(text, "    {line}");
        }
        text
    }

    fn plan(&self, task: u32) -> Option<&TaskPlan> {
        self.tasks.get(usize::try_from(task).ok()?)
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.colored { format!("{color}{text}{RESET}") } else { text.to_owned() }
    }
}

/// `begins: run-002, 1 task, in /home/me/results/run-002`.
fn beginning(head: &WorkflowHead) -> String {
    let how = if head.resumed { "goes on" } else { "begins" };
    let number = head.number.as_str();
    let run = if number.starts_with("run-") { "" } else { "run " };
    let tasks = counted(head.tasks.len() as u64, "task");
    format!("{how}: {run}{number}, {tasks}, in {}", head.dir)
}

/// `  … 2 lines are left out`.
fn left_out(lines: u64) -> String {
    let are = if lines == 1 { "is" } else { "are" };
    format!("  … {} {are} left out", counted(lines, "line"))
}

/// A file that is there now; one that isomon itself wrote comes from nowhere else.
fn fetched(file: &Collected) -> String {
    let (size, path) = (file.bytes.unwrap_or(Bytes(0)), file.remote_path.as_str());
    let from = if path.is_empty() { String::new() } else { format!(", from {path}") };
    format!("file   {}, {size}{from}\n", file.file)
}

/// `load on db, case big, repetition 2`.
fn of(plan: &TaskPlan) -> String {
    let mut text = format!("{} on {}", plan.stage, plan.host);
    if let Some(case) = &plan.case {
        let _infallible = write!(text, ", case {case}");
    }
    if plan.repetition > 0 {
        let _infallible = write!(text, ", repetition {}", plan.repetition);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_task_is_one_and_a_run_is_called_so_once() {
        let mut head = WorkflowHead {
            number: "run-002".into(),
            dir: "/r/run-002".into(),
            tasks: vec![TaskPlan::default()],
            ..WorkflowHead::default()
        };
        assert_eq!(beginning(&head), "begins: run-002, 1 task, in /r/run-002");
        (head.number, head.resumed) = ("2".into(), true);
        head.tasks.push(TaskPlan::default());
        assert_eq!(beginning(&head), "goes on: run 2, 2 tasks, in /r/run-002");
        assert_eq!(left_out(1), "  … 1 line is left out");
        assert_eq!(left_out(2), "  … 2 lines are left out");
    }

    #[test]
    fn a_file_says_where_it_is_from_only_where_that_is_known() {
        let mut file =
            Collected { file: "cost.json".into(), bytes: Some(Bytes(10)), ..Collected::default() };
        assert_eq!(fetched(&file), "file   cost.json, 10 B\n");
        file.remote_path = "/tmp/c".into();
        assert_eq!(fetched(&file), "file   cost.json, 10 B, from /tmp/c\n");
    }
}
