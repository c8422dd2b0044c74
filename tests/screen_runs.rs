//! The Runs tab as a user sees it.

#[path = "screen_runs/click.rs"]
mod click;
#[path = "fixture/scene.rs"]
mod scene;
#[path = "screen_runs/whole.rs"]
mod whole;

use insta::assert_snapshot;
use isomon::model::command::Command;
use isomon::model::id::{RunId, SourceId};
use isomon::model::origin::Kind;
use isomon::model::pipeline::{LogLine, Pipeline, PipelineKind, Pipelines, Stage};
use isomon::model::run::{RunBrief, StoredRun};
use isomon::model::unit::{Ratio, Seconds};
use isomon::model::update::{Health, Stack, What};
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::reply::Reply;
use isomon::tui::tab::runs::View;
use ratatui::layout::Rect;
use scene::{Scene, WALL_MS, job, origin};

/// Sizes of a tab on screens of 40×10, 80×24, 120×40 and 200×60.
const SIZES: [(u16, u16); 4] = [(40, 8), (80, 21), (120, 37), (200, 57)];

fn picture(scene: &Scene, view: &View, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, area, state, look| view.draw(frame, area, state, look))
}

fn act(view: &mut View, scene: &Scene, actions: &[Action]) {
    for action in actions {
        assert_eq!(view.act(*action, &scene.state), Reply::Done, "{action:?}");
    }
}

fn kept(number: u32, status: &str, name: Option<&str>) -> StoredRun {
    let started_ms = WALL_MS - i64::from(number) * 86_400_000;
    let (flow, failed) = (!number.is_multiple_of(2), u32::from(status == "FAILED") * 7);
    // Of the earliest nothing more was written down.
    let told = number != 5;
    let brief = RunBrief {
        kind: if flow { PipelineKind::Workflow } else { PipelineKind::Benchmark },
        name: name.map(Into::into),
        host: "build-1".into(),
        started_ms,
        seconds: Some(Seconds(65.0 + f64::from(number))),
        status: status.into(),
        parts: vec!["runc".into(), "gvisor".into()],
        stages: told.then_some(4),
        workers: told.then_some(number + 1),
        tasks: (told && flow).then_some(310),
        skipped: (told && flow).then_some(10 - failed),
        completed: 300,
        failed,
        share: None,
        note: (status == "FAILED").then(|| "the disk was full".into()),
    };
    let id = RunId::new(started_ms, 0xabc0_0000 + number);
    StoredRun { id, finished: status != "CUT OFF", brief: Some(Box::new(brief)) }
}

/// A run that goes on here, others on disk, on a node and in a bucket, and jobs of a Solstice.
fn everywhere() -> Scene {
    let mut scene = Scene { now_ms: 300_000, ..Scene::default() };
    scene::run(&mut scene, false);
    let here = vec![
        kept(1, "COMPLETED", Some("nightly")),
        kept(2, "CUT OFF", None),
        kept(3, "FAILED", Some("web")),
        StoredRun::bare(RunId::new(WALL_MS - 9_000_000_000, 7), true),
    ];
    scene.tell("stored", What::Runs(here));
    scene.tell("far-1", What::Runs(vec![kept(4, "CANCELLED", Some("far"))]));
    scene.tell("s3://bench", What::Runs(vec![kept(5, "COMPLETED", None)]));
    let told = origin(Kind::Solstice, "http://10.0.0.8:3000", None);
    scene.tell("solstice", What::Origin(Box::new(told)));
    let jobs = Pipelines { jobs: vec![job::full(), job::bare()], gaps: Vec::new() };
    scene.tell("solstice", What::Pipelines(Box::new(jobs)));
    scene
}

/// The job of that name, seen in depth.
fn opened(scene: &Scene, name: &str) -> View {
    let mut view = View::default();
    view.filter(&format!("name={name}"));
    act(&mut view, scene, &[Action::Enter]);
    view
}

#[test]
fn every_run_wherever_it_is() {
    let (scene, view) = (everywhere(), View::default());
    for (width, height) in SIZES {
        assert_snapshot!(format!("runs_{width}x{height}"), picture(&scene, &view, width, height));
    }
}

#[test]
fn a_run_that_was_cancelled_says_how_far_it_came_before_it_is_opened() {
    let mut scene = Scene { now_ms: 300_000, ..Scene::default() };
    let mut run = kept(2, "CANCELLED", None);
    run.brief.as_mut().unwrap().share = Ratio::new(0.25);
    scene.tell("stored", What::Runs(vec![run]));
    let seen = picture(&scene, &View::default(), 120, 37);
    assert!(seen.contains("◐ cancelled") && seen.contains("25 %"), "{seen}");
}

