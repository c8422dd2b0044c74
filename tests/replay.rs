//! Recordings: what is played is what was seen, whatever became of the file.

#![expect(clippy::unwrap_used, reason = "in a test a failure is a panic")]

#[path = "fixture/scene.rs"]
mod scene;

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};
use std::time::{Duration, Instant};

use isomon::model::command::Command;
use isomon::model::id::SourceId;
use isomon::model::past::PastWish;
use isomon::model::replay::{Replay, ReplayWish};
use isomon::model::time::Stamp;
use isomon::model::update::{Health, Notice, Update, What};
use isomon::record::replay::{Goal, play, state_at};
use isomon::state::{GpuMetric, Metric, State};
use isomon::store::tape::{Head, Tape, Writer};
use proptest::prelude::*;
use scene::{Size, info, sample};
use tokio::sync::mpsc;

const WALL: i64 = 1_795_253_412_000;
const SIZE: Size = Size { cores: 2, processes: 3, gpus: 1 };

fn update(ms: u64, from: &str, what: What) -> Update {
    let wall_ms = WALL + i64::try_from(ms).unwrap();
    Update { at: Stamp { mono_ms: 9_000_000 + ms, wall_ms }, from: SourceId(from.into()), what }
}

/// Something that may happen, by number.
fn what(kind: u8, tick: u64) -> What {
    match kind {
        0..=4 => What::Node(Box::new(sample(tick, SIZE, 7.0))),
        5 | 6 => What::Gpus(Box::new(scene::gpus(tick, SIZE.gpus))),
        7 | 8 => What::Processes(scene::processes(tick, SIZE.processes)),
        9 => What::Info(Box::new(info("web", SIZE))),
        10 => What::Health(Health::Down { since: Stamp::default(), why: "gone".into() }),
        11 => What::Notice(Notice { bad: false, text: format!("said {tick}").into() }),
        12 => What::Lost(tick),
        _ => What::Backends(scene::backends()),
    }
}

fn write(path: &Path, updates: &[Update]) {
    let head = Head::new("web".into(), Stamp { mono_ms: 9_000_000, wall_ms: WALL });
    let mut writer = Writer::create(path, &head, true).unwrap();
    for (count, update) in updates.iter().enumerate() {
        writer.push(update).unwrap();
        if count % 40 == 0 {
            writer.flush().unwrap();
        }
    }
    writer.finish().unwrap();
}

fn fold<'a>(updates: impl IntoIterator<Item = &'a Update>) -> State {
    let mut state = State::default();
    for update in updates {
        state.apply(update);
    }
    state
}

