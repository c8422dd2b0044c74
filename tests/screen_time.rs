//! The past on the screen: what is of then, what is of now, and how that is told.

#![expect(clippy::unwrap_used, reason = "in a test a failure is a panic")]

#[path = "fixture/scene.rs"]
mod scene;

use std::time::Duration;

use insta::assert_snapshot;
use isomon::model::command::Command;
use isomon::model::id::SourceId;
use isomon::model::origin::Kind;
use isomon::model::past::{Past, PastTrack, PastWish, Track};
use isomon::model::reading::{Reading, Why};
use isomon::model::replay::{Replay, ReplayWish};
use isomon::model::serving::{Engine, Serving};
use isomon::model::unit::{Celsius, PerSecond, Ratio, Watts};
use isomon::model::update::{Health, What};
use isomon::state::{GpuMetric, Metric};
use isomon::tui::app::{App, Effect, Setup};
use isomon::tui::event::Input;
use isomon::tui::key::Chord;
use isomon::tui::view;
use ratatui::layout::Size;
use scene::{SMALL, Scene, Size as Machine, at};

fn app() -> App {
    App::new(Setup::default(), Duration::from_secs(2), true)
}

/// Presses `keys`, then looks at what came of it; what is wished of the past and of a recording.
fn press(app: &mut App, scene: &Scene, keys: &str) -> Vec<Command> {
    for name in keys.split_whitespace() {
        for key in name.parse::<Chord>().unwrap().0 {
            app.answer(Input::Key(key), Size::new(80, 24), &scene.state);
        }
    }
    app.attend(&scene.state, at(scene.now_ms));
    let effects = std::mem::take(&mut app.effects);
    let wishes = effects.into_iter().filter_map(|effect| match effect {
        Effect::Wish(wish) => Some(wish),
        _ => None,
    });
    wishes.collect()
}

fn picture(app: &App, scene: &Scene, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, _, state, look| view::draw(frame, app, state, look.now))
}

/// The piece that was wished: a wave a minute long for an hour, then a gap.
fn answer(scene: &mut Scene, wish: PastWish, gap: Option<&str>) {
    let step = (wish.to_ms - wish.from_ms) / 200;
    let at_ms: Vec<i64> = (0..200)
        .filter(|slot| !(90..110).contains(slot))
        .map(|slot| wish.from_ms + slot * step)
        .collect();
    let row = |names: usize| {
        let wave = |at: &i64| ((at / step) % 40) as f32 * 2.0;
        at_ms.iter().map(|at| vec![Some(wave(at)); names]).collect::<Vec<_>>()
    };
    let local = isomon::model::id::SourceId::local();
    let gpu = scene.state.nodes[&local].gpu_history.keys().next().cloned();
    let step_ms = u64::try_from(step).unwrap();
    let track = |track, columns: Vec<&str>| PastTrack {
        track,
        rows: row(columns.len()),
        columns: columns.into_iter().map(Into::into).collect(),
        step_ms,
        at_ms: at_ms.clone(),
    };
    let mut tracks = vec![track(Track::node(&local), Metric::ALL.map(Metric::column).to_vec())];
    tracks.extend(gpu.map(|gpu| {
        track(Track::gpu(&local, &gpu), GpuMetric::ALL.map(GpuMetric::column).to_vec())
    }));
    if gap.is_some() {
        tracks.clear();
    }
    let earliest_ms = Some(at(0).wall_ms - 90_000_000);
    scene.tell(
        "local",
        What::Past(Box::new(Past { wish, tracks, earliest_ms, gap: gap.map(Into::into) })),
    );
}

fn wish(wishes: &[Command]) -> PastWish {
    let wish = wishes.iter().find_map(|wish| match wish {
        Command::Past(wish) => Some(wish.clone()),
        _ => None,
    });
    wish.unwrap()
}