#[test]
fn a_bucket_that_cannot_be_read_is_named_until_it_can_be() {
    let mut scene = everywhere();
    let since = scene::at(100_000);
    let why = "it does not answer; look at the address, and whether this machine reaches it";
    let down = Health::Down { since, why: why.into() };
    scene.tell("s3://bench", What::Shelf(down.clone()));
    scene.tell(
        "s3://bench",
        What::Shelf(Health::Down { since: scene::at(200_000), why: why.into() }),
    );
    assert_eq!(scene.state.unread[&SourceId("s3://bench".into())].0, since, "since the first time");
    let mut view = View::default();
    for (width, height) in SIZES {
        assert_snapshot!(
            format!("runs_unread_{width}x{height}"),
            picture(&scene, &view, width, height)
        );
    }
    let Reply::Say(words) = view.act(Action::Why, &scene.state) else { panic!() };
    assert_eq!(words.as_str(), format!("s3://bench: {why}"));
    assert!(!scene.state.nodes.contains_key(&SourceId("s3://bench".into())), "it is no node");
    scene.tell("s3://bench", What::Shelf(Health::Up));
    assert!(!picture(&scene, &view, 80, 21).contains("cannot be read"));
}

#[test]
fn what_cannot_go_on_is_not_offered_to() {
    for (status, wanted) in [("COMPLETED", false), ("CUT OFF", true), ("FAILED", true)] {
        let mut scene = Scene { now_ms: 300_000, ..Scene::default() };
        scene.tell("stored", What::Runs(vec![kept(1, status, None)]));
        let view = View::default();
        let offered = view.hints(&scene.state).contains(&Action::Resume);
        assert_eq!(offered, wanted, "{status}");
        assert_eq!(picture(&scene, &view, 80, 21).contains("100 %"), !wanted, "{status}");
    }
}

#[test]
fn a_run_of_another_process_is_not_ended_from_here() {
    let mut scene = Scene { now_ms: 300_000, ..Scene::default() };
    scene::run(&mut scene, false);
    let run = scene.state.runs.values_mut().next().unwrap();
    run.from = SourceId::beside();
    let mut view = View::default();
    let seen = picture(&scene, &view, 80, 21);
    assert!(seen.contains("1 running") && seen.contains("here"), "{seen}");
    let Reply::Say(words) = view.act(Action::Cancel, &scene.state) else { panic!() };
    assert!(words.as_str().contains("another process of this machine"), "{words}");
}

#[test]
fn a_job_with_everything() {
    let (scene, view) = (everywhere(), opened(&everywhere(), "orders"));
    for (width, height) in SIZES {
        assert_snapshot!(format!("job_{width}x{height}"), picture(&scene, &view, width, height));
    }
}

#[test]
fn each_panel_alone() {
    let scene = everywhere();
    let mut view = opened(&scene, "orders");
    act(&mut view, &scene, &[Action::Zoom]);
    let names = [
        "stages",
        "workers",
        "samples",
        "timeline",
        "log",
        "errors",
        "checkpoints",
        "lineage",
        "pressure",
        "configuration",
        "advice",
    ];
    for name in names {
        assert_snapshot!(format!("job_{name}_80x21"), picture(&scene, &view, 80, 21));
        assert_snapshot!(format!("job_{name}_200x57"), picture(&scene, &view, 200, 57));
        act(&mut view, &scene, &[Action::NextPanel]);
    }
}

/// What the hands of a load did, used and waited for; the same where it goes on, is over and is read.
#[test]
fn a_load_tells_of_its_hands_and_of_what_it_waited_for() {
    let seen = |from: &str, ended: bool| {
        let mut scene = Scene { now_ms: 60_000, ..Scene::default() };
        scene::uneven(&mut scene, from, ended);
        let mut view = opened(&scene, "uneven");
        act(&mut view, &scene, &[Action::Zoom, Action::Down, Action::Down, Action::Down]);
        act(&mut view, &scene, &[Action::Enter]);
        let stage = picture(&scene, &view, 80, 37);
        act(&mut view, &scene, &[Action::Back, Action::NextPanel]);
        let workers = picture(&scene, &view, 120, 21);
        act(&mut view, &scene, &[Action::Last, Action::Enter]);
        let worker = picture(&scene, &view, 80, 21);
        act(&mut view, &scene, &[Action::Back]);
        (0..7).for_each(|_| act(&mut view, &scene, &[Action::NextPanel]));
        [stage, workers, worker, picture(&scene, &view, 120, 37)]
    };
    let over = seen("local", true);
    for (name, picture) in ["stage", "workers", "worker", "pressure"].into_iter().zip(&over) {
        assert_snapshot!(format!("load_{name}"), picture);
    }
    // Above the panels it says where it is.
    let panel = |picture: &String| picture.lines().skip(3).map(ToOwned::to_owned).collect();
    let panels: Vec<Vec<String>> = over.iter().map(panel).collect();
    assert_eq!(seen("stored", true).iter().map(panel).collect::<Vec<_>>(), panels);
    let live = seen("local", false);
    for words in ["hand 4", "for CPU", "bottleneck: throughput"] {
        assert!(live.iter().any(|picture| picture.contains(words)), "{words}: {live:?}");
    }
}

