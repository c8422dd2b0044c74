//! `isomon history`: what was kept, to look at and to take elsewhere.

use clap::Subcommand;
use color_eyre::eyre::{Report, Result, eyre};

use super::advice::Advise;
use super::print;
use super::setting::Setting;
use super::{Exit, Outcome};
use crate::model::time::{Clock, SystemClock};
use crate::report::past::rfc3339;
use crate::store::history::{Info, Reader, Verified};
use crate::store::sqlite;

mod export;
mod query;

pub(super) use export::ExportArgs;
pub(super) use query::QueryArgs;

/// What to do with the history.
#[derive(Clone, Debug, Subcommand)]
pub enum HistoryVerb {
    /// Print how nodes and GPUs were doing
    #[command(after_help = query::AFTER_HELP)]
    Query(QueryArgs),
    /// Write all of it, as closely as it is kept, to a file
    #[command(after_help = export::AFTER_HELP)]
    Export(ExportArgs),
    /// Look through the whole file and say what is damaged
    Verify {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what is kept, of whom, since when, and how large it is
    Info {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(wish: &HistoryVerb, setting: &Setting) -> Outcome {
    let reader = open(setting)?;
    match wish {
        HistoryVerb::Query(wish) => query::run(wish, &reader),
        HistoryVerb::Export(wish) => export::run(wish, &reader),
        HistoryVerb::Verify { json } => verify(&reader, *json),
        HistoryVerb::Info { json } => {
            let info = reader.info().map_err(bad)?;
            print::out(&if *json {
                serde_json::to_string_pretty(&info)? + "\n"
            } else {
                told(&info)
            })?;
            Ok(Exit::Good)
        }
    }
}

fn open(setting: &Setting) -> Result<Reader> {
    let none = || {
        eyre!("no history is kept yet in {}", setting.local.history().display())
            .advise("start `isomon` or `isomon serve`; both keep one unless told otherwise")
    };
    Reader::open(&setting.local.history()).map_err(bad)?.ok_or_else(none)
}

/// Where a history cannot be read: what, why, and what mends it.
fn bad(error: sqlite::Error) -> Report {
    let remedy = error.remedy();
    eyre!(error).advise(&remedy)
}

fn now_ms() -> i64 {
    SystemClock.now().wall_ms
}

fn verify(reader: &Reader, json: bool) -> Outcome {
    let found = reader.verify().map_err(bad)?;
    print::out(&if json {
        serde_json::to_string_pretty(&found)? + "\n"
    } else {
        verified(&found)
    })?;
    Ok(if found.is_whole() { Exit::Good } else { Exit::Bad })
}

fn verified(found: &Verified) -> String {
    let Verified { path, tracks, pieces, instants, damaged, named } = found;
    let path = path.display();
    let what = [(*tracks as u64, "track"), (*pieces, "piece"), (*instants, "instant")];
    let what = what.map(|(count, noun)| {
        let more = if count == 1 { "" } else { "s" };
        format!("{count} {noun}{more}")
    });
    let what = what.join(", ");
    if found.is_whole() {
        return format!("{path} is whole: {what}\n");
    }
    let mut text = format!(
        "{path} is damaged in {damaged} place{}: {what}\n",
        if *damaged == 1 { "" } else { "s" }
    );
    text.extend(named.iter().map(|name| format!("  {name}\n")));
    text.push_str(
        "what is damaged is left out of charts; `isomon history export` writes the rest\n",
    );
    text
}

fn told(info: &Info) -> String {
    let Info { path, bytes, latest_ms, tracks } = info;
    let at = |ms: &Option<i64>| ms.map_or_else(|| "—".to_owned(), rfc3339);
    let size = match *bytes as f64 / 1_024.0 {
        kibibytes if kibibytes < 1_024.0 => format!("{kibibytes:.0} KiB"),
        kibibytes => format!("{:.1} MiB", kibibytes / 1_024.0),
    };
    let mut text = format!("{}: {size}, until {}\n", path.display(), at(latest_ms));
    for extent in tracks {
        let track = &extent.track;
        let (since, name) = (at(&extent.first_ms), track.name.as_str());
        let line = format!("since {since}  {}  {}  {name}", track.source, track.kind);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
