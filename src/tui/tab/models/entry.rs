//! A model as a row: its fields, its cells, its gaps.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ratatui::style::Style;
use ratatui::text::Span;

use crate::model::id::SourceId;
use crate::model::origin::Kind as Origin;
use crate::model::reading::{Reading, Why};
use crate::model::serving::{self, Serving};
use crate::model::time::Stamp;
use crate::model::unit::{PerSecond, Ratio, Seconds};
use crate::state::serving::{ModelHistory, ModelRow, gpus_of, model_then};
use crate::state::{Node, Part, State};
use crate::tui::look::Look;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::status::{Status, is_found_old};
use crate::tui::widget::table::{Cell, Column, Table};
use crate::tui::widget::{fixed, value};

/// What tells a model from others.
pub(super) type Key = (SourceId, serving::Key);

/// A model and where it is.
pub(super) struct Entry<'a> {
    pub(super) id: &'a SourceId,
    pub(super) node: &'a Node,
    pub(super) at: Stamp,
    /// How it is served; of the past, what is kept of that.
    pub(super) served: Cow<'a, Serving>,
    /// Of the past, whether anything is kept of it; `None`: it is of now.
    kept: Option<bool>,
    /// The GPUs it works on, by index; of the past nobody knows.
    pub(super) gpus: Vec<String>,
}

/// What is kept of models of the instant that is looked at, by node: of those that are served now, and of
/// those that were then.
pub(super) type Then = BTreeMap<SourceId, BTreeMap<serving::Key, ModelRow>>;

/// Every model of every node: as it is now, or as it was `then`.
pub(super) fn entries<'a>(state: &'a State, then: Option<&Then>) -> Vec<Entry<'a>> {
    match then {
        Some(then) => state.nodes.iter().flat_map(|node| of_then(node, then)).collect(),
        None => state.telling(Part::Serving).flat_map(|node| of_now(state, node)).collect(),
    }
}

fn of_now<'a>(
    state: &'a State,
    (id, node): (&'a SourceId, &'a Node),
) -> impl Iterator<Item = Entry<'a>> {
    let told = node.serving.iter().flat_map(|(at, all)| all.iter().map(move |one| (*at, one)));
    told.map(move |(at, served)| {
        let gpus = gpus_of(&state.nodes, id, served);
        let gpus = gpus.iter().map(|gpu| gpu.index.to_string()).collect();
        Entry { id, node, at, served: Cow::Borrowed(served), kept: None, gpus }
    })
}

fn of_then<'a>(
    (id, node): (&'a SourceId, &'a Node),
    then: &Then,
) -> impl Iterator<Item = Entry<'a>> {
    let at = node.serving.as_ref().map_or_else(Stamp::default, |(at, _)| *at);
    then.get(id).into_iter().flatten().map(move |(key, row)| {
        let served = Cow::Owned(model_then(key, engine(node, key), row));
        let kept = Some(row.iter().any(Option::is_some));
        Entry { id, node, at, served, kept, gpus: Vec::new() }
    })
}

/// What serves, or served, the model `key` of `node`.
fn engine(node: &Node, key: &serving::Key) -> Option<serving::Engine> {
    let mut told = node.serving.iter().flat_map(|(_, all)| all);
    let now = told.find(|served| served.key() == *key).and_then(|served| served.engine);
    now.or_else(|| match node.origin.as_ref()?.kind {
        Origin::Model(engine) => Some(engine),
        _ => None,
    })
}

/// What is kept of every model of the instant that is looked at; `None`: now.
pub(super) fn then(state: &State, look: &Look<'_>) -> Option<Then> {
    look.is_then().then(|| {
        let of_node = |(id, node): (&SourceId, &Node)| {
            let mut rows = BTreeMap::new();
            for served in node.serving.iter().flat_map(|(_, all)| all) {
                rows.insert(served.key(), [None; _]);
            }
            for key in look.models(id, node).into_iter().flat_map(BTreeMap::keys) {
                let row = look.model_then(id, node, key);
                let known = row.filter(|row| row.iter().any(Option::is_some));
                rows.extend(known.map(|row| (key.clone(), row)));
            }
            (id.clone(), rows)
        };
        state.nodes.iter().map(of_node).collect()
    })
}

pub(super) const MODEL: usize = 0;
const ENGINE: usize = 1;
const NODE: usize = 2;
const RUNNING: usize = 3;
const WAITING: usize = 4;
const TOKENS: usize = 5;
const PROMPT: usize = 6;
const FIRST_50: usize = 7;
const FIRST_95: usize = 8;
const FIRST_99: usize = 9;
const CACHE: usize = 10;
const HITS: usize = 11;
const PREEMPTED: usize = 12;
const GPU: usize = 13;
const STATUS: usize = 14;

