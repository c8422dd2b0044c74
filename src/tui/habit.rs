//! How the user likes the tables: by which column each is sorted, which way, and which columns it has.
//!
//! Kept in a small file from one time at the screen to the next. It is nobody's work: a file that
//! cannot be read is told in the log and passed over, and so are tables and columns that are no more.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::widget::field::Field;
use super::widget::table::Column;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// What is unusual about each table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Habits {
    /// By the table's name.
    pub tables: BTreeMap<String, Habit>,
}

/// By what a table is sorted, and what it does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Habit {
    /// The name of a field.
    pub by: String,
    /// Whether the order is turned round.
    pub reversed: bool,
    /// Headings of the columns that are hidden.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
}

/// How one table is arranged now.
#[derive(Debug)]
pub struct Arranged<'a> {
    /// The table's name.
    pub table: &'static str,
    /// What it can be sorted by.
    pub fields: &'static [Field],
    /// All of its columns.
    pub columns: &'static [Column],
    /// The place of the field it is sorted by.
    pub sort: &'a mut usize,
    /// Whether the order is turned round.
    pub reversed: &'a mut bool,
    /// Headings of the columns that are hidden.
    pub hidden: &'a mut Vec<&'static str>,
}

impl Arranged<'_> {
    /// The same, by names.
    pub fn habit(&self) -> Habit {
        let by = self.fields.get(*self.sort).map_or("", |field| field.name);
        let hidden = self.hidden.iter().map(|title| title.trim().to_owned());
        Habit { by: by.to_owned(), reversed: *self.reversed, hidden: hidden.collect() }
    }

    /// Arranges it as `habit` says; a field and a column that are no more change nothing.
    pub fn take(&mut self, habit: &Habit) {
        if let Some(place) = self.fields.iter().position(|field| field.name == habit.by) {
            (*self.sort, *self.reversed) = (place, habit.reversed);
        }
        self.hide(|title| habit.hidden.iter().any(|hidden| hidden == title.trim()));
    }

    /// Hides the columns whose heading `is_hidden` names, but never all.
    pub fn hide(&mut self, is_hidden: impl Fn(&str) -> bool) {
        let titles = self.columns.iter().map(|column| column.title);
        *self.hidden = titles.filter(|title| is_hidden(title)).collect();
        if self.hidden.len() == self.columns.len() {
            self.hidden.clear();
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
        let hidden = vec!["PSI".to_owned()];
        let order = Habit { by: "cpu".to_owned(), reversed: true, hidden };
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
