//! `isomon history query`: numbers of the past, as a table, CSV or JSON.

use std::fmt::Write as _;

use color_eyre::eyre::{Report, Result, eyre};
use serde_json::json;

use super::when::{When, shown};
use super::{bad, now_ms, rfc3339};
use crate::cli::advice::Advise;
use crate::cli::{Exit, Outcome, print};
use crate::config::Span;
use crate::model::id::SourceId;
use crate::model::past::{Past, PastTrack, PastWish};
use crate::model::text::SafeText;
use crate::report::cell;
use crate::store::history::Reader;
use crate::track::{column_of, short_names};

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
A metric is a short name (cpu, memory, load, receive, gpu, gpu-memory …) or a column as it is kept
(cpu_busy_percent). A time is now, -2h, -7d, 2026-11-21T09:30 or RFC 3339.

Examples:
  isomon history query --metric cpu --from -2h
  isomon history query --source web1 --metric memory --metric swap --from -7d --step 1h
  isomon history query --metric gpu --format csv > gpu.csv";

/// Rows of a table unless a step is set.
const TABLE: i64 = 60;
/// Instants of everything else.
const ALL: i64 = 3_600;
/// Instants at most.
const MOST: i64 = 20_000;

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
        Form::Json => serde_json::to_string_pretty(&document(&past))? + "\n",
    })?;
    Ok(Exit::Good)
}

fn past_wish(wish: &QueryArgs, form: Form) -> Result<PastWish> {
    let now = now_ms();
    let (from_ms, to_ms) = (wish.from.ms(now), wish.to.ms(now));
    if from_ms >= to_ms {
        let words = format!("--from {} is not before --to {}", rfc3339(from_ms), rfc3339(to_ms));
        return Err(eyre!(words).advise("times that have gone by begin with a minus: --from -2h"));
    }
    let span = to_ms - from_ms;
    let most = match wish.step {
        Some(step) => span / i64::try_from(step.0.as_millis()).unwrap_or(i64::MAX).max(1),
        None if form == Form::Table => TABLE,
        None => ALL,
    };
    if most > MOST {
        let least = Span(std::time::Duration::from_millis((span / MOST).unsigned_abs()));
        return Err(eyre!("--step makes {most} lines of each number, more than {MOST}")
            .advise(&format!("choose a step above {least}, or use `isomon history export`")));
    }
    let sources = wish.source.iter().map(|name| SourceId(SafeText::new(name))).collect();
    Ok(PastWish { from_ms, to_ms, most: u32::try_from(most.max(1)).unwrap_or(1), sources })
}

/// The columns that `metrics` name, each of which there must be.
pub(super) fn columns(metrics: &[String], reader: &Reader) -> Result<Vec<SafeText>> {
    let known = reader.columns().map_err(bad)?;
    let column = |name: &String| {
        let column = SafeText::new(column_of(name));
        let unknown = || unknown(name, &known);
        if known.contains(&column) { Ok(column) } else { Err(unknown()) }
    };
    metrics.iter().map(column).collect()
}

fn unknown(name: &str, known: &[SafeText]) -> Report {
    let mut names: Vec<&str> = known.iter().map(SafeText::as_str).collect();
    for name in short_names() {
        names.push(name);
    }
    let near =
        names.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
    let near = near.filter(|(off, _)| *off <= 3).map(|(_, known)| format!("--metric {known}, or "));
    let (short, near): (Vec<_>, _) = (short_names().collect(), near.unwrap_or_default());
    eyre!("nothing is kept of `{}`", SafeText::new(name))
        .advise(&format!("{near}one of: {}", short.join(", ")))
}

/// Leaves what is asked for; every column unless some are.
pub(super) fn choose(past: &mut Past, columns: &[SafeText]) {
    past.tracks.retain_mut(|track| {
        thin(track, columns);
        !track.columns.is_empty()
    });
}

/// Leaves those of a track's columns that are asked for and known.
pub(super) fn thin(track: &mut PastTrack, columns: &[SafeText]) {
    let known = |at: usize| track.rows.iter().any(|row| row.get(at).is_some_and(Option::is_some));
    let asked = |name: &SafeText| columns.is_empty() || columns.contains(name);
    let kept: Vec<bool> =
        track.columns.iter().enumerate().map(|(at, name)| asked(name) && known(at)).collect();
    let mut keep = kept.iter();
    track.columns.retain(|_| keep.next().copied().unwrap_or_default());
    for row in &mut track.rows {
        let mut keep = kept.iter();
        row.retain(|_| keep.next().copied().unwrap_or_default());
    }
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

fn document(past: &Past) -> serde_json::Value {
    let track = |track: &PastTrack| {
        let times: Vec<String> = track.at_ms.iter().map(|at| rfc3339(*at)).collect();
        let values =
            |at: usize| track.rows.iter().map(|row| row.get(at).copied().flatten()).collect();
        let columns: serde_json::Map<String, serde_json::Value> = track
            .columns
            .iter()
            .enumerate()
            .map(|(at, name)| (name.to_string(), serde_json::Value::from(numbers(values(at)))))
            .collect();
        let who = &track.track;
        json!({
            "source": who.source, "kind": who.kind, "name": who.name,
            "step_seconds": track.step_ms as f64 / 1_000.0, "times": times, "values": columns,
        })
    };
    json!({
        "from": rfc3339(past.wish.from_ms), "to": rfc3339(past.wish.to_ms),
        "earliest": past.earliest_ms.map(rfc3339), "gap": past.gap,
        "tracks": past.tracks.iter().map(track).collect::<Vec<_>>(),
    })
}

fn numbers(values: Vec<Option<f32>>) -> Vec<serde_json::Value> {
    values.into_iter().map(|value| json!(value.and_then(plain))).collect()
}

/// A number of four bytes with the digits it has, and no more.
pub(super) fn plain(value: f32) -> Option<f64> {
    value.to_string().parse().ok()
}
