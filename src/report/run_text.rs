//! A run as tables for the terminal, and below them what must be known to believe it.

use super::run_load::load_tables;
use super::run_note::notes;
use super::run_row::rows;
use super::run_table::{Table, tables};
use crate::claim::worth_a_line;
use crate::model::run::Run;
use crate::model::text::SafeText;

/// Columns of a terminal that everyone has.
pub(super) const WIDTH: usize = 80;

/// The report, with a newline at its end.
pub fn text(run: &Run) -> String {
    let rows = rows(run);
    let mut text = String::new();
    let mut tables = tables(run, &rows);
    tables.iter_mut().for_each(narrow);
    for table in &tables {
        text.push_str(&table.title());
        text.push_str("\n\n");
        text.push_str(&aligned(&table.lines()));
        text.push_str(&lacking(table));
        text.push('\n');
    }
    for table in load_tables(run) {
        text.extend([table.title, "\n\n", &aligned(&table.lines), "\n"]);
    }
    for note in notes(run, &rows, &tables) {
        text.push_str(&wrapped("", &note));
    }
    for row in worth_a_line(run) {
        text.push_str(&wrapped("", &row.sentence()));
    }
    format!("{text}to repeat it:\n  {}\n", safe(&run.head.repeat))
}

/// Takes figures away from `table` until it fits, those that say least first.
fn narrow(table: &mut Table<'_>) {
    let wide = |table: &Table<'_>| widest(aligned(&table.lines()).lines()) > WIDTH;
    while wide(table) && table.drop_figure() {}
}

/// Columns of the widest cell.
fn widest<'a>(cells: impl Iterator<Item = &'a str>) -> usize {
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
}

/// The backends that cannot do the work, each with the reason beside its name.
fn lacking(table: &Table<'_>) -> String {
    let lacks: Vec<_> = table.lacks().collect();
    let lines = table.lines();
    let names = lines.iter().filter_map(|line| line.first()).map(String::as_str);
    let width = widest(names.chain(lacks.iter().map(|(name, _)| *name)));
    let line = |(name, reason): &(&str, String)| wrapped(&format!("{name:<width$}  "), reason);
    lacks.iter().map(line).collect()
}

/// The first column to the left, the others to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let width = |column: usize| {
        widest(lines.iter().filter_map(|line| line.get(column)).map(String::as_str))
    };
    let mut text = String::new();
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            let width = width(column);
            let pad =
                if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&pad);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// `note` behind `head` in lines of the terminal's width, all but the first set in: below the note
/// where there is a head. A word is never broken.
pub(super) fn wrapped(head: &str, note: &str) -> String {
    let left = head.chars().count();
    let indent = left.max(2);
    let (mut text, mut column) = (head.to_owned(), left);
    for (index, word) in note.split_whitespace().enumerate() {
        let length = word.chars().count();
        let gap = usize::from(index > 0);
        if index > 0 && column + gap + length > WIDTH {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            text.push_str(&" ".repeat(gap));
            column += gap;
        }
        text.push_str(word);
        column += length;
    }
    text + "\n"
}

/// Text of a file is not trusted.
pub(super) fn safe(text: &str) -> SafeText {
    SafeText::within(text, 2_000)
}

#[cfg(test)]
mod tests {
    use super::super::run_sample::{loaded, run};
    use super::super::run_table::NOTHING;
    use super::*;
    use crate::model::backend::BackendId;
    use crate::model::bench::{Failure, Outcome};

    #[test]
    fn a_run_as_a_table() {
        insta::assert_snapshot!(text(&run()));
    }

    #[test]
    fn a_run_with_every_load_as_tables() {
        let text = text(&loaded());
        let from = text.find("memory: sandboxes").expect("the first load");
        insta::assert_snapshot!(text.get(from..).expect("at a letter"));
        let wide = text.lines().filter(|line| line.chars().count() > WIDTH);
        assert_eq!(wide.filter(|line| !line.starts_with("  isomon ")).count(), 0, "{text}");
    }

    #[test]
    fn a_run_without_a_sample_says_so() {
        let mut empty = run();
        empty.samples.clear();
        empty.tail = None;
        let text = text(&empty);
        assert!(text.contains("cut off: it did not"), "{text}");
        assert!(text.contains(NOTHING));
    }

    #[test]
    fn what_a_file_says_cannot_steer_the_terminal() {
        let mut run = run();
        run.head.repeat = "isomon\u{1b}]0;x\u{7}".to_owned();
        assert!(!text(&run).contains('\u{1b}'));
    }

    #[test]
    fn only_the_command_is_wider_than_a_terminal() {
        let mut run = run();
        run.head.left_out[0].reason = SafeText::new(&"long words ".repeat(30));
        let text = text(&run);
        let wide = text.lines().filter(|line| line.chars().count() > WIDTH);
        assert_eq!(wide.filter(|line| !line.starts_with("  isomon ")).count(), 0, "{text}");
        let word = "x".repeat(200);
        assert_eq!(wrapped("", &word), format!("{word}\n"), "a link stays whole");
    }

    #[test]
    fn rounds_that_were_asked_for_need_no_target() {
        let mut run = run();
        run.head.plan.effort.min_rounds = run.head.plan.effort.max_rounds;
        let text = text(&run);
        assert!(!text.contains("known") && !text.contains("--target"), "{text}");
    }

    #[test]
    fn a_limit_that_was_met_and_a_machine_inside_a_machine_are_told() {
        let mut run = run();
        for sample in &mut run.samples {
            if let Outcome::Failed { kind, message } = &mut sample.outcome {
                (*kind, *message) = (Failure::Timeout, Failure::Timeout.words().into());
            }
        }
        run.head.fingerprint.virtualization = Some("Xen".into());
        let without = text(&run);
        assert!(without.contains("noop: took too long (10.0 s allowed; --timeout)"), "{without}");
        assert!(!without.contains("itself virtual"), "{without}");
        run.head.cells[1].backend = BackendId::Kvm;
        assert!(text(&run).contains("kvm: this machine is itself virtual (Xen)"), "{}", text(&run));
        run.head.fingerprint.virtualization = Some("none".into());
        assert!(!text(&run).contains("itself virtual"));
    }
}