/// A machine with a GPU whose hour before the start has been asked for.
fn begun() -> (App, Scene) {
    let (mut app, mut scene) = (app(), Scene::local(Machine { gpus: 1, ..SMALL }));
    let hour = wish(&press(&mut app, &scene, "1"));
    assert_eq!(hour.to_ms - hour.from_ms, 3_600_000);
    answer(&mut scene, hour, Some("no history is kept"));
    assert!(press(&mut app, &scene, "1").is_empty());
    (app, scene)
}

#[test]
fn the_last_hour_needs_no_question() {
    let (mut app, scene) = begun();
    assert_eq!(press(&mut app, &scene, "[ ["), []);
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.lines().next().unwrap().contains("PAST 2026-11-21 "), "{seen}");
    assert_snapshot!("time_near_80x24", seen);
    press(&mut app, &scene, "n");
    assert!(!picture(&app, &scene, 80, 24).contains("PAST"));
}

#[test]
fn older_times_are_asked_for_and_shown_with_their_axis() {
    let (mut app, mut scene) = begun();
    let wishes = press(&mut app, &scene, "{ { { { { {");
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("loading…"), "{seen}");
    answer(&mut scene, wish(&wishes), None);
    assert_eq!(press(&mut app, &scene, "left left left left"), []);
    for (width, height) in [(80, 24), (200, 60)] {
        assert_snapshot!(
            format!("time_overview_{width}x{height}"),
            picture(&app, &scene, width, height)
        );
    }
    let seen = picture(&app, &scene, 200, 60);
    assert!(seen.contains("Last run · now"), "{seen}");
    press(&mut app, &scene, "2");
    let seen = picture(&app, &scene, 80, 24);
    let table = seen.lines().find(|line| line.contains(" Nodes ")).unwrap();
    assert!(!table.contains("· now"), "the table is of then: {seen}");
    assert_snapshot!("time_nodes_80x24", seen);
    assert_snapshot!("time_nodes_200x60", picture(&app, &scene, 200, 60));
    press(&mut app, &scene, "enter tab tab tab");
    assert_snapshot!("time_node_120x40", picture(&app, &scene, 120, 40));
    press(&mut app, &scene, "3");
    assert_snapshot!("time_gpu_80x24", picture(&app, &scene, 80, 24));
    press(&mut app, &scene, "4");
    assert!(!picture(&app, &scene, 80, 24).contains("PAST"), "this tab shows no past");
}

/// Two nodes with a GPU each, of which nothing older than now is known yet, and the wish for an old piece of
/// their past; where `old` is the busier one then, and `new` is now.
fn two() -> (App, Scene, PastWish) {
    let (mut app, mut scene) = (app(), Scene::default());
    for (name, cpu) in [("new", 90.0), ("old", 10.0)] {
        let size = Machine { gpus: 1, ..SMALL };
        scene.now_ms = 0;
        scene.watch(name, size, 0..10, 0..0);
        let mut sample = scene::sample(10, size, 0.0);
        if let Reading::Known(use_of) = &mut sample.cpu {
            use_of.busy = Ratio::new(cpu / 100.0).unwrap();
        }
        let mut gpus = scene::gpus(10, 1);
        gpus.gpus[0].utilization = Reading::Known(Ratio::new(cpu / 100.0).unwrap());
        scene.now_ms = 20_000;
        scene.tell(name, What::Node(Box::new(sample)));
        scene.tell(name, What::Gpus(Box::new(gpus)));
        scene.tell(name, What::Processes(scene::processes(10, 4)));
    }
    let hour = wish(&press(&mut app, &scene, "1"));
    constant(&mut scene, hour, &[]);
    let asked = wish(&press(&mut app, &scene, "{ { { { { {"));
    (app, scene, asked)
}

