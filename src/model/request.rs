//! A request to a model's server, and what came of it: a row of `requests.csv`.
//!
//! Times count from the instant at which the request was meant to be sent, so that one that had to wait
//! behind others shows that it waited. Names of fields are the columns and carry their units.

use serde::{Deserialize, Serialize};

use super::text::SafeText;
use super::workflow::{Column, ColumnKind, TimeFormat};

/// What came of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It was answered, whole.
    #[default]
    Good,
    /// Nobody listens there, or there is no way.
    Refused,
    /// Its time was over.
    Timeout,
    /// The server answered with an error.
    Status,
    /// The server points elsewhere, where nobody goes.
    Redirect,
    /// The answer ended before it was whole.
    Cut,
    /// The answer is none of this kind of server.
    Malformed,
    /// The answer is longer than any may be.
    Limit,
    /// It was answered without a single token.
    Empty,
}

impl Fate {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Cut => "cut",
            Self::Malformed => "malformed",
            Self::Limit => "limit",
            Self::Empty => "empty",
        }
    }
}

/// Who counted the tokens of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The server, in `usage`.
    Usage,
    /// isomon, by the pieces that came; a piece may hold more than one token.
    Chunks,
    /// Nobody.
    #[default]
    Nobody,
}

/// A request and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// When it was meant to be sent, in seconds since 1970 UTC.
    pub at: f64,
    /// Its number, from 1.
    pub number: u64,
    /// When it was meant to be sent, in seconds since the load began.
    pub intended_s: f64,
    /// How much later it was sent.
    pub held_ms: f64,
    /// Until its first token, from when it was meant to be sent; empty where nothing streams.
    pub ttft_ms: Option<f64>,
    /// Mean of the gaps between its tokens.
    pub itl_mean_ms: Option<f64>,
    /// The 99th percentile of those gaps.
    pub itl_p99_ms: Option<f64>,
    /// The longest of those gaps.
    pub itl_max_ms: Option<f64>,
    /// Until its end, from when it was meant to be sent; of good ones.
    pub e2e_ms: Option<f64>,
    /// Its end, in seconds since the load began.
    pub done_s: f64,
    /// Tokens of its prompt, as the server counted.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Who counted these.
    pub counted_by: Counted,
    /// Pieces of text that came.
    pub chunks: u64,
    /// Tokens a second from the first to the last.
    pub tokens_per_s: Option<f64>,
    /// What came of it.
    pub outcome: Fate,
    /// The status of its answer.
    pub status: Option<u16>,
    /// What is wrong with it.
    pub message: SafeText,
}

/// A gap between two tokens of one answer: a row of `gaps.csv`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// When it ended, in seconds since 1970 UTC.
    pub at: f64,
    /// The request's number.
    pub number: u64,
    /// How long it was.
    pub gap_ms: f64,
}

/// How a model's server did at one moment, by its own metrics: a row of `server.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerRow {
    /// When, in seconds since 1970 UTC.
    pub at: f64,
    /// The same in seconds since the load began.
    pub since_s: f64,
    /// Requests at work, as isomon sees it.
    pub seen_at_work: u64,
    /// Pieces of text that came a second since the row before, as isomon sees it.
    pub seen_chunks_per_s: Option<f64>,
    /// Requests at work.
    pub running: Option<f64>,
    /// Requests that wait.
    pub waiting: Option<f64>,
    /// Share of the key-value cache in use.
    pub kv_cache_percent: Option<f64>,
    /// Tokens generated a second since the row before.
    pub generated_per_s: Option<f64>,
    /// Tokens of prompts taken in a second since the row before.
    pub prompted_per_s: Option<f64>,
    /// Tokens generated since the server began.
    pub generated_total: Option<f64>,
    /// Tokens of prompts since the server began.
    pub prompted_total: Option<f64>,
    /// Mean time to the first token of those since the row before.
    pub ttft_mean_ms: Option<f64>,
    /// Mean gap between tokens since the row before.
    pub itl_mean_ms: Option<f64>,
    /// Mean time of whole requests since the row before.
    pub e2e_mean_ms: Option<f64>,
    /// Why there is nothing.
    pub trouble: SafeText,
}

