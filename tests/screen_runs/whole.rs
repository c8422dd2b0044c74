//! A job of another platform that goes on, and the same when it is over: the same pages, and nothing to act
//! with. Tables that are longer and wider than the screen.

use isomon::model::command::Command;
use isomon::model::origin::Kind;
use isomon::model::pipeline::{Exception, Pipeline, Pipelines, Worker};
use isomon::model::update::What;
use isomon::tui::action::Action;
use isomon::tui::reply::Reply;
use isomon::tui::tab::runs::View;

use super::scene::{Scene, WALL_MS, job, origin};
use super::{act, everywhere, opened, picture};

/// Panels of a job.
const PANELS: usize = 11;

/// A Solstice that tells of `job` alone.
pub(super) fn solstice(job: Pipeline) -> Scene {
    let mut scene = Scene { now_ms: 300_000, ..Scene::default() };
    let told = origin(Kind::Solstice, "http://10.0.0.8:3000", None);
    scene.tell("solstice", What::Origin(Box::new(told)));
    let jobs = Pipelines { jobs: vec![job], gaps: Vec::new() };
    scene.tell("solstice", What::Pipelines(Box::new(jobs)));
    scene
}

/// `orders`, as it is told while it has this status.
fn orders(status: &str) -> Scene {
    let mut job = job::full();
    job.status = status.into();
    if !job.is_live() {
        job.ended_ms = Some(WALL_MS + 300_000);
        job.left_seconds = None;
    }
    solstice(job)
}

/// Each panel by itself, without the lines above that say how far the job is.
fn panels(status: &str, (width, height): (u16, u16)) -> Vec<String> {
    let scene = orders(status);
    let mut view = opened(&scene, "orders");
    act(&mut view, &scene, &[Action::Zoom]);
    let panel = |_| {
        let seen = picture(&scene, &view, width, height);
        act(&mut view, &scene, &[Action::NextPanel]);
        let lines = seen.lines().skip(3).filter(|line| !line.contains("bottleneck: "));
        let panel = lines.collect::<Vec<_>>().join("\n");
        // What is over has an end in place of a present, and nothing to follow: its frame is longer by that.
        let words =
            [("used last ", "used now  "), (" end ", " now "), (" · following", ""), ("─", "")];
        words.iter().fold(panel, |panel, (over, live)| panel.replace(over, live))
    };
    (0..PANELS).map(panel).collect()
}

#[test]
fn a_job_that_is_over_has_the_pages_of_one_that_goes_on() {
    for size in [(80, 21), (200, 57)] {
        let live = panels("RUNNING", size);
        for status in ["COMPLETED", "FAILED", "CANCELLED"] {
            for (over, live) in panels(status, size).iter().zip(&live) {
                assert_eq!(over, live, "{status}");
            }
        }
    }
}

#[test]
fn nothing_is_done_to_a_job_of_others() {
    for status in ["RUNNING", "FAILED"] {
        let scene = orders(status);
        for panel in 0..PANELS {
            for (before, action) in [None, Some(Action::Enter)]
                .into_iter()
                .flat_map(|before| Action::ALL.iter().map(move |action| (before, *action)))
            {
                let mut view = opened(&scene, "orders");
                act(&mut view, &scene, &vec![Action::NextPanel; panel]);
                if let Some(before) = before {
                    view.act(before, &scene.state);
                }
                let reply = view.act(action, &scene.state);
                let is_harmless = match &reply {
                    Reply::Wish(wish) => matches!(wish, Command::Report { .. } | Command::ListRuns),
                    Reply::Ask { .. } | Reply::AskAll { .. } | Reply::Mend(_) => false,
                    _ => true,
                };
                assert!(is_harmless, "{status}, panel {panel}, {action:?}: {reply:?}");
            }
        }
    }
}

/// The line with the names of columns.
fn heading<'a>(seen: &'a str, first: &str) -> &'a str {
    let found = seen.lines().find(|line| line.trim_start_matches(['│', ' ']).starts_with(first));
    found.unwrap_or_else(|| panic!("no heading with {first} first:\n{seen}"))
}

#[test]
fn a_long_table_keeps_its_heading_and_its_first_column() {
    let long = Pipeline {
        workers: (0..300)
            .map(|number| Worker {
                id: format!("w-{number:03}").into(),
                stage: "join".into(),
                ..Worker::default()
            })
            .collect(),
        exceptions: (0..300)
            .map(|number| Exception {
                count: 1_000 + number,
                message: format!("no {number}").into(),
                last_ms: Some(WALL_MS - i64::try_from(number).unwrap() * 1_000),
                ..Exception::default()
            })
            .collect(),
        ..job::full()
    };
    let scene = solstice(long);
    for (panel, first, rows) in [(1, "WORKER", ["w-000", "w-299"]), (5, "COUNT", ["1000", "1299"])]
    {
        for (width, height) in [(40, 10), (60, 21), (200, 57)] {
            let mut view = opened(&scene, "orders");
            act(&mut view, &scene, &[Action::Zoom]);
            act(&mut view, &scene, &vec![Action::NextPanel; panel]);
            let top = picture(&scene, &view, width, height);
            assert!(top.contains(rows[0]) && !top.contains(rows[1]), "{top}");
            act(&mut view, &scene, &[Action::Last]);
            let end = picture(&scene, &view, width, height);
            assert!(end.contains(rows[1]) && !end.contains(rows[0]), "{end}");
            assert_eq!(heading(&end, first), heading(&top, first));
        }
    }
}

#[test]
fn the_first_column_stays_at_every_width() {
    let (scene, view) = (everywhere(), View::default());
    for width in 20..=200 {
        heading(&picture(&scene, &view, width, 12), "STATUS");
    }
}
