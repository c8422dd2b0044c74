//! A workflow in the Runs tab, as a user sees it.

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::command::Command;
use isomon::model::id::{RunId, SourceId};
use isomon::model::pipeline::{Pipeline, PipelineKind, Spell, Stage};
use isomon::model::run::{RunBrief, StoredRun};
use isomon::model::text::SafeText;
use isomon::model::unit::{Ratio, Seconds};
use isomon::model::update::What;
use isomon::model::workflow::event::TaskLine;
use isomon::model::workflow::{Ending, TaskState, WorkflowEvent, WorkflowTail, WorkflowWish};
use isomon::pipeline::of_workflow;
use isomon::tui::action::Action;
use isomon::tui::reply::Reply;
use isomon::tui::tab::runs::View;
use scene::Scene;
use scene::flow::{flow, id};

fn picture(scene: &Scene, view: &View, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, area, state, look| view.draw(frame, area, state, look))
}

fn act(view: &mut View, scene: &Scene, actions: &[Action]) {
    for action in actions {
        assert_eq!(view.act(*action, &scene.state), Reply::Done, "{action:?}");
    }
}

/// The workflow of `scene`, seen in depth.
fn opened(scene: &Scene) -> View {
    let mut view = View::default();
    act(&mut view, scene, &[Action::Enter]);
    view
}

#[test]
fn a_workflow_that_goes_on_and_one_that_failed() {
    for (name, over) in [("live", false), ("failed", true)] {
        let scene = flow(over);
        assert_snapshot!(format!("{name}_list_120x37"), picture(&scene, &View::default(), 120, 37));
        let view = opened(&scene);
        for (width, height) in [(80, 21), (120, 37), (200, 57)] {
            let shown = picture(&scene, &view, width, height);
            assert_snapshot!(format!("{name}_{width}x{height}"), shown);
        }
    }
}

#[test]
fn each_panel_alone() {
    let scene = flow(true);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::Zoom]);
    for name in ["stages", "workers", "outputs", "timeline", "log", "errors"] {
        assert_snapshot!(format!("{name}_80x21"), picture(&scene, &view, 80, 21));
        act(&mut view, &scene, &[Action::NextPanel]);
    }
}

#[test]
fn a_stage_and_an_output_in_depth() {
    let scene = flow(true);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::Zoom, Action::Down, Action::Enter]);
    assert_snapshot!("stage_load_120x37", picture(&scene, &view, 120, 37));
    act(&mut view, &scene, &[Action::Back, Action::NextPanel, Action::NextPanel, Action::Enter]);
    assert_snapshot!("output_latency_120x37", picture(&scene, &view, 120, 37));
}

#[test]
fn outputs_have_their_own_filter_and_keys() {
    let scene = flow(true);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::NextPanel, Action::NextPanel]);
    let terms = view.terms(&scene.state);
    assert_eq!(terms.mistake("status=failed"), None);
    assert!(terms.mistake("cell=a").is_some(), "a field of samples");
    let offered: Vec<String> = terms.choices("s").into_iter().map(|choice| choice.text).collect();
    assert_eq!(offered, ["stage=", "status=", "size>"]);
    let hints = view.hints(&scene.state);
    assert!(hints.contains(&Action::Enter) && !hints.contains(&Action::Reverse), "{hints:?}");
}

/// Tells the run of `scene` again, as it is kept by `source`.
fn tell_again(scene: &mut Scene, source: &str) {
    let head = scene.state.workflows[&id()].run.head.clone();
    let ended = WorkflowEvent::Ended(Box::default());
    for event in [WorkflowEvent::Started(Box::new(head)), ended] {
        scene.tell(source, What::Workflow { id: id(), event });
    }
}

#[test]
fn a_run_that_is_kept_in_two_places_opens_in_each() {
    let mut scene = flow(true);
    for place in ["stored", "s3://lab"] {
        scene.tell(place, What::Runs(vec![StoredRun::bare(id(), true)]));
    }
    let bucket = Command::OpenFrom { source: SourceId("s3://lab".into()), id: id() };
    let here = Command::OpenRun(id());
    let mut view = View::default();
    for (place, source, wish) in [("s3://lab", "stored/s3://lab", bucket), ("here", "stored", here)]
    {
        view.filter(&format!("where={place}"));
        assert_eq!(view.act(Action::Enter, &scene.state), Reply::Wish(wish));
        tell_again(&mut scene, source);
        let shown = picture(&scene, &view, 120, 37);
        assert!(shown.contains("postgres-load") && !shown.contains("Reading "), "{shown}");
        act(&mut view, &scene, &[Action::Back]);
    }
}

