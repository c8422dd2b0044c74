//! `isomon history export`: everything, as closely as it is kept, for other programs.

use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;

use color_eyre::eyre::{Result, WrapErr, eyre};
use serde_json::{Map, Value, json};

use super::query::columns;
use super::{bad, now_ms};
use crate::cli::advice::Advise;
use crate::cli::{Exit, Outcome, kept, print};
use crate::model::id::SourceId;
use crate::model::past::PastTrack;
use crate::model::text::SafeText;
use crate::report::cell;
use crate::report::past::{plain, rfc3339};
use crate::report::when::When;
use crate::store;
use crate::store::history::Reader;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
Each second of the last hour, each ten seconds of the last day, then each minute; times are in UTC.

Examples:
  isomon history export history.csv
  isomon history export - --format json --from -1d | jq .cpu_busy_percent
  isomon history export history.db --format sqlite";

/// How to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// A line for each instant of a node or GPU
    Csv,
    /// The same, each line a JSON object
    Json,
    /// A database with a table for each kind
    Sqlite,
}

/// What to write, and where.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportArgs {
    /// The file; `-` is standard output
    #[arg(value_name = "FILE")]
    to: PathBuf,
    /// How to write it; as the file's name ends unless set: .csv, .json, .ndjson, .db, .sqlite
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Form>,
    /// Of this node; of every one unless set; may be given several times
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// This number; every one unless set; may be given several times
    #[arg(long, value_name = "METRIC")]
    metric: Vec<String>,
    /// From when on; from the first unless set
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<When>,
    /// Until when
    #[arg(long = "to", value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
    until: When,
}

/// Takes text as it comes.
type Out<'a> = &'a mut dyn FnMut(&str) -> Result<()>;

pub(super) fn run(wish: &ExportArgs, reader: &Reader) -> Outcome {
    let is_out = wish.to.as_os_str() == "-";
    let gap = match form(wish)? {
        Form::Sqlite if is_out => {
            return Err(eyre!("a database cannot be written to standard output")
                .advise("name a file: isomon history export history.db"));
        }
        Form::Sqlite => database(wish, reader)?,
        form if is_out => tell(wish, form, reader, &mut |text| Ok(print::out(text)?))?,
        form => {
            let fill = |file: &mut dyn Write| {
                tell(wish, form, reader, &mut |text| {
                    file.write_all(text.as_bytes())
                        .wrap_err_with(|| format!("cannot write {}", wish.to.display()))
                        .advise("make room there, or name another file")
                })
            };
            store::export::stream(&wish.to, fill)?
        }
    };
    if let Some(gap) = gap {
        print::err(&format!("isomon: {gap}"));
    }
    if !is_out {
        print::err(&format!("wrote {}", wish.to.display()));
    }
    Ok(Exit::Good)
}

fn form(wish: &ExportArgs) -> Result<Form> {
    let end = wish.to.extension().and_then(|end| end.to_str()).unwrap_or_default();
    let named = match end {
        "csv" => Some(Form::Csv),
        "json" | "ndjson" => Some(Form::Json),
        "db" | "sqlite" => Some(Form::Sqlite),
        _ => None,
    };
    wish.format.or(named).ok_or_else(|| {
        eyre!("{} does not say what to write", wish.to.display())
            .advise("add --format csv, json or sqlite")
    })
}

fn span(wish: &ExportArgs) -> Range<i64> {
    let now = now_ms();
    wish.from.map_or(0, |from| from.ms(now))..wish.until.ms(now)
}

fn sources(wish: &ExportArgs) -> Vec<SourceId> {
    wish.source.iter().map(|name| SourceId(SafeText::new(name))).collect()
}

fn tell(wish: &ExportArgs, form: Form, reader: &Reader, out: Out<'_>) -> Result<Option<SafeText>> {
    let asked = columns(&wish.metric, reader)?;
    let all = if asked.is_empty() { reader.columns().map_err(bad)? } else { asked };
    if form == Form::Csv {
        let names: Vec<String> = all.iter().map(|name| cell::cell(name.as_str())).collect();
        out(&format!("time,source,kind,name,step_seconds,{}\n", names.join(",")))?;
    }
    reader.each(span(wish), &sources(wish), |track| {
        let places: Vec<Option<usize>> =
            all.iter().map(|name| track.columns.iter().position(|column| column == name)).collect();
        if places.iter().all(Option::is_none) {
            return Ok(());
        }
        let lines: String = (0..track.at_ms.len())
            .map(|at| match form {
                Form::Csv => csv(track, at, &places),
                Form::Json | Form::Sqlite => json_line(track, at, &all, &places),
            })
            .collect();
        out(&lines)
    })
}

/// The values of instant `at` in the order of `places`.
fn values<'a>(
    track: &'a PastTrack,
    at: usize,
    places: &'a [Option<usize>],
) -> impl Iterator<Item = Option<f32>> + 'a {
    let row = track.rows.get(at);
    places.iter().map(move |place| row?.get((*place)?).copied().flatten())
}

fn time(track: &PastTrack, at: usize) -> String {
    track.at_ms.get(at).copied().map(rfc3339).unwrap_or_default()
}

fn csv(track: &PastTrack, at: usize, places: &[Option<usize>]) -> String {
    let who = &track.track;
    let who = [who.source.0.as_str(), who.kind.as_str(), who.name.as_str()].map(cell::cell);
    let known = |value: Option<f32>| value.map(|value| value.to_string()).unwrap_or_default();
    let values: Vec<String> = values(track, at, places).map(known).collect();
    let step = track.step_ms as f64 / 1_000.0;
    format!("{},{},{step},{}\n", time(track, at), who.join(","), values.join(","))
}

fn json_line(track: &PastTrack, at: usize, all: &[SafeText], places: &[Option<usize>]) -> String {
    let who = &track.track;
    let mut line = Map::new();
    line.insert("time".to_owned(), time(track, at).into());
    line.insert("source".to_owned(), json!(who.source));
    line.insert("kind".to_owned(), json!(who.kind));
    line.insert("name".to_owned(), json!(who.name));
    line.insert("step_seconds".to_owned(), json!(track.step_ms as f64 / 1_000.0));
    let values = all.iter().zip(places.iter().zip(values(track, at, places)));
    for (name, (_, value)) in values.filter(|(_, (place, _))| place.is_some()) {
        line.insert(name.to_string(), json!(value.and_then(plain)));
    }
    Value::Object(line).to_string() + "\n"
}

/// A database beside the file, which it then replaces.
fn database(wish: &ExportArgs, reader: &Reader) -> Result<Option<SafeText>> {
    if !wish.metric.is_empty() {
        return Err(eyre!("--metric is not for a database, which has every column")
            .advise("leave it out, or write --format csv"));
    }
    store::export::check(&wish.to).map_err(kept::bad)?;
    store::export::beside(&wish.to, |beside| {
        reader.export(beside, span(wish), &sources(wish)).map_err(bad)
    })
}
