//! How the user likes the tables: by which column each is sorted, and which way.
//!
//! Kept in a small file from one time at the screen to the next. It is nobody's work: a file that
//! cannot be read is told in the log and passed over, and so are tables and columns that are no more.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::widget::field::Field;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// The order of each table, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Habits {
    /// By the table's name.
    pub tables: BTreeMap<String, Order>,
}

/// By what a table is sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// The name of a field.
    pub by: String,
    /// Whether the order is turned round.
    pub reversed: bool,
}

/// How one table is sorted now.
#[derive(Debug)]
pub struct Sorting<'a> {
    /// The table's name.
    pub table: &'static str,
    /// What it can be sorted by.
    pub fields: &'static [Field],
    /// The place of the field it is sorted by.
    pub sort: &'a mut usize,
    /// Whether the order is turned round.
    pub reversed: &'a mut bool,
}

impl Sorting<'_> {
    /// The same, by names.
    pub fn order(&self) -> Order {
        let by = self.fields.get(*self.sort).map_or("", |field| field.name);
        Order { by: by.to_owned(), reversed: *self.reversed }
    }

    /// Sorts as `order` says; a field that is no more changes nothing.
    pub fn take(&mut self, order: &Order) {
        if let Some(place) = self.fields.iter().position(|field| field.name == order.by) {
            (*self.sort, *self.reversed) = (place, order.reversed);
        }
    }
}

impl Habits {
    /// What the file at `path` holds; nothing where there is none, or one that makes no sense.
    pub fn load(path: &Path) -> Self {
        match read(path) {
            Ok(habits) => habits,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => {
                tracing::warn!("{}: {error}; the tables have their usual order", path.display());
                Self::default()
            }
        }
    }

    /// Writes them to `path`, wholly or not at all.
    ///
    /// # Errors
    /// The system's, where the directory cannot be written to.
    pub fn keep(&self, path: &Path) -> io::Result<()> {
        let directory = path.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(directory)?;
        let beside = path.with_extension("new");
        std::fs::write(&beside, serde_json::to_string_pretty(self)?)?;
        std::fs::rename(&beside, path)
    }
}

fn read(path: &Path) -> io::Result<Habits> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    if !std::fs::metadata(path)?.is_file() {
        return Err(wrong("no plain file".to_owned()));
    }
    let mut text = String::new();
    let length = std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LONGEST {
        return Err(wrong("longer than 64 KiB".to_owned()));
    }
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("new/screen.json");
        let mut habits = Habits::default();
        let order = Order { by: "cpu".to_owned(), reversed: true };
        habits.tables.insert("nodes".to_owned(), order);
        habits.keep(&path).unwrap();
        habits.keep(&path).unwrap();
        assert_eq!(Habits::load(&path), habits);
        let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing is left beside it");
    }

    #[test]
    fn a_bad_file_is_passed_over() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("screen.json");
        assert_eq!(Habits::load(&path), Habits::default());
        let long = format!("{{\"tables\":{{}},\"x\":\"{}\"}}", "x".repeat(70_000));
        for text in ["", "{", "[]", "{\"tables\":3}", "\u{0}", &long] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Habits::load(&path), Habits::default());
        }
        assert_eq!(Habits::load(place.path()), Habits::default());
    }
}