/// Answers `wish` with the same numbers all the time, for each of `nodes`.
fn constant(scene: &mut Scene, wish: PastWish, nodes: &[(&str, f32)]) {
    let at_ms: Vec<i64> = (wish.from_ms..=wish.to_ms).step_by(60_000).collect();
    let mut tracks = Vec::new();
    for (name, number) in nodes {
        let source = SourceId((*name).into());
        let track = |track, columns: Vec<&str>| PastTrack {
            track,
            rows: vec![vec![Some(*number); columns.len()]; at_ms.len()],
            columns: columns.into_iter().map(Into::into).collect(),
            step_ms: 60_000,
            at_ms: at_ms.clone(),
        };
        tracks.push(track(Track::node(&source), Metric::ALL.map(Metric::column).to_vec()));
        for gpu in scene.state.nodes[&source].gpu_history.keys() {
            let columns = GpuMetric::ALL.map(GpuMetric::column).to_vec();
            tracks.push(track(Track::gpu(&source, gpu), columns));
        }
    }
    let earliest_ms = Some(wish.from_ms - 90_000_000);
    let past = Past { wish, tracks, earliest_ms, gap: None };
    scene.tell("new", What::Past(Box::new(past)));
}

/// The names `new` and `old` as they stand in the rows of a table.
fn order(seen: &str) -> Vec<&str> {
    let names = seen.lines().flat_map(str::split_whitespace);
    names.filter(|word| ["new", "old"].contains(word)).take(2).collect()
}

#[test]
fn tables_are_sorted_by_the_instant_that_is_looked_at() {
    let (mut app, mut scene, asked) = two();
    for (tab, keys) in [("2", "s s"), ("3", "s s s")] {
        press(&mut app, &scene, &format!("n {tab} {keys}"));
        assert_eq!(order(&picture(&app, &scene, 120, 40)), ["new", "old"], "now, in tab {tab}");
        press(&mut app, &scene, "{ { { { { {");
        constant(&mut scene, asked.clone(), &[("new", 20.0), ("old", 70.0)]);
        press(&mut app, &scene, "");
        let seen = picture(&app, &scene, 120, 40);
        assert_eq!(order(&seen), ["old", "new"], "then: {seen}");
        if tab == "2" {
            press(&mut app, &scene, "g g j");
            let seen = picture(&app, &scene, 120, 40);
            assert!(seen.contains("╭ new · "), "keys move over the rows that are seen: {seen}");
        }
        press(&mut app, &scene, "S");
        assert_eq!(order(&picture(&app, &scene, 120, 40)), ["new", "old"], "turned round");
    }
    press(&mut app, &scene, "2 / c p u > 5 0 enter");
    let seen = picture(&app, &scene, 120, 40);
    assert!(order(&seen)[0] == "old" && seen.contains("1 of 2"), "filtered by then: {seen}");
}

#[test]
fn the_map_and_the_panels_are_of_then_or_say_what_is_not_kept() {
    let (mut app, mut scene, asked) = two();
    constant(&mut scene, asked, &[("old", 70.0)]);
    press(&mut app, &scene, "2 v");
    for number in ["CPU use", "memory use", "busiest GPU", "fullest GPU memory", "worst pressure"] {
        let seen = picture(&app, &scene, 80, 24);
        let title = seen.lines().nth(1).unwrap();
        assert!(title.contains(number) && !title.contains("now"), "{seen}");
        assert!(
            seen.contains("· 70 % · heard") || seen.contains("new · — · nothing is kept"),
            "{seen}"
        );
        press(&mut app, &scene, "s");
    }
    assert_snapshot!("time_map_80x24", picture(&app, &scene, 80, 24));
    press(&mut app, &scene, "v g g j enter");
    for keys in ["", "tab", "tab", "tab", "tab", "tab"] {
        press(&mut app, &scene, keys);
        let seen = picture(&app, &scene, 120, 40);
        assert!(!seen.contains("· now ") && seen.contains("Not kept: processes"), "{seen}");
    }
    for tab in ["1", "3"] {
        press(&mut app, &scene, tab);
        let seen =
            picture(&app, &scene, 120, 40).replace("Last run · now ", "Last run, told as of now ");
        assert!(!seen.contains("· now ") && seen.contains("Not kept: processes"), "{seen}");
        assert!(!seen.contains("nginx"), "a process of now: {seen}");
    }
    let seen = picture(&app, &scene, 120, 40);
    assert!(!seen.contains("90 %"), "use of a GPU now: {seen}");
    press(&mut app, &scene, "w");
    assert!(picture(&app, &scene, 120, 40).contains("was not read then, or is not kept"));
}

