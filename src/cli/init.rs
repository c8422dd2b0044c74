//! `isomon init`: a workflow to begin with.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use color_eyre::eyre::WrapErr;

use super::advice::Advise;
use super::{Exit, Outcome, print};
use crate::dialect::sketch::sketch;

/// What it is called, and where it is written to.
#[derive(Clone, Debug, clap::Args)]
pub struct InitArgs {
    /// Its name
    #[arg(long, value_name = "NAME", default_value = "my-benchmark", value_parser = name)]
    name: String,
    /// The file
    #[arg(long, value_name = "FILE", default_value = "benchmark.yaml")]
    file: PathBuf,
    /// Write over that file if it is there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(wish: &InitArgs) -> Outcome {
    let path = wish.file.display();
    let text = sketch(&wish.name);
    if wish.force {
        crate::store::export::write(&wish.file, &text)
            .wrap_err_with(|| format!("cannot write {path}"))
            .advise("name another file with --file")?;
    } else {
        let made = std::fs::File::create_new(&wish.file);
        let written = made.and_then(|mut file| file.write_all(text.as_bytes()));
        let remedy = match &written {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                "a file that is there is left alone; --force writes over it, --file names another"
            }
            _ => "name a file in a directory that exists and can be written, with --file",
        };
        written.wrap_err_with(|| format!("cannot write {path}")).advise(remedy)?;
    }
    print::out(&format!("wrote {path}; `isomon run {path}` runs it\n"))?;
    Ok(Exit::Good)
}

fn name(word: &str) -> Result<String, String> {
    let fine = !word.trim().is_empty() && word.chars().count() <= 100;
    let fine = fine && !word.chars().any(char::is_control);
    fine.then(|| word.to_owned()).ok_or_else(|| "a name of 1 to 100 characters".to_owned())
}