#[test]
fn what_is_elsewhere_is_written_as_a_report() {
    let scene = everywhere();
    let mut view = opened(&scene, "orders");
    let Reply::Wish(Command::Report { job, .. }) = view.act(Action::Export, &scene.state) else {
        panic!("a job of another platform")
    };
    assert_eq!(job.name.as_ref().unwrap().as_str(), "orders");
    assert!(!job.stages.is_empty() && !job.exceptions.is_empty());
    let mut list = View::default();
    list.filter("where=s3://bench");
    let Reply::Say(words) = list.act(Action::Export, &scene.state) else { panic!() };
    assert!(words.as_str().contains("open it with enter"), "{words}");
    list.filter("name=nightly");
    let reply = list.act(Action::Export, &scene.state);
    assert!(matches!(reply, Reply::Wish(Command::Export { .. })), "{reply:?}");
}

#[test]
fn in_depth_there_is_more() {
    let scene = everywhere();
    let mut view = opened(&scene, "orders");
    act(&mut view, &scene, &[Action::Zoom, Action::Right, Action::Right, Action::Enter]);
    let wrong = picture(&scene, &view, 80, 21);
    assert!(wrong.contains("Stage "), "{wrong}");
    act(
        &mut view,
        &scene,
        &[Action::Back, Action::First, Action::Down, Action::Down, Action::Down],
    );
    act(&mut view, &scene, &[Action::Enter]);
    assert_snapshot!("stage_join_80x21", picture(&scene, &view, 80, 21));
    act(&mut view, &scene, &[Action::Back, Action::NextPanel, Action::Last, Action::Enter]);
    assert_snapshot!("worker_80x21", picture(&scene, &view, 80, 21));
    act(&mut view, &scene, &[Action::Back]);
    for _ in 0..4 {
        act(&mut view, &scene, &[Action::NextPanel]);
    }
    act(&mut view, &scene, &[Action::Enter]);
    assert_snapshot!("error_80x21", picture(&scene, &view, 80, 21));
}

#[test]
fn letters_below_0x80_say_the_same() {
    let scene = everywhere();
    let view = opened(&scene, "orders");
    for (width, height) in [(80, 21), (200, 57)] {
        let plain = scene
            .plain(width, height, &|frame, area, state, look| view.draw(frame, area, state, look));
        assert!(plain.is_ascii());
        assert_snapshot!(format!("job_ascii_{width}x{height}"), plain);
    }
    let list = View::default();
    let buffer = scene.buffer(80, 21, Glyph::Ascii, &|frame, area, state, look| {
        list.draw(frame, area, state, look);
    });
    assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
}

#[test]
fn a_source_that_tells_little_says_so_quietly() {
    let scene = everywhere();
    let view = opened(&scene, "clicks");
    assert_snapshot!("job_bare_120x37", picture(&scene, &view, 120, 37));
}

#[test]
fn nothing_yet_and_nothing_that_matches() {
    let empty = Scene::default();
    let mut view = View::default();
    assert_snapshot!("runs_empty", picture(&empty, &view, 80, 21));
    let scene = everywhere();
    view.filter("status=failed name~zzz");
    assert!(picture(&scene, &view, 80, 21).contains("Nothing matches"));
    view.filter("status=failed backend=gvisor");
    assert!(picture(&scene, &view, 80, 21).contains("1 of 9"));
    view.filter("age>50d");
    assert!(picture(&scene, &view, 80, 21).contains("1 of 9 ·"));
}

