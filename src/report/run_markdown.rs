//! A run as Markdown: a table for each payload, and the notes as a list.

use super::run_row::{Row, rows};
use super::run_table::{heads, line};
use super::run_text::{notes, payloads, safe};
use crate::model::bench::Payload;
use crate::model::run::Run;

/// The report, with a newline at its end.
pub fn markdown(run: &Run) -> String {
    let rows = rows(run);
    let section = |payload: Payload| {
        let of_payload = rows.iter().filter(|row| row.cell.payload == payload);
        format!("\n## {payload}\n\n{}", table(of_payload))
    };
    let sections: String = payloads(&rows).into_iter().map(section).collect();
    let notes = notes(run, &rows).into_iter().map(|note| format!("- {}\n", escape(&note)));
    format!("# {}\n{sections}\n{}", escape(&title(run)), notes.collect::<String>())
}

fn title(run: &Run) -> String {
    let name = run.head.plan.name.as_ref().map(|name| format!("{name}, "));
    format!("{}{}", name.unwrap_or_default(), safe(&run.head.started_at))
}

fn table<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let heads = heads();
    let rule = format!("|:---|{}\n", "---:|".repeat(heads.len() - 1));
    let row = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let lines: String = rows.map(|of| row(line(of))).collect();
    row(heads) + &rule + &lines
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
