//! Backends that fail again and again are taken out of the run, and it is said why.
//!
//! A backend that cannot start costs its time limit in every round; five in a row tell enough.

use std::collections::BTreeMap;

use crate::model::backend::BackendId;
use crate::model::bench::Outcome;
use crate::model::run::LeftOut;
use crate::model::text::SafeText;

/// Failures of one backend in a row, over all its payloads, after which it is suspended.
pub(super) const FAILURES: u32 = 5;

#[derive(Debug, Default)]
pub(super) struct Suspension {
    in_a_row: BTreeMap<BackendId, u32>,
    out: Vec<LeftOut>,
}

impl Suspension {
    /// Takes note of how a sample ended; what is returned has just been suspended.
    pub(super) fn note(&mut self, backend: BackendId, outcome: &Outcome) -> Option<&LeftOut> {
        let row = self.in_a_row.entry(backend).or_default();
        let Outcome::Failed { kind, message } = outcome else {
            *row = 0;
            return None;
        };
        *row += 1;
        if *row != FAILURES {
            return None;
        }
        let reason =
            format!("failed {FAILURES} times in a row; the last {}: {message}", kind.words());
        self.out.push(LeftOut {
            payload: None,
            backend,
            reason: SafeText::new(&reason),
            remedy: SafeText::new("isomon doctor tells whether it can run here"),
        });
        self.out.last()
    }

    /// Whether `backend` is out.
    pub(super) fn holds(&self, backend: BackendId) -> bool {
        self.out.iter().any(|out| out.backend == backend)
    }

    /// Those that are out, in the order in which they went.
    pub(super) fn all(&self) -> &[LeftOut] {
        &self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bench::Failure;

    #[test]
    fn only_failures_in_a_row_suspend() {
        let bad = Outcome::Failed { kind: Failure::Start, message: SafeText::new("no such file") };
        let mut suspension = Suspension::default();
        let backend = BackendId::Runc;
        for _ in 0..3 {
            for _ in 1..FAILURES {
                assert_eq!(suspension.note(backend, &bad), None);
            }
            assert_eq!(suspension.note(backend, &Outcome::Good), None);
        }
        let out = (0..FAILURES).filter_map(|_| suspension.note(backend, &bad).cloned()).last();
        let reason = out.unwrap().reason;
        assert_eq!(
            reason.as_str(),
            "failed 5 times in a row; the last did not start: no such file"
        );
        assert!(suspension.holds(backend) && !suspension.holds(BackendId::Crun));
        assert_eq!(suspension.note(backend, &bad), None, "told once");
    }
}
