//! `isomon history query`: numbers of the past, as a table, CSV or JSON.

use std::fmt::Write as _;

use color_eyre::eyre::{Report, Result, eyre};

use super::{bad, now_ms};
use crate::cli::advice::Advise;
use crate::cli::{Exit, Outcome, print};
use crate::config::Span;
use crate::model::id::SourceId;
use crate::model::past::{Past, PastTrack, PastWish};
use crate::model::text::SafeText;
use crate::report::cell;
use crate::report::past::{self, History, Question, Wrong, choose, rfc3339};
use crate::report::when::{When, shown};
use crate::store::history::Reader;
use crate::track::short_names;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
A metric is a short name (cpu, memory, load, receive, gpu, gpu-memory …) or a column as it is kept
(cpu_busy_percent). A time is now, -2h, -7d, 2026-11-21T09:30 or RFC 3339.

Examples:
  isomon history query --metric cpu --from -2h
  isomon history query --source web1 --metric memory --metric swap --from -7d --step 1h
  isomon history query --metric gpu --format csv > gpu.csv";

/// Rows of a table unless a step is set.
const TABLE: u32 = 60;
/// Instants of everything else.
const ALL: u32 = 3_600;

/// How to write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// A table for people
    #[default]
    Table,
    /// One value a line
    Csv,
    /// All of it as one document
    Json,
}

/// What of the past to print.
#[derive(Clone, Debug, clap::Args)]
pub struct QueryArgs {
    /// Of this node; of every one unless set; may be given several times
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// This number; every one unless set; may be given several times
    #[arg(long, value_name = "METRIC")]
    metric: Vec<String>,
    /// From when on
    #[arg(long, value_name = "TIME", default_value = "-1h", allow_hyphen_values = true)]
    from: When,
    /// Until when
    #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
    to: When,
    /// Time from one line to the next, of which each is the mean; as fits unless set
    #[arg(long, value_name = "TIME")]
    step: Option<Span>,
    /// How to write it
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

pub(super) fn run(wish: &QueryArgs, reader: &Reader) -> Outcome {
    let form = if wish.json { Form::Json } else { wish.format };
    let columns = columns(&wish.metric, reader)?;
    let wanted = past_wish(wish, form)?;
    let mut past = reader.past(&wanted).map_err(bad)?;
    choose(&mut past, &columns);
    if let Some(gap) = &past.gap {
        print::err(&format!("isomon: {gap}"));
    }
    if past.tracks.is_empty() {
        return Err(nothing(wish, &past, reader)?);
    }
    print::out(&match form {
        Form::Table => table(&past),
        Form::Csv => csv(&past),
        Form::Json => serde_json::to_string_pretty(&History::from(&past))? + "\n",
    })?;
    Ok(Exit::Good)
}

fn past_wish(wish: &QueryArgs, form: Form) -> Result<PastWish> {
    let usual = if form == Form::Table { TABLE } else { ALL };
    let sources = wish.source.iter().map(|name| SourceId(SafeText::new(name))).collect();
    let question = Question { from: wish.from, to: wish.to, step: wish.step, usual, sources };
    question.wish(now_ms()).map_err(wrong)
}

/// The columns that `metrics` name, each of which there must be.
pub(super) fn columns(metrics: &[String], reader: &Reader) -> Result<Vec<SafeText>> {
    let known = reader.columns().map_err(bad)?;
    past::columns(metrics.iter().map(String::as_str), &known).map_err(wrong)
}

/// What is wrong with a question, and what mends it.
fn wrong(wrong: Wrong) -> Report {
    let remedy = match &wrong {
        Wrong::Backwards { .. } => {
            "times that have gone by begin with a minus: --from -2h".to_owned()
        }
        Wrong::Fine { least, .. } => {
            format!("choose a step above {}, or use `isomon history export`", Span(*least))
        }
        Wrong::Unknown { near, .. } => {
            let near = near.as_ref().map(|near| format!("--metric {near}, or "));
            let short: Vec<&str> = short_names().collect();
            format!("{}one of: {}", near.unwrap_or_default(), short.join(", "))
        }
    };
    eyre!(wrong).advise(&remedy)
}

/// Why nothing is printed.
fn nothing(wish: &QueryArgs, past: &Past, reader: &Reader) -> Result<Report> {
    let info = reader.info().map_err(bad)?;
    let mut sources: Vec<&str> =
        info.tracks.iter().map(|extent| extent.track.source.0.as_str()).collect();
    sources.dedup();
    let stranger = wish.source.iter().find(|name| !sources.contains(&name.as_str()));
    if let Some(name) = stranger {
        let known = sources.join(", ");
        return Ok(eyre!("nothing is kept of a node `{}`", SafeText::new(name))
            .advise(&format!("one of: {known}")));
    }
    let since = past
        .earliest_ms
        .map_or_else(|| "nothing".to_owned(), |ms| format!("since {}", rfc3339(ms)));
    let (from, to) = (rfc3339(past.wish.from_ms), rfc3339(past.wish.to_ms));
    Ok(eyre!("nothing is kept of it from {from} to {to}")
        .advise(&format!("another time (kept is: {since}), or another --metric")))
}

/// Who a track is, in a word.
fn name(track: &PastTrack) -> String {
    let track = &track.track;
    if track.name.is_empty() {
        track.source.to_string()
    } else {
        format!("{} {}", track.source, track.name)
    }
}

fn table(past: &Past) -> String {
    let span = past.wish.to_ms - past.wish.from_ms;
    let mut text = String::new();
    for track in &past.tracks {
        let step = Span(std::time::Duration::from_millis(track.step_ms));
        let _infallible = writeln!(text, "{} (each line {step})", name(track));
        let width = |column: &SafeText| column.as_str().chars().count().max(8);
        let time = if span > 20 * 3_600_000 { 19 } else { 8 };
        let _infallible = write!(text, "{:time$}", "time");
        for column in &track.columns {
            let _infallible = write!(text, "  {:>width$}", column.as_str(), width = width(column));
        }
        text.push('\n');
        for (at, row) in track.at_ms.iter().zip(&track.rows) {
            let _infallible = write!(text, "{:time$}", shown(*at, span));
            for (column, value) in track.columns.iter().zip(row) {
                let value = value.map_or_else(|| "—".to_owned(), |value| format!("{value:.2}"));
                let _infallible = write!(text, "  {value:>width$}", width = width(column));
            }
            text.push('\n');
        }
    }
    text
}

fn csv(past: &Past) -> String {
    let mut text = "time,source,kind,name,metric,value\n".to_owned();
    for track in &past.tracks {
        let who = &track.track;
        let who = [who.source.0.as_str(), who.kind.as_str(), who.name.as_str()].map(cell::cell);
        for (at, row) in track.at_ms.iter().zip(&track.rows) {
            for (column, value) in track.columns.iter().zip(row) {
                let value = value.map(|value| value.to_string()).unwrap_or_default();
                let (at, column) = (rfc3339(*at), cell::cell(column.as_str()));
                let _infallible = writeln!(text, "{at},{},{column},{value}", who.join(","));
            }
        }
    }
    text
}
