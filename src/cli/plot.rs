//! `isomon plot`: pictures of a run, or one page with all that is known of it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use color_eyre::eyre::{Result, WrapErr, eyre};

use super::advice::Advise;
use super::color::of_stdout;
use super::setting::Setting;
use super::{Exit, Outcome, kept, print, show};
use crate::model::run::Run;
use crate::plot::{Kind, Picture, picture};
use crate::report::run_html;
use crate::store;

mod form;
mod table;

use form::{Form, Theme, pages, written};
use table::TableArgs;

const REMEDY: &str = "name a file or a directory that can be written with -o";

/// Which run, which pictures of it, and where to.
#[derive(Clone, Debug, clap::Args)]
pub struct PlotArgs {
    /// The run's id as `isomon list` shows it, a file of `--export-json`, a directory, or a number in
    /// ./results or of `bench --model`; the latest if none; several runs of a workflow are drawn over
    /// each other
    #[arg(value_name = "RUN")]
    run: Vec<String>,
    /// What to draw, with commas: bars, ladder, samples, ecdf, throughput, memory, timeline, latency,
    /// neighbour, all
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        value_delimiter = ',',
        default_value = "all",
        hide_possible_values = true,
        hide_default_value = true
    )]
    kind: Vec<Wanted>,
    /// Which form; the ending of the file decides if it is not set, else svg
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Form>,
    /// Dark on light, or light on dark; a page of html has both
    #[arg(long, value_enum, value_name = "THEME", default_value_t)]
    theme: Theme,
    /// A file, a directory for many, or `-` for standard output; isomon-RUN-KIND.svg here if none,
    /// for pdf isomon-RUN.pdf
    #[arg(short, long, visible_alias = "out", value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    table: TableArgs,
}

/// A kind, or all of those for which there is something to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Wanted {
    Bars,
    Ladder,
    Samples,
    Ecdf,
    Throughput,
    Memory,
    Timeline,
    Latency,
    Neighbour,
    All,
}

impl Wanted {
    fn kinds(self) -> Vec<Kind> {
        let named = self.to_possible_value();
        let same = |kind: &Kind| {
            self == Self::All || named.as_ref().is_some_and(|name| name.get_name() == kind.name())
        };
        Kind::ALL.into_iter().filter(same).collect()
    }
}

pub(super) fn run(wish: &PlotArgs, setting: &Setting) -> Outcome {
    if let Some(found) = wish.workflows(setting)? {
        return table::run(wish, &found, of_stdout(setting.config.screen.color));
    }
    let word = wish.run.first().filter(|word| *word != "last");
    let read = show::read(word.map(String::as_str), setting)?;
    let form = wish.form()?;
    if form == Form::Html {
        return wish.page(&read);
    }
    form.check()?;
    let pictures = wish.pictures(&read)?;
    if form == Form::Pdf {
        let to = wish.place(&read, &pictures);
        put(&to, &pages(&pictures, wish.theme)?)?;
        return Ok(Exit::Good);
    }
    let to = wish.places(&read, &pictures, form)?;
    for (picture, path) in pictures.iter().zip(to) {
        let bytes = written(picture, form, wish.theme)?;
        put(&path, &bytes)?;
    }
    Ok(Exit::Good)
}

impl PlotArgs {
    /// The runs of workflows that are meant; `None` where it is a benchmark's.
    fn workflows(&self, setting: &Setting) -> Result<Option<Vec<table::Found>>> {
        let meant = self.table.is_meant() || self.run.len() > 1;
        let last = ["last".to_owned()];
        let words = match self.run.as_slice() {
            words
                if !meant
                    && matches!(words, [] | [_])
                    && words.iter().all(|word| word == "last") =>
            {
                // Of both kinds there may be runs: the latest is meant.
                match kept::latest(kept::Kind::Any, setting) {
                    Ok(run) if !run.workflow => return Ok(None),
                    _ => &last[..],
                }
            }
            [] => &last[..],
            words => words,
        };
        let mut found = Vec::new();
        for word in words {
            match table::find(word, setting)? {
                Some(run) => found.push(run),
                None if meant => {
                    let word = crate::model::text::SafeText::new(word);
                    return Err(eyre!("{word} is no run of a workflow").advise(
                        "name a directory, a number in ./results or an id of `isomon list`; flags of \
                         tables and several runs are for workflows",
                    ));
                }
                None => return Ok(None),
            }
        }
        Ok((!found.is_empty()).then_some(found))
    }

    /// The form that is set, else that of the file's name, else SVG.
    fn form(&self) -> Result<Form> {
        Ok(self.form_if_set()?.unwrap_or(Form::Svg))
    }

