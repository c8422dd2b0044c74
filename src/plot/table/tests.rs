//! Pictures of tables: what is on them, and that no table can break them.

use proptest::prelude::*;

use super::*;
use crate::model::unit::Seconds;
use crate::plot::Mark;
use crate::table::digest::digest;

fn spec(kind: PlotKind, x: &str, y: &str) -> PlotSpec {
    let list = |name: &str| if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
    PlotSpec { name: "plot".to_owned(), kind, x: list(x), y: list(y), ..PlotSpec::default() }
}

fn source(run: &str, text: &str, spec: &PlotSpec) -> Source {
    Source { run: run.to_owned(), digest: digest(text.as_bytes(), spec, &[]).unwrap() }
}

/// A request each 100 ms from 2026-01-02 03:04:05 UTC on.
fn load(rows: u32) -> String {
    let row = |at: u32| {
        let status = if at % 10 == 9 { 500 } else { 200 };
        format!("{},{},{status}\n", 1_767_323_045_000_u64 + 100 * u64::from(at), 10 + at % 7)
    };
    "timestamp_ms,latency_ms,status\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

fn lines(figure: &Figure) -> Vec<Vec<(f64, f64)>> {
    let line = |mark: &Mark| match mark {
        Mark::Line { points, .. } => Some(points.clone()),
        _ => None,
    };
    figure.panel.marks.iter().filter_map(line).collect()
}

#[test]
fn a_curve_has_every_row_and_the_times_of_day() {
    let spec = spec(PlotKind::TimeSeries, "timestamp_ms", "latency_ms");
    let figure = figure(&spec, vec![source("1", &load(200), &spec)]).unwrap();
    assert_eq!(lines(&figure)[0].len(), 200);
    assert_eq!(figure.panel.x.label, "timestamp_ms (2026-01-02, UTC)");
    assert_eq!(figure.panel.x.ticks[0].1, "03:04:05");
    assert_eq!(figure.panel.y.range.0, 0.0);
    assert!(figure.panel.legend.is_empty() && figure.notes.is_empty(), "{:?}", figure.notes);
}

#[test]
fn an_aggregation_is_applied_over_windows_and_said() {
    let spec = PlotSpec {
        aggregation: Some(Aggregation::P95),
        window: Some(Seconds(1.0)),
        ..spec(PlotKind::TimeSeries, "timestamp_ms", "latency_ms")
    };
    let figure = figure(&spec, vec![source("1", &load(200), &spec)]).unwrap();
    assert_eq!(lines(&figure)[0].len(), 20);
    // Ten values of 10..=16 in each window: the tenth is the 95th percentile.
    assert!(lines(&figure)[0].iter().all(|(_, value)| *value == 16.0));
    assert_eq!(figure.notes, ["each point: 95th percentile of a window of 1.00 s"]);
}

#[test]
fn groups_and_runs_are_told_apart() {
    let spec = PlotSpec {
        groupby: Some("status".to_owned()),
        ..spec(PlotKind::TimeSeries, "timestamp_ms", "latency_ms")
    };
    let runs = vec![source("run-001", &load(50), &spec), source("run-002", &load(50), &spec)];
    let figure = figure(&spec, runs).unwrap();
    let names: Vec<&str> = figure.panel.legend.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["run-001 · 200", "run-001 · 500", "run-002 · 200", "run-002 · 500"]);
    assert!(figure.panel.x.label.contains("since the first row of each run"));
}

#[test]
fn the_shares_of_a_histogram_are_probabilities() {
    for (common, sum) in [(false, 2.0), (true, 1.0)] {
        let mut spec = spec(PlotKind::Histogram, "latency_ms", "");
        spec.groupby = Some("status".to_owned());
        spec.options.bins = Some(7);
        spec.options.hist_common_norm = Some(common);
        let figure = figure(&spec, vec![source("1", &load(700), &spec)]).unwrap();
        let share = |mark: &Mark| match mark {
            Mark::Bar { y, .. } => y.1,
            _ => 0.0,
        };
        let all: f64 = figure.panel.marks.iter().map(share).sum();
        assert!((all - sum).abs() < 1e-9, "{all}");
    }
}