#[test]
fn the_cursor_alone_looks_at_another_instant_too() {
    let (mut app, mut scene) = begun();
    scene.now_ms += 1_000;
    press(&mut app, &scene, "3 left left");
    let seen = picture(&app, &scene, 120, 40);
    assert!(seen.contains("PAST") && seen.contains("Not kept: processes"), "{seen}");
    press(&mut app, &scene, "n");
    let seen = picture(&app, &scene, 120, 40);
    assert!(!seen.contains("PAST") && seen.contains("python3"), "{seen}");
}

#[test]
fn why_there_is_nothing_stands_on_the_screen() {
    let (mut app, mut scene) = begun();
    let wishes = press(&mut app, &scene, "{ { { { { {");
    answer(&mut scene, wish(&wishes), Some("no history is kept"));
    press(&mut app, &scene, "");
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("no history is kept"), "{seen}");
    let wishes = press(&mut app, &scene, "@ 2 0 2 6 - 1 1 - 1 9 enter");
    answer(&mut scene, wish(&wishes), None);
    press(&mut app, &scene, "");
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("nothing is kept before 2026-11-20"), "{seen}");
}

#[test]
fn a_time_is_typed_and_a_mistake_says_what_can_be() {
    let (mut app, scene) = begun();
    press(&mut app, &scene, "@");
    assert!(picture(&app, &scene, 80, 24).contains("2026-11-20 14:30, -2h"));
    press(&mut app, &scene, "f o o enter");
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("`foo` is no time"), "{seen}");
    press(&mut app, &scene, "backspace backspace backspace - 1 0 m enter");
    let seen = picture(&app, &scene, 80, 24);
    assert!(app.prompt.is_none() && seen.contains("09:50:10 UTC"), "{seen}");
    press(&mut app, &scene, "@ 2 3 : 5 9 enter");
    assert!(picture(&app, &scene, 80, 24).contains("PAST 2026-11-20 23:59:00"));
    press(&mut app, &scene, "esc esc");
    assert!(
        !picture(&app, &scene, 80, 24).contains("PAST"),
        "back leaves the cursor, then the past"
    );
}

#[test]
fn long_times_end_now_and_are_asked_for_again() {
    let (mut app, mut scene) = begun();
    let wishes = press(&mut app, &scene, ") ) ) ) ) ) )");
    let asked = wish(&wishes);
    assert_eq!(asked.to_ms, at(scene.now_ms).wall_ms);
    answer(&mut scene, asked, None);
    assert_eq!(press(&mut app, &scene, "3"), []);
    assert_snapshot!("time_long_120x40", picture(&app, &scene, 120, 40));
}