impl Row for Entry<'_> {
    type Key = Key;
    const FIELDS: &'static [Field] = &[
        Field::text("model"),
        Field::text("engine"),
        Field::text("node"),
        Field::new("running", Kind::Number),
        Field::new("waiting", Kind::Number),
        Field::new("tokens", Kind::Number),
        Field::new("prompt", Kind::Number),
        Field::new("p50", Kind::Time),
        Field::new("p95", Kind::Time),
        Field::new("p99", Kind::Time),
        Field::new("kv", Kind::Percent),
        Field::new("hits", Kind::Percent),
        Field::new("preempted", Kind::Number),
        Field::text("gpu"),
        Field::one_of("status", &["up", "stalled"]),
    ];
    const SORTED: usize = 13;

    fn key(&self) -> Key {
        (self.id.clone(), self.served.key())
    }

    fn value(&self, field: usize) -> Value<'_> {
        let served = &self.served;
        let rate = |rate: &Reading<PerSecond>| rate.get().map(|rate| rate.0);
        let time = |time: &Reading<Seconds>| time.get().map(|time| time.0);
        let share = |share: &Reading<Ratio>| share.get().map(Ratio::percent);
        match field {
            MODEL => Value::text(served.model.as_str()),
            ENGINE => Value::text(served.engine.map_or("", serving::Engine::name)),
            NODE => Value::text(self.id.0.as_str()),
            RUNNING => served.running.get().into(),
            WAITING => served.waiting.get().into(),
            TOKENS => rate(&served.tokens_per_second).into(),
            PROMPT => rate(&served.prompt_tokens_per_second).into(),
            FIRST_50 => time(&served.first_token.p50).into(),
            FIRST_95 => time(&served.first_token.p95).into(),
            FIRST_99 => time(&served.first_token.p99).into(),
            CACHE => share(&served.kv_cache).into(),
            HITS => share(&served.prefix_hits).into(),
            PREEMPTED => rate(&served.preemptions_per_second).into(),
            STATUS | GPU if self.is_then() => Value::Missing,
            GPU => Value::Text(self.gpus.join(" ").into()),
            _ => Value::text(if served.is_stalled() { "stalled" } else { "up" }),
        }
    }
}

impl Entry<'_> {
    /// Whether its values are of now.
    pub(super) fn is_live(&self, look: &Look<'_>) -> bool {
        !is_found_old(self.node, self.at, look) && Status::of(self.node, look) != Status::Down
    }

    /// Whether its values may be shown as they are: they are of now, or of when they are said to be.
    pub(super) fn is_true(&self, look: &Look<'_>) -> bool {
        self.is_then() || self.is_live(look)
    }

    /// Whether what is shown is of the past.
    pub(super) const fn is_then(&self) -> bool {
        self.kept.is_some()
    }

    /// Its numbers in the time that is looked at.
    pub(super) fn history<'l>(&'l self, look: &'l Look<'_>) -> Option<&'l ModelHistory> {
        look.model_history(self.id, self.node, &self.served.key())
    }

    /// `names: reason` for the values that are missing.
    pub(super) fn gaps(&self) -> Vec<String> {
        let served = &self.served;
        let all: [(&str, Option<&Why>); 12] = [
            ("running", served.running.why()),
            ("waiting", served.waiting.why()),
            ("tokens/s", served.tokens_per_second.why()),
            ("prompt/s", served.prompt_tokens_per_second.why()),
            ("requests/s", served.requests_per_second.why()),
            ("KV cache", served.kv_cache.why()),
            ("prefix hits", served.prefix_hits.why()),
            ("preemptions", served.preemptions_per_second.why()),
            ("first token", served.first_token.p50.why()),
            ("inter-token", served.inter_token.p50.why()),
            ("end to end", served.end_to_end.p50.why()),
            ("queue", served.queued.p50.why()),
        ];
        value::together(all.into_iter().filter_map(|(name, why)| Some((name, told(why?)))))
    }
}

/// A reason, of a server and not of a machine.
pub(super) fn told(why: &Why) -> String {
    match why {
        Why::NotSupported => "not told by this server".to_owned(),
        why => why.to_string(),
    }
}

