//! Every kind of picture, of ordinary runs and of the strangest that a file can hold.

use super::*;
use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Cell, Failure, Outcome, Payload, Phase, Phases};
use crate::model::unit::Seconds;
use crate::report::run_sample::{loaded, run};

/// Every number of a picture, which must be one.
fn numbers(picture: &Picture) -> Vec<f64> {
    let mark = |mark: &Mark| match mark {
        Mark::Bar { x, y, cover, .. } => vec![x.0, x.1, y.0, y.1, *cover],
        Mark::Line { points, .. } | Mark::Dots { points, .. } => {
            points.iter().flat_map(|(x, y)| [*x, *y]).collect()
        }
        Mark::Interval { from, to } => vec![from.0, from.1, to.0, to.1],
        Mark::Word { at, .. } => vec![at.0, at.1],
    };
    let of = |panel: &Panel| {
        let axes = [panel.x.range.0, panel.x.range.1, panel.y.range.0, panel.y.range.1];
        axes.into_iter().chain(panel.marks.iter().flat_map(mark)).collect::<Vec<_>>()
    };
    picture.panels.iter().flat_map(of).collect()
}

/// Draws every kind of `run`; a kind that has nothing says what is missing.
fn draw_all(run: &Run) -> Vec<Kind> {
    let mut drawn = Vec::new();
    for kind in Kind::ALL {
        match picture(run, kind) {
            Err(why) => assert!(why.contains(" no ") || why.starts_with("no "), "{why}"),
            Ok(picture) => {
                assert!(numbers(&picture).iter().all(|number| number.is_finite()), "{kind:?}");
                assert!(picture.panels.iter().all(|panel| panel.height > 0.0), "{kind:?}");
                assert!(picture.source.contains(" · seed "));
                #[cfg(feature = "plot")]
                for theme in [draw::Theme::Light, draw::Theme::Dark] {
                    let svg = draw::inline_svg(&picture, theme);
                    assert!(
                        svg.starts_with("<svg ") && !svg.contains("NaN") && !svg.contains("inf")
                    );
                    assert!(svg.len() < 8 << 20, "{} bytes", svg.len());
                }
                drawn.push(kind);
            }
        }
    }
    drawn
}

#[test]
fn a_run_with_every_load_has_every_picture() {
    assert_eq!(draw_all(&loaded()), Kind::ALL);
    let without: Vec<Kind> = draw_all(&run());
    assert!(!without.contains(&Kind::Throughput) && without.contains(&Kind::Ladder));
}

#[test]
fn a_sample_that_was_measured_again_is_on_no_picture() {
    let mut run = run();
    let dots = |run: &Run, kind| {
        let picture = picture(run, kind).unwrap();
        let marks = picture.panels.iter().flat_map(|panel| &panel.marks);
        let dots = marks.map(|mark| match mark {
            Mark::Dots { points, .. } => points.len(),
            _ => 0,
        });
        dots.sum::<usize>()
    };
    let kinds = [Kind::Samples, Kind::Timeline];
    let before = kinds.map(|kind| dots(&run, kind));
    let mut again = run.samples.iter().rfind(|sample| sample.cell == 0).unwrap().clone();
    again.attempt += 1;
    run.samples.push(again);
    assert!(before[0] > 0);
    assert_eq!(kinds.map(|kind| dots(&run, kind)), before);
}

#[test]
fn a_run_without_a_sample_says_what_is_missing() {
    let mut empty = run();
    empty.samples.clear();
    empty.tail = None;
    assert_eq!(draw_all(&empty), []);
    empty.head.cells.clear();
    assert_eq!(draw_all(&empty), []);
}

#[test]
fn few_samples_have_no_interval_and_say_so() {
    for rounds in [1, 2, 5] {
        let mut few = run();
        few.tail = None;
        few.samples.retain(|sample| !sample.warmup && sample.round <= rounds);
        assert!(draw_all(&few).contains(&Kind::Bars));
        let bars = picture(&few, Kind::Bars).unwrap();
        let marks = bars.panels.iter().flat_map(|panel| &panel.marks);
        let intervals = marks.filter(|mark| matches!(mark, Mark::Interval { .. })).count();
        assert_eq!(intervals, 0, "{rounds} samples");
        assert!(bars.notes.iter().any(|note| note.contains("fewer than 6")), "{:?}", bars.notes);
    }
}

#[test]
fn failures_alone_are_no_picture() {
    let mut failed = run();
    failed.tail = None;
    for sample in &mut failed.samples {
        sample.outcome = Outcome::Failed { kind: Failure::Start, message: "no".into() };
    }
    assert_eq!(draw_all(&failed), []);
}

