//! A workflow in the Runs tab, as a user sees it.

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::command::Command;
use isomon::model::id::RunId;
use isomon::model::pipeline::{Pipeline, Spell};
use isomon::model::unit::Seconds;
use isomon::model::update::What;
use isomon::model::workflow::event::TaskLine;
use isomon::model::workflow::{TaskState, WorkflowEvent, WorkflowHead, WorkflowWish};
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
fn only_what_ended_well_is_done() {
    let (live, failed) = (flow(false), flow(true));
    let share = |scene: &Scene| {
        let flow = &scene.state.workflows[&id()];
        of_workflow(&id(), flow, scene::at(scene.now_ms)).progress.unwrap().fraction()
    };
    assert!((share(&failed) - 3.0 / 7.0).abs() < 1e-9, "3 of 7 tasks passed: {}", share(&failed));
    assert!(share(&live) < share(&failed));
}

#[test]
fn two_that_are_marked_are_compared_or_it_is_said_why_not() {
    let mut scene = flow(true);
    scene::run(&mut scene, true);
    let mut head = scene.state.workflows[&id()].run.head.clone();
    let other = RunId::new(7, 7);
    head.id = Some(other.clone());
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
    let started = WorkflowEvent::Started(Box::new(WorkflowHead { name: "second".into(), ..head }));
    scene.tell("local", What::Workflow { id: other.clone(), event: started });
    let both = said(&scene, ["name=postgres-load", "name=second"]);
    assert_eq!(both, format!("in a shell: isomon compare {} {other}", id()));
    assert!(both.len() < 80, "all of it is seen");
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
