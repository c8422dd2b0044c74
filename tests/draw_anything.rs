//! Whatever the state, the keys and the size of the screen: drawing the two tabs never panics.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "small made-up numbers"
)]

use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{
    Cell, Estimate, Failure, Figure, HostState, Outcome, Payload, Phase, Phases, Place, Progress,
    Sample, Summary, Taint,
};
use isomon::model::id::SourceId;
use isomon::model::load::{LoadFigure, LoadSummary, Rate, Step, Stride};
use isomon::model::run::{RunEnd, RunEvent, RunTail};
use isomon::model::unit::{Ratio, Seconds};
use isomon::model::update::What;
use isomon::state::State;
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::tab::{backends, bench};
use proptest::prelude::*;

#[path = "world/load.rs"]
#[expect(dead_code, reason = "other tests draw the usual loads")]
mod loaded;
#[path = "world/screen.rs"]
#[expect(dead_code, reason = "only what is drawn matters")]
mod screen;
#[path = "world/bench.rs"]
#[expect(dead_code, reason = "other tests draw the usual run")]
mod world;

fn seconds() -> impl Strategy<Value = Seconds> {
    let odd = prop::sample::select(vec![f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-300, 1e300]);
    prop_oneof![8 => 1e-6..10.0_f64, 1 => odd].prop_map(Seconds)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let failed = any::<String>()
        .prop_map(|message| Outcome::Failed { kind: Failure::Status, message: message.into() });
    prop_oneof![3 => Just(Outcome::Good), 1 => failed]
}

fn phases() -> impl Strategy<Value = Phases> {
    prop::collection::vec(prop::option::of(seconds()), 7).prop_map(|lengths| {
        let mut phases = Phases::default();
        for (phase, length) in Phase::ALL.into_iter().zip(lengths) {
            if let Some(length) = length {
                phases.set(phase, length);
            }
        }
        phases
    })
}

fn sample() -> impl Strategy<Value = Sample> {
    let taints = prop::collection::vec(Just(Taint::Steal), 0..2);
    let parts = (0..40_u32, any::<bool>(), seconds(), phases(), outcome(), taints);
    parts.prop_map(|(cell, warmup, at_seconds, phases, outcome, taints)| Sample {
        cell,
        round: 0,
        warmup,
        at_seconds,
        phases,
        outcome,
        host: HostState { steal: Ratio::new(at_seconds.0), ..HostState::default() },
        taints,
        attempt: u32::from(cell % 3 == 0),
    })
}

fn estimate() -> impl Strategy<Value = Estimate> {
    let ends = prop::option::of((seconds(), seconds()));
    (seconds(), ends, seconds(), prop::option::of(seconds())).prop_map(
        |(median, ends, mad, tail)| Estimate {
            median_seconds: median,
            low_seconds: ends.map(|(low, _)| low),
            high_seconds: ends.map(|(_, high)| high),
            mad_seconds: mad,
            min_seconds: median,
            max_seconds: median,
            mean_seconds: median,
            sd_seconds: tail,
            p90_seconds: tail,
            p95_seconds: tail,
            p99_seconds: tail,
            outliers: u32::MAX,
            p999_seconds: None,
        },
    )
}

fn summary() -> impl Strategy<Value = Summary> {
    let figure = prop::sample::select(Figure::ALL.to_vec());
    let parts = (0..40_u32, figure, any::<[u32; 3]>(), prop::option::of(estimate()));
    parts.prop_map(|(cell, figure, [n, failures, tainted], estimate)| Summary {
        cell,
        figure,
        n,
        failures,
        tainted,
        estimate,
        place: [None, Some(Place::Best), Some(Place::Alike)][n as usize % 3],
    })
}

fn cells() -> impl Strategy<Value = Vec<Cell>> {
    let backend = prop::sample::select(BackendId::ALL.to_vec());
    let payload = prop::sample::select(Payload::USUAL.to_vec());
    let start = prop::sample::select(Start::ALL.to_vec());
    let cell = (backend, start, payload).prop_map(|(backend, start, payload)| Cell {
        backend,
        start,
        payload,
    });
    prop::collection::vec(cell, 0..40)
}

fn stride() -> impl Strategy<Value = Stride> {
    let number = prop::sample::select(vec![0_u32, 1, 2, 40, u32::MAX]);
    let beside = prop::option::of(0..40_u32);
    (number, seconds(), beside, 0..5_usize).prop_map(|(number, odd, beside, kind)| match kind {
        0 => Stride::Throughput { at_once: number },
        1 => Stride::Latency { per_second: odd.0, most: number },
        2 => Stride::Memory { count: number },
        3 => Stride::Density { most: number },
        _ => Stride::Neighbour { beside },
    })
}

