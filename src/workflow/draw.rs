//! Pictures of outputs, drawn when a run has come to a good end.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::about::{About, home};
use super::collect::plain;
use crate::model::text::SafeText;
use crate::model::workflow::{Collected, Dialect, PlotSpec, WorkflowRun};
use crate::plot::table::drawn;

/// Draws every picture that the file of the workflow wishes; what could not be drawn, and why. May block.
pub(super) fn all(about: &About, run: &WorkflowRun) -> Vec<SafeText> {
    let mut wrong = Vec::new();
    for spec in &run.plots {
        let good = |file: &&Collected| file.output.as_str() == spec.source && file.error.is_none();
        let files: Vec<&Collected> = run.files.iter().filter(good).collect();
        if files.is_empty() {
            wrong.push(format!("plot {}: there is no output {}", spec.name, spec.source).into());
        }
        for file in &files {
            let name = match files.len() {
                1 => spec.name.clone(),
                _ => format!("{}__{}", spec.name, stem(file)),
            };
            if let Err(why) = one(about, spec, file, &name) {
                let why = about.mask.hide(&why);
                wrong.push(SafeText::new(&format!("plot {}: {why}", spec.name)));
            }
        }
    }
    wrong
}

/// What parts the file of one case from those of others.
fn stem(file: &Collected) -> &str {
    let name = file.file.as_str();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn one(about: &About, spec: &PlotSpec, file: &Collected, name: &str) -> Result<(), String> {
    let table = about.dir.join(file.file.as_str());
    let from = File::open(&table).map_err(|why| why.to_string())?;
    let bytes = drawn(spec, from, &file.columns)?;
    let to = place(about).join(format!("{}.{}", plain(name), spec.format.ending()));
    write(&to, &bytes)?;
    match &spec.export_path {
        Some(path) => write(&home(path), &bytes),
        None => Ok(()),
    }
}

/// Where pictures are put: the design has a directory of their own for them.
fn place(about: &About) -> PathBuf {
    match about.workflow.dialect {
        Dialect::Seed => about.dir.join("plots"),
        Dialect::Plots | Dialect::Cases | Dialect::Own => about.dir.clone(),
    }
}

fn write(to: &Path, bytes: &[u8]) -> Result<(), String> {
    let fault = |why: std::io::Error| format!("{}: {why}", to.display());
    if let Some(above) = to.parent().filter(|above| !above.as_os_str().is_empty()) {
        std::fs::create_dir_all(above).map_err(fault)?;
    }
    std::fs::write(to, bytes).map_err(fault)
}
