//! How old a tool is: what is measured with an old one says little of the new.

use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::model::text::SafeText;

/// The first second of the year 2000. Some systems give every file a time near 1970.
const LEAST: i64 = 946_684_800;

/// Year and month of the day that `version` names, `release-20221219.0`; else of the file at
/// `path`, which packages keep from the day it was built.
pub(super) fn of(version: &str, path: Option<&Path>) -> Option<SafeText> {
    release(version).or_else(|| built(path?)).map(SafeText::from)
}

/// The month of the first word of eight digits that is a day.
fn release(version: &str) -> Option<String> {
    let words = version.split(|letter: char| !letter.is_ascii_alphanumeric());
    let days = words.filter(|word| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit()));
    days.filter_map(|day| jiff::civil::Date::strptime("%Y%m%d", day).ok())
        .find(|day| (2000..2100).contains(&day.year()))
        .map(|day| day.strftime("%Y-%m").to_string())
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
        for dated in ["runsc version release-20221219.0", "runsc version 0.0~20221219.0"] {
            assert_eq!(told(dated).as_deref(), Some("2022-12"), "{dated}");
        }
        for other in ["runc 1.1.5", "release-", "release-99999999", "release-2022121", "x20221219"]
        {
            assert_eq!(told(other).as_deref(), Some("2023-11"), "{other}");
        }
        file.set_modified(UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
        assert_eq!(told("runc 1.1.5"), None);
        assert_eq!(of("runc 1.1.5", None), None);
    }
}
