//! `isomon push`: brings runs of this machine to a bucket.

use std::path::PathBuf;

use color_eyre::eyre::{Report, Result, eyre};
use serde::Serialize;

use super::advice::{self, Advise};
use super::kept::Kept;
use super::progress::Meter;
use super::setting::Setting;
use super::signals::Signals;
use super::{Exit, Outcome, kept, log, print, runtime};
use crate::config::place::Place;
use crate::model::text::{SafeText, counted};
use crate::model::unit::Bytes;
use crate::store;
use crate::store::bucket::{Bucket, Error, Pushed, Step, index};
use crate::store::result::ResultDir;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
Nothing that is there is ever overwritten: the same run is told as there already, another one under
the same id is an error. A push that was cut short is gone on with by giving it again.

Credentials come from where other tools have theirs. S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION, or a profile in ~/.aws (AWS_PROFILE); AWS_ENDPOINT_URL for a store of
your own, such as MinIO. Google: GOOGLE_APPLICATION_CREDENTIALS, or what `gcloud auth
application-default login` left.

Examples:
  isomon push last s3://lab-runs/isomon
  isomon push 20261121-093012-a1b2c3d4 file:///mnt/share/runs
  AWS_ENDPOINT_URL=http://127.0.0.1:9000 isomon push last s3://runs";

