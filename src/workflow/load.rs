//! A workflow's file is read, and what is wished of it is held against what is in it.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Error, about, resume};
use crate::dialect::{self, Read};
use crate::model::text::SafeText;
use crate::model::workflow::WorkflowWish;

/// A workflow's file, read.
#[derive(Debug)]
pub struct Loaded {
    /// What is wished; of one that goes on, with what was wished then.
    pub wish: WorkflowWish,
    /// The file, absolute.
    pub file: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// What it says.
    pub read: Read,
    /// The directory of the run that goes on.
    pub(super) goes_on: Option<PathBuf>,
    /// The text of one that has no file yet: it is kept in the run's directory.
    pub(super) made: Option<String>,
}

/// What the file is called that a run keeps of a workflow which isomon wrote itself.
pub(super) const MADE: &str = "workflow.yaml";

/// A workflow that isomon wrote itself. Its `text` is kept in the run's directory, and run again from there.
pub fn made(wish: WorkflowWish, text: String) -> Result<Loaded, Error> {
    let read = dialect::read(MADE, &text).map_err(Error::Mistakes)?;
    let sha256 = hex(&Sha256::digest(text.as_bytes()));
    let loaded = Loaded { wish, file: MADE.into(), sha256, read, goes_on: None, made: Some(text) };
    loaded.hold()?;
    Ok(loaded)
}

/// Reads the file that `wish` names, or that the run was made of which goes on; isomon's runs are in `runs`.
pub fn load(wish: WorkflowWish, runs: &Path) -> Result<Loaded, Error> {
    let (wish, goes_on) = match wish.resume.clone() {
        Some(id) => resume::wish(wish, &runs.join(id.as_str()), &id)?,
        None => (wish, None),
    };
    let file = about::home(&wish.file.to_string_lossy());
    let shown = file.to_string_lossy().into_owned();
    let fault = |why: std::io::Error| Error::File {
        path: SafeText::within(&shown, 1_024),
        why: told(&why),
    };
    let file = std::path::absolute(&file).map_err(fault)?;
    let bytes = bytes(&file).map_err(fault)?;
    let text = String::from_utf8(bytes).map_err(|why| {
        let line = why.as_bytes().iter().take(why.utf8_error().valid_up_to());
        let line = 1 + line.filter(|byte| **byte == b'\n').count();
        Error::File {
            path: SafeText::within(&shown, 1_024),
            why: format!("line {line} is not UTF-8 text").into(),
        }
    })?;
    let read = dialect::read(&shown, &text).map_err(Error::Mistakes)?;
    let sha256 = hex(&Sha256::digest(text.as_bytes()));
    let loaded = Loaded { wish, file, sha256, read, goes_on, made: None };
    loaded.hold()?;
    Ok(loaded)
}

impl Loaded {
    /// Names that are wished and not in the file.
    fn hold(&self) -> Result<(), Error> {
        let workflow = &self.read.workflow;
        let stages = workflow.stages.iter().chain(&workflow.cleanup);
        let stages: Vec<&str> = stages.map(|stage| stage.name.as_str()).collect();
        for skip in &self.wish.skip {
            known("--skip", "stage", skip, &stages)?;
        }
        if let Some(case) = &self.wish.case {
            let cases: Vec<&str> = workflow.cases.iter().map(|case| case.name.as_str()).collect();
            known("--case", "case", case, &cases)?;
        }
        let bad = self.wish.env.keys().find(|name| !is_name(name));
        bad.map_or(Ok(()), |name| {
            Err(Error::Wish {
                what: SafeText::new(&format!("`{name}` is no name of a variable")),
                remedy: "letters, digits and _, of which the first is no digit: -e NAME=VALUE"
                    .into(),
            })
        })
    }
}

fn is_name(name: &str) -> bool {
    let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !name.is_empty()
        && name.chars().all(good)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

fn known(flag: &str, what: &str, name: &str, all: &[&str]) -> Result<(), Error> {
    if all.contains(&name) {
        return Ok(());
    }
    let nearest = all.iter().max_by(|left, right| {
        strsim::jaro_winkler(left, name).total_cmp(&strsim::jaro_winkler(right, name))
    });
    let remedy = match nearest {
        None => format!("the file has no {what}s"),
        Some(nearest) if strsim::jaro_winkler(nearest, name) > 0.7 => {
            format!("did you mean `{nearest}`?")
        }
        Some(_) => format!("it has {}", all.join(", ")),
    };
    Err(Error::Wish {
        what: SafeText::new(&format!("{flag} {name}: the file has no such {what}")),
        remedy: SafeText::new(&remedy),
    })
}

/// The file's bytes, as long as it is one that a person writes. A pipe of that name does not block.
fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    let invalid = |why: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
    if !file.metadata()?.is_file() {
        return Err(invalid("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(dialect::LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > dialect::LONGEST {
        return Err(invalid("it is longer than a workflow's file may be, 1 MiB"));
    }
    Ok(bytes)
}

fn told(error: &std::io::Error) -> SafeText {
    let text = error.to_string();
    let number = text.rsplit_once(" (os error ").map(|(words, _)| words.to_owned());
    number.unwrap_or(text).into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
