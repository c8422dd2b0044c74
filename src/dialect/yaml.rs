//! YAML as a tree in which everything has its place.
//!
//! A file comes from outside, so the tree is bounded in bytes, depth and nodes, and what makes YAML a
//! trap is refused: aliases, tags, the same key twice, keys that are no words, several documents. What a
//! plain word means is decided where it is read: here it is a text, so `no` is no trap either.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use super::found::Found;

/// Longest file that is read, in bytes.
pub(super) const LONGEST: usize = 1 << 20;
/// How deep things may stand in each other.
const DEPTH: usize = 32;
/// Things in a file.
const NODES: usize = 20_000;

/// Something with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its bytes; for what holds others, where it begins.
    pub(super) at: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    /// A text; `plain` if it is not in quotes and could be a number or a truth.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and what stands behind it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Range<usize>,
    pub(super) value: Node,
}

impl Node {
    /// Its entries; none where it is no map.
    pub(super) fn entries(&self) -> &[Entry] {
        if let Kind::Map(entries) = &self.kind { entries } else { &[] }
    }

    /// Its items; none where it is no list.
    pub(super) fn items(&self) -> &[Self] {
        if let Kind::List(items) = &self.kind { items } else { &[] }
    }

    /// What stands behind `key`; nothing is `None`.
    pub(super) fn of(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Its text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Kind::Scalar { text, .. } = &self.kind { Some(text) } else { None }
    }

    pub(super) const fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// What it is, in a word for people.
    pub(super) const fn word(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Scalar { .. } => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// Something that is not closed yet.
enum Open {
    List {
        at: Range<usize>,
        items: Vec<Node>,
    },
    Map {
        at: Range<usize>,
        entries: Vec<Entry>,
        seen: BTreeSet<String>,
        key: Option<(String, Range<usize>)>,
    },
}

/// The tree of `text`, as far as it can be read; what is wrong goes to `found`.
pub(super) fn read(text: &str, found: &mut Found<'_>) -> Option<Node> {
    if text.len() > LONGEST {
        found.add(&(0..0), "the file is longer than 1 MiB", "a workflow is a few pages");
        return None;
    }
    if let Some((at, letter)) = text.char_indices().find(|(_, letter)| is_control(*letter)) {
        let what = format!("a control character (U+{:04X}) stands here", u32::from(letter));
        found.add(&(at..at + letter.len_utf8()), what, "the file is text: remove it");
        return None;
    }
    let mut tree = Tree { found, open: Vec::new(), root: None, nodes: 0, documents: 0 };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => tree.take(event, &span)?,
            Err(error) => {
                tree.refuse(text, &error);
                return None;
            }
        }
    }
    tree.root
}

fn is_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{85}')
}

struct Tree<'f, 't> {
    found: &'f mut Found<'t>,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Tree<'_, '_> {
    /// `None` where there is no use in reading on.
    fn take(&mut self, event: Event<'_>, span: &Span) -> Option<()> {
        let at = span.byte_range().unwrap_or(0..0);
        self.refuse_tag(&event, span, &at);
        match event {
            Event::DocumentStart(..) => self.document(&at)?,
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.found.add(&at, ALIAS, "write out what it stands for");
                self.push(Node { at, kind: Kind::Null })?;
            }
            Event::Scalar(text, style, ..) => {
                self.push(Node { at, kind: scalar(&text, style) })?;
            }
            Event::SequenceStart(..) => self.begin(Open::List { at, items: Vec::new() })?,
            Event::MappingStart(..) => {
                let (entries, seen) = (Vec::new(), BTreeSet::new());
                self.begin(Open::Map { at, entries, seen, key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            _ => {}
        }
        Some(())
    }

    fn refuse_tag(&mut self, event: &Event<'_>, span: &Span, at: &Range<usize>) {
        if event.tag().is_some() {
            let tag = span.tag_span().and_then(|span| span.byte_range());
            self.found.add(tag.as_ref().unwrap_or(at), TAG, "leave it out");
        }
    }

    fn document(&mut self, at: &Range<usize>) -> Option<()> {
        self.documents += 1;
        if self.documents > 1 {
            self.found.add(at, "a second document begins here", "a file is one workflow");
            return None;
        }
        Some(())
    }

    fn begin(&mut self, open: Open) -> Option<()> {
        if self.open.len() >= DEPTH {
            let (Open::List { at, .. } | Open::Map { at, .. }) = &open;
            self.found.add(at, deep(), "a workflow is not that deep");
            return None;
        }
        self.open.push(open);
        Some(())
    }

    fn end(&mut self) -> Option<()> {
        let node = match self.open.pop()? {
            Open::List { at, items } => Node { at, kind: Kind::List(items) },
            Open::Map { at, entries, .. } => Node { at, kind: Kind::Map(entries) },
        };
        self.push(node)
    }

    fn push(&mut self, node: Node) -> Option<()> {
        self.nodes += 1;
        if self.nodes > NODES {
            let what = format!("the file holds more than {NODES} things");
            self.found.add(&node.at, what, "part it into several");
            return None;
        }
        let found = &mut *self.found;
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, seen, key, .. }) => match key.take() {
                None => *key = Some(key_of(&node, seen, found)),
                Some((key, at)) => entries.push(Entry { key, at, value: node }),
            },
        }
        Some(())
    }

    /// Keeps why the text is no YAML.
    fn refuse(&mut self, text: &str, error: &ScanError) {
        let marker = error.marker();
        let start = marker.byte_offset().unwrap_or_else(|| byte_of(text, marker.index()));
        let (what, remedy) = match error.kind() {
            ErrorKind::UnknownAnchor => (ALIAS.to_owned(), "quote a text that begins with `*`"),
            ErrorKind::UndeclaredTagHandle => (TAG.to_owned(), "quote a text that begins with `!`"),
            ErrorKind::MappingValueNotAllowed => {
                ("a `:` stands where none may".to_owned(), "quote a text that has `: ` in it")
            }
            ErrorKind::RecursionLimitExceeded => (deep(), "a workflow is not that deep"),
            kind => {
                let words = kind.to_string();
                let remedy =
                    if words.contains("tab") { "indent with spaces" } else { "see yaml.org" };
                (format!("this is no YAML: {words}"), remedy)
            }
        };
        self.found.add(&(start..start + 1), what, remedy);
    }
}

const ALIAS: &str = "an alias (`*name`) is not taken in a workflow";
const TAG: &str = "a tag (`!name`) is not taken in a workflow";

fn deep() -> String {
    format!("this stands more than {DEPTH} deep")
}

/// The byte of the character `index`.
fn byte_of(text: &str, index: usize) -> usize {
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

fn scalar(text: &str, style: ScalarStyle) -> Kind {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Kind::Null;
    }
    Kind::Scalar { text: text.to_owned(), plain }
}

/// The key that `node` is; one that is there already, or none, is told.
fn key_of(
    node: &Node,
    seen: &mut BTreeSet<String>,
    found: &mut Found<'_>,
) -> (String, Range<usize>) {
    let key = node.text().map(str::to_owned);
    match &key {
        None => {
            let what = format!("a key is a word, not {}", node.word());
            found.add(&node.at, what, "quote it");
        }
        Some(key) if !seen.insert(key.clone()) => {
            let what = format!("the key `{key}` is there twice");
            found.add(&node.at, what, "remove one of them");
        }
        Some(_) => {}
    }
    (key.unwrap_or_default(), node.at.clone())
}