    /// The form that is set, else that of the file's name.
    fn form_if_set(&self) -> Result<Option<Form>> {
        if self.format.is_some() {
            return Ok(self.format);
        }
        let ending = self.output.as_deref().and_then(Path::extension);
        let Some(ending) = ending.map(|ending| ending.to_string_lossy()) else { return Ok(None) };
        Form::from_str(&ending, true).map(Some).map_err(|_| {
            eyre!("no picture has the form {ending}").advise("--format svg, png, pdf or html")
        })
    }

    /// The pictures that were asked for. One that was named must have something on it.
    fn pictures(&self, run: &Run) -> Result<Vec<Picture>> {
        let mut pictures: Vec<Picture> = Vec::new();
        let mut why = Vec::new();
        for wanted in &self.kind {
            for kind in wanted.kinds() {
                match picture(run, kind) {
                    Ok(picture) if pictures.iter().all(|of| of.kind != kind) => {
                        pictures.push(picture);
                    }
                    Ok(_) => {}
                    Err(reason) if *wanted == Wanted::All => why.push((kind, reason)),
                    Err(reason) => return Err(nothing(kind, &reason)),
                }
            }
        }
        for (kind, reason) in &why {
            print::err(&format!("no picture {}: {reason}", kind.name()));
        }
        match (pictures.is_empty(), why.into_iter().next()) {
            (true, Some((kind, reason))) => Err(nothing(kind, &reason)),
            _ => Ok(pictures),
        }
    }

    /// Where each picture goes.
    fn places(&self, run: &Run, pictures: &[Picture], form: Form) -> Result<Vec<PathBuf>> {
        let name = |picture: &Picture| {
            PathBuf::from(format!(
                "isomon-{}-{}.{}",
                run.head.id,
                picture.kind.name(),
                form.ending()
            ))
        };
        match &self.output {
            None => Ok(pictures.iter().map(name).collect()),
            Some(to) if to.is_dir() => Ok(pictures.iter().map(|of| to.join(name(of))).collect()),
            Some(to) if pictures.len() == 1 => Ok(vec![to.clone()]),
            Some(to) if to == Path::new("-") => {
                Err(eyre!("{} pictures cannot go to standard output", pictures.len())
                    .advise("name one with --kind, or a directory with -o"))
            }
            Some(to) if to.extension().is_none() => {
                store::export::directory(to).wrap_err_with(|| cannot(to)).advise(REMEDY)?;
                Ok(pictures.iter().map(|of| to.join(name(of))).collect())
            }
            Some(_) => Err(eyre!("{} pictures cannot go into one file", pictures.len()).advise(
                "name one with --kind, or a directory with -o; --format pdf and html hold them all",
            )),
        }
    }

    /// Where the one file goes that holds all pictures.
    fn place(&self, run: &Run, pictures: &[Picture]) -> PathBuf {
        let kind = match pictures {
            [only] => format!("-{}", only.kind.name()),
            _ => String::new(),
        };
        let name = PathBuf::from(format!("isomon-{}{kind}.pdf", run.head.id));
        match &self.output {
            Some(to) if to.is_dir() => to.join(name),
            Some(to) => to.clone(),
            None => name,
        }
    }

    /// Everything on one page.
    fn page(&self, run: &Run) -> Outcome {
        let page = run_html::html(run)?;
        let named = || PathBuf::from(format!("isomon-{}.html", run.head.id));
        let to = match &self.output {
            Some(to) if to.is_dir() => to.join(named()),
            Some(to) => to.clone(),
            None => named(),
        };
        put(&to, page.as_bytes())?;
        Ok(Exit::Good)
    }
}

fn nothing(kind: Kind, reason: &str) -> color_eyre::Report {
    eyre!("nothing to draw for {}: {reason}", kind.name())
        .advise("`isomon plot --kind all` draws what there is")
}

fn cannot(to: &Path) -> String {
    format!("cannot write {}", to.display())
}

/// Writes to `to`, and says where unless that is standard output.
fn put(to: &Path, bytes: &[u8]) -> Result<()> {
    if to == Path::new("-") {
        return Ok(print::bytes(bytes)?);
    }
    store::export::write(to, bytes).wrap_err_with(|| cannot(to)).advise(REMEDY)?;
    // Beside a run it is one of the run's files, with its hash.
    store::files::made(to, &["run.json"]).wrap_err_with(|| cannot(to)).advise(REMEDY)?;
    print::err(&to.display().to_string());
    Ok(())
}
