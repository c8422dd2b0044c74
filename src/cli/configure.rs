//! `isomon config`: make, print and check the settings.

use std::io::Write;
use std::path::Path;

use super::advice::Advise;
use clap::Subcommand;
use color_eyre::eyre::WrapErr;

use super::alerts::rules_of;
use super::args::Args;
use super::print;
use super::screen::btop_themes;
use super::setting;
use super::{Exit, Outcome};
use crate::config::Mistake;
use crate::config::template::{schema, template};
use crate::model::text::SafeText;
use crate::tui::keymap::Keymap;
use crate::tui::theme::depth::Depth;
use crate::tui::theme::{Error, Themes};

/// What to do with the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigVerb {
    /// Write a file with every setting and its default, unless there is one
    Init,
    /// Print such a file, whatever yours says
    Print,
    /// Read the settings and say what is wrong with them
    Check,
    /// Print where the file is looked for
    Path,
    /// Print the JSON schema of the file, for editors
    Schema,
}

pub(super) fn run(args: &Args, wish: ConfigVerb) -> Outcome {
    let path = match &args.config {
        Some(path) => path.clone(),
        None => setting::default_path()?,
    };
    match wish {
        ConfigVerb::Init => init(&path)?,
        ConfigVerb::Print => print::out(&template())?,
        ConfigVerb::Check => {
            check(args)?;
            print::out("the settings are right\n")?;
        }
        ConfigVerb::Path => print::out(&format!("{}\n", path.display()))?,
        ConfigVerb::Schema => print::out(&format!("{:#}\n", schema()))?,
    }
    Ok(Exit::Good)
}

/// Reads what isomon would read when it starts: settings, keys, themes, rules.
fn check(args: &Args) -> color_eyre::Result<()> {
    let config = setting::read(args.config.as_deref())?;
    let home = setting::config_dir()?;
    Keymap::load(&home.join("keymap.toml")).wrap_err("the keys are wrong")?;
    let (own, others) = (home.join("themes"), btop_themes(&home));
    let theme = &config.screen.theme;
    if let Err(error) = Themes::load(Some(&own), &others, theme, Depth::True) {
        let place = setting::place_of(args.config.as_deref(), ("screen", "theme"), theme);
        let place = place.filter(|_| matches!(error, Error::Unknown { .. }));
        return match place {
            None => Err(error).wrap_err("the theme is wrong"),
            Some(place) => {
                let what = SafeText::new(&error.to_string());
                Err(Mistake { place, what, remedy: SafeText::default() })
                    .wrap_err("the theme is wrong")
            }
        };
    }
    rules_of(&home.join("rules.toml"))?;
    Ok(())
}

fn init(path: &Path) -> color_eyre::Result<()> {
    let refused = || format!("cannot write {}", path.display());
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).wrap_err_with(refused)?;
    }
    let mut file = std::fs::File::create_new(path)
        .wrap_err_with(refused)
        .advise("a file that is there is left alone; `isomon config print` shows a fresh one")?;
    file.write_all(template().as_bytes()).wrap_err_with(refused)?;
    print::out(&format!("wrote {}\n", path.display()))?;
    Ok(())
}
