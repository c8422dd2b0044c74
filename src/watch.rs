//! Takes samples at intervals and passes them on.
//!
//! A watch runs one probe in a blocking thread, never twice at once. A probe that fails, panics or
//! does not answer is told as such, made anew and tried again, ever more seldom. The probe is any
//! closure, so that this file knows no hand and a test needs no machine.

use std::fmt::Display;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::model::text::SafeText;
use crate::model::update::{Health, Notice, What};

pub mod backoff;
pub mod outlet;
pub mod poll;

pub use backoff::Backoff;
pub use outlet::Outlet;
pub use poll::Poll;

/// Time after which a probe that has not answered is called down; it is waited for all the same,
/// because a thread that hangs in the kernel cannot be ended.
const TIME_BOX: Duration = Duration::from_secs(10);

/// How often to sample; changed while watches run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time from the start of a sample to the start of the next.
    pub interval: Duration,
    /// Take none for now.
    pub paused: bool,
}

impl Pace {
    /// Waits for `time`, and on while it is paused; false once `stop` says so.
    pub async fn rest(
        pace: &mut watch::Receiver<Self>,
        time: Duration,
        stop: &CancellationToken,
    ) -> bool {
        let rested = async {
            tokio::time::sleep(time).await;
            pace.wait_for(|pace| !pace.paused).await.is_ok()
        };
        stop.run_until_cancelled(rested).await == Some(true)
    }
}

/// How a watch says that its probe fails.
#[derive(Clone, Copy, Debug)]
pub enum Voice {
    /// As the health of its source: for the probe without which the source tells nothing.
    Health,
    /// As a sentence with this name: for a probe among others of the same source.
    Notice(&'static str),
}

/// One probe, watched until told to stop.
#[derive(Debug)]
pub struct Watch {
    /// Where samples go.
    pub outlet: Outlet,
    /// How often.
    pub pace: watch::Receiver<Pace>,
    /// Ends the watch.
    pub stop: CancellationToken,
    /// How failures are told.
    pub voice: Voice,
}

impl Watch {
    /// Samples with what `make` makes, until stopped or until nobody listens.
    pub async fn run<P, E>(mut self, mut make: impl FnMut() -> P)
    where
        P: FnMut(Instant) -> Result<What, E> + Send + 'static,
        E: Display + Send + 'static,
    {
        let mut backoff = Backoff::default();
        while let Some(why) = self.sample_until_it_fails(make(), &mut backoff).await {
            let pause = backoff.fail();
            self.tell_down(&why, pause).await;
            let stopped = self.stop.cancelled();
            if tokio::time::timeout(pause, stopped).await.is_ok() {
                return;
            }
        }
    }

    /// The reason why the probe failed; `None` when the watch is over.
    async fn sample_until_it_fails<P, E>(
        &mut self,
        mut probe: P,
        backoff: &mut Backoff,
    ) -> Option<SafeText>
    where
        P: FnMut(Instant) -> Result<What, E> + Send + 'static,
        E: Display + Send + 'static,
    {
        loop {
            let started = tokio::time::Instant::now();
            let (again, what) = match self.sample(probe).await? {
                Ok(sampled) => sampled,
                Err(why) => return Some(why),
            };
            probe = again;
            if backoff.succeed() {
                self.tell_up().await;
            }
            if !self.outlet.send(what).await || !self.rest(started).await {
                return None;
            }
        }
    }

    /// One sample, with the probe back; `None` when stopped meanwhile.
    async fn sample<P, E>(&mut self, mut probe: P) -> Option<Result<(P, What), SafeText>>
    where
        P: FnMut(Instant) -> Result<What, E> + Send + 'static,
        E: Display + Send + 'static,
    {
        let mut thread = tokio::task::spawn_blocking(move || {
            let result = probe(Instant::now());
            (probe, result)
        });
        let in_time = tokio::time::timeout(TIME_BOX, &mut thread).await;
        let joined = if let Ok(joined) = in_time {
            joined
        } else {
            let why = SafeText::from(format!("no answer for {} s", TIME_BOX.as_secs()));
            self.tell_down(&why, Duration::ZERO).await;
            let joined = tokio::select! {
                joined = thread => joined,
                () = self.stop.cancelled() => return None,
            };
            if matches!(joined, Ok((_, Ok(_)))) {
                self.tell_up().await;
            }
            joined
        };
        Some(match joined {
            Ok((probe, Ok(what))) => Ok((probe, what)),
            Ok((_, Err(error))) => Err(SafeText::from(error.to_string())),
            Err(error) => Err(last_words(error)),
        })
    }

    /// Waits for the next due time, which a change of pace moves. False when the watch is over.
    async fn rest(&mut self, started: tokio::time::Instant) -> bool {
        loop {
            let pace = *self.pace.borrow_and_update();
            tokio::select! {
                () = self.stop.cancelled() => return false,
                changed = self.pace.changed() => if changed.is_err() { return false },
                () = tokio::time::sleep_until(started + pace.interval), if !pace.paused => return true,
            }
        }
    }