#[test]
fn one_that_goes_on_is_not_taken_for_what_a_bucket_has_of_it() {
    let mut scene = flow(false);
    scene.tell("s3://lab", What::Runs(vec![StoredRun::bare(id(), false)]));
    let view = opened(&scene);
    tell_again(&mut scene, "stored/s3://lab");
    assert!(scene.state.workflows[&id()].is_live());
    let shown = picture(&scene, &view, 120, 37);
    assert!(shown.contains("running") && !shown.contains("Reading "), "{shown}");
}

#[test]
fn it_can_be_ended_gone_on_with_and_run_again() {
    let live = flow(false);
    let mut view = opened(&live);
    let Reply::Ask { question, then } = view.act(Action::Cancel, &live.state) else {
        panic!("a question comes first")
    };
    assert!(question.as_str().contains("its cleanup is done"), "{question}");
    assert_eq!(then, Command::Cancel(id()));
    let over = flow(true);
    let mut view = opened(&over);
    let file = "/home/ann/bench/benchmark.yaml".into();
    let again = WorkflowWish { file, ..WorkflowWish::default() };
    let Reply::Ask { then, .. } = view.act(Action::Again, &over.state) else {
        panic!("a question")
    };
    assert_eq!(then, Command::Workflow(Box::new(again.clone())));
    let Reply::Ask { then, .. } = view.act(Action::Resume, &over.state) else {
        panic!("a question")
    };
    let resume = WorkflowWish { resume: Some(id()), ..again };
    assert_eq!(then, Command::Workflow(Box::new(resume)));
    let Reply::Say(said) = view.act(Action::Export, &over.state) else { panic!("a sentence") };
    assert!(said.as_str().contains("/home/ann/bench/results/run-004"), "{said}");
}

/// A workflow with two tasks of one stage at the same time, and one of them again later.
fn at_once() -> Pipeline {
    let mut scene = flow(false);
    let mut head = scene.state.workflows[&id()].run.head.clone();
    let other = RunId::new(7, 7);
    head.id = Some(other.clone());
    let began = head.started.wall_ms;
    let mut tell = |event| scene.tell("local", What::Workflow { id: other.clone(), event });
    tell(WorkflowEvent::Started(Box::new(head)));
    let passed = |seconds| TaskState::Passed { seconds: Seconds(seconds) };
    // Of the stage `load`: 10 s to 18 s and 12 s to 20.5 s, then 30 s to 34 s.
    for (task, from, took) in [(1, 10_000, 8.0), (2, 12_000, 8.5), (4, 30_000, 4.0)] {
        let running = TaskState::Running { pid: None };
        tell(WorkflowEvent::Task { task, at_ms: began + from, state: running });
        tell(WorkflowEvent::Task { task, at_ms: began + from + 9_000, state: passed(took) });
    }
    let now = scene.state.now;
    of_workflow(&other, &scene.state.workflows[&other], now)
}

#[test]
fn the_table_and_the_timeline_have_one_time_of_a_stage() {
    let job = at_once();
    let load = job.stages.iter().find(|stage| stage.id.as_str() == "load").unwrap();
    assert_eq!(load.duration_seconds, Some(Seconds(14.5)), "each instant once, however many work");
    let began = job.started_ms.unwrap();
    let spells: Vec<(i64, Option<i64>)> = load
        .spells
        .iter()
        .map(|spell| (spell.from_ms - began, spell.to_ms.map(|to| to - began)))
        .collect();
    assert_eq!(spells, [(10_000, Some(20_500)), (30_000, Some(34_000))]);
    for over in [false, true] {
        let scene = flow(over);
        let now = scene::at(scene.now_ms);
        let job = of_workflow(&id(), &scene.state.workflows[&id()], now);
        for stage in job.stages.iter().filter(|stage| !stage.spells.is_empty()) {
            let ms = |spell: &Spell| spell.to_ms.unwrap_or(now.wall_ms) - spell.from_ms;
            let bars = stage.spells.iter().map(ms).sum::<i64>() as f64 / 1e3;
            let took = stage.duration_seconds.unwrap().0;
            assert!((bars - took).abs() < 0.002, "{}: {took} s and bars of {bars} s", stage.id);
        }
    }
}

