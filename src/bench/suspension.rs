//! Backends that fail again and again are taken out of the run, and it is said why.
//!
//! A backend that cannot start costs its time limit in every round; five in a row tell enough. Each
//! way to start it stands for itself: where no snapshot can be restored a cold start may do.

use std::collections::BTreeMap;

use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Cell, Outcome, Payload};
use crate::model::run::LeftOut;
use crate::model::text::SafeText;

/// Failures of one backend with one start in a row, over all payloads, after which it is suspended.
pub(super) const FAILURES: u32 = 5;

#[derive(Debug, Default)]
pub(super) struct Suspension {
    in_a_row: BTreeMap<(BackendId, Start), u32>,
    out: Vec<LeftOut>,
}

impl Suspension {
    /// Takes note of how a sample ended; what is returned has just been suspended.
    pub(super) fn note(&mut self, cell: Cell, outcome: &Outcome) -> Option<&LeftOut> {
        let row = self.in_a_row.entry((cell.backend, cell.start)).or_default();
        let Outcome::Failed { kind, message } = outcome else {
            *row = 0;
            return None;
        };
        *row += 1;
        if *row != FAILURES {
            return None;
        }
        let reason = format!("failed {FAILURES} times in a row; the last {}", kind.told(message));
        let remedy = SafeText::new(match cell.payload {
            Payload::Job => "isomon exec shows what it says there",
            _ => "isomon doctor tells whether it can run here",
        });
        let out = LeftOut::backend(cell.backend, SafeText::new(&reason), remedy);
        let several = cell.backend.starts().len() > 1;
        self.out.push(LeftOut { start: several.then_some(cell.start), ..out });
        self.out.last()
    }

    /// Whether the backend of `cell` is out, at least if it is started so.
    pub(super) fn holds(&self, cell: &Cell) -> bool {
        self.out.iter().any(|out| out.holds(cell))
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
        let runc = Cell::cold(BackendId::Runc, Payload::Noop);
        for _ in 0..3 {
            for _ in 1..FAILURES {
                assert_eq!(suspension.note(runc, &bad), None);
            }
            assert_eq!(suspension.note(runc, &Outcome::Good), None);
        }
        let out = (0..FAILURES).filter_map(|_| suspension.note(runc, &bad).cloned()).last();
        let reason = out.unwrap().reason;
        assert_eq!(
            reason.as_str(),
            "failed 5 times in a row; the last did not start: no such file"
        );
        let crun = Cell { backend: BackendId::Crun, ..runc };
        assert!(suspension.holds(&runc) && !suspension.holds(&crun));
        assert_eq!(suspension.note(runc, &bad), None, "told once");
    }

    #[test]
    fn each_start_of_a_backend_stands_for_itself() {
        let bad = Outcome::Failed { kind: Failure::Start, message: SafeText::new("no such file") };
        let mut suspension = Suspension::default();
        let cold = Cell::cold(BackendId::V8, Payload::Noop);
        let [snapshot, warm] = [Start::Snapshot, Start::Warm].map(|start| Cell { start, ..cold });
        for _ in 0..FAILURES {
            suspension.note(snapshot, &bad);
            suspension.note(cold, &Outcome::Good);
        }
        assert!(suspension.holds(&snapshot));
        assert!(!suspension.holds(&cold) && !suspension.holds(&warm));
        assert_eq!(suspension.all()[0].label(), "v8 snapshot");
    }
}
