//! What rules make of what is known, over time.

use super::*;
use crate::model::alert::{Alerts, ReceiverBrief};
use crate::model::gpu::xid::Xid;
use crate::model::gpu::{Gpu, GpuDetail, GpuSample};
use crate::model::node::{CpuUse, NodeSample, Temperature};
use crate::model::reading::{Reading, Why};
use crate::model::serving::Serving;
use crate::model::unit::{Celsius, Ratio, Seconds};
use crate::model::update::{Health, Update, What};
use crate::rule::file;

/// A world in which a second goes by at a time.
struct World {
    judge: Judge,
    state: State,
    second: u64,
}

impl World {
    fn new(rule: &str) -> Self {
        let text = format!("presets = false\n[[rule]]\nname = \"r\"\n{rule}");
        let rules = file::read("f", &text).unwrap();
        Self { judge: Judge::new(Arc::new(rules)), state: State::default(), second: 0 }
    }

    fn now(&self) -> Stamp {
        Stamp { mono_ms: self.second * 1_000, wall_ms: 5_000 }
    }

    fn tell(&mut self, what: What) {
        let (at, from) = (self.now(), SourceId::local());
        self.state.apply(&Update { at, from, what });
    }

    fn look(&mut self) -> Vec<Change> {
        let sight = Sight { state: &self.state, now: self.now(), own_ms: 1_000, bench: &[] };
        self.judge.judge(sight)
    }

    /// A second with the processors at `percent`, or unread; how it stands and what turned.
    fn cpu(&mut self, percent: Option<f64>) -> (AlertState, Vec<AlertState>) {
        self.second += 1;
        let cpu = percent.map_or(Reading::Missing(Why::TimedOut), |percent| {
            let busy = Ratio::new(percent / 100.0).unwrap();
            Reading::Known(CpuUse { busy, ..CpuUse::default() })
        });
        self.tell(What::Node(Box::new(NodeSample { cpu, ..NodeSample::default() })));
        let turned = self.look().iter().map(|change| change.to).collect();
        let state = self.judge.alerts().first().map_or(AlertState::Ok, |alert| alert.state);
        (state, turned)
    }

    fn states(&mut self, percents: &[Option<f64>]) -> String {
        let letter = |(state, turned): (AlertState, Vec<AlertState>)| {
            let letter = match state {
                AlertState::Ok => 'o',
                AlertState::Unsure => 'u',
                AlertState::Pending => 'p',
                AlertState::Firing => 'f',
            };
            if turned.is_empty() { letter } else { letter.to_ascii_uppercase() }
        };
        percents.iter().map(|percent| letter(self.cpu(*percent))).collect()
    }
}

const HIGH: Option<f64> = Some(95.0);
const MIDDLE: Option<f64> = Some(85.0);
const LOW: Option<f64> = Some(10.0);

#[test]
fn it_fires_after_its_time_and_ends_by_its_own_bound() {
    let rule = "when = \"cpu > 90%\"\nuntil = \"cpu < 80%\"\nfor = \"3s\"\nkeep = \"0s\"";
    let mut world = World::new(rule);
    let states = world.states(&[LOW, HIGH, HIGH, LOW, HIGH, HIGH, HIGH, HIGH, MIDDLE, LOW]);
    assert_eq!(states, "oppopppFfO");
}

#[test]
fn what_flaps_fires_once() {
    let mut world = World::new("when = \"cpu > 90%\"\nkeep = \"5s\"");
    let flapping: Vec<_> = (0..60).map(|second| if second % 2 == 0 { HIGH } else { LOW }).collect();
    let states = world.states(&flapping);
    assert_eq!(states, format!("F{}", "f".repeat(59)));
    assert_eq!(world.states(&[LOW; 6]), "ffffOo");
}

#[test]
fn what_fires_on_though_it_is_well_says_so() {
    let mut world = World::new("when = \"cpu > 90%\"\nuntil = \"cpu < 85%\"\nkeep = \"5s\"");
    let mut well = |percent| {
        world.cpu(percent);
        world.judge.alerts().first().map(|alert| alert.well_since_ms)
    };
    assert_eq!(well(HIGH), Some(None));
    assert_eq!(well(Some(87.0)), Some(None), "not well yet");
    assert_eq!(
        [well(LOW), well(LOW)],
        [Some(Some(5_000)); 2],
        "the wall clock of this world stands"
    );
    assert_eq!(well(HIGH), Some(None), "it is bad again");
    assert_eq!(well(LOW), Some(Some(5_000)));
    assert_eq!(well(None), Some(None), "it cannot be told");
}

#[test]
fn no_data_is_not_ok() {
    let mut world = World::new("when = \"cpu > 90%\"\nfor = \"2s\"\nkeep = \"0s\"");
    assert_eq!(world.states(&[None, None]), "oo", "what was never there is no alert");
    assert_eq!(world.states(&[LOW, None, LOW]), "ouo");
    assert_eq!(
        world.states(&[HIGH, None, HIGH, HIGH, HIGH]),
        "puppF",
        "time unseen does not count"
    );
    assert_eq!(world.states(&[None, HIGH, None, LOW]), "UFUO");
}

