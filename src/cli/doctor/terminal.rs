//! What the terminal can show.

use std::io::{self, IsTerminal};

use super::finding::{Finding, Level};

/// What the environment and standard output say of the terminal.
pub(super) fn look() -> Vec<Finding> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    let locale = locale.into_iter().find(|value| !value.is_empty());
    let size = crossterm::terminal::size().ok();
    let size = size.filter(|_| io::stdout().is_terminal());
    vec![
        kind(&variable("TERM"), size),
        letters(locale.as_deref().unwrap_or_default()),
        colors(&variable("COLORTERM"), &variable("TERM"), &variable("NO_COLOR")),
    ]
}

fn kind(term: &str, size: Option<(u16, u16)>) -> Finding {
    let Some((width, height)) = size else {
        let words = "standard output is not a terminal";
        return Finding::new("terminal", Level::Note, words, "");
    };
    let words = format!("{term}, {width}x{height}");
    if term.is_empty() || term == "dumb" {
        let remedy = "set TERM to what it is; `isomon snapshot` works without a screen";
        return Finding::new("terminal", Level::Warn, &words, remedy);
    }
    if width >= 40 && height >= 10 {
        Finding::new("terminal", Level::Good, &words, "")
    } else {
        Finding::new("terminal", Level::Warn, &words, "40x10 is the least")
    }
}

fn letters(locale: &str) -> Finding {
    let name = locale.to_ascii_lowercase();
    let utf8 = name.contains("utf-8") || name.contains("utf8");
    match (utf8, locale) {
        (true, locale) => Finding::new("letters", Level::Good, locale, ""),
        (false, "") => Finding::new("letters", Level::Note, "no locale: ASCII", "set LANG=C.UTF-8"),
        (false, locale) => {
            let words = format!("{locale}: ASCII");
            Finding::new("letters", Level::Note, &words, "set LANG=C.UTF-8")
        }
    }
}

fn colors(colorterm: &str, term: &str, no_color: &str) -> Finding {
    let words = match () {
        () if !no_color.is_empty() => "none, as NO_COLOR says",
        () if matches!(colorterm, "truecolor" | "24bit") => "24-bit",
        () if term.contains("256color") => "256",
        () => "16",
    };
    Finding::new("colours", Level::Good, words, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_decides_the_letters() {
        assert_eq!(letters("de_DE.UTF-8").level, Level::Good);
        assert_eq!(letters("C").words.as_str(), "C: ASCII");
        assert_eq!(letters("").level, Level::Note);
    }

    #[test]
    fn a_dumb_or_tiny_terminal_is_told() {
        assert_eq!(kind("dumb", Some((80, 24))).level, Level::Warn);
        assert_eq!(kind("xterm", Some((30, 24))).level, Level::Warn);
        assert_eq!(kind("xterm", Some((80, 24))).level, Level::Good);
        assert_eq!(kind("xterm", None).level, Level::Note);
    }
}