#[test]
fn times_of_nothing_and_of_ages_are_drawn() {
    for length in [0.0, 5e-324, 1e-12, 1e9, 1e300, f64::MAX] {
        let mut odd = run();
        odd.tail = None;
        for sample in odd.samples.iter_mut().filter(|sample| sample.cell % 2 == 0) {
            sample.phases = Phases::default();
            for phase in Phase::ALL {
                sample.phases.set(phase, Seconds(length));
            }
            sample.at_seconds = Seconds(length);
        }
        assert!(!draw_all(&odd).is_empty(), "{length}");
    }
}

#[test]
fn numbers_that_are_none_are_passed_over() {
    let mut odd = loaded();
    for (at, sample) in odd.samples.iter_mut().enumerate() {
        let length = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0][at % 4];
        sample.phases.set(Phase::Ready, Seconds(length));
        sample.at_seconds = Seconds(length);
        sample.host.other_cores = Some(length);
        sample.cell = u32::try_from(at % 90).unwrap();
    }
    odd.tail = None;
    draw_all(&odd);
}

#[test]
fn hundreds_of_cells_are_cut_and_counted() {
    let mut many = run();
    many.tail = None;
    many.head.cells.clear();
    let sample = many.samples.iter().find(|sample| !sample.warmup).unwrap().clone();
    many.samples.clear();
    for index in 0..600_u32 {
        let backend = BackendId::ALL[index as usize % BackendId::ALL.len()];
        many.head.cells.push(Cell { backend, start: Start::Warm, payload: Payload::Noop });
        many.samples.push(crate::model::bench::Sample { cell: index, ..sample.clone() });
    }
    draw_all(&many);
    let bars = picture(&many, Kind::Bars).unwrap();
    assert!(bars.notes.iter().any(|note| note.starts_with("560 more rows")), "{:?}", bars.notes);
    assert!(bars.panels.iter().all(|panel| panel.height < 1_000.0));
}

#[test]
fn bars_begin_at_zero_and_the_short_ones_come_again() {
    let bars = picture(&run(), Kind::Bars).unwrap();
    let mut titles = bars.panels.iter().map(|panel| panel.title.as_str());
    assert_eq!(titles.next(), Some("noop: start, from asked for to ready"));
    assert_eq!(titles.next(), Some("the short ones again, on a scale of their own"));
    for panel in &bars.panels {
        assert_eq!((panel.x.scale, panel.x.range.0), (Scale::Linear, 0.0), "{}", panel.title);
        for mark in &panel.marks {
            assert!(!matches!(mark, Mark::Bar { x, .. } if x.0 != 0.0));
        }
    }
}

#[test]
fn the_ladder_adds_up_to_its_phases() {
    let ladder = picture(&run(), Kind::Ladder).unwrap();
    let panel = &ladder.panels[0];
    assert_eq!(panel.y.ticks[0].1, "runc");
    let ends: Vec<(f64, f64)> = panel
        .marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Bar { x, y, .. } if y.0 < 0.0 => Some(*x),
            _ => None,
        })
        .collect();
    assert_eq!(ends.len(), 4, "create, ready, run, exit");
    assert!(ends.windows(2).all(|pair| pair[0].1.to_bits() == pair[1].0.to_bits()));
    let legend: Vec<&str> = panel.legend.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(legend, ["create", "ready", "run", "exit"], "a phase nobody has is not there");
}

#[cfg(feature = "plot")]
#[test]
fn a_picture_needs_nothing_else_and_no_name_steers_it() {
    let mut run = loaded();
    run.head.fingerprint.hostname = "<script>alert(1)</script> $x$ & \"q\"".into();
    let picture = picture(&run, Kind::Bars).unwrap();
    let svg = draw::svg(&picture, draw::Theme::Light);
    assert!(svg.contains("@font-face") && svg.contains("base64,"));
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"));
    assert!(svg.contains("$x$"), "a dollar sign stays one");
    assert!(!svg.contains("href=\"http") && !svg.contains("url(http"));
    let png = draw::png(&picture, draw::Theme::Dark).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
}

#[cfg(feature = "plot")]
#[test]
#[ignore = "writes pictures of a run where ISOMON_PICTURES says, to be looked at"]
fn pictures_to_be_looked_at() {
    let to = std::env::var_os("ISOMON_PICTURES").map(std::path::PathBuf::from).unwrap();
    let read = |path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let run: Run = std::env::var_os("ISOMON_RUN").map_or_else(loaded, read);
    let page = crate::report::run_html::html(&run).unwrap();
    std::fs::write(to.join("report.html"), page).unwrap();
    for (theme, name) in [(draw::Theme::Light, "light"), (draw::Theme::Dark, "dark")] {
        for kind in Kind::ALL {
            let Ok(picture) = picture(&run, kind) else { continue };
            let file = to.join(format!("{}-{name}.png", kind.name()));
            std::fs::write(file, draw::png(&picture, theme).unwrap()).unwrap();
        }
    }
}