/// What to push, and where to.
#[derive(Clone, Debug, clap::Args)]
pub struct PushArgs {
    /// Runs, benchmarks and workflows' alike: `last`, ids, numbers in `./results`, directories of runs
    #[arg(value_name = "RUN", required = true, num_args = 1..)]
    runs: Vec<String>,
    /// Where to: `s3://bucket/prefix`, `gs://bucket/prefix`, `file:///directory`
    #[arg(value_name = "PLACE", required = true)]
    place: Place,
    /// Also a run that was cut off; what it gets later cannot be added
    #[arg(long)]
    unfinished: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What came of one run.
#[derive(Serialize)]
struct Entry<'a, T> {
    run: &'a str,
    #[serde(flatten)]
    done: Option<T>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn run(wish: &PushArgs, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    let bucket = Bucket::open_to_write(&wish.place).map_err(bad)?;
    let work = async |meter: &Meter| {
        let mut results = Vec::new();
        for word in &wish.runs {
            let pushed = push(wish, word, setting, &bucket, meter).await;
            results.push((word.as_str(), pushed));
        }
        results
    };
    let told = |pushed: &Pushed| words(pushed, &wish.place);
    finish(runtime::block_on(until_signal(work))??, wish.json, told)
}

async fn push(
    wish: &PushArgs,
    word: &str,
    setting: &Setting,
    bucket: &Bucket,
    meter: &Meter,
) -> Result<Pushed> {
    let dir = match kept::any(word, setting)? {
        Kept::Workflow(run) => return bring(&run, bucket, wish.unfinished, meter).await,
        Kept::Benchmark(path) => directory(path)?,
    };
    let run = kept::read(&dir)?;
    let brief = index::brief(&run);
    let id = run.head.id;
    let mut tell = |step: Step<'_>| show(meter, &id.to_string(), step);
    let pushed = bucket.push(&dir, &id, (&brief, wish.unfinished), &mut tell).await;
    meter.clear();
    pushed.map_err(bad)
}

/// Brings a workflow's run to `bucket`. `unfinished`: also one that goes on or was cut off.
pub(super) async fn bring(
    run: &ResultDir,
    bucket: &Bucket,
    unfinished: bool,
    meter: &Meter,
) -> Result<Pushed> {
    let id = run.run.as_ref().and_then(|run| run.head.id.clone());
    let (Some(id), Some(mut brief)) = (id, run.brief()) else {
        let shown = SafeText::new(&run.path.to_string_lossy());
        return Err(eyre!("{shown} was not made by isomon, and has no id to be kept under")
            .advise("rclone copies such runs: name a remote of it"));
    };
    if brief.status.as_str() == "RUNNING" {
        // As a list of what is elsewhere calls what had no end when it was brought there.
        brief.status = "CUT OFF".into();
    }
    let mut tell = |step: Step<'_>| show(meter, id.as_str(), step);
    let pushed = bucket.push(&run.path, &id, (&brief, unfinished), &mut tell).await;
    meter.clear();
    pushed.map_err(bad)
}

/// `path`, which has to be a directory.
fn directory(path: PathBuf) -> Result<PathBuf> {
    if path.is_dir() {
        // A workflow's run is kept here as a link to where its file wished it.
        return Ok(path.canonicalize().unwrap_or(path));
    }
    Err(eyre!("{} is a file, and a run is a directory of files", path.display())
        .advise("name a run of `isomon list`, or the directory of one"))
}

pub(super) fn words(pushed: &Pushed, place: &Place) -> String {
    let Pushed { id, written, there, bytes, .. } = pushed;
    brought(&format!("{place}/{id}"), (*written, *there), Bytes(*bytes), "there")
}

/// That `files` were brought to `path`, and others were `here` already.
pub(super) fn brought(path: &str, files: (usize, usize), bytes: Bytes, here: &str) -> String {
    let counted = |count: usize| counted(count as u64, "file");
    let were = if files.1 == 1 { "was" } else { "were" };
    match files {
        (0, there) => format!("{path}: {here} already, {}, {bytes}\n", counted(there)),
        (new, 0) => format!("{path}: {}, {bytes}\n", counted(new)),
        (new, there) => {
            format!("{path}: {}, {there} {were} {here} already, {bytes}\n", counted(new))
        }
    }
}

/// Does `work` until its end or a signal; what has arrived by then stays.
pub(super) async fn until_signal<T>(work: impl AsyncFnOnce(&Meter) -> T) -> Result<T> {
    let mut signals = Signals::listen()?;
    let meter = Meter::new();
    tokio::select! {
        done = work(&meter) => Ok(done),
        number = signals.recv() => {
            meter.clear();
            Err(eyre!("stopped by signal {number}").advise("what has arrived stays; the same command goes on"))
        }
    }
}

/// Shows how far it is.
pub(super) fn show(meter: &Meter, id: &str, step: Step<'_>) {
    let (done, all) = (Bytes(step.done), Bytes(step.all));
    meter.over(&format!("{id} {done} of {all} {}", step.file));
}

/// Prints what came of each.
pub(super) fn finish<T: Serialize>(
    results: Vec<(&str, Result<T>)>,
    json: bool,
    words: impl Fn(&T) -> String,
) -> Outcome {
    let good = results.iter().all(|(_, result)| result.is_ok());
    let mut entries = Vec::new();
    for (run, result) in results {
        match result {
            Ok(done) if json => entries.push(Entry { run, done: Some(done), error: None }),
            Ok(done) => print::out(&words(&done))?,
            Err(report) => {
                let told = advice::told(&report);
                let error = told.strip_prefix("isomon: ").unwrap_or(&told).to_owned();
                if !json {
                    print::err(&told);
                }
                entries.push(Entry { run, done: None, error: Some(error) });
            }
        }
    }
    if json {
        print::out(&(serde_json::to_string_pretty(&entries)? + "\n"))?;
    }
    Ok(if good { Exit::Good } else { Exit::Unable })
}

/// What is wrong, and what mends it.
pub(super) fn bad(error: Error) -> Report {
    match error {
        Error::Local(error @ (store::Error::NotARun { .. } | store::Error::Corrupt { .. })) => {
            kept::bad(error)
        }
        error => {
            let remedy = error.remedy();
            Report::new(error).advise(&remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::RunId;

    #[test]
    fn one_file_is_one() {
        let place: Place = "file:///d".parse().unwrap();
        let told = |written, there| {
            let id = RunId::new(0, 0);
            words(&Pushed { id, finished: true, written, there, bytes: 0 }, &place)
        };
        assert!(told(1, 0).contains(": 1 file, "), "{}", told(1, 0));
        assert!(told(0, 1).contains(": there already, 1 file, "), "{}", told(0, 1));
        assert!(told(2, 1).contains(": 2 files, 1 was there already, "), "{}", told(2, 1));
    }
}
