//! What the task says to the house: how all alerts stand, and sentences.
//!
//! The hub waits for who hears it, and this task hears it: so the task never waits for the hub. A second
//! task does, and of what is too old by then only the latest is said.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::model::alert::{Alert, Alerts};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::{Notice, What};
use crate::watch::Outlet;

/// Sentences that may wait.
const SENTENCES: usize = 16;
/// How often it is told that nothing but numbers in messages changed.
const NUMBERS: Duration = Duration::from_secs(5);

/// The voice.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    table: watch::Sender<Option<Box<Alerts>>>,
    sentences: mpsc::Sender<Notice>,
    said: Option<Stamp>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Voice {
    pub(super) fn begin(outlet: Outlet) -> Self {
        let (table, mut news) = watch::channel(None);
        let (sentences, mut said) = mpsc::channel(SENTENCES);
        let task = tokio::spawn(async move {
            loop {
                let what = tokio::select! {
                    changed = news.changed() => match changed {
                        Ok(()) => news.borrow_and_update().clone().map(What::Alerts),
                        Err(_) => break,
                    },
                    Some(notice) = said.recv() => Some(What::Notice(notice)),
                };
                if let Some(what) = what
                    && !outlet.send(what).await
                {
                    return;
                }
            }
            // Nobody says more, and what was said waits still.
            while let Some(notice) = said.recv().await {
                if !outlet.send(What::Notice(notice)).await {
                    return;
                }
            }
        });
        Self { table, sentences, said: None, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// Tells how all alerts stand, where that is news at `now`.
    pub(super) fn tell(&mut self, alerts: Alerts, now: Stamp) {
        let soon = self.said.is_some_and(|said| now.since(said) < NUMBERS);
        let known = self.table.borrow();
        let news = known
            .as_ref()
            .is_none_or(|known| if soon { !is_alike(known, &alerts) } else { **known != alerts });
        drop(known);
        if news {
            self.said = Some(now);
            self.table.send_replace(Some(Box::new(alerts)));
        }
    }

    /// Says a sentence.
    pub(super) fn say(&self, bad: bool, text: &str) {
        let text = SafeText::new(text);
        let sent = self.sentences.try_send(Notice { bad, text });
        // Who hears it writes it into the log; what nobody can hear is there all the same.
        if let Err(TrySendError::Full(notice) | TrySendError::Closed(notice)) = sent {
            tracing::warn!("{}", notice.text);
        }
    }

    /// Says what went wrong.
    pub(super) fn warn(&self, text: &str) {
        self.say(true, text);
    }

    /// Ends with what is said by now.
    pub(super) async fn end(self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop((self.table, self.sentences));
        if let Some(task) = task {
            tokio::time::timeout(Duration::from_millis(500), task).await.ok();
        }
    }
}

/// Until when nobody is told of it, and since when it is well again.
const fn times(alert: &Alert) -> (Option<i64>, Option<i64>) {
    (alert.silenced_until_ms, alert.well_since_ms)
}

/// Whether nothing but the messages of alerts, and how much others were told, changed.
fn is_alike(one: &Alerts, other: &Alerts) -> bool {
    let key = |alerts: &Alerts| {
        let each = alerts.alerts.iter();
        let each = each.map(|a| (a.id.clone(), a.state, a.acknowledged.clone(), times(a)));
        (each.collect::<Vec<_>>(), alerts.turns, alerts.counts, alerts.mistake.clone())
    };
    key(one) == key(other) && one.silences == other.silences && one.delivers == other.delivers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::SourceId;
    use crate::model::time::SetClock;

    #[tokio::test]
    async fn what_was_said_before_the_end_is_heard() {
        let (to, mut heard) = mpsc::channel(2 * SENTENCES);
        let outlet = Outlet::new(SourceId::local(), Arc::new(SetClock::default()), to);
        let voice = Voice::begin(outlet);
        for number in 0..SENTENCES {
            voice.say(false, &format!("{number}"));
        }
        voice.end().await;
        assert_eq!(std::iter::from_fn(|| heard.try_recv().ok()).count(), SENTENCES);
    }
}
