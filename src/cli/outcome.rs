//! A run in each form that can be printed or exported.

use color_eyre::eyre::Result;

use crate::model::run::Run;

/// How a run is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// A table for people
    #[default]
    Text,
    /// All of it
    Json,
    /// One sample a line
    Csv,
    /// A table for a README
    Markdown,
}

/// `run` in `form`, ending with a line break.
pub(super) fn render(run: &Run, form: Form) -> Result<String> {
    Ok(match form {
        Form::Json => serde_json::to_string_pretty(run)? + "\n",
        Form::Text | Form::Csv | Form::Markdown => crate::hub::local::summary(run),
    })
}
