//! What is advised after a run.

use super::*;

/// What is known of `figure` of `runc` after 40 samples: within `share` of its median.
fn known(figure: Figure, share: f64) -> Summary {
    let one = Seconds(1.0);
    let estimate = Estimate {
        median_seconds: one,
        low_seconds: Some(Seconds(1.0 - share)),
        high_seconds: Some(Seconds(1.0 + share)),
        mad_seconds: one,
        min_seconds: one,
        max_seconds: one,
        mean_seconds: one,
        sd_seconds: None,
        p90_seconds: None,
        p95_seconds: None,
        p99_seconds: None,
        p999_seconds: None,
        outliers: 0,
    };
    let (n, estimate) = (40, Some(estimate));
    Summary { cell: 1, figure, n, failures: 0, tainted: 0, estimate, place: None }
}

/// What is advised after a run of `payload` that came to `end`, of which `known` is known: words and
/// evidence.
fn advised(payload: Payload, end: RunEnd, known: &[Summary]) -> Vec<(String, String)> {
    let mut state = told(&SourceId::local(), vec![ended(end)]);
    let run = state.runs.get_mut(&head().id).unwrap();
    run.head.plan.payloads = vec![payload];
    run.head.cells.iter_mut().for_each(|cell| cell.payload = payload);
    run.summary = known.to_vec();
    let words = |advice: &Advice| (advice.words.to_string(), advice.evidence.to_string());
    job(&state).advice.iter().map(words).collect()
}

#[test]
fn advice_is_by_the_figure_that_decides() {
    for (payload, figure) in [
        (Payload::Noop, Figure::Start),
        (Payload::Cpu { rounds: 1 }, Figure::Work),
        (Payload::Job, Figure::Cli),
    ] {
        let width = |of| known(of, if of == figure { 0.12 } else { 0.02 });
        let known = [Figure::Start, Figure::Work, Figure::Cli].map(width);
        let advice = advised(payload, RunEnd::BudgetSpent, &known);
        let [(words, evidence)] = &advice[..] else { panic!("{payload}: {advice:?}") };
        let name = Cell::cold(BackendId::Runc, payload).name();
        let wanted = format!("the {} of {name} is known within 12.0 % after 40", figure.name());
        assert!(words.contains("--budget") && evidence.starts_with(&wanted), "{evidence}");
    }
}

#[test]
fn fewer_rounds_are_enough_where_what_decides_is_known() {
    let payload = Payload::Cpu { rounds: 1 };
    let of = |start, work| {
        let known = [known(Figure::Start, start), known(Figure::Work, work)];
        advised(payload, RunEnd::Completed, &known)
    };
    let few = of(0.2, 0.02);
    assert_eq!(few[0].0, "fewer rounds are enough: -r 10");
    assert!(few[0].1.starts_with("the work of runc cpu, known worst, is within 2.0 %"), "{few:?}");
    assert!(of(0.02, 0.2).is_empty(), "the work is known badly");
    assert!(of(0.02, 1e6).is_empty(), "more rounds than can be counted");
}

#[test]
fn more_at_once_is_worth_it_up_to_the_knee() {
    let rate = |(at_once, per_second): (u32, f64)| LoadSummary {
        cell: 1,
        stride: Stride::Throughput { at_once },
        n: 100,
        failures: 0,
        tainted: 0,
        figure: Some(LoadFigure::Rate(Rate {
            per_second,
            low_per_second: None,
            high_per_second: None,
        })),
        energy_each_joules: None,
    };
    let mut state = told(&SourceId::local(), vec![ended_well()]);
    let run = state.runs.get_mut(&head().id).unwrap();
    run.loads = [(1, 60.0), (2, 95.1), (4, 100.0)].map(rate).to_vec();
    let advice = job(&state).advice;
    let [advice] = &advice[..] else { panic!("{advice:?}") };
    assert_eq!(advice.words.as_str(), "runc gains nothing from more than 2 at once: -C 2");
    let wanted = "95.1 a second at 2 at once, 100.0 at the most, up to 4 at once";
    assert_eq!(advice.evidence.as_str(), wanted);
}