    async fn tell_down(&self, why: &SafeText, pause: Duration) {
        tracing::warn!(%why, ?pause, "a probe fails");
        let what = match self.voice {
            Voice::Health => {
                What::Health(Health::Down { since: self.outlet.now(), why: why.clone() })
            }
            Voice::Notice(name) => {
                What::Notice(Notice { bad: true, text: SafeText::from(format!("{name}: {why}")) })
            }
        };
        self.outlet.send(what).await;
    }

    async fn tell_up(&self) {
        let what = match self.voice {
            Voice::Health => What::Health(Health::Up),
            Voice::Notice(name) => What::Notice(Notice {
                bad: false,
                text: SafeText::from(format!("{name}: answers again")),
            }),
        };
        self.outlet.send(what).await;
    }
}

/// What a probe said as it panicked.
fn last_words(error: JoinError) -> SafeText {
    let Ok(panic) = error.try_into_panic() else {
        return SafeText::from("isomon is going down");
    };
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    SafeText::from(format!("panicked: {}", words.unwrap_or("no words")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::mpsc;

    use super::*;
    use crate::model::id::SourceId;
    use crate::model::time::SystemClock;
    use crate::model::update::Update;

    struct Rig {
        watch: Option<Watch>,
        updates: mpsc::Receiver<Update>,
        pace: watch::Sender<Pace>,
        stop: CancellationToken,
    }

    fn rig(room: usize) -> Rig {
        let (to, updates) = mpsc::channel(room);
        let interval = Duration::from_secs(1);
        let (pace, seen) = watch::channel(Pace { interval, paused: false });
        let stop = CancellationToken::new();
        let watch = Watch {
            outlet: Outlet::new(SourceId::local(), Arc::new(SystemClock), to),
            pace: seen,
            stop: stop.clone(),
            voice: Voice::Health,
        };
        Rig { watch: Some(watch), updates, pace, stop }
    }

    fn sample() -> What {
        What::Node(Box::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_panics_is_told_and_made_anew() {
        let mut rig = rig(16);
        let made = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&made);
        let watch = rig.watch.take().unwrap();
        let task = tokio::spawn(watch.run(move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            move |_now| match number {
                0 => Err("gone"),
                1 => panic!("oh"),
                _ => Ok(sample()),
            }
        }));
        let mut whys = Vec::new();
        loop {
            match rig.updates.recv().await.unwrap().what {
                What::Health(Health::Down { why, .. }) => whys.push(why.as_str().to_owned()),
                What::Health(Health::Up) => {}
                _ => break,
            }
        }
        assert_eq!(whys, ["gone", "panicked: oh"]);
        assert_eq!(made.load(Ordering::Relaxed), 3);
        rig.stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_takes_is_counted() {
        let mut rig = rig(1);
        let watch = rig.watch.take().unwrap();
        let outlet = watch.outlet.clone();
        let task = tokio::spawn(watch.run(|| |_now| Ok::<_, String>(sample())));
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        rig.stop.cancel();
        task.await.unwrap();
        assert_eq!(outlet.lost(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_changes_at_once_and_a_pause_takes_none() {
        let mut rig = rig(64);
        let watch = rig.watch.take().unwrap();
        let task = tokio::spawn(watch.run(|| |_now| Ok::<_, String>(sample())));
        rig.updates.recv().await.unwrap();
        rig.pace.send_modify(|pace| pace.interval = Duration::from_millis(100));
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        let fast = rig.updates.len();
        assert!((9..=11).contains(&fast), "{fast}");
        rig.pace.send_modify(|pace| pace.paused = true);
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(rig.updates.len() <= fast + 1);
        rig.stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_lasts_as_long_as_the_pause() {
        let time = Duration::from_secs(5);
        let (pace, mut seen) = watch::channel(Pace { interval: time, paused: false });
        let stop = CancellationToken::new();
        let began = tokio::time::Instant::now();
        assert!(Pace::rest(&mut seen, time, &stop).await);
        assert_eq!(began.elapsed(), time);
        pace.send_modify(|pace| pace.paused = true);
        let go_on = async {
            tokio::time::sleep(Duration::from_mins(1)).await;
            pace.send_modify(|pace| pace.paused = false);
        };
        let (rested, ()) = tokio::join!(Pace::rest(&mut seen, time, &stop), go_on);
        assert!(rested && began.elapsed() >= Duration::from_secs(65), "{:?}", began.elapsed());
        pace.send_modify(|pace| pace.paused = true);
        let end = async { stop.cancel() };
        let (rested, ()) = tokio::join!(Pace::rest(&mut seen, time, &stop), end);
        assert!(!rested, "a pause ends with everything");
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_ends_when_nobody_listens() {
        let mut rig = rig(4);
        let watch = rig.watch.take().unwrap();
        drop(rig.updates);
        watch.run(|| |_now| Ok::<_, String>(sample())).await;
    }
}
