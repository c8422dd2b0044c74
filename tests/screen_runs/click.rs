//! Clicks at the tables of a job: what is chosen is what is drawn there.

use isomon::model::bench::{Failure, HostState, Outcome, Phases, Sample};
use isomon::model::id::RunId;
use isomon::model::pipeline::{Checkpoint, Exception, Pipeline};
use isomon::model::run::RunEvent;
use isomon::model::unit::Seconds;
use isomon::model::update::What;
use isomon::model::workflow::WorkflowEvent;
use isomon::model::workflow::result::Collected;
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::tab::runs::View;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::scene::{self, Scene, flow, job};
use super::whole::solstice;
use super::{act, opened, picture};

const WIDTH: u16 = 120;
const HEIGHT: u16 = 37;

/// What stands in this row of the screen.
fn line(scene: &Scene, view: &View, row: u16) -> String {
    let seen = picture(scene, view, WIDTH, HEIGHT);
    seen.lines().nth(usize::from(row)).unwrap_or_default().to_owned()
}

/// What stands in the row that is chosen.
fn chosen(scene: &Scene, view: &View) -> String {
    let buffer = scene.buffer(WIDTH, HEIGHT, Glyph::Unicode, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    let is_chosen = |row: &u16| buffer[(10_u16, *row)].modifier.contains(Modifier::REVERSED);
    let row = (0..HEIGHT).find(is_chosen);
    row.map(|row| line(scene, view, row)).unwrap_or_default()
}

/// The job called `name` with panel number `panel` alone, scrolled to its end.
fn at_its_end(scene: &Scene, name: &str, panel: usize) -> View {
    let mut view = opened(scene, name);
    act(&mut view, scene, &[Action::Zoom]);
    act(&mut view, scene, &vec![Action::NextPanel; panel]);
    act(&mut view, scene, &[Action::Last]);
    view
}

/// A click at the first row below the heading with `column` chooses that row; two in the last line of the panel,
/// where no row is, neither choose nor open one.
fn hits_what_is_drawn(scene: &Scene, view: &mut View, column: &str) {
    let area = Rect::new(0, 0, WIDTH, HEIGHT);
    let heading = (0..HEIGHT).find(|row| line(scene, view, *row).contains(column));
    let row = heading.map_or(0, |row| row + 1);
    let first = line(scene, view, row);
    view.click(10, row, area, &scene.state);
    assert_eq!(chosen(scene, view), first, "{column}");
    for _ in 0..2 {
        view.click(10, HEIGHT - 2, area, &scene.state);
    }
    assert_eq!(chosen(scene, view), first, "{column}: below the table");
}

/// A benchmark that goes on, with samples that failed; its id.
fn failing() -> (Scene, RunId) {
    let mut scene = Scene { now_ms: 300_000, ..Scene::default() };
    scene::run(&mut scene, false);
    let id = scene.state.runs.keys().next().cloned().unwrap_or_else(|| RunId::new(0, 0));
    for round in 0..60 {
        let sample = Sample {
            cell: 0,
            round,
            warmup: false,
            attempt: 0,
            at_seconds: Seconds(f64::from(round)),
            phases: Phases::default(),
            outcome: Outcome::Failed { kind: Failure::Start, message: "no such file".into() },
            host: HostState::default(),
            taints: Vec::new(),
        };
        let event = RunEvent::Sample(Box::new(sample));
        scene.tell("local", What::Run { id: id.clone(), event });
    }
    (scene, id)
}

#[test]
fn of_samples() {
    let (scene, id) = failing();
    hits_what_is_drawn(&scene, &mut at_its_end(&scene, id.as_str(), 2), "OUTCOME");
}

#[test]
fn of_outputs() {
    let mut scene = flow::flow(true);
    for number in 0..100 {
        let name = format!("out-{number:03}");
        let file = Collected {
            output: name.as_str().into(),
            task: 1,
            file: name.as_str().into(),
            ..Collected::default()
        };
        let event = WorkflowEvent::File(Box::new(file));
        scene.tell("local", What::Workflow { id: flow::id(), event });
    }
    hits_what_is_drawn(&scene, &mut at_its_end(&scene, "postgres-load", 2), "OUTPUT");
}

#[test]
fn of_errors() {
    let one = |number: u32| Exception {
        count: 1,
        message: format!("no {number}").into(),
        last_ms: Some(scene::WALL_MS - i64::from(number) * 1_000),
        ..Exception::default()
    };
    let exceptions = (0..300).map(one).collect();
    let scene = solstice(Pipeline { exceptions, ..job::full() });
    hits_what_is_drawn(&scene, &mut at_its_end(&scene, "orders", 5), "MESSAGE");
}

#[test]
fn of_checkpoints_of_a_run_that_was_cut_off() {
    let (mut scene, id) = failing();
    let made = |number: u32| Checkpoint {
        id: format!("made-{number}").into(),
        status: "COMPLETED".into(),
        ..Checkpoint::default()
    };
    let made = (1..4).map(|number| RunEvent::Checkpoint(Box::new(made(number))));
    for event in made.chain([RunEvent::CutOff]) {
        scene.tell("local", What::Run { id: id.clone(), event });
    }
    let mut view = at_its_end(&scene, id.as_str(), 6);
    assert!(picture(&scene, &view, WIDTH, HEIGHT).contains("It was cut off; "));
    hits_what_is_drawn(&scene, &mut view, "REACHED");
}
