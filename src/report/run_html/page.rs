//! A page of HTML in the making. Text goes through [`escape`]; only pictures, which kuva has made safe,
//! are taken as they are.

use std::fmt::Write as _;

const STYLE: &str = include_str!("../../../assets/report.css");

/// What may be loaded: nothing but what is on the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";

/// A page in the making.
pub(super) struct Page(String);

impl Page {
    pub(super) fn new(title: &str) -> Self {
        Self(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
            escape(title)
        ))
    }

    pub(super) fn head(&mut self, title: &str, below: &str) {
        self.element("h1", "", title);
        self.paragraph("sub", below);
    }

    pub(super) fn section(&mut self, title: &str) {
        self.element("h2", "", title);
    }

    pub(super) fn subsection(&mut self, title: &str) {
        self.element("h3", "", title);
    }

    pub(super) fn paragraph(&mut self, class: &str, text: &str) {
        self.element("p", class, text);
    }

    pub(super) fn pre(&mut self, text: &str) {
        self.element("pre", "", text);
    }

    fn add(&mut self, html: std::fmt::Arguments<'_>) {
        let _infallible = self.0.write_fmt(html);
    }

    fn element(&mut self, tag: &str, class: &str, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.add(format_args!("<{tag}{class}>{}</{tag}>\n", escape(text)));
    }

    pub(super) fn list(&mut self, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.0.push_str("<ul>\n");
        for item in items {
            self.element("li", "", item);
        }
        self.0.push_str("</ul>\n");
    }

    /// A table whose first line is its heads.
    pub(super) fn table(&mut self, class: &str, lines: &[Vec<String>]) {
        let Some((heads, rest)) = lines.split_first() else { return };
        self.open_table(class, heads, &[]);
        for line in rest {
            self.row(line, None);
        }
        self.close_table();
    }

    pub(super) fn open_table(&mut self, class: &str, heads: &[String], more: &[&str]) {
        self.add(format_args!("<div class=\"scroll\"><table class=\"{class}\">\n<thead><tr>"));
        let heads = heads.iter().map(String::as_str).chain(more.iter().copied());
        for head in heads {
            self.add(format_args!("<th>{}</th>", escape(head)));
        }
        self.0.push_str("</tr></thead>\n<tbody>\n");
    }

    /// A row, at its end a link perhaps: address and words.
    pub(super) fn row(&mut self, cells: &[String], link: Option<(&str, &str)>) {
        self.0.push_str("<tr>");
        for cell in cells {
            self.add(format_args!("<td>{}</td>", escape(cell)));
        }
        if let Some((to, words)) = link {
            let (to, words) = (escape(to), escape(words));
            self.add(format_args!("<td><a href=\"{to}\" rel=\"noreferrer\">{words}</a></td>"));
        }
        self.0.push_str("</tr>\n");
    }

    pub(super) fn close_table(&mut self) {
        self.0.push_str("</tbody></table></div>\n");
    }

    pub(super) fn open_details(&mut self, summary: &str) {
        self.add(format_args!("<details><summary>{}</summary>\n", escape(summary)));
    }

    pub(super) fn close_details(&mut self) {
        self.0.push_str("</details>\n");
    }

    /// A picture for each ground.
    #[cfg(feature = "plot")]
    pub(super) fn figure(&mut self, title: &str, light: &str, dark: &str) {
        let title = escape(title);
        self.add(format_args!(
            "<figure role=\"img\" aria-label=\"{title}\"><div class=\"on-light\">{light}</div>\
             <div class=\"on-dark\">{dark}</div></figure>\n"
        ));
    }

    /// A link that saves a file the page holds.
    pub(super) fn download(&mut self, name: &str, file: &str) {
        let name = escape(name);
        self.add(format_args!(
            "<p><a download=\"{name}\" href=\"data:application/json;base64,{file}\">the whole run as \
             JSON</a></p>\n"
        ));
    }

    pub(super) fn done(self) -> String {
        self.0 + "</body>\n</html>\n"
    }
}

/// `text` as HTML shows it, in quotes too.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}
