//! The body of a frame: lines of files, each behind the path it stands in, and what the script says
//! itself behind `@name`.
//!
//! `grep` puts the path before every line, so no line of a file can pass for another file's.

use std::collections::HashMap;

use super::script::TOLD;
use crate::source::Error;

/// Most lines of a body; the processes of a large host are 150,000.
const LINES: usize = 300_000;

/// Texts by path, and what was told by name.
#[derive(Debug, Default)]
pub(super) struct Files {
    texts: HashMap<String, String>,
    told: HashMap<&'static str, Vec<String>>,
}

impl Files {
    /// Reads the body of a frame; an error where it has more lines than are ever taken.
    pub(super) fn of(body: &[u8]) -> Result<Self, Error> {
        let body = String::from_utf8_lossy(body);
        if body.split('\n').nth(LINES).is_some() {
            return Err(Error::Limit {
                what: "what the host tells at once",
                most: "300,000 lines",
            });
        }
        Ok(Self::read(&body))
    }

    /// Reads a body; lines of neither kind are passed over.
    pub(super) fn read(body: &str) -> Self {
        let mut files = Self::default();
        for line in body.split('\n') {
            let Some((key, value)) = line.split_once(':') else { continue };
            if let Some(name) = key.strip_prefix('@') {
                let Some(name) = TOLD.into_iter().find(|told| *told == name) else { continue };
                files.told.entry(name).or_default().push(value.to_owned());
            } else if key.starts_with('/') {
                let text = if let Some(text) = files.texts.get_mut(key) {
                    text
                } else {
                    files.texts.entry(key.to_owned()).or_default()
                };
                text.push_str(value);
                text.push('\n');
            }
        }
        files
    }

    /// The text of the file at `path`; `None` where it was not there or could not be read.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The text of the file at `path`, without the blanks around it.
    pub(super) fn line(&self, path: &str) -> Option<&str> {
        self.text(path).map(str::trim).filter(|line| !line.is_empty())
    }

    /// Every file whose path begins with `prefix` and ends with `suffix`: what is between, and its text.
    pub(super) fn between<'a>(
        &'a self,
        prefix: &'a str,
        suffix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts.iter().filter_map(move |(path, text)| {
            let inner = path.strip_prefix(prefix)?.strip_suffix(suffix)?;
            Some((inner, text.as_str()))
        })
    }

    /// What the script told last by `name`; `None` where it was nothing.
    pub(super) fn told(&self, name: &str) -> Option<&str> {
        self.all_told(name).last().map(String::as_str).filter(|told| !told.is_empty())
    }

    /// Everything the script told by `name`.
    pub(super) fn all_told(&self, name: &str) -> &[String] {
        self.told.get(name).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_belong_to_the_file_they_stand_behind() {
        let files = Files::read(
            "/proc/7/stat:7 (a\n/proc/7/stat:/proc/1/stat:x) S 1\n@df:a 1\n@df:b 2\n\
             odd\n@isomon:\n@evil:1\n/sys/class/net/lo/operstate:unknown",
        );
        assert_eq!(files.text("/proc/7/stat"), Some("7 (a\n/proc/1/stat:x) S 1\n"));
        assert_eq!(files.text("/proc/1/stat"), None);
        assert_eq!(files.all_told("df"), ["a 1", "b 2"]);
        assert_eq!((files.told("df"), files.told("isomon")), (Some("b 2"), None));
        assert!(files.all_told("evil").is_empty(), "the script does not say that");
        let states: Vec<_> = files.between("/sys/class/net/", "/operstate").collect();
        assert_eq!(states, [("lo", "unknown\n")]);
    }

    #[test]
    fn a_body_has_only_so_many_lines() {
        let body = |lines: usize| "/a:b\n".repeat(lines - 1);
        assert!(Files::of(body(LINES).as_bytes()).is_ok());
        let error = Files::of(body(LINES + 1).as_bytes()).unwrap_err();
        let wanted = "limit: what the host tells at once is more than 300,000 lines";
        assert_eq!(error.to_string(), wanted);
    }
}