#[test]
fn a_recording_of_a_day_is_charted_and_walked_through_as_a_whole() {
    let mut scene = Scene::local(SMALL);
    let wall = at(scene.now_ms).wall_ms;
    let mut replay = Replay {
        name: "day.zst".into(),
        from_ms: wall - 20 * 3_600_000,
        to_ms: wall + 4 * 3_600_000,
        at_ms: wall,
        speed: 1.0,
        ..Replay::default()
    };
    scene.tell("local", What::Replay(Box::new(replay.clone())));
    let mut app = app();
    assert_eq!(press(&mut app, &scene, "1 )"), [], "an hour is in the state");
    let day = wish(&press(&mut app, &scene, ") ) )"));
    assert_eq!(day.to_ms - day.from_ms, 36 * 3_600_000, "and half as much before it");
    answer(&mut scene, day, None);
    assert_eq!(press(&mut app, &scene, "{"), [Command::Replay(ReplayWish::By(-24 * 3_600_000))]);
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("Last 24 hours") && !seen.contains("loading"), "{seen}");
    // The user goes back while an answer is awaited: it is asked for again, not awaited for ever.
    press(&mut app, &scene, ")");
    assert!(picture(&app, &scene, 80, 24).contains("whole recording"));
    replay.to_ms += 300 * 3_600_000;
    scene.tell("local", What::Replay(Box::new(replay)));
    wish(&press(&mut app, &scene, ")"));
    scene.now_ms -= 60_000;
    wish(&press(&mut app, &scene, ""));
}

#[test]
fn a_recording_is_moved_through_by_the_same_keys_and_nothing_acts() {
    let mut scene = Scene::local(SMALL);
    let wall = at(0).wall_ms;
    let replay = Replay {
        name: "day.zst of web-1".into(),
        from_ms: wall,
        to_ms: wall + 3_600_000,
        at_ms: wall + 1_800_000,
        speed: 4.0,
        paused: false,
        bad_lines: 0,
    };
    scene.tell("local", What::Replay(Box::new(replay.clone())));
    let mut app = app();
    let by = |seconds: i64| Command::Replay(ReplayWish::By(seconds * 1_000));
    assert_eq!(press(&mut app, &scene, "[ ] { }"), [by(-225), by(225), by(-900), by(900)]);
    let rest = [
        ReplayWish::Pause(true),
        ReplayWish::Speed(1),
        ReplayWish::Speed(-1),
        ReplayWish::To(wall),
        ReplayWish::To(i64::MAX),
        ReplayWish::To(wall + 1_200_000),
    ];
    let wishes = press(&mut app, &scene, "p + - home end @ - 1 0 m enter");
    assert_eq!(wishes, rest.map(Command::Replay));
    assert_eq!(press(&mut app, &scene, ") )"), [], "no chart is longer than the recording");
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("this is the whole recording"), "{seen}");
    press(&mut app, &scene, "( (");
    press(&mut app, &scene, ")");
    assert_eq!(press(&mut app, &scene, "b r x C"), []);
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("a recording is played"), "{seen}");
    press(&mut app, &scene, "esc");
    assert_snapshot!("time_replay_80x24", picture(&app, &scene, 80, 24));
    let bad = Replay { bad_lines: 7, paused: true, ..replay };
    scene.tell("local", What::Replay(Box::new(bad)));
    let seen = picture(&app, &scene, 120, 24);
    assert!(seen.contains("7 bad lines") && seen.contains("▮▮ ×4"), "{seen}");
    let plain =
        scene.plain(80, 24, &|frame, _, state, look| view::draw(frame, &app, state, look.now));
    assert!(plain.is_ascii(), "{plain}");
}

/// A model that stands for `tokens` a second.
fn model(name: &str, tokens: f64) -> Serving {
    Serving {
        engine: Some(Engine::Vllm),
        version: Some("0.11.0".into()),
        pid: Some(4_001),
        tokens_per_second: Reading::Known(PerSecond(tokens)),
        tokens_total: Reading::Known(81_554_213.0),
        running: Reading::Known(1.0),
        prefix_hits: Reading::Known(Ratio::new(0.412).unwrap()),
        context_tokens: Reading::Known(32_768.0),
        pids: vec![101],
        ..Serving::silent(name.into())
    }
}

