//! HTML in the making. Tags and names of attributes are words of this program; everything else is text,
//! made safe and escaped here and nowhere else, so that nothing from a run can be markup.

use crate::model::text::SafeText;

/// Characters of one text at most.
const LONGEST: usize = 4_000;
/// Elements without an end.
const VOID: [&str; 5] = ["input", "img", "link", "meta", "br"];

/// An attribute.
pub(super) type Attribute<'a> = (&'static str, &'a str);

/// HTML in the making.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// An element with what `inner` puts into it. An attribute without a value is `("checked", "")`.
    pub(super) fn node(
        &mut self,
        tag: &'static str,
        attributes: &[Attribute<'_>],
        inner: impl FnOnce(&mut Self),
    ) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
        if VOID.contains(&tag) {
            return;
        }
        inner(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push_str(">\n");
    }

    /// An element with text in it.
    pub(super) fn leaf(&mut self, tag: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.node(tag, attributes, |inner| inner.text(text));
    }

    /// An element without anything in it.
    pub(super) fn void(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.node(tag, attributes, |_| {});
    }

    /// Text, whatever is in it.
    pub(super) fn text(&mut self, text: &str) {
        for letter in SafeText::within(text, LONGEST).as_str().chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(letter),
            }
        }
    }

    /// A table in a box of its own to scroll in, which the keyboard reaches; `numeric` tells the columns
    /// that hold numbers.
    pub(super) fn table(
        &mut self,
        caption: &str,
        heads: &[&str],
        numeric: impl Fn(usize) -> bool,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) {
        let class = |at| if numeric(at) { "number" } else { "" };
        let scroll =
            [("class", "scroll"), ("role", "region"), ("aria-label", caption), ("tabindex", "0")];
        self.node("div", &scroll, |out| {
            out.node("table", &[], |out| {
                out.leaf("caption", &[("class", "hidden")], caption);
                out.node("thead", &[], |out| {
                    out.node("tr", &[], |out| {
                        for (at, head) in heads.iter().enumerate() {
                            out.leaf("th", &[("scope", "col"), ("class", class(at))], head);
                        }
                    });
                });
                out.node("tbody", &[], |out| {
                    for row in rows {
                        out.node("tr", &[], |out| {
                            for (at, cell) in row.into_iter().enumerate() {
                                out.node("td", &[("class", class(at))], |out| cell.put(out));
                            }
                        });
                    }
                });
            });
        });
    }

    /// All of it.
    pub(super) fn done(self) -> String {
        self.0
    }
}

/// What stands in a cell of a table.
pub(super) enum Cell {
    /// Text.
    Text(String),
    /// Text that leads somewhere: address and words.
    Link(String, String),
    /// A word with a colour of its own: class and word.
    Badge(&'static str, String),
    /// Names and values.
    Pills(Vec<(String, String)>),
    /// A box to tick: name, value, what it is of, whether it is ticked.
    Tick(&'static str, String, String, bool),
    /// A value that is not as that of the first.
    Other(String),
}

impl Cell {
    fn put(self, out: &mut Markup) {
        match self {
            Self::Text(text) => out.text(&text),
            Self::Link(to, words) => out.leaf("a", &[("href", &to)], &words),
            Self::Badge(class, word) => badge(out, class, &word),
            Self::Pills(pairs) => pills(out, &pairs),
            Self::Tick(name, value, label, on) => {
                let mut given = vec![
                    ("type", "checkbox"),
                    ("name", name),
                    ("value", &value),
                    ("aria-label", &label),
                ];
                given.extend(on.then_some(("checked", "")));
                out.void("input", &given);
            }
            Self::Other(text) => out.leaf("mark", &[], &text),
        }
    }
}

/// A word with a colour of its own.
pub(super) fn badge(out: &mut Markup, class: &'static str, word: &str) {
    out.node("span", &[("class", "badge")], |out| {
        out.leaf("span", &[("class", class), ("aria-hidden", "true")], sign(class));
        out.text(" ");
        out.text(word);
    });
}

/// A sign beside the colour, for who sees none.
const fn sign(class: &str) -> &'static str {
    match class.as_bytes() {
        b"good" => "✓",
        b"bad" => "✗",
        b"warn" => "!",
        _ => "·",
    }
}

/// Names and values in a row.
pub(super) fn pills(out: &mut Markup, pairs: &[(String, String)]) {
    if pairs.is_empty() {
        return;
    }
    out.node("ul", &[("class", "pills")], |out| {
        for (name, value) in pairs {
            out.node("li", &[], |out| {
                out.leaf("b", &[], name);
                out.text(" ");
                out.text(value);
            });
        }
    });
}

/// `part` as a part of an address.
pub(super) fn segment(part: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'~');
    let mut coded = String::new();
    for byte in part.bytes() {
        if plain(byte) {
            coded.push(char::from(byte));
        } else {
            coded.push_str(&format!("%{byte:02X}"));
        }
    }
    coded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_run_says_is_text() {
        let hostile = "\"><script>alert(1)</script>'&\u{202e}\0";
        let mut out = Markup::default();
        out.leaf("a", &[("href", &segment(hostile)), ("title", hostile)], hostile);
        badge(&mut out, "good", hostile);
        pills(&mut out, &[(hostile.to_owned(), hostile.to_owned())]);
        let row = vec![
            Cell::Text(hostile.to_owned()),
            Cell::Link(segment(hostile), hostile.to_owned()),
            Cell::Tick("runs", hostile.to_owned(), hostile.to_owned(), true),
            Cell::Other(hostile.to_owned()),
        ];
        out.table(hostile, &[hostile], |_| true, [row]);
        let html = out.done();
        assert!(!html.contains("<script") && !html.contains("\"><") && !html.contains('\u{202e}'));
        assert!(html.contains("&lt;script&gt;") && html.contains("%22%3E%3Cscript%3E"));
    }

    #[test]
    fn an_element_without_an_end_has_none() {
        let mut out = Markup::default();
        out.void("input", &[("checked", "")]);
        assert_eq!(out.done(), "<input checked=\"\">");
    }
}
