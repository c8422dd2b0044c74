//! A run as tables for the terminal, and below them what must be known to believe it.

use super::run_note::notes;
use super::run_row::rows;
use super::run_table::{Table, tables};
use crate::model::run::Run;
use crate::model::text::SafeText;

/// Columns of a terminal that everyone has.
const WIDTH: usize = 80;

/// The report, with a newline at its end.
pub fn text(run: &Run) -> String {
    let rows = rows(run);
    let mut text = String::new();
    for table in tables(&rows) {
        text.push_str(&table.title());
        text.push_str("\n\n");
        text.push_str(&aligned(&table));
        text.push('\n');
    }
    for note in notes(run, &rows) {
        text.push_str(&wrapped(&note));
    }
    format!("{text}to repeat it:\n  {}\n", safe(&run.head.repeat))
}

/// The first column to the left, the others to the right.
fn aligned(table: &Table<'_>) -> String {
    let lines = table.lines();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = width(column);
            let pad =
                if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&pad);
        }
        text.push('\n');
    }
    text
}

/// `note` in lines of the terminal's width, all but the first set in. A word is never broken.
fn wrapped(note: &str) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in note.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            text.push(' ');
            column += 1;
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
    use super::super::run_sample::run;
    use super::super::run_table::NOTHING;
    use super::*;

    #[test]
    fn a_run_as_a_table() {
        insta::assert_snapshot!(text(&run()));
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
        assert_eq!(wrapped(&word), format!("{word}\n"), "a link stays whole");
    }

    #[test]
    fn rounds_that_were_asked_for_need_no_target() {
        let mut run = run();
        run.head.plan.effort.min_rounds = run.head.plan.effort.max_rounds;
        assert!(!text(&run).contains("asked for"));
    }
}
