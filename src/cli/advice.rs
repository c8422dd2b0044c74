//! What to do about an error: every error of the door ends with it.
//!
//! The advice travels as the outermost context of the report, so that `?` carries it and what is
//! printed is short: what, because of what, what to do. A backtrace helps nobody who mistyped.

use color_eyre::eyre::{Report, Result};

/// What to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Advice(String);

/// Something that may carry advice.
pub(super) trait Advise {
    /// The same with advice.
    #[must_use]
    fn advise(self, advice: &str) -> Self;
}

impl Advise for Report {
    fn advise(self, advice: &str) -> Self {
        self.wrap_err(Advice(advice.to_owned()))
    }
}

impl<T> Advise for Result<T> {
    fn advise(self, advice: &str) -> Self {
        self.map_err(|report| report.advise(advice))
    }
}

/// The report as a person reads it.
pub(super) fn told(report: &Report) -> String {
    let advice = report.downcast_ref::<Advice>().map(|advice| advice.0.as_str());
    let mut causes = report.chain().map(|cause| without_number(&cause.to_string()));
    let mut causes: Vec<String> =
        causes.by_ref().filter(|cause| Some(cause.as_str()) != advice).collect();
    // What the words before end with is said already.
    causes.dedup_by(|cause, before| before.ends_with(cause.as_str()));
    let mut text = format!("isomon: {}", causes.join("\n  because: "));
    if let Some(advice) = advice {
        text.push_str("\n  try: ");
        text.push_str(advice);
    }
    text
}

/// The words of a system error say it all; its number says nothing to most.
pub(super) fn without_number(words: &str) -> String {
    let number = words.rsplit_once(" (os error ").filter(|(_, rest)| rest.ends_with(')'));
    number.map_or(words, |(words, _)| words).to_owned()
}

#[cfg(test)]
mod tests {
    use color_eyre::eyre::{WrapErr, eyre};

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let missing = || std::io::Error::from_raw_os_error(2);
        let report = Report::new(missing()).wrap_err(format!("/x: {}", missing()));
        assert_eq!(told(&report), "isomon: /x: No such file or directory");
    }

    #[test]
    fn what_then_why_then_what_to_do() {
        let error: Result<()> = Err(eyre!("no such file (os error 2)"));
        let error = error.wrap_err("cannot read x").advise("name another");
        let told = told(&error.unwrap_err());
        assert_eq!(told, "isomon: cannot read x\n  because: no such file\n  try: name another");
    }
}
