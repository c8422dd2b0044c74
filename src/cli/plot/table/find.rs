//! The run of a workflow that a word means: isomon's id, `last`, a number in ./results or of a load, a
//! directory.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, eyre};

use super::super::super::advice::Advise;
use super::super::super::result;
use super::super::super::setting::Setting;
use super::Found;
use super::wish::Wish;
use crate::model::text::SafeText;
use crate::store::Error;
use crate::store::result::shelf::Shelf;
use crate::store::result::{ResultDir, list, number_of};

/// The run that `word` means; `None` where it is none of a workflow.
pub(in crate::cli::plot) fn find(word: &str, setting: &Setting) -> Result<Option<Found>> {
    let shelf = || Shelf::new(&result::numbered(setting)[..1], setting.local.runs.clone());
    let path = Path::new(word);
    let dir = if path.is_dir() {
        opened(path)?
    } else if path.is_file() && path.file_name().is_some_and(is_of_run) {
        path.parent().map(opened).transpose()?.flatten()
    } else if word == "last" {
        let latest = shelf().briefs().into_iter().next();
        latest.and_then(|brief| shelf().open(&brief.id))
    } else if let Some(number) = number_of(word) {
        numbered(number, setting)?
    } else {
        shelf().open(word)
    };
    Ok(dir.map(|dir| Found { wish: Wish::of(&dir), dir }))
}

/// Whether a file of that name stands for the run it is in.
fn is_of_run(name: &std::ffi::OsStr) -> bool {
    name == crate::store::result::RUN || name == crate::store::result::METADATA
}

/// The run in `path`; `None` where it is no workflow's.
fn opened(path: &Path) -> Result<Option<ResultDir>> {
    match ResultDir::open(path) {
        Ok(dir) => Ok(Some(dir)),
        Err(Error::NotARun { .. }) => Ok(None),
        // A benchmark's run.json has another form, and is read elsewhere.
        Err(_) if !path.join(crate::store::result::METADATA).exists() => Ok(None),
        Err(why) => {
            let shown = SafeText::new(&path.display().to_string());
            Err(eyre!("{why}")
                .wrap_err(format!("the run in {shown} cannot be read"))
                .advise("it is half written or changed; name another, as `ls results` shows them"))
        }
    }
}

fn numbered(number: u64, setting: &Setting) -> Result<Option<ResultDir>> {
    let of = |path: &PathBuf| {
        path.file_name().and_then(|name| number_of(name.to_str()?)) == Some(number)
    };
    for dir in result::numbered(setting) {
        let unreadable = |why| {
            let shown = SafeText::new(&dir.display().to_string());
            eyre!("{why}").advise(&format!("make {shown} readable"))
        };
        let runs = list(&dir).map_err(unreadable)?;
        if let Some((path, _)) = runs.into_iter().find(|(path, _)| of(path)) {
            return opened(&path);
        }
    }
    Ok(None)
}
