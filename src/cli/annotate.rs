//! `isomon annotate`: metadata of a workflow's run, added when it is over.

use color_eyre::eyre::eyre;

use super::advice::Advise;
use super::setting::Setting;
use super::{Exit, Outcome, kept, print, result};
use crate::model::text::SafeText;
use crate::store::result::annotate;

/// Which run, and what is said of it.
#[derive(Clone, Debug, clap::Args)]
pub struct AnnotateArgs {
    /// The run: `last`, its id, its number in `./results`, or its directory
    #[arg(value_name = "RUN")]
    run: String,
    /// What is said (repeat); over what was said under the same key
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = pair, required = true)]
    metadata: Vec<(String, String)>,
}

pub(super) fn run(wish: &AnnotateArgs, setting: &Setting) -> Outcome {
    let Some(dir) = result::meant(&wish.run, setting)? else {
        return Err(eyre!("there is no workflow's run {}", SafeText::new(&wish.run))
            .advise("name one of `isomon list`, a number in ./results, or its directory"));
    };
    let pairs = wish.metadata.iter().cloned().collect();
    let dir = annotate(&dir.path, &pairs).map_err(kept::bad)?;
    for (key, value) in &dir.metadata.custom {
        print::out(&format!("{}: {}\n", SafeText::new(key), SafeText::new(value)))?;
    }
    Ok(Exit::Good)
}

/// `KEY=VALUE`.
pub(super) fn pair(word: &str) -> Result<(String, String), String> {
    let pair = word.split_once('=').filter(|(key, _)| !key.trim().is_empty());
    let (key, value) = pair.ok_or_else(|| "KEY=VALUE".to_owned())?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
