//! Stand-ins below 0x80 for the letters a screen is made of.
//!
//! A tab draws once, with the letters it likes best; where the terminal cannot show them, `ink` puts
//! these in their place as the last thing before the bytes are sent. So no drawing can forget it.
//! Where a stand-in would lose the meaning (charts, meters) a drawing has letters of its own.

/// Pairs of the letters that look alike and their stand-in.
const STAND_INS: [(&str, &str); 20] = [
    ("─━═╌┄┈—–‐−○◌◇◦", "-"),
    ("│┃║╎┆┊▏▕├┤┣┫", "|"),
    ("┌┐└┘╭╮╰╯┬┴┼┏┓┗┛┳┻╋╔╗╚╝╠╣╦╩╬●◉◆✔✓", "+"),
    ("█▉▊■▮▇", "#"),
    ("▓▆▋▌▅▐", "="),
    ("▒▄▃▍▎▀", ":"),
    ("░▂▁·∙", "."),
    ("•°", "o"),
    ("★", "*"),
    ("✗✘×✖", "x"),
    ("▲△↑▴", "^"),
    ("▼▽↓▾▿", "v"),
    ("▶▸→»›❯≥", ">"),
    ("◀◂←«‹❮≤", "<"),
    ("≈±◐…", "~"),
    ("µ", "u"),
    ("“”", "\""),
    ("‘’", "'"),
    ("╸╹", "#"),
    ("∞", "8"),
];

/// What stands for `symbol`, which takes `width` columns.
pub fn ascii(symbol: &str, width: usize) -> &'static str {
    let first = symbol.chars().next().unwrap_or('?');
    if matches!(first, '\u{2800}'..='\u{28ff}') {
        return dots(first);
    }
    STAND_INS
        .iter()
        .find(|(letters, _)| width == 1 && letters.contains(first))
        .map_or_else(|| unknown(width), |(_, stand_in)| stand_in)
}

/// What stands for something that cannot be shown, in `width` columns.
pub const fn unknown(width: usize) -> &'static str {
    if width > 1 { "??" } else { "?" }
}

/// A braille cell by how many of its dots are set.
const fn dots(cell: char) -> &'static str {
    match (cell as u32 & 0xff).count_ones() {
        0 => " ",
        1 | 2 => ".",
        3..=5 => ":",
        _ => "#",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_stand_ins_and_what_has_none_is_a_question_mark() {
        let rows = [
            ("─", 1, "-"),
            ("█", 1, "#"),
            ("é", 1, "?"),
            ("·", 1, "."),
            ("…", 1, "~"),
            ("東", 2, "??"),
            ("⣿", 1, "#"),
            ("⠀", 1, " "),
        ];
        for (symbol, width, wanted) in rows {
            assert_eq!(ascii(symbol, width), wanted);
        }
    }
}