#[test]
fn a_task_that_is_told_of_again_with_its_process_begins_once() {
    let mut scene = flow(false);
    let state = TaskState::Running { pid: Some(4_300) };
    let at_ms = scene::at(23_250).wall_ms;
    scene.tell(
        "local",
        What::Workflow { id: id(), event: WorkflowEvent::Task { task: 2, at_ms, state } },
    );
    let job = of_workflow(&id(), &scene.state.workflows[&id()], scene.state.now);
    let client = job.workers.iter().find(|worker| worker.id.as_str() == "client").unwrap();
    for told in [&job.timeline, &client.events] {
        let began = told.iter().filter(|moment| {
            moment.worker.as_str() == "client" && moment.words.as_str() == "load small: began"
        });
        assert_eq!(began.count(), 1);
    }
}

#[test]
fn only_what_ended_well_is_done() {
    let (live, failed) = (flow(false), flow(true));
    let share = |scene: &Scene| {
        let flow = &scene.state.workflows[&id()];
        of_workflow(&id(), flow, scene::at(scene.now_ms)).progress.unwrap().fraction()
    };
    assert!((share(&failed) - 3.0 / 7.0).abs() < 1e-9, "3 of 7 tasks passed: {}", share(&failed));
    assert!(share(&live) < share(&failed));
}

/// The stage of a workflow whose two tasks came to stand so, in a run that ended so.
fn stood(states: [&TaskState; 2], ending: Option<Ending>) -> Stage {
    let mut scene = flow(false);
    let mut head = scene.state.workflows[&id()].run.head.clone();
    head.tasks.retain(|task| task.stage.as_str() == "load");
    head.tasks.truncate(2);
    let mut tell = |event| scene.tell("local", What::Workflow { id: id(), event });
    tell(WorkflowEvent::Started(Box::new(head)));
    for (task, state) in (0..).zip(states) {
        tell(WorkflowEvent::Task { task, at_ms: 1, state: state.clone() });
    }
    if let Some(ending) = ending {
        let tail = WorkflowTail { ending, ..WorkflowTail::default() };
        tell(WorkflowEvent::Ended(Box::new(tail)));
    }
    let now = scene.state.now;
    of_workflow(&id(), &scene.state.workflows[&id()], now).stages.remove(0)
}

#[test]
fn the_word_of_a_stage_and_how_much_of_it_is_done_agree() {
    let reason = SafeText::from("for case a alone");
    let (seconds, exit) = (Seconds(1.0), Some(2));
    let states = [
        TaskState::Pending,
        TaskState::Running { pid: None },
        TaskState::Passed { seconds },
        TaskState::Failed { seconds, exit, reason: reason.clone() },
        TaskState::Skipped { reason: reason.clone() },
        TaskState::Unknown { reason },
    ];
    let endings = [None, Some(Ending::Success), Some(Ending::Failed), Some(Ending::Cancelled)];
    for ending in endings {
        for (one, other) in states.iter().flat_map(|one| states.iter().map(move |of| (one, of))) {
            let stage = stood([one, other], ending);
            let done = stage.progress.map(Ratio::fraction);
            let told = format!("{one:?} {other:?} {ending:?}: {} {done:?}", stage.status);
            match stage.status.as_str() {
                "finished" => assert_eq!(done, Some(1.0), "{told}"),
                "skipped" => assert_eq!(done, None, "{told}"),
                _ => assert!(done.is_some_and(|done| done < 1.0), "{told}"),
            }
        }
    }
    let half = stood([&states[2], &states[4]], Some(Ending::Failed));
    assert_eq!((half.status.as_str(), half.output, half.skipped), ("finished", Some(1), Some(1)));
}

#[test]
fn a_run_is_listed_with_its_tasks_before_it_is_opened_as_after() {
    let opened = flow(true);
    let run = &opened.state.workflows[&id()].run;
    let brief = RunBrief {
        kind: PipelineKind::Workflow,
        name: Some(run.head.name.clone()),
        started_ms: run.head.started.wall_ms,
        seconds: Some(Seconds(41.6)),
        status: "FAILED".into(),
        parts: ["start-db", "load", "wipe"].map(SafeText::from).to_vec(),
        stages: Some(3),
        workers: Some(3),
        tasks: Some(7),
        skipped: Some(3),
        completed: 3,
        failed: 1,
        note: Some("load on client in case small: exit status 2".into()),
        ..RunBrief::default()
    };
    let listed = |brief: RunBrief| {
        let mut scene = Scene { now_ms: opened.now_ms, ..Scene::default() };
        let brief = Some(Box::new(brief));
        let stored = vec![StoredRun { id: id(), finished: true, brief }];
        scene.tell("stored", What::Runs(stored));
        scene.now_ms = opened.now_ms;
        picture(&scene, &View::default(), 120, 37)
    };
    assert_eq!(listed(brief.clone()), picture(&opened, &View::default(), 120, 37));
    let older = listed(RunBrief { tasks: None, skipped: None, ..brief });
    let row = older.lines().find(|line| line.contains("✗ failed")).unwrap().to_owned();
    assert!(row.contains("     —") && !row.contains("3/7") && !row.contains("42 %"), "{row}");
}

