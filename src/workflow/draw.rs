//! Pictures of outputs, drawn when a run has come to a good end.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::about::{About, home};
use super::collect::plain;
use crate::dialect::template::{self, Values};
use crate::model::text::SafeText;
use crate::model::workflow::{Collected, Dialect, PlotSpec, WorkflowRun};
use crate::plot::table::drawn;

/// Puts what is known at the end into where pictures are copied to as well; what of it is not known, for
/// which that picture is copied nowhere.
pub(super) fn fill(plots: &mut [PlotSpec], values: &Values) -> Vec<SafeText> {
    let mut wrong = Vec::new();
    for spec in plots {
        match spec.export_path.take().map(|path| template::plain(&path, values)) {
            Some(Ok(path)) => spec.export_path = Some(path),
            Some(Err(why)) => wrong.push(SafeText::new(&format!("plot {}: {why}", spec.name))),
            None => {}
        }
    }
    wrong
}

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
            let stem = (files.len() > 1).then(|| stem(file));
            if let Err(why) = one(about, spec, file, stem) {
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

fn one(about: &About, spec: &PlotSpec, file: &Collected, stem: Option<&str>) -> Result<(), String> {
    let table = about.dir.join(file.file.as_str());
    let from = File::open(&table).map_err(|why| why.to_string())?;
    let bytes = drawn(spec, from, &file.columns)?;
    let name = parted(&spec.name, stem);
    let to = place(about).join(format!("{}.{}", plain(&name), spec.format.ending()));
    write(&to, &bytes)?;
    match &spec.export_path {
        Some(path) => write(&beside(home(path), stem), &bytes),
        None => Ok(()),
    }
}

/// `name`, with what parts it from those of other files.
fn parted(name: &str, stem: Option<&str>) -> String {
    stem.map_or_else(|| name.to_owned(), |stem| format!("{name}__{stem}"))
}

/// `path`, the same in the name of its file.
fn beside(path: PathBuf, stem: Option<&str>) -> PathBuf {
    if stem.is_none() {
        return path;
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(parted(&name, stem) + &ending.unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_at_the_end_is_put_into_where_pictures_go_and_no_two_meet_there() {
        let to =
            |path: &str| PlotSpec { export_path: Some(path.to_owned()), ..PlotSpec::default() };
        let mut plots = [to("p/{{run.id}}.svg"), to("{{a.out}}.svg"), PlotSpec::default()];
        let mut values = Values::default();
        values.set("run.id", "7");
        assert_eq!(fill(&mut plots, &values).len(), 1);
        let paths = plots.map(|plot| plot.export_path);
        assert_eq!(paths, [Some("p/7.svg".to_owned()), None, None]);
        for (path, stem, wanted) in [
            ("p/7.svg", None, "p/7.svg"),
            ("p/7.svg", Some("y__size=1"), "p/7__y__size=1.svg"),
            ("p.d/picture", Some("y__2"), "p.d/picture__y__2"),
        ] {
            assert_eq!(beside(PathBuf::from(path), stem), Path::new(wanted));
        }
    }
}
