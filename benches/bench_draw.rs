//! What the Bench tab costs: taking in 10,000 samples, drawing a run of as many, and a frame of each
//! view with 100,000 samples while 2,000 a second arrive.
#![allow(missing_docs, reason = "divan makes the functions")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "a benchmark over small made-up numbers"
)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use isomon::config::Threshold;
use isomon::model::bench::Sample;
use isomon::model::run::{RunEnd, RunEvent};
use isomon::model::update::{Update, What};
use isomon::state::State;
use isomon::tui::action::Action;
use isomon::tui::keymap::Keymap;
use isomon::tui::look::{Glyph, Look};
use isomon::tui::tab::bench::View;
use isomon::tui::theme::Theme;
use isomon::tui::when::When;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

#[path = "../tests/world/screen.rs"]
#[expect(dead_code, reason = "only its theme is needed")]
mod screen;
#[path = "../tests/world/bench.rs"]
#[expect(dead_code, reason = "nothing is tried here")]
mod world;

/// Rounds of 28 cells that make 10,000 samples.
const ROUNDS: u32 = 358;

/// Rounds of 77 cells that make 100,000 samples.
const MANY: u32 = 1_299;
/// Samples that arrive between two frames: 2,000 a second, four frames a second.
const BETWEEN: usize = 500;
/// Frames that are timed for each view.
const FRAMES: usize = 40;
/// A frame may take so long.
const BUDGET: Duration = Duration::from_millis(33);

fn main() {
    frames();
    divan::main();
}

/// Prints how long a frame of each view takes while samples arrive.
#[expect(clippy::print_stdout, reason = "this is its report")]
fn frames() {
    let whole = world::over(MANY, RunEnd::Completed);
    let samples = world::samples(40).0;
    println!("a frame with 100,000 samples, {BETWEEN} more before each (budget {BUDGET:?})");
    for (width, height) in [(80, 21), (200, 57)] {
        for views in 0..7 {
            // Going on: what is over is no longer added to.
            let mut state = whole.clone();
            state.runs.values_mut().for_each(|run| run.tail = None);
            let (draw, fold) = timed((width, height), views, &mut state, &samples);
            let verdict = if draw.1 < BUDGET { "within" } else { "OVER" };
            println!(
                "{width:>4}x{height} view {views}: median {:?}, longest {:?} ({verdict}); fold {fold:?}",
                draw.0, draw.1
            );
        }
    }
}

/// The median and the longest of the frames, and the median of taking in what came between them.
fn timed(
    (width, height): (u16, u16),
    views: usize,
    state: &mut State,
    samples: &[Sample],
) -> ((Duration, Duration), Duration) {
    let theme = screen::theme();
    let mut view = View::default();
    for _ in 0..views {
        view.act(Action::View, state);
    }
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let (mut draws, mut folds) = (Vec::new(), Vec::new());
    let mut next = samples.iter().cycle();
    for _ in 0..FRAMES {
        let begun = Instant::now();
        for sample in next.by_ref().take(BETWEEN) {
            let event = RunEvent::Sample(Box::new(sample.clone()));
            state.apply(&world::update(state.now, What::Run { id: world::id(), event }));
        }
        folds.push(begun.elapsed());
        let look = look(&theme, state);
        let begun = Instant::now();
        terminal.draw(|frame| view.draw(frame, frame.area(), state, &look)).unwrap();
        draws.push(begun.elapsed());
    }
    draws.sort_unstable();
    folds.sort_unstable();
    ((draws[FRAMES / 2], draws[FRAMES - 1]), folds[FRAMES / 2])
}

fn look<'a>(theme: &'a Theme, state: &State) -> Look<'a> {
    static KEYMAP: LazyLock<Keymap> = LazyLock::new(Keymap::embedded);
    static ZONE: jiff::tz::TimeZone = jiff::tz::TimeZone::UTC;
    static WHEN: LazyLock<When> = LazyLock::new(When::default);
    Look {
        rest: isomon::tui::rest::Rest::default(),
        theme,
        keymap: &KEYMAP,
        threshold: Threshold::default(),
        glyph: Glyph::Unicode,
        now: state.now,
        when: &WHEN,
        zone: &ZONE,
        readonly: false,
        interval_ms: 1000,
    }
}

fn updates() -> Vec<Update> {
    let start = What::Run { id: world::id(), event: RunEvent::Started(Box::new(world::head())) };
    let mut updates = vec![world::update(world::START, start)];
    for sample in world::samples(ROUNDS).0 {
        let event = RunEvent::Sample(Box::new(sample));
        let what = What::Run { id: world::id(), event };
        updates.push(world::update(world::START, what));
    }
    updates
}

#[divan::bench]
fn fold_10_000_samples(bencher: divan::Bencher<'_, '_>) {
    let updates = updates();
    bencher.bench_local(|| {
        let mut state = State::default();
        for update in &updates {
            state.apply(update);
        }
        state
    });
}

#[divan::bench(args = [(80, 21), (200, 57)])]
fn draw_10_000_samples(bencher: divan::Bencher<'_, '_>, (width, height): (u16, u16)) {
    let state = world::over(ROUNDS, RunEnd::Completed);
    let theme = screen::theme();
    let look = look(&theme, &state);
    let mut view = View::default();
    view.act(Action::View, &state);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    bencher.bench_local(|| {
        let drawn = terminal.draw(|frame| view.draw(frame, frame.area(), &state, &look));
        drawn.map(|frame| frame.count).unwrap()
    });
}
