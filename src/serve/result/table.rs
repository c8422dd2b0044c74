//! What stands in the tables of runs: read once in bounded memory, and remembered for those who look at
//! the same ones again.

use std::fs::File;
use std::io::{Read, Take};
use std::path::PathBuf;
use std::sync::Arc;

use super::memo::Memo;
use super::series;
use crate::model::unit::Bytes;
use crate::model::workflow::Column;
use crate::model::workflow::plot::{PlotKind, PlotSpec};
use crate::model::workflow::result::TableView;
use crate::store::result::{ResultDir, ResultFile};
use crate::table::digest::{Data, Series, digest};
use crate::table::{self, Boxed};

/// Tables remembered, and lines of them; each is at most a few hundred KiB.
const KEPT: usize = 64;
/// Largest table that is read for a page, in bytes; `isomon plot` takes any.
const LARGEST: u64 = 256 << 20;

/// By what a table is known: its place, and that it did not change.
type Key = (PathBuf, String, u64, i64);
/// A table that was looked at, or in words why it cannot be told.
pub(in crate::serve) type View = Result<Arc<TableView>, String>;
/// Two columns of one, likewise.
pub(in crate::serve) type Points = Result<Arc<series::Series>, String>;

/// The boxes of a column, likewise.
pub(in crate::serve) type Boxes = Result<Arc<Vec<(String, Boxed)>>, String>;

/// Numbers beyond the whiskers of a box that are drawn.
const RINGS: usize = 60;

/// Tables that were looked at lately.
#[derive(Debug)]
pub(super) struct Tables {
    views: Memo<Key, View>,
    lines: Memo<(Key, Option<String>, String), Points>,
    boxes: Memo<(Key, Option<String>, String), Boxes>,
}

impl Default for Tables {
    fn default() -> Self {
        Self { views: Memo::new(KEPT), lines: Memo::new(KEPT), boxes: Memo::new(KEPT) }
    }
}

impl Tables {
    /// What is in `file` of `dir`.
    pub(super) fn view(&self, dir: &ResultDir, file: &ResultFile) -> View {
        self.views.of(key(dir, file), || {
            let (output, columns) = described(dir, &file.name);
            let view = table::view(&output, &file.name, open(dir, file)?, columns);
            view.map(Arc::new).map_err(|error| error.to_string())
        })
    }

    /// Column `y` of `file` over column `x`, or over the rows.
    pub(super) fn line(
        &self,
        dir: &ResultDir,
        file: &ResultFile,
        x: Option<&str>,
        y: &str,
    ) -> Points {
        self.lines.of((key(dir, file), x.map(str::to_owned), y.to_owned()), || {
            let read = series::read(open(dir, file)?, x, y);
            read.map(Arc::new).map_err(|error| error.to_string())
        })
    }
}

impl Tables {
    /// Column `y` of `file` as a box, or as one for each value of column `by`.
    pub(super) fn boxes(
        &self,
        dir: &ResultDir,
        file: &ResultFile,
        by: Option<&str>,
        y: &str,
    ) -> Boxes {
        self.boxes.of((key(dir, file), by.map(str::to_owned), y.to_owned()), || {
            let spec = PlotSpec {
                kind: PlotKind::Boxplot,
                x: by.map(str::to_owned).into_iter().collect(),
                y: vec![y.to_owned()],
                ..PlotSpec::default()
            };
            let digest = digest(open(dir, file)?, &spec, &[]).map_err(|why| why.to_string())?;
            let boxed = |series: Series| match series.data {
                Data::Spread(spread) => Some((series.category, spread.boxed(RINGS))),
                Data::Points(..) => None,
            };
            Ok(Arc::new(digest.series.into_iter().filter_map(boxed).collect()))
        })
    }
}

fn key(dir: &ResultDir, file: &ResultFile) -> Key {
    (dir.path.clone(), file.name.clone(), file.bytes, file.written_ms)
}

fn open(dir: &ResultDir, file: &ResultFile) -> Result<Take<File>, String> {
    let (from, bytes) = dir.open_file(&file.name).ok_or("it is not there any more")?;
    if bytes > LARGEST {
        let (bytes, most) = (Bytes(bytes), Bytes(LARGEST));
        return Err(format!(
            "it has {bytes}, and a page reads {most} at most; `isomon plot` draws any"
        ));
    }
    Ok(from.take(bytes))
}

/// The output that `file` is of, and what the workflow says of its columns.
fn described<'a>(dir: &'a ResultDir, file: &str) -> (String, &'a [Column]) {
    let mut files = dir.run.iter().flat_map(|run| &run.files);
    match files.find(|known| known.file.as_str() == file) {
        Some(known) => (known.output.to_string(), &known.columns),
        None => (file.rsplit_once('.').map_or(file, |(name, _)| name).to_owned(), &[]),
    }
}