/// What each row shows.
pub(super) const COLUMNS: [Column; 14] = [
    Column::words("  MODEL", 18, 0).grows().by(MODEL),
    Column::words("ENGINE", 10, 6).by(ENGINE),
    Column::words("NODE", 14, 7).by(NODE),
    Column::words("GPU", 6, 8),
    Column::numbers("RUN", 4, 1).by(RUNNING),
    Column::numbers("WAIT", 4, 1).by(WAITING),
    Column::numbers("TOK/S", 6, 0).by(TOKENS),
    Column::numbers("PROMPT/S", 8, 4).by(PROMPT),
    Column::numbers("TTFT p50", 8, 3).by(FIRST_50),
    Column::numbers("p95", 7, 2).by(FIRST_95),
    Column::numbers("p99", 7, 5).by(FIRST_99),
    Column::numbers("KV", 6, 2).by(CACHE),
    Column::numbers("HITS", 6, 9).by(HITS),
    Column::numbers("PREEMPT/S", 9, 10).by(PREEMPTED),
];

/// The table of `rows`.
pub(super) fn table<'a>(sheet: &'a Sheet<Key>, rows: &[&Entry<'_>]) -> Table<'a> {
    sheet.table(&COLUMNS, rows, true)
}

/// A cell of the table.
pub(super) fn cell(entry: &Entry<'_>, column: usize, width: usize, look: &Look<'_>) -> Cell {
    let (served, theme) = (&entry.served, look.theme);
    let live = entry.is_true(look);
    let text = if live { theme.text } else { theme.muted };
    let or = |style: Style| if live { style } else { text };
    let time = |time: &Reading<Seconds>| value::span(time, text, look);
    vec![match column {
        0 => return name(entry, width, text, look),
        1 => Span::styled(served.engine.map_or("", serving::Engine::name), theme.muted),
        2 => Span::styled(entry.id.to_string(), theme.muted),
        3 if entry.gpus.is_empty() => Span::styled(value::MISSING, theme.muted),
        3 => Span::styled(entry.gpus.join(" "), text),
        4 => number(served.running.get(), text, look),
        5 => {
            let waits = served.waiting.get().is_some_and(|waiting| waiting > 0.0);
            number(served.waiting.get(), if waits { or(theme.warn) } else { text }, look)
        }
        6 => rate(&served.tokens_per_second, or(theme.accent), look),
        7 => rate(&served.prompt_tokens_per_second, text, look),
        8 => time(&served.first_token.p50),
        9 => time(&served.first_token.p95),
        10 => time(&served.first_token.p99),
        11 => {
            let full = served.kv_cache.get().map_or(text, |share| look.load(share));
            value::span(&served.kv_cache, or(full), look)
        }
        12 => value::span(&served.prefix_hits, text, look),
        _ => rate(&served.preemptions_per_second, text, look),
    }]
}

fn name(entry: &Entry<'_>, width: usize, text: Style, look: &Look<'_>) -> Cell {
    let status = match Status::of(entry.node, look) {
        _ if entry.kept == Some(true) => Status::Up,
        _ if entry.is_then() => Status::Waiting,
        Status::Up if entry.served.is_stalled() => Status::Down,
        Status::Up if !entry.is_live(look) => Status::Stale,
        status => status,
    };
    let sign = Span::styled(status.sign(look), status.style(look.theme));
    // The sign says it too; the word is for where there is room beside the name.
    let says = entry.served.is_stalled() && width >= 30;
    let stalled = if says { " (stalled)" } else { "" };
    let room = width.saturating_sub(1 + stalled.len());
    let name = fixed::cut(&format!(" {}", short(entry.served.model.as_str(), room)), room);
    vec![sign, Span::styled(name, text), Span::styled(stalled, look.theme.bad)]
}

/// A model's name without its owner where there is no room for both.
fn short(name: &str, room: usize) -> &str {
    let bare = name.rsplit('/').next().filter(|bare| !bare.is_empty());
    bare.filter(|_| name.chars().count() > room).unwrap_or(name)
}

/// A count without a unit; the heading has it.
pub(super) fn number(number: Option<f64>, style: Style, look: &Look<'_>) -> Span<'static> {
    value::maybe(number.map(|number| format!("{number:.0}")), style, look)
}

/// A rate without its unit; below 10 with a digit behind the point.
pub(super) fn rate(rate: &Reading<PerSecond>, style: Style, look: &Look<'_>) -> Span<'static> {
    value::maybe(rate.get().map(|rate| written(rate.0)), style, look)
}

/// The same as words.
pub(super) fn written(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}
