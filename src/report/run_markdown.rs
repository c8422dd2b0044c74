//! A run as Markdown: a table for each payload, and the notes as a list.

use std::fmt::Write as _;

use super::load_row::{HEADS, LoadRow, load_rows, verdict};
use super::run_note::notes;
use super::run_row::rows;
use super::run_table::{Table, tables};
use super::run_text::safe;
use crate::claim::worth_a_line;
use crate::model::run::Run;

/// The report, with a newline at its end.
pub fn markdown(run: &Run) -> String {
    let rows = rows(run);
    let tables = tables(run, &rows);
    let section = |of: &Table<'_>| format!("\n## {}\n\n{}", escape(&of.title()), table(of));
    let sections: String = tables.iter().map(section).collect();
    let sections = sections + &loads(run) + &claims(run);
    let notes = told(run)
        .into_iter()
        .chain(notes(run, &rows, &tables))
        .map(|note| format!("- {}\n", escape(&note)));
    let repeat = format!("- to repeat it: {}\n", escape(safe(&run.head.repeat).as_str()));
    format!("# {}\n{sections}\n{}{repeat}", escape(&title(run)), notes.collect::<String>())
}

/// The table of loads; nothing where there was none.
fn loads(run: &Run) -> String {
    let rows = load_rows(run);
    if rows.is_empty() {
        return String::new();
    }
    let mut lines = vec![HEADS.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(LoadRow::line));
    format!("\n## loads\n\n{}", plain(&lines))
}

/// The claims of others beside what was measured; nothing where none is about it.
fn claims(run: &Run) -> String {
    let rows = worth_a_line(run);
    if rows.is_empty() {
        return String::new();
    }
    let heads = ["claim", "claimed", "measured here", "", "source"];
    let mut text =
        format!("\n## what others claim\n\n| {} |\n|---|---|---|---|---|\n", heads.join(" | "));
    for row in rows {
        let (label, claim) = (row.cell.map_or_else(String::new, |cell| cell.label()), row.claim);
        let cells = [
            format!("{label}, {}: {}", claim.boundary.name(), claim.words),
            claim.shown(),
            row.shown(),
            row.words,
        ];
        let cells = cells.map(|cell| escape(&cell)).join(" | ");
        let source = format!("[{}, {}]({})", escape(&claim.source), claim.year, claim.url);
        let _infallible = writeln!(text, "| {cells} | {source} |");
    }
    text
}

/// Whether the machine was quiet.
fn told(run: &Run) -> Option<String> {
    run.tail.as_ref()?.verdict.as_ref().map(verdict)
}

/// A table whose first line is its heads.
fn plain(lines: &[Vec<String>]) -> String {
    let row = |cells: &Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let columns = lines.first().map_or(0, Vec::len);
    let rule = format!("|:---|{}\n", "---:|".repeat(columns.saturating_sub(1)));
    let (heads, rest) = lines.split_at(lines.len().min(1));
    let text = |lines: &[Vec<String>]| lines.iter().map(row).collect::<String>();
    text(heads) + &rule + &text(rest)
}

fn title(run: &Run) -> String {
    let name = run.head.plan.name.as_ref().map(|name| format!("{name}, "));
    format!("{}{}", name.unwrap_or_default(), safe(&run.head.started_at))
}

fn table(table: &Table<'_>) -> String {
    let lines = table.lines();
    let columns = lines.first().map_or(0, Vec::len);
    let lacks = table.lacks().map(|(name, reason)| {
        let blanks = " |".repeat(columns.saturating_sub(2));
        format!("| {} | {} |{blanks}\n", escape(name), escape(&reason))
    });
    plain(&lines) + &lacks.collect::<String>()
}

/// Letters that Markdown would obey, and `<`, which browsers would.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '#') {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::run_sample::run;
    use super::*;
    use crate::model::text::SafeText;

    #[test]
    fn a_run_as_markdown() {
        insta::assert_snapshot!(markdown(&run()));
    }

    #[test]
    fn a_name_stays_a_name() {
        let mut run = run();
        run.head.plan.name = Some(SafeText::new("a|b <img src=x> [c](d)"));
        assert!(markdown(&run).starts_with(r"# a\|b \<img src=x\> \[c\](d), "));
    }
}
