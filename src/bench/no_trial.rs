//! What is recorded when not even a trial came of a launch.

use crate::backend::{Error, Trial};
use crate::model::bench::{Failure, Outcome, Phases};
use crate::model::text::SafeText;

/// What is recorded when the launcher itself could not do it.
pub(super) fn no_trial(error: &Error) -> Trial {
    let message = SafeText::new(&chain(error));
    Trial {
        status: None,
        signal: None,
        value: None,
        phases: Phases::default(),
        outcome: Outcome::Failed { kind: Failure::Start, message },
        left_over: false,
        dropped_bytes: 0,
        said: Vec::new(),
    }
}

/// An error with everything behind it.
pub(super) fn chain(error: &Error) -> String {
    let error: &dyn std::error::Error = error;
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
