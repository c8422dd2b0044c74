//! A run in each form that can be printed or exported.

use color_eyre::eyre::Result;

use crate::model::run::Run;
use crate::report;

/// How a run is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// A table for people
    #[default]
    Text,
    /// All of it
    Json,
    /// One figure a line
    Csv,
    /// A table for a README
    Markdown,
    /// What hyperfine's scripts read
    Hyperfine,
    /// What Bencher reads
    Bmf,
    /// Text for a Prometheus
    Prometheus,
}

/// `run` in `form`, ending with a line break.
pub(super) fn render(run: &Run, form: Form) -> Result<String> {
    Ok(match form {
        Form::Text => report::run_text::text(run),
        Form::Json => report::run_json::json(run)?,
        Form::Csv => report::run_csv::csv(run),
        Form::Markdown => report::run_markdown::markdown(run),
        Form::Hyperfine => report::run_hyperfine::hyperfine(run)?,
        Form::Bmf => report::run_bmf::bmf(run)?,
        Form::Prometheus => report::run_prometheus::prometheus(run),
    })
}
