//! `isomon sync`: a workflow's runs, copied to where its file says: by rclone, or into a bucket as
//! `isomon push` does it.

use std::path::{Path, PathBuf};
use std::process::Command;

use color_eyre::eyre::{Result, WrapErr, eyre};

use super::advice::Advise;
use super::progress::Meter;
use super::run::check;
use super::{Exit, Outcome, kept, log, print, push, runtime};
use crate::config::place::Place;
use crate::model::text::SafeText;
use crate::model::workflow::Workflow;
use crate::store::bucket::{Bucket, Pushed, Step};
use crate::store::result::{ResultDir, list};

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
Where to is `remote` under `benchmark.sync` of the file: a remote of rclone (`lab:bench/runs`) or a
directory, which are made the same as the runs here; or s3://bucket/prefix, gs://bucket/prefix or
file:///directory, where each finished run is brought once and nothing is ever overwritten, as by
`isomon push`, whose help names the credentials.";

/// Of which workflow.
#[derive(Clone, Debug, clap::Args)]
pub struct SyncArgs {
    /// The workflow's file: its `benchmark.sync` says where to
    #[arg(value_name = "FILE", default_value = "benchmark.yaml")]
    file: PathBuf,
    /// Print what would be done and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(super) fn run(wish: &SyncArgs) -> Outcome {
    let workflow = check::read(&wish.file)?.workflow;
    let Some(sync) = &workflow.sync else {
        return Err(eyre!("{} does not say where to", wish.file.display()).advise(
            "set `remote` under `benchmark.sync`: a remote of `rclone listremotes`, or s3://bucket/prefix",
        ));
    };
    if sync.remote.contains("://") {
        let place = Place::parse(&sync.remote)
            .map_err(|why| eyre!("{why}").advise("or name a remote of rclone as `remote:path`"))?;
        if !sync.args.is_empty() {
            print::err("note: `args` are rclone's, and have no effect on a bucket");
        }
        return to_bucket(&workflow, &place, wish.dry_run);
    }
    let mut words = vec!["sync".to_owned()];
    words.extend(sync.args.iter().cloned());
    words.extend(["--".to_owned(), workflow.output_dir.clone(), sync.remote.clone()]);
    if wish.dry_run {
        print::out(&format!("rclone {}\n", shell_words::join(&words)))?;
        return Ok(Exit::Good);
    }
    let done = Command::new("rclone").args(&words).status();
    let status =
        done.wrap_err("cannot start rclone").advise("install it: apt-get install rclone")?;
    Ok(if status.success() { Exit::Good } else { Exit::Bad })
}

/// Brings each finished run of `workflow` to `place`; one that cannot be brought hinders no other.
fn to_bucket(workflow: &Workflow, place: &Place, dry_run: bool) -> Outcome {
    log::to_stderr()?;
    let from = output_dir(workflow);
    let mut runs = list(&from).map_err(kept::bad)?;
    // The earliest first, as they were made.
    runs.reverse();
    runs.retain(|(path, _)| {
        let goes_on = ResultDir::goes_on(path);
        if goes_on {
            print::err(&format!("note: {} goes on, and is left for later", shown(path)));
        }
        !goes_on
    });
    if runs.is_empty() {
        print::err(&format!("isomon: there is no finished run in {}", shown(&from)));
        return Ok(Exit::Good);
    }
    let names: Vec<String> = runs.iter().map(|(path, _)| shown(path).to_string()).collect();
    let runs: Vec<Result<ResultDir>> =
        runs.into_iter().map(|(_, run)| run.map_err(kept::bad)).collect();
    if dry_run {
        for name in &names {
            print::out(&format!("{name} to {place}\n"))?;
        }
        return Ok(Exit::Good);
    }
    let bucket = Bucket::open_to_write(place).map_err(push::bad)?;
    let work = async |meter: &Meter| {
        let mut results = Vec::new();
        for (name, run) in names.iter().zip(runs) {
            let pushed = match run {
                Ok(run) => bring(&run, &bucket, meter).await,
                Err(why) => Err(why),
            };
            results.push((name.as_str(), pushed));
        }
        results
    };
    let told = |pushed: &Pushed| push::words(pushed, place);
    push::finish(runtime::block_on(push::until_signal(work))??, false, told)
}

pub(super) async fn bring(run: &ResultDir, bucket: &Bucket, meter: &Meter) -> Result<Pushed> {
    let id = run.run.as_ref().and_then(|run| run.head.id.clone());
    let (Some(id), Some(brief)) = (id, run.brief()) else {
        return Err(eyre!(
            "{} was not made by isomon, and has no id to be kept under",
            shown(&run.path)
        )
        .advise("rclone copies such runs: name a remote of it"));
    };
    let mut tell = |step: Step<'_>| push::show(meter, id.as_str(), step);
    let pushed = bucket.push(&run.path, &id, (&brief, false), &mut tell).await;
    meter.clear();
    pushed.map_err(push::bad)
}

/// Where the runs are.
fn output_dir(workflow: &Workflow) -> PathBuf {
    let path = &workflow.output_dir;
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn shown(path: &Path) -> SafeText {
    SafeText::new(&path.to_string_lossy())
}