fn step() -> impl Strategy<Value = Step> {
    (0..40_u32, stride(), seconds()).prop_map(|(cell, stride, odd)| {
        let mut step = loaded::step(cell, stride, odd.0);
        step.shots[0].done_seconds = odd;
        step.shots[1].intended_seconds = None;
        step
    })
}

fn load() -> impl Strategy<Value = LoadSummary> {
    let figure = (estimate(), seconds(), prop::option::of(seconds()), 0..4_usize);
    let figure = figure.prop_map(|(known, odd, other, kind)| match kind {
        0 => LoadFigure::Times(known),
        1 => LoadFigure::Rate(Rate {
            per_second: odd.0,
            low_per_second: other.map(|other| other.0),
            high_per_second: Some(odd.0),
        }),
        2 => LoadFigure::Memory {
            pss_each_bytes: Some(odd.0),
            available_each_bytes: other.map(|other| -other.0),
        },
        _ => LoadFigure::Most { count: u32::MAX, all: other.is_some() },
    });
    let parts = (0..40_u32, stride(), prop::option::weighted(0.8, figure), any::<[u32; 3]>());
    parts.prop_map(|(cell, stride, figure, [n, failures, tainted])| LoadSummary {
        cell,
        stride,
        n,
        failures,
        tainted,
        figure,
        energy_each_joules: None,
    })
}

fn progress() -> impl Strategy<Value = Progress> {
    (any::<[u32; 4]>(), seconds(), prop::option::of(seconds())).prop_map(
        |([submitted, completed, failed, remaining], elapsed_seconds, left_seconds)| Progress {
            submitted,
            completed,
            failed,
            remaining,
            elapsed_seconds,
            left_seconds,
        },
    )
}

prop_compose! {
    fn state()(
        tried in any::<bool>(),
        cells in prop::option::weighted(0.9, cells()),
        samples in prop::collection::vec(sample(), 0..80),
        summary in prop::collection::vec(summary(), 0..80),
        progress in progress(),
        over in any::<bool>(),
        stored in any::<bool>(),
        steps in prop::collection::vec(step(), 0..6),
        loads in prop::collection::vec(load(), 0..40),
    ) -> State {
        let mut state = if tried { world::tried() } else { State::default() };
        let Some(cells) = cells else { return state };
        let mut head = world::head();
        head.cells = cells;
        let mut events = vec![RunEvent::Started(Box::new(head)), RunEvent::Progress(progress)];
        events.extend(samples.into_iter().map(|sample| RunEvent::Sample(Box::new(sample))));
        events.push(RunEvent::Summary(summary.clone()));
        events.extend(steps.into_iter().map(|step| RunEvent::Step(Box::new(step))));
        events.push(RunEvent::Loads(loads.clone()));
        if over {
            let ended = world::START;
            let end = RunEnd::BudgetSpent;
            let tail = RunTail { ended, end, progress, summary, suspended: world::head().left_out, overhead_seconds: None, empty_seconds: Vec::new(), loads, verdict: Some(loaded::verdict()) };
            events.push(RunEvent::Ended(Box::new(tail)));
        }
        for event in events {
            let mut update = world::update(world::START, What::Run { id: world::id(), event });
            if stored {
                update.from = SourceId::stored();
            }
            state.apply(&update);
        }
        state
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn drawing_never_panics(
        state in state(),
        keys in prop::collection::vec(prop::sample::select(Action::ALL.to_vec()), 0..30),
        size in (0..=210_u16, 0..=60_u16),
        click in (0..=210_u16, 0..=60_u16),
        ascii in any::<bool>(),
        filter in "[a-z]{0,2}",
    ) {
        let mut bench = bench::View::default();
        let mut backends = backends::View::default();
        bench.filter(&filter);
        let area = ratatui::layout::Rect::new(0, 0, size.0, size.1);
        for key in keys {
            bench.act(key, &state);
            backends.act(key, &state);
        }
        bench.click(click.0, click.1, area, &state);
        backends.click(click.0, click.1, area, &state);
        let glyph = if ascii { Glyph::Ascii } else { Glyph::Unicode };
        let drawn = screen::text(size, glyph, state.now, |frame, area, look| {
            bench.draw(frame, area, &state, look);
            bench.hints(&state);
        });
        prop_assert!(!ascii || drawn.is_ascii());
        screen::text(size, glyph, state.now, |frame, area, look| {
            backends.draw(frame, area, &state, look);
        });
    }
}
