//! Talks to a program while it is watched: its output is read, its end and its time are seen, whatever
//! it answers or not.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::http::{Error, Patience};
use super::measure::{Sight, Watch};
use super::talk;
use super::wire::Talk;

/// Time to end, for a program that breaks off in the middle of an answer.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A watch that goes on while something else is waited for.
pub(super) struct Beside<'a, 'b> {
    watch: &'a mut Watch,
    sight: &'a mut Sight<'b>,
    /// What ended the watch meanwhile.
    pub happened: Option<bool>,
}

impl<'a, 'b> Beside<'a, 'b> {
    pub(super) const fn new(watch: &'a mut Watch, sight: &'a mut Sight<'b>) -> Self {
        Self { watch, sight, happened: None }
    }

    /// Makes the requests of `talk` and marks the times of its last two answers. Who breaks off
    /// is given a moment to end: what it says then tells more.
    pub(super) fn talk(&mut self, talk: &Talk) -> Result<(), talk::Error> {
        let talked = self.ask(talk);
        let began = Instant::now();
        while talked.is_err() && self.happened.is_none() && began.elapsed() < LAST_WORDS {
            let Err(talk::Error::Unclear { source: Error::Closed, .. }) = talked else { break };
            self.nap(LAST_WORDS).ok();
        }
        talked
    }

    fn ask(&mut self, talk: &Talk) -> Result<(), talk::Error> {
        let mut connection = talk::connect(&talk.socket, self)?;
        for (request, number) in talk.requests.iter().zip(1..) {
            talk::ask(&mut connection, request, self)?;
            if number + 1 == talk.requests.len() {
                self.watch.mark_created();
            }
            if number == talk.requests.len() {
                self.watch.mark_booted();
            }
        }
        Ok(())
    }

    fn look(&mut self, beside: Option<PollFd<'_>>, at_most: Duration) -> Result<(), Error> {
        match (self.happened, self.watch.look(self.sight, beside, at_most)) {
            (None, None) => Ok(()),
            // What it answered before it ended can still be read: once more.
            (None, Some(true)) => {
                self.happened = Some(true);
                Ok(())
            }
            (_, happened) => {
                self.happened = self.happened.or(happened);
                Err(Error::GivenUp("nobody is there any more"))
            }
        }
    }
}

impl Patience for Beside<'_, '_> {
    fn wait(&mut self, socket: BorrowedFd<'_>, wanted: PollFlags) -> Result<(), Error> {
        let socket = PollFd::from_borrowed_fd(socket, wanted);
        self.look(Some(socket), Duration::MAX)
    }

    fn nap(&mut self, length: Duration) -> Result<(), Error> {
        self.look(None, length)
    }
}
