//! How old a tool is: what is measured with an old one says little of the new.

use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::model::text::SafeText;

/// The first second of the year 2000. Some systems give every file a time near 1970.
const LEAST: i64 = 946_684_800;

/// Year and month of the release that `version` names, `release-20221219.0`; else of the file at
/// `path`, which packages keep from the day it was built.
pub(super) fn of(version: &str, path: Option<&Path>) -> Option<SafeText> {
    release(version).or_else(|| built(path?)).map(SafeText::from)
}

fn release(version: &str) -> Option<String> {
    let (_, rest) = version.split_once("release-")?;
    let (year, month) = (rest.get(..4)?, rest.get(4..6)?);
    let in_year = month.parse::<u8>().is_ok_and(|month| (1..=12).contains(&month));
    let after = year.parse::<u16>().is_ok_and(|year| year >= 2000);
    (in_year && after).then(|| format!("{year}-{month}"))
}

fn built(path: &Path) -> Option<String> {
    let changed = std::fs::metadata(path).ok()?.modified().ok()?;
    let seconds = i64::try_from(changed.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    let at = jiff::Timestamp::from_second(seconds).ok().filter(|_| seconds >= LEAST)?;
    Some(at.strftime("%Y-%m").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_says_its_day_and_else_its_file_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tool");
        let file = std::fs::File::create(&path).unwrap();
        let told = |version| of(version, Some(&path)).map(|month| month.to_string());
        file.set_modified(UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000)).unwrap();
        assert_eq!(told("runsc version release-20221219.0").as_deref(), Some("2022-12"));
        for other in ["runc 1.1.5", "release-", "release-99999999", "release-1999é"] {
            assert_eq!(told(other).as_deref(), Some("2023-11"), "{other}");
        }
        file.set_modified(UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
        assert_eq!(told("runc 1.1.5"), None);
        assert_eq!(of("runc 1.1.5", None), None);
    }
}