#[test]
fn a_run_is_fetched_from_where_it_is() {
    let scene = everywhere();
    for (filter, wanted) in
        [("name=nightly", None), ("name=far", Some("far-1")), ("where~s3", Some("s3://bench"))]
    {
        let mut view = View::default();
        view.filter(filter);
        let reply = view.act(Action::Enter, &scene.state);
        match (reply, wanted) {
            (Reply::Wish(Command::OpenRun(_)), None) => {}
            (Reply::Wish(Command::OpenFrom { source, .. }), Some(place)) => {
                assert_eq!(source, SourceId(place.into()));
            }
            (reply, _) => panic!("{filter}: {reply:?}"),
        }
        assert!(picture(&scene, &view, 80, 21).contains("Reading 2026"));
    }
}

#[test]
fn what_acts_asks_first_and_says_why_it_cannot() {
    let scene = everywhere();
    let asked = |filter: &str, action| {
        let mut view = View::default();
        view.filter(filter);
        view.act(action, &scene.state)
    };
    let Reply::Ask { question, then: Command::Cancel(_) } =
        asked("status=running kind=bench", Action::Cancel)
    else {
        panic!("a question");
    };
    assert!(question.as_str().contains("keep its 77 good samples?"), "{question}");
    let said = |reply| match reply {
        Reply::Say(text) => text.to_string(),
        reply => panic!("{reply:?}"),
    };
    assert!(said(asked("name=orders", Action::Cancel)).contains("can be ended there alone"));
    assert!(said(asked("name=nightly", Action::Cancel)).contains("is over"));
    assert!(said(asked("name=nightly", Action::Resume)).contains("was not cut off"));
    assert!(said(asked("name=far", Action::Resume)).contains("kept on this machine"));
    assert!(said(asked("status=\"cut off\"", Action::Resume)).contains("a run is going on"));
    assert!(said(asked("name=nightly", Action::Again)).contains("a run is going on"));
    assert!(matches!(asked("name=nightly", Action::Export), Reply::Wish(Command::Export { .. })));
    assert!(said(asked("name=nightly", Action::Compare)).contains("mark two runs"));
}

#[test]
fn a_cut_off_run_goes_on_after_a_yes() {
    let mut scene = Scene::default();
    scene.tell("stored", What::Runs(vec![kept(2, "CUT OFF", None)]));
    let reply = View::default().act(Action::Resume, &scene.state);
    let Reply::Ask { question, then: Command::Resume(_) } = reply else { panic!("{reply:?}") };
    assert!(question.as_str().ends_with("from its last checkpoint?"), "{question}");
}

#[test]
fn the_log_follows_stands_still_and_is_searched() {
    let mut scene = everywhere();
    let mut view = opened(&scene, "orders");
    act(&mut view, &scene, &[Action::Zoom]);
    act(&mut view, &scene, &[Action::NextPanel; 4]);
    let seen = picture(&scene, &view, 120, 37);
    assert!(seen.contains("following") && seen.contains("window 198"), "{seen}");
    assert!(seen.contains("1204 before them not kept"), "{seen}");
    act(&mut view, &scene, &[Action::PageUp, Action::PageUp]);
    let before = picture(&scene, &view, 120, 37);
    assert!(before.contains("standing still"), "{before}");
    // More lines come, and older ones go.
    let mut jobs = Pipelines { jobs: vec![job::full()], gaps: Vec::new() };
    jobs.jobs[0].log.drain(..20);
    jobs.jobs[0].log_dropped += 20;
    jobs.jobs[0].log.extend((0..20).map(|_| LogLine { text: "new".into(), ..LogLine::default() }));
    scene.tell("solstice", What::Pipelines(Box::new(jobs)));
    let body = |seen: &str| seen.lines().skip(5).take(25).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&before), body(&picture(&scene, &view, 120, 37)), "nothing moves");
    view.filter("allocate");
    act(&mut view, &scene, &[Action::FindNext]);
    assert!(picture(&scene, &view, 120, 37).contains("4 of 4 “allocate”"));
    act(&mut view, &scene, &[Action::FindPrevious, Action::FindPrevious]);
    assert!(picture(&scene, &view, 120, 37).contains("2 of 4 “allocate”"));
    act(&mut view, &scene, &[Action::Follow]);
    assert!(picture(&scene, &view, 120, 37).contains("following"));
    view.filter("no such words");
    assert!(matches!(view.act(Action::FindNext, &scene.state), Reply::Say(_)));
}

#[test]
fn the_stack_of_a_worker_is_asked_here_alone() {
    let scene = everywhere();
    let mut view = opened(&scene, "orders");
    let Reply::Say(why) = view.act(Action::Stack, &scene.state) else { panic!("a reason") };
    assert_eq!(why.as_str(), "the stack of audit-0 can be asked on solstice alone");
}

