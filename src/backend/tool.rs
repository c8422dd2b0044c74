//! Finds the programs behind backends.

use std::path::PathBuf;

use super::Error;
use super::settings::CampSettings;

/// The first executable file called `name` in the directories to search.
pub(super) fn find(settings: &CampSettings, name: &'static str) -> Result<PathBuf, Error> {
    look_up(settings, name).ok_or(Error::Tool { tool: name })
}

/// The same of any name.
pub(super) fn look_up(settings: &CampSettings, name: &str) -> Option<PathBuf> {
    let here = |dir: &PathBuf| {
        let path = dir.join(name);
        let runs = path.is_file() && rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_ok();
        runs.then_some(path)
    };
    settings.search.iter().find_map(here)
}

/// `path` as text, which the launcher's orders are made of.
pub(super) fn text(path: PathBuf) -> Result<String, Error> {
    path.into_os_string().into_string().map_err(|path| Error::Path { path: path.into() })
}

/// isomon itself, told `words`.
pub(super) fn own(settings: &CampSettings, words: &[&str]) -> Result<Vec<String>, Error> {
    let words = words.iter().map(|word| (*word).to_owned());
    Ok(std::iter::once(text(settings.exe.clone())?).chain(words).collect())
}

/// The command that tells the version of the tool called `name`.
pub(super) fn version(
    settings: &CampSettings,
    name: &'static str,
) -> Result<Option<Vec<String>>, Error> {
    Ok(Some(vec![text(find(settings, name)?)?, "--version".to_owned()]))
}

/// Whether `reason` is that a tool is not there.
pub(super) fn is_missing(reason: &str) -> bool {
    reason.ends_with("is not on PATH")
}
