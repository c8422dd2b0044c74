//! The second half of a round: each GPU that has told how it is doing is asked for the rest.
//!
//! By then every basic number is in. Whoever hangs or crashes here keeps them, and is not asked for the
//! rest again for a while; the others are asked by a new process.

use super::super::fault::Fault;
use super::super::leash::DETAIL_WATCHDOG;
use super::super::turn::Turn;
use super::super::wire::{Answer, Request};
use super::{Flow, NvmlReader, Standing};
use crate::model::reading::Why;

impl NvmlReader {
    /// Asks each GPU once, as long as an answer could still come in time.
    pub(super) fn rest(&mut self, turn: &Turn) {
        let mut flow = Flow::Go;
        for index in self.roster.answering() {
            if let Some(why) = self.roster.spared(index, turn.now()) {
                self.roster.miss_rest(index, &why);
            } else if flow == Flow::Stop || turn.left() < DETAIL_WATCHDOG {
                self.roster.miss_rest(index, &Why::TimedOut);
            } else {
                flow = self.detail(index, turn);
            }
        }
    }

    fn detail(&mut self, index: u32, turn: &Turn) -> Flow {
        let fault = match self.ask(Request::Detail(index), turn) {
            Ok(Answer::Detail { index: told, detail }) if told == index => {
                self.roster.hear_rest(index, &detail);
                return Flow::Go;
            }
            // It has gone since; the next round says so.
            Ok(Answer::NoHandle(reason)) => {
                self.roster.miss_rest(index, &Why::Failed(reason));
                return Flow::Go;
            }
            Ok(_) => super::nonsense("another GPU"),
            Err(fault) => fault,
        };
        self.put_down();
        let why = match fault {
            Fault::Hung { .. } => Why::TimedOut,
            fault => Why::Failed(fault.to_string().into()),
        };
        self.roster.spare(index, &why, turn.now());
        self.standing = self.survey(turn);
        match self.standing {
            Standing::Works { .. } => Flow::Go,
            _ => Flow::Stop,
        }
    }
}