/// All of a state that can be seen.
fn seen(state: &State) -> String {
    let mut text = format!("{:?} {:?} {} {:?}", state.runs, state.notice, state.lost, state.now);
    for (id, node) in &state.nodes {
        let _infallible = write!(
            text,
            "{id} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            node.info,
            node.sample,
            node.processes,
            node.gpus,
            node.backends,
            node.health,
            node.lately.processes,
        );
        for metric in Metric::ALL {
            let all: Vec<_> = node.history.within(metric as usize, 0..u64::MAX).collect();
            let _infallible = write!(text, "{all:?}");
        }
        for history in node.gpu_history.values() {
            let all: Vec<_> = history.within(GpuMetric::Memory as usize, 0..u64::MAX).collect();
            let _infallible = write!(text, "{all:?}");
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_moment_of_a_recording_is_what_was_seen_then(
        steps in proptest::collection::vec((0_u8..14, 0_u64..120_000, 0_u8..3), 1..120),
        share in 0_i64..1_000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tape");
        let mut ms = 0;
        let mut updates = Vec::new();
        for (tick, (kind, after, node)) in (0..).zip(steps) {
            ms += after;
            updates.push(update(ms, ["local", "a", "b"][usize::from(node)], what(kind, tick)));
        }
        write(&path, &updates);
        let first = updates[0].at.wall_ms;
        let goal = first + (updates.last().unwrap().at.wall_ms - first) * share / 1_000;
        let (tape, head) = Tape::open(&path).unwrap();
        let (state, _) = state_at(tape, head.as_ref(), Goal::Wall(goal));
        let mut live = fold(updates.iter().filter(|update| update.at.wall_ms <= goal));
        // Lately is of the last few seconds: what it held long before is not told again.
        let mut state = state;
        for node in live.nodes.values_mut().chain(state.nodes.values_mut()) {
            node.lately = isomon::state::lately::Lately::default();
        }
        prop_assert_eq!(seen(&state), seen(&live));
    }
}

/// A recording that is played, and the screen's state of it.
struct Stage {
    state: State,
    updates: mpsc::Receiver<Update>,
    wishes: mpsc::Sender<Command>,
}

impl Stage {
    fn open(path: &Path) -> Self {
        let (tape, head) = Tape::open(path).unwrap();
        let (out, updates) = mpsc::channel(256);
        let (wishes, told) = mpsc::channel(64);
        tokio::spawn(play(tape, head, None, out, told));
        Self { state: State::default(), updates, wishes }
    }

    async fn wish(&self, wish: ReplayWish) {
        self.wishes.send(Command::Replay(wish)).await.unwrap();
    }

    /// Folds until `enough`.
    async fn until(&mut self, enough: impl Fn(&State, &Replay) -> bool) -> Replay {
        let work = async {
            loop {
                let update = self.updates.recv().await.unwrap();
                let told = matches!(update.what, What::Replay(_));
                self.state.apply(&update);
                let replay = self.state.replay.as_deref().filter(|_| told);
                if let Some(replay) = replay.filter(|replay| enough(&self.state, replay)) {
                    return replay.clone();
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), work).await.unwrap()
    }
}

fn minutes(count: u64) -> Vec<Update> {
    let mut updates = vec![update(0, "local", what(9, 0))];
    for second in 0..count * 60 {
        updates.push(update(second * 1_000, "local", what(0, second)));
        updates.push(update(second * 1_000 + 3, "local", what(5, second)));
    }
    updates
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_pauses_goes_and_stands_still_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tape");
    let updates = minutes(5);
    write(&path, &updates);
    let mut stage = Stage::open(&path);
    stage.wish(ReplayWish::Pause(true)).await;
    let goal = WALL + 200_000;
    stage.wish(ReplayWish::To(goal)).await;
    let replay = stage.until(|_, replay| replay.at_ms == goal).await;
    assert!(replay.paused && replay.bad_lines == 0);
    let whole = stage.until(|_, replay| replay.to_ms == WALL + 299_003).await;
    assert_eq!(whole.at_ms, goal);
    assert_eq!(stage.state.now.wall_ms, goal, "the clock is the recording's");
    let live = |goal| fold(updates.iter().filter(|update| update.at.wall_ms <= goal));
    let count = |state: &State| state.nodes[&SourceId::local()].history.len();
    assert_eq!(count(&stage.state), count(&live(goal)));
    for _ in 0..4 {
        stage.wish(ReplayWish::By(-25_000)).await;
    }
    stage.until(|_, replay| replay.at_ms == goal - 100_000).await;
    let same = seen(&live(goal - 100_000));
    let without_clock = |text: String| text.replacen(&format!("{:?}", stage.state.now), "", 1);
    let now = format!("{:?}", live(goal - 100_000).now);
    assert_eq!(without_clock(seen(&stage.state)), same.replacen(&now, "", 1));
    stage.wish(ReplayWish::To(i64::MAX)).await;
    let end = stage.until(|_, replay| replay.at_ms == replay.to_ms).await;
    assert!(end.paused, "the end stands still");
    stage.wishes.send(Command::CheckBackends).await.unwrap();
    stage.until(|state, _| state.notice.is_some()).await;
    let (_, notice) = stage.state.notice.clone().unwrap();
    assert!(notice.text.as_str().contains("nothing can be begun"), "{}", notice.text);
    drop(stage.wishes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_as_fast_as_is_wished() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tape");
    write(&path, &minutes(5));
    let mut stage = Stage::open(&path);
    for _ in 0..20 {
        stage.wish(ReplayWish::Speed(1)).await;
    }
    let begun = Instant::now();
    let replay = stage.until(|_, replay| replay.at_ms >= WALL + 120_000).await;
    assert!((replay.speed - 64.0).abs() < 1e-9);
    let took = begun.elapsed().as_secs_f64();
    assert!((1.5..30.0).contains(&took), "{took} s");
    for _ in 0..20 {
        stage.wish(ReplayWish::Speed(-1)).await;
    }
    let replay = stage.until(|_, replay| replay.speed < 0.3).await;
    assert!((replay.speed - 0.25).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_is_searched_in_a_moment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tape");
    write(&path, &minutes(60));
    let mut stage = Stage::open(&path);
    stage.wish(ReplayWish::Pause(true)).await;
    stage.wish(ReplayWish::To(i64::MAX)).await;
    stage.until(|_, replay| replay.at_ms == WALL + 3_599_003).await;
    let mut longest = Duration::ZERO;
    for goal in [3_000_000, 60_000, 3_500_000, 1_800_000] {
        let begun = Instant::now();
        stage.wish(ReplayWish::To(WALL + goal)).await;
        stage.until(|_, replay| replay.at_ms == WALL + goal).await;
        longest = longest.max(begun.elapsed());
    }
    // 0.3 s is what an optimised build has; one without is given much more.
    let most = if cfg!(debug_assertions) { 8_000 } else { 300 };
    assert!(longest < Duration::from_millis(most), "{longest:?}");
    eprintln!("an hour is searched in {longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_searched_in_a_moment_and_charted_from_end_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tape");
    let ticks = || (0..26 * 360_u64).map(|tick| (tick, tick * 10_000));
    let mut updates = vec![update(0, "local", what(9, 0))];
    for (tick, ms) in ticks() {
        updates.push(update(ms, "local", what(0, tick)));
        updates.push(update(ms + 3, "local", what(5, tick)));
    }
    write(&path, &updates);
    let end = WALL + 26 * 3_600_000 - 10_000 + 3;
    let mut stage = Stage::open(&path);
    // A moment that has not been looked through yet is gone to, and not past it.
    stage.wish(ReplayWish::Pause(true)).await;
    let goal = WALL + 25 * 3_600_000;
    stage.wish(ReplayWish::To(goal)).await;
    stage.until(|_, replay| replay.at_ms >= goal).await;
    assert_eq!(stage.state.replay.as_ref().unwrap().at_ms, goal);
    stage.until(|_, replay| replay.to_ms == end).await;
    let mut longest = Duration::ZERO;
    for hour in [2, 24, 1, 13, 0] {
        let goal = WALL + hour * 3_600_000 + 60_000;
        let begun = Instant::now();
        stage.wish(ReplayWish::To(goal)).await;
        stage.until(|_, replay| replay.at_ms == goal).await;
        longest = longest.max(begun.elapsed());
    }
    let most = if cfg!(debug_assertions) { 8_000 } else { 300 };
    assert!(longest < Duration::from_millis(most), "{longest:?}");
    eprintln!("a day is searched in {longest:?}");
    let wish = PastWish { from_ms: WALL, to_ms: end, most: 500, sources: Vec::new() };
    stage.wishes.send(Command::Past(wish.clone())).await.unwrap();
    stage.until(|state, _| state.past.is_some()).await;
    let past = stage.state.past.clone().unwrap();
    assert_eq!((&past.wish, past.earliest_ms), (&wish, Some(WALL)));
    let at = &past.tracks[0].at_ms;
    assert!((400..=501).contains(&at.len()), "{}", at.len());
    assert!(at[0] < WALL + 10 && at.last().unwrap() + 300_000 > end, "from end to end");
    assert!(past.tracks[0].rows.iter().all(|row| row.iter().any(Option::is_some)));
}

#[test]
fn what_is_broken_is_passed_over_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tape");
    let mut file = std::fs::File::create(&path).unwrap();
    let good =
        |second| serde_json::to_string(&update(second * 1_000, "local", what(0, second))).unwrap();
    let broken = [
        "not json".to_owned(),
        good(2).replace("\"load\"", "\"lo\u{1}ad\""),
        good(3).replace("{\"mono_ms\":9003000", "{\"mono_ms\":NaN"),
        good(4).chars().take(300).collect(),
        "[".repeat(100_000),
        r#"{"at":{"mono_ms":1,"wall_ms":1},"from":"x","what":{"node":{"cpu":1e999}}}"#.to_owned(),
        "\u{feff}".to_owned(),
    ];
    writeln!(file, "{}", good(1)).unwrap();
    for line in &broken {
        writeln!(file, "{line}").unwrap();
    }
    let anew = r#"{"at":{"mono_ms":9004500,"wall_ms":1},"from":"x","what":"anew"}"#;
    writeln!(file, "{anew}").unwrap();
    writeln!(file, "{}", good(5)).unwrap();
    write!(file, "{}", good(6).chars().take(200).collect::<String>()).unwrap();
    let (tape, head) = Tape::open(&path).unwrap();
    let (state, replay) = state_at(tape, head.as_ref(), Goal::End);
    assert_eq!(state.nodes[&SourceId::local()].history.len(), 2);
    assert!(
        (broken.len() as u64..=broken.len() as u64 + 1).contains(&replay.bad_lines),
        "{}",
        replay.bad_lines
    );
}

#[test]
fn zeros_without_end_are_survived() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bomb");
    let mut packed =
        zstd::stream::write::Encoder::new(std::fs::File::create(&path).unwrap(), 1).unwrap();
    writeln!(packed, "{}", serde_json::to_string(&update(0, "local", what(0, 0))).unwrap())
        .unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..1_024 {
        packed.write_all(&zeros).unwrap();
    }
    packed.finish().unwrap();
    let (tape, head) = Tape::open(&path).unwrap();
    let (state, _) = state_at(tape, head.as_ref(), Goal::End);
    assert_eq!(state.nodes.len(), 1);
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn isomon(&self) -> Process {
        let mut command = Process::new(env!("CARGO_BIN_EXE_isomon"));
        command
            .env("XDG_STATE_HOME", self.file("state"))
            .env("XDG_CONFIG_HOME", self.file("config"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.isomon().args(arguments).output().unwrap()
    }
}

#[test]
fn a_recording_of_this_machine_is_played_and_never_written_over() {
    let home = Home::new();
    let file = home.file("day.zst");
    let name = file.to_str().unwrap();
    let out = home.run(&["record", name, "--for", "3s", "--interval", "500ms"]);
    assert!(out.status.success(), "{out:?}");
    let again = home.run(&["record", name, "--for", "1s"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"), "{again:?}");
    let out = home.run(&["replay", name, "--json"]);
    let state: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(state["node"]["memory"]["total_bytes"].as_u64().unwrap() > 0, "{state}");
    assert!(state["processes"].as_array().unwrap().len() > 1);
    let out = home.run(&["replay", name, "--json", "--at", "whenever"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("is no time"), "{out:?}");
    for (at, wanted) in [("-1s", 0), ("-10m", 2), ("2000-01-01 12:00", 2)] {
        let out = home.run(&["replay", name, "--json", "--at", at]);
        assert_eq!(out.status.code(), Some(wanted), "{at}: {out:?}");
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(said.contains("is not in the recording, which is of "), wanted == 2, "{said}");
    }
    let out = home.run(&["replay", "/dev/null", "--json"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("no ordinary file"), "{out:?}");
}

#[test]
fn who_kills_it_loses_little() {
    let home = Home::new();
    let file = home.file("day.zst");
    let mut child =
        home.isomon().arg("record").arg(&file).args(["--interval", "200ms"]).spawn().unwrap();
    let limit = Instant::now() + Duration::from_mins(1);
    let long_enough = || std::fs::metadata(&file).is_ok_and(|about| about.len() > 8_000);
    while !long_enough() && Instant::now() < limit {
        child.try_wait().unwrap();
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (tape, head) = Tape::open(&file).unwrap();
    assert_eq!(head.as_ref().unwrap().format, 1);
    let (state, replay) = state_at(tape, head.as_ref(), Goal::End);
    assert_eq!(replay.bad_lines, 0);
    assert!(state.nodes[&SourceId::local()].sample.is_some());
}