/// This machine, whose GPU works on a model, and a server where one model made way for another half an hour
/// ago; it does not answer any more.
fn changed() -> (App, Scene) {
    let (mut app, mut scene) = (app(), Scene::local(Machine { gpus: 1, ..SMALL }));
    let origin = scene::origin(Kind::Model(Engine::Vllm), "http://gpu-1:8000", None);
    scene.tell("gpu-1:8000", What::Origin(Box::new(origin)));
    let end = scene.now_ms.max(3_000_000);
    for now_ms in (end - 2_700_000..=end).step_by(5_000) {
        scene.now_ms = now_ms;
        let old = now_ms < end - 1_800_000;
        let all = vec![if old { model("was-here", 321.0) } else { model("is-here", 777.0) }];
        scene.tell("gpu-1:8000", What::Serving(all));
    }
    scene.tell(
        "gpu-1:8000",
        What::Health(Health::Down { since: at(scene.now_ms), why: "refused".into() }),
    );
    let hour = wish(&press(&mut app, &scene, "7"));
    answer(&mut scene, hour, Some("no history is kept"));
    assert!(press(&mut app, &scene, "7").is_empty());
    (app, scene)
}

#[test]
fn models_are_of_then_those_that_are_gone_too() {
    let (mut app, scene) = changed();
    let seen = picture(&app, &scene, 120, 40);
    assert!(seen.contains("is-here") && seen.contains("pid 4001"), "{seen}");
    assert!(!seen.contains("was-here"), "{seen}");
    assert!(seen.contains("LAST MINUTE"), "{seen}");
    press(&mut app, &scene, "@ - 4 0 m enter");
    let seen = picture(&app, &scene, 120, 40);
    assert!(seen.contains("THAT MINUTE") && !seen.contains("LAST MINUTE"), "{seen}");
    assert!(seen.contains("● was-here") && seen.contains("○ is-here"), "{seen}");
    assert!(seen.contains(" 321 ") && !seen.contains("· now "), "{seen}");
    let (_, below) = seen.split_once('\n').unwrap();
    for of_now in ["777", "pid 4001", "GPU 0", "context", "0.11.0", "81 554", "41 %", "stale", "✗"]
    {
        assert!(!below.contains(of_now), "`{of_now}` is of now: {seen}");
    }
    assert!(seen.contains("Not kept: totals, prefix hits"), "{seen}");
    press(&mut app, &scene, "w");
    assert!(picture(&app, &scene, 120, 40).contains("nodes, GPUs and models"));
    press(&mut app, &scene, "esc");
    for (width, height) in [(80, 24), (200, 60)] {
        let seen = picture(&app, &scene, width, height);
        assert_snapshot!(format!("time_models_{width}x{height}"), seen);
    }
    press(&mut app, &scene, "/ g p u ~ 0 enter");
    assert!(picture(&app, &scene, 120, 40).contains("0 of 2"), "which GPU it was is not kept");
}

#[test]
fn latencies_of_a_coarse_past_are_of_no_minute() {
    let (mut app, mut scene) = changed();
    let wishes = press(&mut app, &scene, ") ) ) ) ) ) )");
    answer(&mut scene, wish(&wishes), None);
    press(&mut app, &scene, "h");
    let seen = picture(&app, &scene, 120, 40);
    assert!(seen.contains("THAT TIME") && !seen.contains("MINUTE"), "{seen}");
}

#[test]
fn models_of_a_server_that_serves_none_now_are_there_in_the_past() {
    let (mut app, mut scene) = changed();
    scene.tell("gpu-1:8000", What::Serving(Vec::new()));
    assert!(picture(&app, &scene, 80, 24).contains("does not answer"));
    press(&mut app, &scene, "@ - 4 0 m enter");
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("● was-here") && seen.contains(" 321 "), "{seen}");
    press(&mut app, &scene, "@ - 4 8 m enter");
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("No model then") && seen.contains("Not kept: models"), "{seen}");
}