#[test]
fn ten_thousand_rows_are_paged_through() {
    let mut scene = Scene { now_ms: 300_000, ..Scene::default() };
    let runs = (0..10_000).map(|number| {
        let at = WALL_MS - i64::from(number) * 60_000;
        StoredRun::bare(RunId::new(at, number), true)
    });
    scene.tell("stored", What::Runs(runs.collect()));
    let mut view = View::default();
    act(&mut view, &scene, &[Action::PageDown; 3]);
    let seen = picture(&scene, &view, 120, 37);
    assert!(seen.contains("10000") && seen.contains(&format!("{:08x}", 60)), "{seen}");
    act(&mut view, &scene, &[Action::Last]);
    assert!(picture(&scene, &view, 120, 37).contains(&format!("{:08x}", 9_999)));
}

#[test]
fn the_cursor_stays_with_its_run_while_others_come() {
    let mut scene = everywhere();
    let mut view = View::default();
    act(&mut view, &scene, &[Action::Down, Action::Down, Action::Down]);
    let Reply::Copy(before) = view.act(Action::Copy, &scene.state) else { panic!("an id") };
    let mut more: Vec<StoredRun> = vec![kept(0, "COMPLETED", Some("new"))];
    more.extend([kept(1, "COMPLETED", Some("nightly")), kept(2, "CUT OFF", None)]);
    scene.tell("stored", What::Runs(more));
    assert_eq!(view.act(Action::Copy, &scene.state), Reply::Copy(before));
}

#[test]
fn a_click_chooses_a_second_goes_in() {
    let scene = everywhere();
    let mut view = View::default();
    let area = Rect::new(0, 0, 120, 37);
    assert_eq!(view.click(20, 3, area, &scene.state), Reply::Done);
    assert!(!view.is_open());
    let again = view.click(20, 3, area, &scene.state);
    assert!(view.is_open(), "{again:?}");
    assert_eq!(view.click(30, 2, area, &scene.state), Reply::Done, "a panel's name");
    assert_eq!(view.act(Action::Back, &scene.state), Reply::Done);
}

#[test]
fn what_a_hostile_server_tells_is_drawn() {
    let mut scene = Scene::default();
    let odd = |number: usize| Stage {
        id: format!("s{}", number % 7).into(),
        status: "x".repeat(300).as_str().into(),
        skew: Some(f64::NAN),
        input_per_second: Some(f64::INFINITY),
        duration_seconds: Some(Seconds(f64::NAN)),
        started_ms: Some(i64::MIN),
        ..Stage::default()
    };
    let mut hostile = job::full();
    hostile.id = "hostile".into();
    hostile.name = None;
    hostile.stages = (0..200).map(odd).collect();
    hostile.edges =
        (0..300).map(|n| (format!("s{}", n % 9).into(), format!("s{}", n % 5).into())).collect();
    hostile.started_ms = Some(i64::MAX);
    hostile.duration_seconds = Some(Seconds(f64::NEG_INFINITY));
    hostile.log_dropped = u64::MAX - 100;
    for one in &mut hostile.lineage {
        one.parents = vec!["orders-0".into(), one.id.clone()];
    }
    for one in &mut hostile.timeline {
        one.at_seconds = Seconds(f64::NAN);
    }
    for one in &mut hostile.pressure {
        one.at_ms = if one.queue % 2 == 0 { i64::MIN } else { i64::MAX };
    }
    let jobs = Pipelines { jobs: vec![hostile, Pipeline::default()], gaps: Vec::new() };
    scene.tell("solstice", What::Pipelines(Box::new(jobs)));
    let mut view = opened(&scene, "hostile");
    for _ in 0..11 {
        for (width, height) in [(1, 1), (20, 4), (40, 10), (80, 21), (200, 57)] {
            picture(&scene, &view, width, height);
        }
        for action in
            [Action::Down, Action::Last, Action::Enter, Action::View, Action::Sort, Action::Left]
        {
            view.act(action, &scene.state);
        }
        picture(&scene, &view, 120, 37);
        view.act(Action::NextPanel, &scene.state);
    }
}

#[test]
fn an_answer_about_a_stack_is_shown_with_its_reason() {
    let mut scene = everywhere();
    let gap = Some("py-spy is not there; `pip install py-spy`".into());
    let stack = Stack { pid: 1, by: "/proc".into(), lines: vec!["futex_wait".into()], gap };
    scene.tell("local", What::Stack(Box::new(stack)));
    assert!(scene.state.stack.is_some());
}