#[test]
fn a_pause_fires_nothing() {
    let mut world = World::new("when = \"node.late or cpu > 90%\"\nfor = \"30s\"");
    world.states(&[HIGH, HIGH]);
    world.second += 3_600;
    assert_eq!(world.look(), [], "it settles first");
    assert_eq!(world.states(&[HIGH; 27]), "p".repeat(27), "an hour asleep is not 30 s");
    let mut world = World::new("when = \"node.silent > 5s\"");
    world.cpu(LOW);
    world.second += 3_600;
    assert_eq!(world.look(), []);
    world.states(&[LOW; 12]);
    assert!(world.judge.alerts().is_empty());
}

#[test]
fn an_xid_is_told_with_what_it_means_until_it_is_old() {
    let mut world = World::new(
        "when = \"xid.grave and xid.recent\"\nkeep = \"0s\"\nmessage = \"{xid} on {node}: {xid.meaning}\"\n\
         labels = { team = \"ml\" }",
    );
    let xid =
        |code| Xid { code, last_uptime_seconds: Reading::Known(Seconds(100.0)), ..Xid::default() };
    let detail = GpuDetail { xids: Reading::Known(vec![xid(31), xid(79)]), ..GpuDetail::default() };
    let gpus = vec![Gpu { index: 3, detail, ..Gpu::default() }];
    let mut look = |up| {
        world.second += 1;
        let uptime_seconds = Reading::Known(Seconds(up));
        world.tell(What::Node(Box::new(NodeSample { uptime_seconds, ..NodeSample::default() })));
        world.tell(What::Gpus(Box::new(GpuSample { gpus: gpus.clone(), ..GpuSample::default() })));
        world.look()
    };
    let fired = look(110.0);
    let words = "GPU 3 Xid 79 on local: the GPU fell off the bus";
    assert_eq!(fired.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), [words]);
    assert_eq!(fired[0].label(&"team".into()).unwrap().as_str(), "ml");
    assert_eq!(look(3_600.0), []);
    assert_eq!(look(3_701.0)[0].to, AlertState::Ok);
}

#[test]
fn an_xid_of_long_ago_fires_nothing_before_the_node_says_how_long_it_is_up() {
    let mut world = World::new("when = \"xid.grave and xid.recent\"");
    let look = |world: &mut World, last_uptime_seconds| {
        let xid = Xid { code: 79, last_uptime_seconds, ..Xid::default() };
        let detail = GpuDetail { xids: Reading::Known(vec![xid]), ..GpuDetail::default() };
        let gpus = vec![Gpu { detail, ..Gpu::default() }];
        world.second += 1;
        world.tell(What::Gpus(Box::new(GpuSample { gpus, ..GpuSample::default() })));
        world.look()
    };
    let said = Reading::Known(Seconds(100.0));
    assert_eq!(look(&mut world, said.clone()), [], "no sample of the node is there yet");
    let uptime_seconds = Reading::Known(Seconds(432_000.0));
    world.tell(What::Node(Box::new(NodeSample { uptime_seconds, ..NodeSample::default() })));
    assert_eq!(look(&mut world, said), [], "five days ago");
    let fired = look(&mut world, Reading::Missing(Why::NotSupported));
    assert_eq!(fired[0].to, AlertState::Firing, "nobody says when");
}

#[test]
fn each_gpu_has_its_own_and_one_that_vanishes_is_unsure() {
    let mut world = World::new(
        "when = \"gpu.temperature > 80\"\nkeep = \"0s\"\nmessage = \"{gpu}: {gpu.temperature}\"",
    );
    let gpus = |celsius: &[f64]| {
        let gpu = |(index, celsius): (u32, &f64)| Gpu {
            index,
            id: format!("{index}").into(),
            celsius: Reading::Known(Celsius(*celsius)),
            ..Gpu::default()
        };
        let gpus = (0..).zip(celsius).map(gpu).collect();
        What::Gpus(Box::new(GpuSample { gpus, ..GpuSample::default() }))
    };
    world.tell(gpus(&[90.0, 40.0, 85.0]));
    let fired: Vec<String> = world.look().iter().map(|change| change.message.to_string()).collect();
    assert_eq!(fired, ["GPU 0 : 90 °C", "GPU 2 : 85 °C"]);
    world.second += 1;
    world.tell(gpus(&[90.0]));
    let turned = world.look();
    assert_eq!((turned.len(), turned[0].to), (1, AlertState::Unsure));
    for _ in 0..700 {
        world.second += 1;
        world.tell(gpus(&[90.0]));
        let turned = world.look();
        assert!(turned.iter().all(|change| change.to == AlertState::Ok), "{turned:?}");
    }
    assert_eq!(world.judge.alerts().len(), 1, "what is long gone is forgotten");
}

/// Sensors that are hot: 1,023 of which nobody heard before, and one that stays.
fn hot(second: u64) -> What {
    let sensor = |label: String| Temperature {
        label: label.into(),
        celsius: Reading::Known(Celsius(95.0)),
        ..Temperature::default()
    };
    let others = (0..1_023).map(|number| sensor(format!("{second} {number}")));
    let temperatures = others.chain([sensor("stays".to_owned())]).collect();
    What::Node(Box::new(NodeSample { temperatures, ..NodeSample::default() }))
}

