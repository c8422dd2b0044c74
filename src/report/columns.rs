//! Cells of text as columns.

/// `lines` as a table: the first column to the left, the others to the right.
pub(super) fn aligned(lines: &[Vec<String>]) -> String {
    let letters = |cell: &String| cell.chars().count();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(letters).max().unwrap_or(0)
    };
    let mut text = String::new();
    for line in lines {
        let mut shown = String::new();
        for (column, cell) in line.iter().enumerate() {
            let width = width(column);
            let pad = match column {
                0 => format!("{cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            };
            shown.push_str(&pad);
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_is_flush_left_and_short_lines_are_no_panic() {
        let line = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let lines: [Vec<String>; 3] = [line(&["a", "1"]), line(&["name", "10", "x"]), line(&[])];
        assert_eq!(aligned(&lines), "a      1\nname  10  x\n\n");
    }
}
