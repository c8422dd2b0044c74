//! `isomon plot` of workflows' runs: the pictures that their file wishes, or one made by flags.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};

use super::super::advice::{Advise, told};
use super::super::{Exit, Outcome, print};
use super::form::Form;
use super::{PlotArgs, put};
use crate::dialect::template;
use crate::model::text::SafeText;
use crate::model::workflow::plot::{PlotFormat, PlotSpec};
use crate::plot::table::{Figure, Source, figure, written};
use crate::store::result::ResultDir;
use crate::table;
use crate::table::digest::{Digest, digest};

mod args;
mod find;
mod screen;
mod wish;

pub(super) use args::TableArgs;
pub(super) use find::find;
use wish::{Part, Wish};

/// A run and the word a person has for it.
pub(super) struct Found {
    dir: ResultDir,
    wish: Wish,
}

/// Draws the runs `found`. A picture that cannot be drawn does not hinder the others.
pub(super) fn run(args: &PlotArgs, found: &[Found], coloured: bool) -> Outcome {
    let specs = args.table.specs(found)?;
    let mut failed = None;
    for spec in &specs {
        if let Err(why) = one(args, spec, found, specs.len(), coloured)
            && let Some(earlier) = failed.replace(why)
        {
            print::err(&told(&earlier));
        }
    }
    failed.map_or(Ok(Exit::Good), Err)
}

/// Draws `spec`, one of `many`.
fn one(
    args: &PlotArgs,
    spec: &PlotSpec,
    found: &[Found],
    many: usize,
    coloured: bool,
) -> Result<()> {
    let figure = drawn(spec, found)?;
    if args.table.terminal {
        return Ok(print::out(&screen::figure_text(&figure, coloured))?);
    }
    let format = format(args.form_if_set()?, spec.format)?;
    let dark = args.theme == super::form::Theme::Dark;
    let bytes = written(&figure, format, dark).map_err(|why| cannot(spec, &why))?;
    for to in places(args, spec, found, format, many)? {
        put(&to, &bytes)?;
    }
    Ok(())
}

fn cannot(spec: &PlotSpec, why: &str) -> color_eyre::Report {
    let name = SafeText::new(&spec.name);
    eyre!("the picture {name} cannot be written: {why}")
        .advise("--terminal draws it here; --format svg needs least")
}

fn format(form: Option<Form>, wished: PlotFormat) -> Result<PlotFormat> {
    match form {
        None => Ok(wished),
        Some(Form::Png) => Ok(PlotFormat::Png),
        Some(Form::Svg) => Ok(PlotFormat::Svg),
        Some(Form::Pdf) => Ok(PlotFormat::Pdf),
        Some(Form::Html) => Err(eyre!("a workflow's run has no page of html here")
            .advise("`isomon serve` has its pages; --format svg, png or pdf draws pictures")),
    }
}

/// The picture `spec` of all runs.
fn drawn(spec: &PlotSpec, found: &[Found]) -> Result<Figure> {
    let mut sources = Vec::new();
    for run in found {
        let tables = run.wish.tables(&run.dir, &spec.source)?;
        let many = tables.len() > 1;
        for part in tables {
            let digest = read(spec, run, &part)?;
            let number = spoken(run.dir.number());
            let name = match (found.len() > 1, many) {
                (true, true) => format!("{number} {}", part.name),
                (true, false) => number,
                _ => part.name,
            };
            sources.push(Source { run: name, digest });
        }
    }
    figure(spec, sources)
        .map_err(|why| eyre!("{why}").advise("`isomon plot --help` has the options"))
}

/// A run's number as a legend has it.
fn spoken(number: &str) -> String {
    let bare = number.bytes().all(|byte| byte.is_ascii_digit());
    if bare { format!("run {number}") } else { number.to_owned() }
}

fn read(spec: &PlotSpec, run: &Found, part: &Part) -> Result<Digest> {
    let Some((from, _)) = run.dir.open_file(&part.file) else {
        let file = SafeText::new(&part.file);
        return Err(eyre!("{file} of run {} cannot be read", run.dir.number())
            .advise("it was not fetched, or is gone; `isomon show` tells which"));
    };
    digest(from, spec, &part.columns).map_err(|why| wrong(&spec.name, &part.file, &why))
}

fn wrong(plot: &str, file: &str, error: &table::Error) -> color_eyre::Report {
    let remedy = match error {
        table::Error::Column { .. } => "name a column of its first line with --x, --y or --groupby",
        table::Error::Parted { .. } => "write the file with commas: CSV as RFC 4180 has it",
        table::Error::Encoding { .. } => "write the file as UTF-8",
        _ => "look into the file: its first line names the columns, each further one is a row",
    };
    eyre!("plot {}: {}: {error}", SafeText::new(plot), SafeText::new(file)).advise(remedy)
}

/// Where the picture goes: as `-o` says; what the file wishes goes to its run, and where it says; what
/// flags make goes here.
fn places(
    args: &PlotArgs,
    spec: &PlotSpec,
    found: &[Found],
    format: PlotFormat,
    many: usize,
) -> Result<Vec<PathBuf>> {
    let file = format!("{}.{}", plain(&spec.name), format.ending());
    if let Some(to) = &args.output {
        if to.is_dir() || (many > 1 && to.extension().is_none()) {
            return Ok(vec![directory(to)?.join(file)]);
        }
        if many > 1 {
            return Err(eyre!("{many} pictures cannot go into one file")
                .advise("name a directory with -o, or one picture with --plot"));
        }
        return Ok(vec![to.clone()]);
    }
    let [run] = found else { return Ok(vec![PathBuf::from(format!("isomon-{file}"))]) };
    if args.table.is_set() {
        return Ok(vec![PathBuf::from(format!("isomon-{}-{file}", run.dir.number()))]);
    }
    let dir = if run.wish.in_plots { run.dir.path.join("plots") } else { run.dir.path.clone() };
    // What a run that was cut off never came to know stands in no name.
    let is_whole = |path: &&String| template::placeholders(path).is_empty();
    let export = spec.export_path.as_ref().filter(is_whole).map(PathBuf::from);
    if let Some(parent) = export.as_deref().and_then(Path::parent) {
        directory(parent)?;
    }
    Ok(std::iter::once(directory(&dir)?.join(file)).chain(export).collect())
}

/// Makes a directory, and those above it.
fn directory(path: &Path) -> Result<&Path> {
    if path != Path::new("") {
        let cannot = || format!("cannot write {}", path.display());
        std::fs::create_dir_all(path).wrap_err_with(cannot).advise(super::REMEDY)?;
    }
    Ok(path)
}

/// A name that is one of a file.
fn plain(name: &str) -> String {
    let plain = |letter: char| if letter == '/' || letter.is_control() { '_' } else { letter };
    name.chars().map(plain).take(120).collect()
}
