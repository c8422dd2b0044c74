//! Runs as pages and comparisons take them: what is said of each, its files, and what is in its tables.

use std::sync::Arc;

use super::file::ending;
use super::own::files;
use super::table::{Boxes, Points, Tables, View};
use crate::model::workflow::result::TableView;
use crate::store::result::shelf::{Brief, Shelf};
use crate::store::result::{ResultDir, ResultFile};

/// Tables that are read of one run; more are listed.
const TABLES: usize = 24;

/// Where runs are found, and what is in their tables.
#[derive(Debug)]
pub(in crate::serve) struct Desk {
    pub(super) shelf: Shelf,
    pub(super) tables: Tables,
}

/// A run.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Loaded {
    /// It in short.
    pub(in crate::serve) brief: Brief,
    /// Its directory, with what is written there of it.
    pub(in crate::serve) dir: ResultDir,
    /// Its files.
    pub(in crate::serve) files: Vec<ResultFile>,
    /// What is in its tables, by their name, or why that cannot be told.
    pub(in crate::serve) tables: Vec<(String, View)>,
}

impl Desk {
    /// Every run in short, latest first.
    pub(in crate::serve) fn briefs(&self) -> Vec<Arc<Brief>> {
        self.shelf.briefs()
    }

    /// The run `id`, with those of its tables that `wanted` names.
    pub(in crate::serve) fn load(&self, id: &str, wanted: impl Fn(&str) -> bool) -> Option<Loaded> {
        let dir = self.shelf.open(id)?;
        let files = files(&dir);
        let named = files.iter().filter(|file| is_table(&file.name) && wanted(&file.name));
        let view = |file: &ResultFile| (file.name.clone(), self.tables.view(&dir, file));
        let tables = named.take(TABLES).map(view).collect();
        let brief = Brief::of(id, &dir);
        Some(Loaded { brief, dir, files, tables })
    }

    /// Column `y` of table `name` of `run` over column `x`, or over its rows.
    pub(in crate::serve) fn line(
        &self,
        run: &Loaded,
        name: &str,
        x: Option<&str>,
        y: &str,
    ) -> Points {
        let file = run.files.iter().find(|file| file.name == name);
        self.tables.line(&run.dir, file.ok_or("it is not there any more")?, x, y)
    }

    /// Column `y` of table `name` of `run` as boxes, one for each value of column `by`.
    pub(in crate::serve) fn boxes(
        &self,
        run: &Loaded,
        name: &str,
        by: Option<&str>,
        y: &str,
    ) -> Boxes {
        let file = run.files.iter().find(|file| file.name == name);
        self.tables.boxes(&run.dir, file.ok_or("it is not there any more")?, by, y)
    }

    /// The names of the tables of run `id`.
    pub(in crate::serve) fn names(&self, id: &str) -> Vec<String> {
        let files = self.shelf.open(id).map(|dir| files(&dir)).unwrap_or_default();
        files.into_iter().map(|file| file.name).filter(|name| is_table(name)).collect()
    }
}

impl Loaded {
    /// Its table `name`, where it can be told.
    pub(in crate::serve) fn table(&self, name: &str) -> Option<&TableView> {
        let found = self.tables.iter().find(|(other, _)| other == name)?;
        found.1.as_deref().ok()
    }

    /// Its pictures.
    pub(in crate::serve) fn pictures(&self) -> impl Iterator<Item = &str> {
        let names = self.files.iter().map(|file| file.name.as_str());
        names.filter(|name| {
            matches!(ending(name).as_str(), "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg")
        })
    }
}

/// Whether a file of that name is a table.
pub(in crate::serve) fn is_table(name: &str) -> bool {
    ending(name) == "csv"
}
