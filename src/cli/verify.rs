//! `isomon verify`: makes every figure of a run again from its samples.

use std::fmt::Write as _;
use std::path::Path;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::kept::Kept;
use super::setting::Setting;
use super::{Exit, Outcome, advice, kept, print};
use crate::bench::repeat::repeat;
use crate::model::run::Run;
use crate::model::text::SafeText;
use crate::stats::verify::{Verified, verify};
use crate::store::files;
use crate::store::result::ResultDir;

/// What to verify.
#[derive(Clone, Debug, clap::Args)]
pub struct VerifyArgs {
    /// Runs: `last`, ids, baselines, files, directories
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What came of one run.
#[derive(Serialize)]
struct Entry<'a> {
    run: &'a str,
    #[serde(flatten)]
    verified: Option<Verified>,
    /// Whether it is a workflow's, of which no figure is made again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    workflow: bool,
    /// Files whose hashes were looked at; none where no list of them is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn run(wish: &VerifyArgs, setting: &Setting) -> Outcome {
    let entries: Vec<Entry<'_>> = wish.runs.iter().map(|word| entry(word, setting)).collect();
    let good = entries.iter().all(|of| of.verified.as_ref().is_some_and(Verified::is_good));
    let text = if wish.json {
        serde_json::to_string_pretty(&entries)? + "\n"
    } else {
        entries.iter().map(|entry| told(entry, entries.len() > 1)).collect()
    };
    print::out(&text)?;
    Ok(if good { Exit::Good } else { Exit::Bad })
}

fn entry<'a>(word: &'a str, setting: &Setting) -> Entry<'a> {
    let mut workflow = false;
    let looked = kept::any(word, setting).and_then(|kept| match kept {
        Kept::Benchmark(place) => {
            let mut verified = verified(&kept::read(&place)?);
            let hashed = hashes(&place, &mut verified)?;
            Ok((verified, hashed))
        }
        Kept::Workflow(run) => {
            workflow = true;
            Ok(fetched(&run))
        }
    });
    match looked {
        Ok((verified, files)) => {
            Entry { run: word, verified: Some(verified), workflow, files, error: None }
        }
        Err(report) => {
            let told = advice::told(&report);
            let error = told.strip_prefix("isomon: ").unwrap_or(&told).to_owned();
            Entry { run: word, verified: None, workflow, files: None, error: Some(error) }
        }
    }
}

/// Sets the files that a workflow fetched beside the hashes they had then; there are no samples of isomon's
/// own to make figures of.
fn fetched(run: &ResultDir) -> (Verified, Option<usize>) {
    let whole = run.run.as_ref().is_some_and(|run| run.tail.is_some());
    let mut verified = Verified { whole, ..Verified::default() };
    let (files, changed) = run.verify();
    for of in changed {
        verified.note(of.name, format!("sha256 {}", of.expected), of.found);
    }
    (verified, run.run.is_some().then_some(files))
}

/// Sets the files of a run that is kept in `place` beside their hashes.
fn hashes(place: &Path, verified: &mut Verified) -> Result<Option<usize>> {
    if !place.is_dir() {
        return Ok(None);
    }
    let Some((files, changed)) = files::verify(place).map_err(kept::bad)? else { return Ok(None) };
    for of in changed {
        verified.note(of.name, format!("sha256 {}", of.expected), of.found);
    }
    Ok(Some(files))
}

/// The figures, and the command that repeats the run: it is made to be pasted into a shell. Other
/// versions may have other words for the same plan.
fn verified(run: &Run) -> Verified {
    let mut verified = verify(run);
    let head = &run.head;
    let own = head.fingerprint.isomon == env!("CARGO_PKG_VERSION");
    let (wanted, said) = (repeat(&head.plan), SafeText::new(&head.repeat));
    if own && wanted != head.repeat {
        verified.note("repeat".to_owned(), wanted, said.to_string());
    }
    verified
}

/// A line for a good run; a line for each thing that is wrong of another.
fn told(entry: &Entry<'_>, many: bool) -> String {
    let prefix = if many { format!("{}: ", entry.run) } else { String::new() };
    let prefix = SafeText::new(&prefix);
    let Some(verified) = &entry.verified else {
        return format!("{prefix}cannot be read: {}\n", entry.error.as_deref().unwrap_or_default());
    };
    if entry.workflow {
        return told_flow(&prefix, entry, verified);
    }
    let (samples, figures) = (verified.samples, verified.figures);
    if verified.is_good() {
        let cut = "; it was cut off, so there are no figures";
        let cut = if verified.whole { "" } else { cut };
        let hashes = entry.files.map(|files| format!(", {files} hashes")).unwrap_or_default();
        return format!("{prefix}verified: {samples} samples, {figures} figures{hashes}{cut}\n");
    }
    let wrong = verified.findings.len() + verified.more;
    let text = format!("{prefix}{wrong} wrong in {samples} samples and {figures} figures\n");
    text + &findings(verified)
}

/// The same of a workflow's run.
fn told_flow(prefix: &SafeText, entry: &Entry<'_>, verified: &Verified) -> String {
    let none = "a workflow's run has no samples of isomon's own, so no figure was made again";
    let (files, good) = match entry.files {
        None => ("it is not of isomon, so its files have no hashes".to_owned(), ""),
        Some(0) => ("it fetched no file".to_owned(), ""),
        Some(1) => ("1 file that was fetched".to_owned(), " is as its hash says"),
        Some(files) => (format!("{files} files that were fetched"), " are as their hashes say"),
    };
    if verified.is_good() {
        return format!("{prefix}{files}{good}; {none}\n");
    }
    let wrong = verified.findings.len() + verified.more;
    format!("{prefix}{wrong} wrong in {files}; {none}\n") + &findings(verified)
}

/// A line for each thing that is wrong.
fn findings(verified: &Verified) -> String {
    let mut text = String::new();
    for finding in &verified.findings {
        let (at, expected, found) = (&finding.at, &finding.expected, &finding.found);
        let _infallible = writeln!(text, "  {at}: expected {expected}, found {found}");
    }
    if verified.more > 0 {
        let _infallible = writeln!(text, "  and {} more", verified.more);
    }
    text
}