/// A GPU of which everything is told, and one beside it until a minute ago; then they worked, and had other
/// limits.
fn worked() -> (App, Scene) {
    let (mut app, mut scene) = (app(), Scene::local(Machine { gpus: 1, ..SMALL }));
    let from = scene.now_ms;
    for step in 0..=120_u64 {
        scene.now_ms = from + step * 1_000;
        let mut gpus = scene::gpus(0, 2);
        let share = |share| Reading::Known(Ratio::new(share).unwrap());
        for gpu in &mut gpus.gpus {
            let then = step < 60;
            gpu.throttle = Reading::Known(vec!["thermal".into()]);
            gpu.power_watts = Reading::Known(Watts(if then { 211.0 } else { 399.0 }));
            gpu.power_limit_watts = Reading::Known(Watts(if then { 500.0 } else { 400.0 }));
            gpu.detail.activity.sm = share(if then { 0.63 } else { 0.11 });
            gpu.detail.activity.tensor = share(if then { 0.27 } else { 0.11 });
            gpu.detail.activity.dram = share(if then { 0.38 } else { 0.11 });
            gpu.detail.energy_joules = Reading::Missing(Why::NotSupported);
            gpu.detail.memory_celsius = Reading::Known(Celsius(if then { 67.0 } else { 91.0 }));
        }
        if step >= 60 {
            gpus.gpus.truncate(1);
        }
        scene.tell("local", What::Gpus(Box::new(gpus)));
    }
    let hour = wish(&press(&mut app, &scene, "3"));
    answer(&mut scene, hour, Some("no history is kept"));
    press(&mut app, &scene, "3 (");
    (app, scene)
}

#[test]
fn all_that_is_kept_of_a_gpu_is_shown_and_nothing_of_now() {
    let (mut app, scene) = worked();
    let seen = picture(&app, &scene, 120, 40);
    assert!(seen.contains("399 W of 400 W") && seen.contains("thermal"), "{seen}");
    assert!(seen.lines().next().unwrap().contains('°'), "in the top line: {seen}");
    press(&mut app, &scene, "@ - 9 0 s enter");
    let seen = picture(&app, &scene, 120, 40);
    for kept in ["63 %", "27 %", "38 %", "67 °C", "211 W", "energy"] {
        assert!(seen.contains(kept), "`{kept}` is kept: {seen}");
    }
    for of_now in ["399", "of 400 W", "of 500 W", "11 %", "91 °C", "thermal", "· now "] {
        assert!(!seen.contains(of_now), "`{of_now}` is of now: {seen}");
    }
    assert!(seen.contains("(gone)"), "the second is not there now: {seen}");
    assert!(seen.contains("throttling, links"), "{seen}");
    assert!(!seen.lines().next().unwrap().contains('°'), "the top line: {seen}");
    for (width, height) in [(80, 24), (200, 60)] {
        let seen = picture(&app, &scene, width, height);
        assert_snapshot!(format!("time_gpu_worked_{width}x{height}"), seen);
    }
    press(&mut app, &scene, "c c");
    let seen = picture(&app, &scene, 120, 40);
    assert!(seen.contains("All 2 GPUs") && seen.contains("63 %"), "{seen}");
    assert!(seen.contains("422 W") && !seen.contains(" of 400 W"), "{seen}");
    assert!(seen.contains("— not kept") && !seen.contains("none"), "held back: {seen}");
}

#[test]
fn tokens_stand_before_what_matters_less() {
    let (mut app, scene) = changed();
    press(&mut app, &scene, "1");
    let seen = picture(&app, &scene, 80, 24);
    let place = |name| seen.find(&format!("│ {name} "));
    assert!(place("Memory") < place("Tokens/s"), "{seen}");
    assert!(place("Tokens/s") < place("Disk"), "{seen}");
    assert!(seen.contains("\n ✗ gpu-1:8000 down for"), "{seen}");
    press(&mut app, &scene, "@ - 4 0 m enter");
    let seen = picture(&app, &scene, 80, 24);
    assert!(seen.contains("\n now ✗ gpu-1:8000 down for"), "what is of now says so: {seen}");
    assert!(seen.contains(" 321 "), "tokens of then, of a model that is gone: {seen}");
}
