//! `isomon list`: the runs kept on this machine, or in a bucket.

use std::fmt::Write as _;

use color_eyre::eyre::{Result, eyre};

use super::advice::Advise;
use super::print;
use super::push::bad;
use super::setting::Setting;
use super::{Exit, Outcome, log, runtime};
use crate::config::place::Place;
use crate::model::run::StoredRun;
use crate::store::Listed;
use crate::store::bucket::Bucket;
use crate::store::bucket::index::{Listing, is_half};

/// How to print them.
#[derive(Clone, Debug, clap::Args)]
pub struct ListArgs {
    /// A bucket: s3://bucket/prefix, gs://…, file:///directory; this machine if none
    #[arg(value_name = "PLACE")]
    place: Option<Place>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(wish: &ListArgs, setting: &Setting) -> Outcome {
    if let Some(place) = &wish.place {
        return run_bucket(place, wish.json);
    }
    let runs = kept(setting)?;
    let text = if wish.json { serde_json::to_string_pretty(&runs)? + "\n" } else { table(&runs) };
    print::out(&text)?;
    Ok(Exit::Good)
}

/// The runs that are kept, latest first.
pub(super) fn kept(setting: &Setting) -> Result<Vec<Listed>> {
    let remedy = "set XDG_STATE_HOME to a directory that can be read and written";
    setting.local.list().map_err(|why| eyre!("{why}").advise(remedy))
}

fn table(runs: &[Listed]) -> String {
    if runs.is_empty() {
        return "no run is kept; `isomon bench` makes one\n".to_owned();
    }
    let mut text = String::new();
    for run in runs {
        let state = if run.finished { "finished" } else { "live or cut off" };
        let _infallible = writeln!(text, "{}  {state}", run.id);
    }
    text
}

/// The runs of a bucket.
fn run_bucket(place: &Place, json: bool) -> Outcome {
    log::to_stderr()?;
    let list = async { Bucket::open(place).map_err(bad)?.list().await.map_err(bad) };
    let listing = runtime::block_on(list)??;
    let text = if json {
        serde_json::to_string_pretty(&listing.runs)? + "\n"
    } else {
        bucket_table(&listing, place)
    };
    print::out(&text)?;
    let Listing { strange, cut, .. } = listing;
    if strange > 0 {
        print::err(&format!("{strange} names in the index of {place} are none of isomon's"));
    }
    if cut {
        print::err(&format!("{place} has more runs than are listed: the latest are missing"));
    }
    Ok(Exit::Good)
}

fn bucket_table(listing: &Listing, place: &Place) -> String {
    if listing.runs.is_empty() {
        return format!("{place} has no run; `isomon push RUN {place}` brings one there\n");
    }
    let mut text = String::new();
    for run in &listing.runs {
        let _infallible = writeln!(text, "{}  {}", run.id, bucket_row(run));
    }
    text
}

/// What is known of a run in a bucket.
fn bucket_row(run: &StoredRun) -> String {
    let Some(brief) = &run.brief else { return String::new() };
    let status = brief.status.as_str().to_lowercase();
    if is_half(run) {
        return status;
    }
    let samples = u64::from(brief.completed) + u64::from(brief.failed);
    let failed =
        if brief.failed > 0 { format!(", {} failed", brief.failed) } else { String::new() };
    let took = brief.seconds.map_or_else(String::new, |took| format!(" in {took}"));
    let parts: Vec<&str> = brief.parts.iter().map(AsRef::as_ref).collect();
    let name = brief.name.as_ref().map_or_else(String::new, |name| format!("  {name}"));
    let (host, parts) = (&brief.host, parts.join(" "));
    format!("{status:<9}  {host}  {samples} samples{failed}{took}  {parts}{name}")
}
