//! `isomon pull`: brings runs from a bucket to this machine.

use color_eyre::eyre::{Result, eyre};

use super::advice::Advise;
use super::progress::Meter;
use super::push::{bad, brought, finish, show, until_signal};
use super::setting::Setting;
use super::{Outcome, log, runtime};
use crate::config::place::Place;
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::model::unit::Bytes;
use crate::store::bucket::{Bucket, Pulled, Step, index};

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
Each file is checked against the hash it was pushed with. A run that is here already is told so; a
pull that was cut short is gone on with by giving it again. `isomon list PLACE` shows what is there,
`isomon push --help` says where credentials come from.

Examples:
  isomon pull s3://lab-runs/isomon last
  isomon pull file:///mnt/share/runs 20261121-093012-a1b2c3d4";

/// What to pull, and where from.
#[derive(Clone, Debug, clap::Args)]
pub struct PullArgs {
    /// Where from: `s3://bucket/prefix`, `gs://bucket/prefix`, `file:///directory`
    #[arg(value_name = "PLACE", required = true)]
    place: Place,
    /// Runs: ids, `last`, or `all` of them
    #[arg(value_name = "RUN", required = true, num_args = 1..)]
    runs: Vec<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(wish: &PullArgs, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    let bucket = Bucket::open(&wish.place).map_err(bad)?;
    let work = async |meter: &Meter| {
        let ids = meant(&wish.runs, &bucket).await?;
        let mut results = Vec::new();
        for id in ids {
            let mut tell = |step: Step<'_>| show(meter, id.as_str(), step);
            let pulled = bucket.pull(&id, &setting.local.runs, &mut tell).await;
            meter.clear();
            results.push((id, pulled.map_err(bad)));
        }
        Ok::<_, color_eyre::Report>(results)
    };
    let results = runtime::block_on(until_signal(work))???;
    let (ids, results): (Vec<RunId>, Vec<Result<Pulled>>) = results.into_iter().unzip();
    let results = ids.iter().map(RunId::as_str).zip(results).collect();
    finish(results, wish.json, words)
}

/// The runs that `words` mean, each once.
async fn meant(words: &[String], bucket: &Bucket) -> Result<Vec<RunId>> {
    let mut ids: Vec<RunId> = Vec::new();
    for word in words {
        if let Some(id) = RunId::parse(word) {
            ids.push(id);
            continue;
        }
        if !matches!(word.as_str(), "last" | "all") {
            let what = eyre!("`{}` is no run's id", SafeText::within(word, 60));
            let advice =
                format!("`isomon list {}` shows them; or `last`, or `all`", bucket.place());
            return Err(what.advise(&advice));
        }
        let listed = bucket.list().await.map_err(bad)?.runs.into_iter();
        let whole = listed.filter(|run| !index::is_half(run)).map(|run| run.id);
        let most = if word == "last" { 1 } else { usize::MAX };
        ids.extend(whole.take(most));
    }
    if ids.is_empty() {
        let what = eyre!("{} has no run that has arrived as a whole", bucket.place());
        return Err(what.advise("`isomon push RUN PLACE` brings one there"));
    }
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(ids)
}

fn words(pulled: &Pulled) -> String {
    let Pulled { path, fetched, there, bytes, .. } = pulled;
    brought(&path.display().to_string(), (*fetched, *there), Bytes(*bytes), "here")
}
