//! A workflow in the Runs tab, as a user sees it.

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::command::Command;
use isomon::model::update::What;
use isomon::model::workflow::event::TaskLine;
use isomon::model::workflow::{WorkflowEvent, WorkflowWish};
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
