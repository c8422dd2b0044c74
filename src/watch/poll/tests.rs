//! Polls of sources that are made up, in made-up time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::model::backend::Start;
use crate::model::bench::{Effort, Limits, Plan};
use crate::model::id::RunId;
use crate::model::origin::Kind;
use crate::model::serving::Engine;
use crate::model::time::SetClock;
use crate::model::unit::Ratio;
use crate::model::update::Update;
use crate::source::Asked;

/// How the source answers at a time since the start.
type Mood = fn(Duration) -> Answer;

enum Answer {
    Good,
    Refused,
    Hangs,
    Panics,
    Named(&'static str),
}

/// When it was asked, and how.
type Log = Arc<Mutex<Vec<(Duration, Wants)>>>;

struct Fake {
    began: Instant,
    mood: Mood,
    log: Log,
    asking: Arc<AtomicUsize>,
    wishes: Arc<AtomicUsize>,
}

impl Source for Fake {
    fn ask(&mut self, wants: Wants) -> Asked<'_, Vec<Told>> {
        let at = self.began.elapsed();
        self.log.lock().unwrap().push((at, wants));
        Box::pin(async move {
            assert_eq!(self.asking.fetch_add(1, Ordering::Relaxed), 0, "one question at a time");
            let answer = (self.mood)(at);
            self.asking.store(0, Ordering::Relaxed);
            let sample = || vec![Told::own(What::Node(Box::default()))];
            match answer {
                Answer::Good => Ok(sample()),
                Answer::Refused => Err(Error::Refused { at: "x".into() }),
                Answer::Hangs => {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    Err(Error::Late { seconds: 5, doing: "answering" })
                }
                Answer::Panics => panic!("on purpose"),
                Answer::Named(instance) => {
                    let instance = Some(SafeText::new(instance));
                    let origin = Origin { instance, ..Origin::default() };
                    let mut told = sample();
                    told.insert(0, Told::own(What::Origin(Box::new(origin))));
                    Ok(told)
                }
            }
        })
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        self.wishes.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

struct Rig {
    updates: mpsc::Receiver<Update>,
    log: Log,
    pace: watch::Sender<Pace>,
    focus: watch::Sender<Option<SourceId>>,
    wishes: mpsc::Sender<Wish>,
    gate: Arc<Gate>,
    stop: CancellationToken,
}

fn rig(name: &str, mood: Mood, gate: Arc<Gate>) -> Rig {
    rig_at("http://x", name, mood, gate)
}

fn rig_at(address: &str, name: &str, mood: Mood, gate: Arc<Gate>) -> Rig {
    let (to, updates) = mpsc::channel(10_000);
    let (pace, paced) = watch::channel(Pace { interval: Duration::from_secs(1), paused: false });
    let (focus, focused) = watch::channel(None);
    let (wishes, orders) = mpsc::channel(4);
    let log = Log::default();
    let source = Fake {
        began: Instant::now(),
        mood,
        log: Arc::clone(&log),
        asking: Arc::default(),
        wishes: Arc::default(),
    };
    let stop = CancellationToken::new();
    let common = Common {
        pace: paced,
        focus: focused,
        gate: Arc::clone(&gate),
        stop: stop.clone(),
        count: 1,
    };
    let spec = Spec::new(SourceId(name.into()), Address::parse(address).unwrap());
    let outlet = Outlet::new(SourceId::local(), Arc::new(SetClock::default()), to);
    let poll = Poll::new(Box::new(source), &spec, &outlet, orders, common, 7);
    tokio::spawn(poll.run());
    Rig { updates, log, pace, focus, wishes, gate, stop }
}

fn one(mood: Mood) -> Rig {
    rig("a", mood, Arc::default())
}

impl Rig {
    fn healths(&mut self) -> Vec<bool> {
        let mut healths = Vec::new();
        while let Ok(update) = self.updates.try_recv() {
            assert_eq!(update.from, SourceId("a".into()));
            if let What::Health(health) = update.what {
                healths.push(health == Health::Up);
            }
        }
        healths
    }

