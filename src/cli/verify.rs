//! `isomon verify`: makes every figure of a run again from its samples.

use std::fmt::Write as _;
use std::path::Path;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::setting::Setting;
use super::{Exit, Outcome, advice, kept, print};
use crate::bench::repeat::repeat;
use crate::model::run::Run;
use crate::model::text::SafeText;
use crate::stats::verify::{Verified, verify};
use crate::store::files;

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
    let looked = kept::place(word, setting).and_then(|place| {
        let mut verified = verified(&kept::find(word, setting)?);
        let hashed = hashes(&place, &mut verified)?;
        Ok((verified, hashed))
    });
    match looked {
        Ok((verified, files)) => Entry { run: word, verified: Some(verified), files, error: None },
        Err(report) => {
            let told = advice::told(&report);
            let error = told.strip_prefix("isomon: ").unwrap_or(&told).to_owned();
            Entry { run: word, verified: None, files: None, error: Some(error) }
        }
    }
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
    let (samples, figures) = (verified.samples, verified.figures);
    if verified.is_good() {
        let cut = "; it was cut off, so there are no figures";
        let cut = if verified.whole { "" } else { cut };
        let hashes = entry.files.map(|files| format!(", {files} hashes")).unwrap_or_default();
        return format!("{prefix}verified: {samples} samples, {figures} figures{hashes}{cut}\n");
    }
    let wrong = verified.findings.len() + verified.more;
    let mut text = format!("{prefix}{wrong} wrong in {samples} samples and {figures} figures\n");
    for finding in &verified.findings {
        let (at, expected, found) = (&finding.at, &finding.expected, &finding.found);
        let _infallible = writeln!(text, "  {at}: expected {expected}, found {found}");
    }
    if verified.more > 0 {
        let _infallible = writeln!(text, "  and {} more", verified.more);
    }
    text
}
