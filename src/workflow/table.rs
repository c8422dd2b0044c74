//! Outputs that are tables: held against their columns, and looked into, in a thread that may block.

use std::fs::File;
use std::path::Path;

use super::about::About;
use crate::model::text::SafeText;
use crate::model::workflow::Column;
use crate::model::workflow::result::TableView;
use crate::table;

/// Holds the table at `path` against `columns`; why it does not fit, with row and column. Without columns
/// anything fits.
pub(super) async fn check(path: &Path, columns: &[Column]) -> Result<(), String> {
    if columns.is_empty() {
        return Ok(());
    }
    let (path, columns) = (path.to_owned(), columns.to_vec());
    let checked = tokio::task::spawn_blocking(move || {
        let file = File::open(&path).map_err(|why| why.to_string())?;
        table::check(file, &columns).map(drop).map_err(|why| why.to_string())
    });
    checked.await.unwrap_or_else(|why| Err(why.to_string()))
}

/// A look into the file `name` of the run, if it is a table.
pub(super) async fn view(
    about: &About,
    output: &str,
    name: &str,
    columns: Vec<Column>,
) -> Option<TableView> {
    let is_csv =
        Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    if columns.is_empty() && !is_csv {
        return None;
    }
    let (path, output, name) = (about.dir.join(name), output.to_owned(), name.to_owned());
    let viewed = tokio::task::spawn_blocking(move || {
        let file = File::open(path).ok()?;
        table::view(&output, &name, file, &columns).ok()
    });
    let view = viewed.await.ok().flatten()?;
    Some(TableView { output: SafeText::new(view.output.as_str()), ..view })
}