#[test]
fn a_box_is_what_quartiles_and_tukey_say() {
    let spec = spec(PlotKind::Boxplot, "k", "v");
    let text = "k,v\n".to_owned()
        + &(1..=9).map(|v| format!("a,{v}\n")).collect::<String>()
        + "a,99\nb,1\n";
    let figure = figure(&spec, vec![source("1", &text, &spec)]).unwrap();
    let Mark::Bar { y, .. } = figure.panel.marks[0] else { panic!("a box first") };
    // statistics.quantiles([1..9, 99], n=4, method="inclusive") is [3.25, 5.5, 7.75].
    assert_eq!(y, (3.25, 7.75));
    let ring = figure.panel.marks.iter().find_map(|mark| match mark {
        Mark::Dots { points, .. } => Some(points[0].1),
        _ => None,
    });
    assert_eq!(ring, Some(99.0));
    let names: Vec<&str> = figure.panel.x.ticks.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn what_an_option_cannot_be_is_said_with_what_it_can() {
    let wrong = |change: fn(&mut PlotOptions)| {
        let mut spec = spec(PlotKind::Histogram, "latency_ms", "");
        change(&mut spec.options);
        figure(&spec, vec![source("1", &load(9), &spec)]).unwrap_err()
    };
    assert!(wrong(|of| of.width_px = Some(9)).contains("within 200 and 8000"));
    assert!(wrong(|of| of.style = Some("neon".to_owned())).contains("whitegrid"));
    assert!(wrong(|of| of.legend_loc = Some("there".to_owned())).contains("upper right"));
    assert!(wrong(|of| of.hist_element = Some("pie".to_owned())).contains("poly"));
}

#[test]
fn nothing_to_draw_says_what_is_missing() {
    let wrong = |kind, x: &str, y: &str, text: &str| {
        digest(text.as_bytes(), &spec(kind, x, y), &[]).unwrap_err().to_string()
    };
    assert_eq!(
        wrong(PlotKind::TimeSeries, "t", "v", "t,v\n1,x\n"),
        "no number in column v, in 1 rows"
    );
    assert!(
        wrong(PlotKind::TimeSeries, "t", "v", "t,v\nx,1\n").contains("neither times nor numbers")
    );
    assert!(wrong(PlotKind::Histogram, "", "", "t\n1\n").contains("names no column for x"));
    assert!(wrong(PlotKind::Histogram, "latncy", "", "latency\n1\n").contains("latency is there"));
    assert_eq!(wrong(PlotKind::Histogram, "t", "", "t\n"), "there is no row below the header");
}

proptest! {
    #[test]
    fn whatever_numbers_there_are_have_a_place(
        rows in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY, 0_u8..30), 1..60),
        kind in prop_oneof![Just(PlotKind::TimeSeries), Just(PlotKind::Histogram), Just(PlotKind::Boxplot)],
        aggregated in any::<bool>(), grouped in any::<bool>(), time in any::<bool>(),
    ) {
        let x = if time { "time" } else { "x" };
        let text = format!("{x},y,g\n")
            + &rows.iter().map(|(x, y, g)| format!("{x},{y},{g}\n")).collect::<String>();
        let mut spec = spec(kind, x, "y");
        spec.aggregation = aggregated.then_some(Aggregation::Median);
        spec.groupby = grouped.then(|| "g".to_owned());
        if let Ok(digest) = digest(text.as_bytes(), &spec, &[]) {
            let figure = figure(&spec, vec![Source { run: "1".to_owned(), digest }]).unwrap();
            for axis in [&figure.panel.x, &figure.panel.y] {
                prop_assert!(axis.ticks.len() <= BOXES_AND_TICKS, "{axis:?}");
                prop_assert!(axis.range.0 < axis.range.1, "{axis:?}");
            }
            for (x, y) in lines(&figure).into_iter().flatten() {
                for place in [figure.panel.x.place(x), figure.panel.y.place(y)] {
                    prop_assert!(place.is_some_and(|at| (-0.01..=1.01).contains(&at)), "{place:?} {x} {y} {:?} {:?}", figure.panel.x, figure.panel.y);
                }
            }
            #[cfg(feature = "plot")]
            prop_assert!(crate::plot::draw::figure_svg(&figure, crate::plot::draw::Theme::Light).len() > 500);
        }
    }
}

const BOXES_AND_TICKS: usize = crate::table::digest::BOXES;
