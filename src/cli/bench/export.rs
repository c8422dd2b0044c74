//! Where the results of a benchmark go beside the terminal.
//!
//! A measurement takes minutes, so a file that cannot be written is told before it begins.

use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};

use super::super::advice::Advise;
use super::super::outcome::{Form, render};
use super::super::print;
use crate::model::run::Run;
use crate::store;

const REMEDY: &str = "name a file in a directory that exists and can be written";

/// One form of the results, and where it goes; `-` is standard output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Export<'a> {
    pub(super) form: Form,
    pub(super) to: &'a Path,
}

impl Export<'_> {
    /// Whether it goes to standard output.
    pub(super) fn is_standard(&self) -> bool {
        self.to == Path::new("-")
    }

    /// Whether it could be written now.
    pub(super) fn check(&self) -> Result<()> {
        if self.is_standard() {
            return Ok(());
        }
        self.explain(store::export::check(self.to))
    }

    /// Writes `run`.
    pub(super) fn write(&self, run: &Run) -> Result<()> {
        let text = render(run, self.form)?;
        if self.is_standard() {
            return Ok(print::out(&text)?);
        }
        self.explain(store::export::write(self.to, &text))
    }

    /// Writes `text`, which several runs are.
    pub(super) fn write_text(&self, text: &str) -> Result<()> {
        if self.is_standard() {
            return Ok(print::out(text)?);
        }
        self.explain(store::export::write(self.to, text))
    }

    fn explain(&self, written: Result<(), store::Error>) -> Result<()> {
        written.wrap_err_with(|| format!("cannot write {}", self.to.display())).advise(REMEDY)
    }
}

/// Refuses exports that would stand in each other's way on standard output.
pub(super) fn check_all(exports: &[Export<'_>], json: bool) -> Result<()> {
    let standard = exports.iter().filter(|export| export.is_standard()).count();
    if standard + usize::from(json) > 1 {
        return Err(eyre!("only one form of the results can go to standard output")
            .advise("keep one of --json and `-`, and name files for the others"));
    }
    exports.iter().try_for_each(Export::check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_output_has_room_for_one() {
        let to = Path::new("-");
        let both = [Export { form: Form::Csv, to }, Export { form: Form::Json, to }];
        assert!(check_all(&both, false).is_err());
        assert!(check_all(&both[..1], true).is_err());
        assert!(check_all(&both[..1], false).is_ok());
    }
}