#[test]
fn names_that_change_all_the_time_are_remembered_within_bounds() {
    let mut world = World::new("when = \"sensor.temperature > 80\"\nfor = \"30s\"");
    let mut turned = Vec::new();
    for second in 1..=300 {
        world.second = second;
        world.tell(hot(second));
        turned.extend(world.look());
        if second % 50 == 0 {
            let alerts = world.judge.alerts();
            let held = alerts.iter().filter(|alert| alert.state > AlertState::Unsure).count();
            assert_eq!((alerts.len(), held), (MOST, 1_024), "all that hold now are judged");
        }
    }
    let turned = turned.iter().map(|change| (change.id.thing.as_str(), change.to));
    assert_eq!(turned.collect::<Vec<_>>(), [("stays", AlertState::Firing)]);
}

#[test]
fn what_fired_and_is_crowded_out_has_an_end() {
    let mut world = World::new("when = \"sensor.temperature > 80\"");
    let (mut fired, mut ended) = (0, 0);
    for second in 1..=5 {
        world.second = second;
        world.tell(hot(second));
        for change in world.look() {
            match change.to {
                AlertState::Firing => fired += 1,
                AlertState::Ok => ended += 1,
                _ => {}
            }
        }
    }
    assert_eq!(fired, 5 * 1_023 + 1);
    assert_eq!((fired - ended, world.judge.alerts().len()), (MOST, MOST));
}

#[test]
fn a_node_that_judges_itself_is_asked_only_whether_it_answers() {
    let text = "presets = false\n[[rule]]\nname = \"busy\"\nwhen = \"cpu > 90%\"\n\
                [[rule]]\nname = \"down\"\nwhen = \"node.down\"\n";
    let mut judge = Judge::new(Arc::new(file::read("f", text).unwrap()));
    let mut state = State::default();
    let at = Stamp { mono_ms: 1_000, wall_ms: 0 };
    let busy = CpuUse { busy: Ratio::new(1.0).unwrap(), ..CpuUse::default() };
    let sample = NodeSample { cpu: Reading::Known(busy), ..NodeSample::default() };
    let own = Alerts { receivers: vec![ReceiverBrief::default()], ..Alerts::default() };
    for (name, alerts) in [("a", own), ("b", Alerts::default())] {
        let mut tell = |what| state.apply(&Update { at, from: SourceId(name.into()), what });
        tell(What::Node(Box::new(sample.clone())));
        tell(What::Alerts(Box::new(alerts)));
        tell(What::Health(Health::Down { since: at, why: "gone".into() }));
    }
    let changes = judge.judge(Sight { state: &state, now: at, own_ms: 1_000, bench: &[] });
    let fired: Vec<String> = changes.iter().map(|change| change.id.to_string()).collect();
    assert_eq!(fired, ["down on a", "busy on b", "down on b"]);
}

#[test]
fn other_rules_end_what_they_do_not_know() {
    let mut world = World::new("when = \"cpu > 90%\"");
    world.states(&[HIGH]);
    let same = world.judge.rules().clone();
    assert_eq!(world.judge.change_rules(same), []);
    assert_eq!(world.judge.alerts().len(), 1, "a rule that stays keeps what it knows");
    let other = file::read("f", "presets = false").unwrap();
    let ended = world.judge.change_rules(Arc::new(other));
    assert_eq!((ended.len(), ended[0].to), (1, AlertState::Ok));
}

#[test]
fn what_fired_before_the_start_goes_on_in_silence() {
    let mut world = World::new("when = \"cpu > 90%\"\nfor = \"1h\"\nkeep = \"0s\"");
    let id = AlertId { rule: "r".into(), node: "local".into(), thing: SafeText::default() };
    world.judge.remember(&id, 77, "hot".into());
    assert_eq!(world.states(&[None, HIGH, HIGH]), "uff", "that nothing is known yet is no news");
    assert_eq!(world.judge.alerts()[0].since_ms, 77);
    assert_eq!(world.states(&[LOW]), "O");
}

#[test]
fn what_is_found_every_few_seconds_is_not_unsure_in_between() {
    let mut world = World::new("when = \"model.waiting > 10\"\nfor = \"10s\"");
    let served = Serving { waiting: Reading::Known(20.0), ..Serving::silent("tiny".into()) };
    let mut turned = Vec::new();
    for second in 1..=60 {
        world.second = second;
        world.tell(What::Node(Box::default()));
        if second % 5 == 1 && second < 30 {
            world.tell(What::Serving(vec![served.clone()]));
        }
        turned.extend(world.look().iter().map(|change| (second, change.to)));
        let unsure = turned.iter().any(|(_, to)| *to == AlertState::Unsure);
        assert_eq!(unsure, second > 41, "told last at 26: {turned:?}");
    }
    assert!(turned.iter().any(|(_, to)| *to == AlertState::Firing), "{turned:?}");
}
