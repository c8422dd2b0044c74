//! What the Bench tab costs: taking in 10,000 samples, and drawing a run of as many.
#![allow(missing_docs, reason = "divan makes the functions")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "a benchmark over small made-up numbers"
)]

use isomon::config::Threshold;
use isomon::model::run::{RunEnd, RunEvent};
use isomon::model::update::{Update, What};
use isomon::state::State;
use isomon::tui::action::Action;
use isomon::tui::keymap::Keymap;
use isomon::tui::look::{Glyph, Look};
use isomon::tui::tab::bench::View;
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

fn main() {
    divan::main();
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
    let look = Look {
        theme: &theme,
        keymap: &Keymap::embedded(),
        threshold: Threshold::default(),
        glyph: Glyph::Unicode,
        now: state.now,
        readonly: false,
        interval_ms: 1000,
    };
    let mut view = View::default();
    view.act(Action::View, &state);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    bencher.bench_local(|| {
        let drawn = terminal.draw(|frame| view.draw(frame, frame.area(), &state, &look));
        drawn.map(|frame| frame.count).unwrap()
    });
}