#[test]
fn two_that_are_marked_are_compared_or_it_is_said_why_not() {
    let mut scene = flow(true);
    scene::run(&mut scene, true);
    let other = RunId::new(7, 7);
    let said = |scene: &Scene, filters: [&str; 2]| {
        let mut view = View::default();
        for filter in filters {
            view.filter(filter);
            view.act(Action::Mark, &scene.state);
        }
        match view.act(Action::Compare, &scene.state) {
            Reply::Say(said) => said.to_string(),
            reply => panic!("{reply:?}"),
        }
    };
    let mixed = said(&scene, ["kind=workflow", "kind=bench"]);
    assert_eq!(mixed, "a workflow's run and a benchmark have no figure in common");
    let waits = vec![StoredRun::bare(other.clone(), true)];
    scene.tell("stored", What::Runs(waits));
    let both = said(&scene, ["name=postgres-load", &format!("id={other}")]);
    assert_eq!(both, format!("run {} is being read; a moment, please", other.short()));
}

/// The same workflow once more: it goes on, and in the end all of it was done.
fn second(scene: &mut Scene, over: bool) -> RunId {
    let other = RunId::new(scene::WALL_MS + 1_000, 7);
    let mut head = scene.state.workflows[&id()].run.head.clone();
    (head.id, head.number) = (Some(other.clone()), "run-005".into());
    let began = head.started.wall_ms;
    let tasks = head.tasks.len();
    let mut tell = |event| scene.tell("local", What::Workflow { id: other.clone(), event });
    tell(WorkflowEvent::Started(Box::new(head)));
    tell(WorkflowEvent::Metadata(vec![("commit".into(), "0b9e1c2".into())]));
    for (task, _) in (0..).zip(0..tasks) {
        let at_ms = began + i64::from(task) * 6_000;
        tell(WorkflowEvent::Task { task, at_ms, state: TaskState::Running { pid: None } });
        if over || task < 2 {
            let state = TaskState::Passed { seconds: Seconds(5.5) };
            tell(WorkflowEvent::Task { task, at_ms: at_ms + 5_500, state });
        }
        if !over && task == 2 {
            return other;
        }
    }
    let tail = WorkflowTail { seconds: Seconds(41.9), ..WorkflowTail::default() };
    tell(WorkflowEvent::Ended(Box::new(tail)));
    other
}

#[test]
fn two_workflows_are_seen_beside_one_another() {
    for (name, over) in [("over", true), ("live", false)] {
        let mut scene = flow(over);
        let other = second(&mut scene, over);
        let mut view = View::default();
        act(&mut view, &scene, &[Action::Mark, Action::Mark, Action::Compare]);
        for (width, height) in [(80, 21), (200, 57)] {
            let shown = picture(&scene, &view, width, height);
            assert_snapshot!(format!("beside_{name}_{width}x{height}"), shown);
        }
        let wide = picture(&scene, &view, 200, 57);
        assert!(wide.contains(&format!("isomon compare {} {other}", id())), "{wide}");
        act(&mut view, &scene, &[Action::Down, Action::Back]);
        assert!(picture(&scene, &view, 80, 21).contains("2 marked"));
    }
}

#[test]
fn of_a_long_log_the_latest_five_thousand_lines_are_kept_and_the_others_counted() {
    let mut scene = flow(false);
    let before = &scene.state.workflows[&id()];
    let known = before.dropped + before.lines.len() as u64;
    for batch in 0..53 {
        let line = |number: i64| TaskLine { at_ms: batch * 100 + number, ..TaskLine::default() };
        let event = WorkflowEvent::Lines { lines: (0..100).map(line).collect(), dropped: 0 };
        scene.tell("local", What::Workflow { id: id(), event });
    }
    let flow = &scene.state.workflows[&id()];
    assert_eq!((flow.lines.len(), flow.dropped), (5_000, known + 300));
    assert_eq!((flow.lines[0].at_ms, flow.lines[4_999].at_ms), (300, 5_299));
}
