//! What is asked of the past: one piece at a time, the newest wish first.
//!
//! A key that is held changes what is wanted many times while an answer is on its way; only what is wanted
//! then is asked for next.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::id::SourceId;
use crate::model::past::{Past, PastWish};
use crate::model::time::Stamp;
use crate::state::{Part, State};

/// After so long no answer is expected any more.
const PATIENCE: Duration = Duration::from_secs(15);
/// Nodes whose last hour is asked for at once.
const AT_ONCE: usize = 64;
/// Instants of all nodes together in one answer.
const INSTANTS: usize = 230_400;
/// Milliseconds of an hour, and so instants at one a second.
const HOUR: (i64, u32) = (3_600_000, 3_600);

/// How it stands with what is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is awaited.
    #[default]
    Still,
    /// An answer is.
    Loading,
    /// None came.
    Silent,
}

/// What has been asked for.
#[derive(Debug, Default)]
pub(super) struct Asker {
    awaited: Option<(PastWish, Stamp, bool)>,
    /// A wish that was not answered.
    silent: Option<PastWish>,
    /// Nodes whose hour before the start was asked for.
    recalled: BTreeSet<SourceId>,
    /// The turn of what is told up to which all nodes were.
    turn: Option<u64>,
}

impl Asker {
    /// The answer to what was asked for to be shown, once.
    pub(super) fn answer<'a>(&mut self, state: &'a State, now: Stamp) -> Option<&'a Past> {
        let (wish, since, shows) = self.awaited.as_ref()?;
        let answer = state.past.as_deref().filter(|past| past.wish == *wish);
        // In a recording, time goes back when the user does; then no answer is awaited either.
        let waits = now.mono_ms >= since.mono_ms && now.since(*since) < PATIENCE;
        if answer.is_none() && waits {
            return None;
        }
        let shows = *shows;
        let (wish, ..) = self.awaited.take()?;
        self.silent = (answer.is_none() && shows).then_some(wish);
        answer.filter(|_| shows)
    }

    /// What is to be asked for now: `wanted`, or the hour before the start of nodes of `recalled` that are
    /// new.
    pub(super) fn ask(
        &mut self,
        wanted: Option<PastWish>,
        recalled: Option<&State>,
        now: Stamp,
    ) -> Option<PastWish> {
        if self.awaited.is_some() {
            return None;
        }
        let wanted = wanted.filter(|wish| self.silent.as_ref() != Some(wish));
        let shows = wanted.is_some();
        let wish = wanted.or_else(|| self.recall(recalled?, now))?;
        self.awaited = Some((wish.clone(), now, shows));
        Some(wish)
    }

    fn recall(&mut self, state: &State, now: Stamp) -> Option<PastWish> {
        let turn = Some(state.told.turn());
        if self.turn == turn {
            return None;
        }
        let serving = state.telling(Part::Serving).filter(|(_, node)| node.sample.is_none());
        let heard = state.telling(Part::Sample).chain(serving);
        let new = heard.map(|(id, _)| id).filter(|id| !self.recalled.contains(*id));
        let sources: Vec<SourceId> = new.take(AT_ONCE).cloned().collect();
        if sources.is_empty() {
            self.turn = turn;
            return None;
        }
        self.recalled.extend(sources.iter().cloned());
        let share = u32::try_from(INSTANTS / state.nodes.len().max(1)).unwrap_or(u32::MAX);
        let (from_ms, to_ms) = (now.wall_ms.saturating_sub(HOUR.0), now.wall_ms);
        Some(PastWish { from_ms, to_ms, most: share.clamp(60, HOUR.1), sources })
    }

    /// How it stands with what is to be shown.
    pub(super) fn standing(&self) -> Standing {
        match (&self.awaited, &self.silent) {
            (Some((_, _, true)), _) => Standing::Loading,
            (_, Some(_)) => Standing::Silent,
            _ => Standing::Still,
        }
    }
}