    fn asked(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    fn last_asked(&self) -> Duration {
        self.log.lock().unwrap().last().unwrap().0
    }
}

fn plan() -> Plan {
    let effort = Effort {
        warmup_rounds: 0,
        min_rounds: 1,
        max_rounds: 1,
        min_seconds: Seconds(0.0),
        budget_seconds: Seconds(1.0),
        target: Ratio::default(),
    };
    Plan {
        starts: Start::ALL.to_vec(),
        name: None,
        backends: Vec::new(),
        payloads: Vec::new(),
        effort,
        limits: Limits::default(),
        kernel: None,
        seed: 1,
        loads: Vec::new(),
        job: None,
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test(start_paused = true)]
async fn a_node_that_answers_is_asked_at_its_interval_and_told_up_once() {
    let mut rig = one(|_| Answer::Good);
    tokio::time::sleep(seconds(60)).await;
    assert!((28..=32).contains(&rig.asked()), "{}", rig.asked());
    assert_eq!(rig.healths(), [true]);
    rig.pace.send_modify(|pace| pace.interval = seconds(10));
    tokio::time::sleep(seconds(60)).await;
    assert!((33..=40).contains(&rig.asked()), "slower as the user wishes: {}", rig.asked());
    rig.pace.send_modify(|pace| pace.paused = true);
    let before = rig.asked();
    tokio::time::sleep(seconds(60)).await;
    assert!(rig.asked() <= before + 1);
    rig.stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_dead_node_is_told_once_and_asked_ever_more_seldom() {
    let mut rig = one(|_| Answer::Refused);
    tokio::time::sleep(seconds(6)).await;
    assert_eq!(rig.healths(), [false], "within an interval and a time-out");
    tokio::time::sleep(seconds(114)).await;
    let soon = rig.asked();
    assert!((20..=60).contains(&soon), "{soon} times in two minutes");
    tokio::time::sleep(seconds(1_200)).await;
    let later = rig.asked() - soon;
    assert!((20..=80).contains(&later), "{later} times in twenty minutes");
    assert_eq!(rig.healths(), [] as [bool; 0]);
}

#[tokio::test(start_paused = true)]
async fn who_never_answered_is_told_by_the_kind_that_its_address_names() {
    let refuses: Mood = |_| Answer::Refused;
    let mut told = Vec::new();
    for address in ["vllm+http://x", "http://x"] {
        let mut rig = rig_at(address, "a", refuses, Arc::default());
        tokio::time::sleep(seconds(60)).await;
        let updates = std::iter::from_fn(|| rig.updates.try_recv().ok());
        let kind = |update: Update| match update.what {
            What::Origin(origin) => Some(origin.kind),
            _ => None,
        };
        told.push(updates.filter_map(kind).collect::<Vec<Kind>>());
        rig.stop.cancel();
    }
    assert_eq!(told, [vec![Kind::Model(Engine::Vllm)], vec![]]);
}

#[tokio::test(start_paused = true)]
async fn a_node_is_back_within_ten_seconds_of_being_well() {
    for well in (3..100).step_by(5) {
        let rig = match well % 2 {
            0 => one(|at| if at < seconds(60) { Answer::Refused } else { Answer::Good }),
            _ => one(|at| if at < seconds(60) { Answer::Hangs } else { Answer::Good }),
        };
        tokio::time::sleep(seconds(70)).await;
        assert!(rig.last_asked() >= seconds(60), "{:?}", rig.last_asked());
        rig.stop.cancel();
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_long_outage_the_first_that_is_back_calls_the_others() {
    let rig = one(|at| if at < seconds(900) { Answer::Refused } else { Answer::Good });
    tokio::time::sleep(seconds(901)).await;
    rig.gate.heal();
    tokio::time::sleep(seconds(9)).await;
    assert!(rig.last_asked() >= seconds(901));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_flaps_each_second_is_not_told_each_second() {
    let flapping: Mood =
        |at| if at.as_secs().is_multiple_of(2) { Answer::Good } else { Answer::Refused };
    let mut rig = one(flapping);
    tokio::time::sleep(seconds(300)).await;
    let told = rig.healths();
    assert!(told.len() <= 100, "{} times in five minutes", told.len());
    assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "each change once");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_breaks_is_a_failure_like_any_other() {
    let mut rig = one(|at| if at < seconds(10) { Answer::Panics } else { Answer::Good });
    tokio::time::sleep(seconds(30)).await;
    assert_eq!(rig.healths(), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_makes_up_for_nothing() {
    let rig = one(|_| Answer::Good);
    tokio::time::sleep(seconds(10)).await;
    let before = rig.asked();
    tokio::time::advance(seconds(3_600)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(rig.asked() <= before + 1, "{} after {before}", rig.asked());
}

#[tokio::test(start_paused = true)]
async fn who_is_looked_at_in_depth_is_asked_for_everything() {
    let rig = one(|_| Answer::Good);
    tokio::time::sleep(seconds(10)).await;
    rig.focus.send_replace(Some(SourceId("a/b".into())));
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(rig.log.lock().unwrap().last().unwrap().1.depth, "at once");
    rig.focus.send_replace(Some(SourceId("ab".into())));
    tokio::time::sleep(seconds(3)).await;
    assert!(!rig.log.lock().unwrap().last().unwrap().1.depth);
}

#[tokio::test(start_paused = true)]
async fn a_wish_is_done_between_questions_and_answered() {
    let rig = one(|_| Answer::Good);
    tokio::time::sleep(seconds(10)).await;
    let (reply, answer) = oneshot::channel();
    let command = Command::BenchAs { id: RunId::new(0, 1), plan: Box::new(plan()) };
    rig.wishes.send(Wish { command, reply }).await.unwrap();
    assert_eq!(answer.await, Ok(Ok(None)));
    let before = rig.asked();
    tokio::time::sleep(seconds(5)).await;
    assert!(rig.asked() >= before + 9, "a run that should begin is looked out for");
}

#[tokio::test(start_paused = true)]
async fn one_server_under_two_names_is_asked_and_told_once() {
    let gate = Arc::<Gate>::default();
    let first = rig("a", |_| Answer::Named("x"), Arc::clone(&gate));
    tokio::time::sleep(seconds(5)).await;
    let mut second = rig("b", |_| Answer::Named("x"), gate);
    tokio::time::sleep(seconds(30)).await;
    assert_eq!(second.asked(), 1);
    let told: Vec<Update> = std::iter::from_fn(|| second.updates.try_recv().ok()).collect();
    let whats: Vec<&What> = told.iter().map(|update| &update.what).collect();
    let [What::Notice(notice), What::Gone] = whats[..] else { panic!("{told:?}") };
    assert!(notice.text.as_str().contains("b is a under another name"), "{}", notice.text);
    assert!(first.asked() > 10);
}

#[test]
fn large_fleets_are_asked_more_seldom() {
    let intervals: Vec<u64> =
        [1, 200, 1_000, 2_000, 10_000].map(|count| usual(count).as_secs()).into();
    assert_eq!(intervals, [2, 2, 2, 4, 20]);
}
