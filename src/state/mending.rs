//! The last time a backend was made ready: the commands, what they said, how it ended.

use std::collections::VecDeque;

use crate::model::backend::{BackendId, Mend};
use crate::model::text::SafeText;

/// Lines kept; the oldest go first.
const LINES: usize = 500;

/// A backend being made ready, or the last that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mending {
    /// For which backend.
    pub backend: BackendId,
    /// What was run and said, in this order.
    pub lines: VecDeque<Said>,
    /// Lines that are kept no longer.
    pub forgotten: u64,
    /// How far it is.
    pub stage: Stage,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A command that was run.
    Command(SafeText),
    /// Something it said.
    Output(SafeText),
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Commands run.
    Running,
    /// They ended well, and the backend is tried again.
    Trying,
    /// It is over; the backend's status tells what came of it.
    Over {
        /// Why the commands ended early.
        failed: Option<SafeText>,
    },
}

impl Mending {
    /// Takes in what happened to `this`; what begins after an end begins anew.
    pub(super) fn fold(this: &mut Option<Self>, mend: &Mend) {
        match mend {
            Mend::Command { backend, line } => {
                let goes_on = |old: &Self| old.backend == *backend && old.is_running();
                let mut mending =
                    this.take().filter(goes_on).unwrap_or_else(|| Self::begin(*backend));
                mending.push(Said::Command(line.clone()));
                *this = Some(mending);
            }
            Mend::Line(line) => {
                if let Some(mending) = this {
                    mending.push(Said::Output(line.clone()));
                }
            }
            Mend::Ended { failed } => {
                if let Some(mending) = this {
                    mending.stage = match failed {
                        None => Stage::Trying,
                        Some(_) => Stage::Over { failed: failed.clone() },
                    };
                }
            }
        }
    }

    /// The backends were tried.
    pub(super) fn tried(&mut self) {
        if self.stage == Stage::Trying {
            self.stage = Stage::Over { failed: None };
        }
    }

    /// Whether commands run.
    pub fn is_running(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Whether anything of it goes on.
    pub const fn goes_on(&self) -> bool {
        !matches!(self.stage, Stage::Over { .. })
    }

    const fn begin(backend: BackendId) -> Self {
        Self { backend, lines: VecDeque::new(), forgotten: 0, stage: Stage::Running }
    }

    fn push(&mut self, said: Said) {
        if self.lines.len() >= LINES {
            self.lines.pop_front();
            self.forgotten += 1;
        }
        self.lines.push_back(said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(backend: BackendId) -> Mend {
        Mend::Command { backend, line: "apt-get install x".into() }
    }

    #[test]
    fn commands_lines_and_the_end_are_folded_and_bounded() {
        let mut this = None;
        Mending::fold(&mut this, &Mend::Line("of nobody".into()));
        assert_eq!(this, None);
        Mending::fold(&mut this, &command(BackendId::Runc));
        for _ in 0..LINES {
            Mending::fold(&mut this, &Mend::Line("unpacking".into()));
        }
        Mending::fold(&mut this, &command(BackendId::Runc));
        let mending = this.as_ref().unwrap();
        assert_eq!((mending.lines.len(), mending.forgotten), (LINES, 2));
        assert!(mending.is_running());
        Mending::fold(&mut this, &Mend::Ended { failed: None });
        let mending = this.as_mut().unwrap();
        assert!(mending.goes_on() && !mending.is_running());
        mending.tried();
        assert!(!mending.goes_on());
        Mending::fold(&mut this, &Mend::Ended { failed: Some("no room".into()) });
        let mending = this.as_ref().unwrap();
        assert_eq!(mending.stage, Stage::Over { failed: Some("no room".into()) });
        Mending::fold(&mut this, &command(BackendId::Runc));
        assert_eq!(this.unwrap().lines.len(), 1, "the next one begins anew");
    }
}