/// How a part of this machine did at one moment: a row of `host.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostRow {
    /// When, in seconds since 1970 UTC.
    pub at: f64,
    /// The same in seconds since the load began.
    pub since_s: f64,
    /// `cpu` (all processors together), `isomon` (this program, of one processor), or a GPU: `gpu 0`.
    pub device: SafeText,
    /// Share of time it worked.
    pub use_percent: Option<f64>,
    /// Memory in use.
    pub memory_bytes: Option<u64>,
    /// Its draw.
    pub power_watts: Option<f64>,
    /// How hot it is.
    pub celsius: Option<f64>,
}

/// A table of a load on a model's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// [`Request`]s.
    Requests,
    /// [`Gap`]s.
    Gaps,
    /// [`ServerRow`]s.
    Server,
    /// [`HostRow`]s.
    Host,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Requests, Self::Gaps, Self::Server, Self::Host];

    /// What it is called, without `.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Gaps => "gaps",
            Self::Server => "server",
            Self::Host => "host",
        }
    }

    /// Its columns, in their order, of which the first is the time.
    pub fn columns(self) -> Vec<Column> {
        let names: &[&str] = match self {
            Self::Requests => &[
                "at",
                "number",
                "intended_s",
                "held_ms",
                "ttft_ms",
                "itl_mean_ms",
                "itl_p99_ms",
                "itl_max_ms",
                "e2e_ms",
                "done_s",
                "prompt_tokens",
                "output_tokens",
                "counted_by",
                "chunks",
                "tokens_per_s",
                "outcome",
                "status",
                "message",
            ],
            Self::Gaps => &["at", "number", "gap_ms"],
            Self::Server => &[
                "at",
                "since_s",
                "seen_at_work",
                "seen_chunks_per_s",
                "running",
                "waiting",
                "kv_cache_percent",
                "generated_per_s",
                "prompted_per_s",
                "generated_total",
                "prompted_total",
                "ttft_mean_ms",
                "itl_mean_ms",
                "e2e_mean_ms",
                "trouble",
            ],
            Self::Host => &[
                "at",
                "since_s",
                "device",
                "use_percent",
                "memory_bytes",
                "power_watts",
                "celsius",
            ],
        };
        names.iter().map(|name| column(name)).collect()
    }
}

/// The column `name`: its unit is in its name.
fn column(name: &str) -> Column {
    let units = [
        ("_ms", "ms"),
        ("_per_s", "1/s"),
        ("_s", "s"),
        ("_percent", "%"),
        ("_bytes", "B"),
        ("_watts", "W"),
        ("celsius", "°C"),
    ];
    let unit = units.iter().find(|(end, _)| name.ends_with(end)).map(|(_, unit)| *unit);
    let kind = match name {
        "at" => ColumnKind::Timestamp,
        "counted_by" | "outcome" | "message" | "trouble" | "device" => ColumnKind::String,
        "number" | "chunks" | "seen_at_work" => ColumnKind::Integer,
        _ => ColumnKind::Float,
    };
    let format = (name == "at").then_some(TimeFormat::Unix);
    Column { name: name.to_owned(), kind, unit: unit.map(str::to_owned), format }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<T: Serialize>(row: &T) -> Vec<String> {
        let value = serde_json::to_value(row).unwrap();
        value.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_columns_are_the_fields() {
        let fields = [
            header(&Request::default()),
            header(&Gap::default()),
            header(&ServerRow::default()),
            header(&HostRow::default()),
        ];
        for (table, mut fields) in Table::ALL.into_iter().zip(fields) {
            let mut columns: Vec<String> =
                table.columns().into_iter().map(|column| column.name).collect();
            columns.sort();
            fields.sort();
            assert_eq!(columns, fields, "{}", table.name());
        }
    }

    #[test]
    fn the_unit_is_in_the_name() {
        assert_eq!(column("ttft_ms").unit.as_deref(), Some("ms"));
        assert_eq!(column("tokens_per_s").unit.as_deref(), Some("1/s"));
        assert_eq!(column("done_s").unit.as_deref(), Some("s"));
        assert_eq!(column("chunks").unit, None);
        assert_eq!(column("at").kind, ColumnKind::Timestamp);
    }
}
