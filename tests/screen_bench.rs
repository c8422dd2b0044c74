//! The Bench tab on screens of all sizes, before, during and after a run.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "small made-up numbers"
)]

use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Payload, Place, Preset};
use isomon::model::command::Command;
use isomon::model::id::{RunId, SourceId};
use isomon::model::run::{RunEnd, RunEvent, StoredRun};
use isomon::model::update::{FleetRun, Notice, Update, What};
use isomon::state::State;
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::reply::Reply;
use isomon::tui::tab::bench::View;

#[path = "world/load.rs"]
mod loaded;
#[path = "world/screen.rs"]
mod screen;
#[path = "world/bench.rs"]
mod world;

const SMALL: (u16, u16) = (80, 21);
const MIDDLE: (u16, u16) = (120, 37);
const LARGE: (u16, u16) = (200, 57);
const TINY: (u16, u16) = (40, 10);

fn drawn(size: (u16, u16), state: &State, keys: &[Action]) -> String {
    drawn_with(Glyph::Unicode, size, state, keys)
}

fn drawn_with(glyph: Glyph, size: (u16, u16), state: &State, keys: &[Action]) -> String {
    let mut view = View::default();
    for key in keys {
        view.act(*key, state);
    }
    screen::text(size, glyph, state.now, |frame, area, look| {
        view.draw(frame, area, state, look);
    })
}

fn done() -> State {
    world::over(60, RunEnd::Completed)
}

#[test]
fn before_a_run() {
    let state = world::tried();
    insta::assert_snapshot!("before_small", drawn(SMALL, &state, &[]));
    let last = drawn(SMALL, &state, &[Action::Last]);
    assert!(
        last.contains("cannot   gvisor-kvm: this runsc cannot use /dev/kvm -> install"),
        "{last}"
    );
    insta::assert_snapshot!("before_last_small", last);
    insta::assert_snapshot!("before_large", drawn(LARGE, &state, &[Action::Preset]));
    insta::assert_snapshot!("before_tiny", drawn(TINY, &state, &[Action::Down, Action::Down]));
    insta::assert_snapshot!("before_empty", drawn(SMALL, &State::default(), &[]));
}

#[test]
fn while_it_runs() {
    let state = world::running(9);
    insta::assert_snapshot!("live_small", drawn(SMALL, &world::running(6), &[]));
    insta::assert_snapshot!("live_middle", drawn(MIDDLE, &state, &[]));
    insta::assert_snapshot!("live_first_samples", drawn(SMALL, &world::running(0), &[]));
}

#[test]
fn when_it_is_over() {
    let state = done();
    insta::assert_snapshot!("over_small", drawn(SMALL, &state, &[]));
    insta::assert_snapshot!("over_middle", drawn(MIDDLE, &state, &[]));
    insta::assert_snapshot!("over_large", drawn(LARGE, &state, &[]));
    insta::assert_snapshot!("over_tiny", drawn(TINY, &state, &[]));
    let ascii = drawn_with(Glyph::Ascii, MIDDLE, &state, &[Action::View, Action::View]);
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("over_ascii", ascii);
}

#[test]
fn every_view_on_a_small_screen() {
    let state = done();
    let bars = [Action::View];
    let ladder = [Action::View; 2];
    let samples = [Action::View; 3];
    let spread = [Action::View; 4];
    insta::assert_snapshot!("spread_small", drawn(SMALL, &state, &spread));
    insta::assert_snapshot!("bars_small", drawn(SMALL, &state, &bars));
    insta::assert_snapshot!("ladder_small", drawn(SMALL, &state, &ladder));
    insta::assert_snapshot!("samples_small", drawn(SMALL, &state, &samples));
    let mut time = vec![Action::Down];
    time.extend([Action::View; 5]);
    insta::assert_snapshot!("time_small", drawn(SMALL, &state, &time));
    let work = [Action::View, Action::Right, Action::Sort, Action::Sort, Action::Sort];
    insta::assert_snapshot!("bars_of_work_small", drawn(SMALL, &state, &work));
    let zoomed = [Action::Zoom, Action::View, Action::View, Action::View];
    insta::assert_snapshot!("samples_middle", drawn(MIDDLE, &state, &zoomed));
}

#[test]
fn how_it_ended() {
    let cancelled = world::over(3, RunEnd::Cancelled);
    insta::assert_snapshot!("cancelled_small", drawn(SMALL, &cancelled, &[]));
    let failed = world::over(1, RunEnd::Failed { reason: "the disk is full".into() });
    let head: Vec<_> = drawn(SMALL, &failed, &[]).lines().take(5).map(str::to_owned).collect();
    insta::assert_snapshot!("failed_head", head.join("\n"));
}

#[test]
fn a_run_whose_rounds_or_time_were_spent_is_completed_in_every_tab() {
    for (end, word, detail) in [
        (RunEnd::Completed, "✓ completed", " after"),
        (RunEnd::RoundsSpent, "✓ completed", ", rounds spent after"),
        (RunEnd::BudgetSpent, "✓ completed", ", time spent after"),
        (RunEnd::Cancelled, "◐ cancelled", " after"),
    ] {
        let state = world::over(3, end);
        let overview = isomon::tui::tab::overview::View::default();
        let runs = isomon::tui::tab::runs::View::default();
        let bench = drawn(MIDDLE, &state, &[]);
        assert!(bench.contains(&format!("{word}{detail}")), "{bench}");
        let runs = screen::text(MIDDLE, Glyph::Unicode, state.now, |frame, area, look| {
            runs.draw(frame, area, &state, look);
        });
        assert!(runs.contains(word), "{runs}");
        let overview = screen::text(MIDDLE, Glyph::Unicode, state.now, |frame, area, look| {
            overview.draw(frame, area, &state, look);
        });
        assert!(overview.contains(&format!("{word}, ")), "{overview}");
    }
}

#[test]
fn why_a_value_is_missing() {
    let state = done();
    let mut failing = vec![Action::Down; 16];
    failing.push(Action::Why);
    insta::assert_snapshot!("why_failing", drawn(SMALL, &state, &failing));
    let left_out = drawn(SMALL, &state, &[Action::Last, Action::Why]);
    assert!(left_out.contains("to mend it: install a runsc that knows"), "{left_out}");
}

#[test]
fn one_key_measures_everything_that_is_ready() {
    let state = world::tried();
    let Reply::Wish(Command::Bench(plan)) = View::default().act(Action::Bench, &state) else {
        panic!("no benchmark");
    };
    let statuses = world::statuses();
    let ready = statuses.iter().filter(|status| status.readiness.runs()).map(|status| status.id);
    assert_eq!(plan.backends, ready.collect::<Vec<_>>());
    assert_eq!((plan.backends.len(), plan.starts), (15, Start::ALL.to_vec()));
    assert_eq!(plan.payloads, [Payload::Noop]);
}

#[test]
fn marks_presets_and_payloads_make_the_plan() {
    let state = world::tried();
    let mut view = View::default();
    for key in [Action::Mark, Action::Preset, Action::NextPanel, Action::Down, Action::Mark] {
        assert_eq!(view.act(key, &state), Reply::Done);
    }
    let Reply::Wish(Command::Bench(plan)) = view.act(Action::Bench, &state) else {
        panic!("no benchmark");
    };
    assert!(!plan.backends.contains(&BackendId::Process));
    let names: Vec<_> = plan.payloads.iter().map(|payload| payload.name()).collect();
    assert_eq!(names, ["noop", "memory", "syscall", "io"]);
    let standard = isomon::bench::preset::plan(Preset::Standard, &Vec::new(), 0);
    assert_eq!(plan.effort, standard.effort);
}

#[test]
fn starts_are_chosen_and_decide_what_can_be_measured() {
    let state = world::tried();
    let mut view = View::default();
    let keys = [Action::NextPanel, Action::NextPanel, Action::Mark];
    for key in keys {
        assert_eq!(view.act(key, &state), Reply::Done);
    }
    let Reply::Wish(Command::Bench(plan)) = view.act(Action::Bench, &state) else {
        panic!("no benchmark");
    };
    let others = [Start::Cached, Start::Pooled, Start::Snapshot, Start::Warm];
    assert_eq!(plan.starts, others);
    let able = [
        BackendId::Deno,
        BackendId::V8,
        BackendId::Wasm,
        BackendId::Firecracker,
        BackendId::FirecrackerJailed,
    ];
    assert_eq!(plan.backends, able, "what starts cold only is not in it");
}

#[test]
fn every_backend_payload_and_start_is_reached_on_a_small_screen() {
    let state = world::tried();
    for (panels, names) in [
        (0, BackendId::ALL.map(BackendId::name).to_vec()),
        (1, Payload::USUAL.map(Payload::name).to_vec()),
        (2, Start::ALL.map(Start::name).to_vec()),
    ] {
        for size in [SMALL, TINY] {
            let mut keys = vec![Action::NextPanel; panels];
            let pages: String = names
                .iter()
                .map(|_| {
                    keys.push(Action::Down);
                    drawn(size, &state, &keys)
                })
                .collect();
            let missing: Vec<_> = names.iter().filter(|name| !pages.contains(**name)).collect();
            assert!(missing.is_empty(), "{missing:?} {size:?}");
        }
    }
}

#[test]
fn every_row_is_reached_in_every_view_on_a_small_screen() {
    let state = done();
    let labels: Vec<String> = world::plan()
        .cells()
        .iter()
        .filter(|cell| cell.payload == Payload::Noop)
        .map(isomon::model::bench::Cell::label)
        .collect();
    for views in 0..4 {
        let mut keys = vec![Action::View; views];
        let pages: String = labels
            .iter()
            .map(|_| {
                keys.push(Action::Down);
                drawn(SMALL, &state, &keys)
            })
            .collect();
        let missing: Vec<_> = labels.iter().filter(|label| !pages.contains(*label)).collect();
        assert!(missing.is_empty(), "{missing:?} in view {views}");
    }
}

#[test]
fn what_a_backend_cannot_do_is_said_in_that_group_alone() {
    let state = done();
    let of = |payload: usize| {
        let mut keys = vec![Action::Right; payload];
        keys.push(Action::Last);
        drawn(LARGE, &state, &keys)
    };
    let others: String = (0..3).map(of).collect();
    assert!(!others.contains("n/a"), "{others}");
    let syscall = of(3);
    assert!(syscall.contains("n/a: JavaScript has no system calls"), "{syscall}");
    assert!(!syscall.contains("wasm warm"), "{syscall}");
}

#[test]
fn a_warm_row_takes_no_star_from_a_cold_one() {
    let table = drawn(LARGE, &done(), &[]);
    let stars: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split_once("★ "))
        .filter_map(|(_, rest)| rest.split("  ").next())
        .collect();
    for wanted in ["v8 snapshot", "wasm warm"] {
        assert!(stars.contains(&wanted), "{wanted} {stars:?}");
    }
}

#[test]
fn what_has_no_wall_has_no_star_where_a_file_of_before_says_so() {
    let mut state = world::running(60);
    let mut figures = state.runs[&world::id()].summary.clone();
    for figure in &mut figures {
        figure.place = Some(Place::Best);
    }
    let event = RunEvent::Summary(figures);
    state.apply(&world::update(state.now, What::Run { id: world::id(), event }));
    let table = drawn(LARGE, &state, &[]);
    assert!(!table.contains("★ process"), "{table}");
    assert!(table.contains("★ v8 snapshot"), "{table}");
    let over = drawn(LARGE, &loaded::loaded(false), &[]);
    assert!(over.contains("★ best that isolates, per start"), "{over}");
    assert!(!over.contains("★ process"), "{over}");
}

#[test]
fn what_is_still_being_tried_is_wished_as_well() {
    let state = world::trying();
    let mut view = View::default();
    let Reply::Wish(Command::Bench(plan)) = view.act(Action::Bench, &state) else {
        panic!("not wished");
    };
    assert!(plan.backends.contains(&BackendId::GvisorPtrace), "{:?}", plan.backends);
    assert!(view.is_preparing(&state));
    let mut view = View::default();
    let rows = isomon::model::backend::BackendId::ALL;
    let row = rows.iter().position(|id| *id == BackendId::GvisorPtrace).unwrap();
    for _ in 0..row {
        view.act(Action::Down, &state);
    }
    view.act(Action::Mark, &state);
    let Reply::Wish(Command::Bench(plan)) = view.act(Action::Bench, &state) else {
        panic!("not wished");
    };
    assert!(!plan.backends.contains(&BackendId::GvisorPtrace), "it was taken out");
}

#[test]
fn a_run_wished_before_anything_is_known_is_of_all_backends() {
    let nothing = State::default();
    let mut view = View::default();
    let Reply::Wish(Command::Bench(plan)) = view.act(Action::Bench, &nothing) else {
        panic!("not wished");
    };
    assert_eq!(plan.backends.len(), BackendId::ALL.len());
    assert!(view.is_preparing(&nothing));
}

#[test]
fn what_cannot_be_done_says_why() {
    let says = |state: &State, keys: &[Action]| {
        let mut view = View::default();
        let replies: Vec<_> = keys.iter().map(|key| view.act(*key, state)).collect();
        match replies.last() {
            Some(Reply::Say(words)) => words.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let (ready, live) = (world::tried(), world::running(2));
    assert!(says(&ready, &[Action::Bench, Action::Bench]).contains("being prepared"));
    assert!(says(&live, &[Action::Check]).contains("disturb"));
    assert!(says(&ready, &[Action::MarkAll, Action::Bench]).contains("no backend is marked"));
    assert!(says(&ready, &[Action::NextPanel, Action::Mark, Action::Bench]).contains("payload"));
    assert!(says(&ready, &[Action::Last, Action::Mark]).contains("cannot use /dev/kvm"));
    assert!(says(&live, &[Action::Bench]).contains("going on"));
    assert!(says(&live, &[Action::Again]).contains("going on"));
    assert!(says(&live, &[Action::Export]).contains("when it is over"));
    assert!(says(&ready, &[Action::Cancel]).contains("no run"));
}

#[test]
fn a_run_is_cancelled_exported_and_repeated() {
    let mut view = View::default();
    let asked = view.act(Action::Cancel, &world::running(2));
    let Reply::Ask { question, then } = asked else {
        panic!("{asked:?}");
    };
    assert!(question.as_str().ends_with('?'), "{question}");
    assert_eq!(then, Command::Cancel(world::id()));
    let state = done();
    let wished = view.act(Action::Export, &state);
    let to = std::path::PathBuf::from(".");
    assert_eq!(wished, Reply::Wish(Command::Export { run: world::id(), to }));
    let Reply::Wish(Command::Bench(again)) = view.act(Action::Again, &state) else {
        panic!("not repeated");
    };
    assert_ne!(again.seed, world::plan().seed);
    assert_eq!(isomon::model::bench::Plan { seed: 42, ..*again }, world::plan());
}

#[test]
fn the_command_that_repeats_a_run_is_copied() {
    let repeat = world::head().repeat;
    let mut view = View::default();
    assert_eq!(view.act(Action::Copy, &done()), Reply::Copy(repeat));
    assert_eq!(view.act(Action::Copy, &world::tried()), Reply::Ignored);
}

#[test]
fn a_run_is_prepared_until_it_begins_or_is_refused() {
    let mut state = world::tried();
    let mut view = View::default();
    assert!(!view.is_preparing(&state));
    view.act(Action::Bench, &state);
    let drawn = screen::text(SMALL, Glyph::Unicode, state.now, |frame, area, look| {
        view.draw(frame, area, &state, look);
    });
    assert!(view.is_preparing(&state) && drawn.contains("preparing"), "{drawn}");
    assert!(!view.is_preparing(&world::running(1)));
    let mut says = |from: SourceId, bad, text: &'static str| {
        let (at, text) = (state.now, text.into());
        state.apply(&Update { at, from, what: What::Notice(Notice { bad, text }) });
        view.is_preparing(&state)
    };
    assert!(says(SourceId("far".into()), true, "no route to host"), "another node's trouble");
    assert!(!says(SourceId::local(), true, "none of these backends can run here"));
    assert!(!says(SourceId::local(), false, "interval 2 s"), "it stays refused");
}

#[test]
fn a_click_marks_and_moves() {
    let state = world::tried();
    let area = ratatui::layout::Rect::new(0, 0, 80, 21);
    let mut view = View::default();
    assert_eq!(view.click(5, 1, area, &state), Reply::Done);
    let Reply::Wish(Command::Bench(plan)) = view.act(Action::Bench, &state) else {
        panic!("no benchmark");
    };
    assert!(!plan.backends.contains(&BackendId::Process));
}

#[test]
fn a_click_below_the_last_row_chooses_nothing() {
    let mut state = world::tried();
    let listed = What::Runs(vec![StoredRun::bare(world::id(), true)]);
    state.apply(&world::update(state.now, listed));
    let area = ratatui::layout::Rect::new(0, 0, SMALL.0, SMALL.1);
    let opens = |row: &u16| {
        let mut tab = View::default();
        tab.act(Action::Runs, &state);
        tab.click(5, *row, area, &state) == Reply::Wish(Command::OpenRun(world::id()))
    };
    let rows: Vec<u16> = (0..SMALL.1).filter(opens).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
}

#[test]
fn the_cursor_stays_with_its_backend_when_the_last_was_tried() {
    let (trying, tried) = (world::trying(), world::tried());
    let statuses = world::statuses();
    let row = statuses.iter().rposition(|status| status.readiness.runs()).unwrap();
    assert!(statuses[..row].iter().any(|status| !status.readiness.runs()), "it goes up later");
    let mut tab = View::default();
    for _ in 0..row {
        tab.act(Action::Down, &trying);
    }
    assert_eq!(tab.act(Action::Mark, &tried), Reply::Done);
    let Reply::Wish(Command::Bench(plan)) = tab.act(Action::Bench, &tried) else {
        panic!("no benchmark");
    };
    assert!(!plan.backends.contains(&statuses[row].id), "{:?}", plan.backends);
    assert_eq!(plan.backends.len(), 14, "and no other was taken out");
}

#[test]
fn the_cursor_stays_with_its_run_when_another_begins() {
    let mut state = world::tried();
    let runs = [3, 2, 1].map(|day| RunId::new(world::START.wall_ms + day * 86_400_000, 7));
    let listed = |runs: &[RunId]| {
        What::Runs(runs.iter().map(|id| StoredRun::bare(id.clone(), true)).collect())
    };
    state.apply(&world::update(state.now, listed(&runs[1..])));
    let mut tab = View::default();
    tab.act(Action::Runs, &state);
    tab.act(Action::Down, &state);
    state.apply(&world::update(state.now, listed(&runs)));
    assert_eq!(tab.act(Action::Mark, &state), Reply::Wish(Command::OpenRun(runs[2].clone())));
    assert_eq!(tab.act(Action::Enter, &state), Reply::Wish(Command::OpenRun(runs[2].clone())));
}

#[test]
fn the_cursor_stays_with_its_node_when_rows_change_places() {
    let mut state = world::tried();
    let [one, other] = ["a", "b"].map(|name| SourceId(name.into()));
    let run = |node: &SourceId, random| (node.clone(), RunId::new(world::START.wall_ms, random));
    let both = FleetRun { runs: vec![run(&one, 1), run(&other, 2)], left_out: Vec::new() };
    let why = "no route to host";
    let later = FleetRun { runs: vec![run(&other, 2)], left_out: vec![(one, why.into())] };
    state.apply(&world::update(state.now, What::Fleet(both)));
    let mut tab = View::default();
    for key in [Action::Fleet, Action::Down, Action::Up] {
        assert_eq!(tab.act(key, &state), Reply::Done);
    }
    state.apply(&world::update(state.now, What::Fleet(later)));
    assert_eq!(tab.act(Action::Enter, &state), Reply::Say(why.into()));
}

#[test]
fn one_is_said_as_one() {
    let chosen = drawn(TINY, &world::tried(), &[Action::MarkAll, Action::Mark]);
    assert!(chosen.contains("quick · 1 cell ·"), "{chosen}");
    let mut state = world::tried();
    let mut head = world::head();
    head.cells.truncate(1);
    let sample = world::samples(1).0.into_iter().find(|sample| sample.cell == 0).unwrap();
    for event in [RunEvent::Started(Box::new(head)), RunEvent::Sample(Box::new(sample))] {
        let mut update = world::update(state.now, What::Run { id: world::id(), event });
        update.from = SourceId::stored();
        state.apply(&update);
    }
    let text = drawn(MIDDLE, &state, &[]);
    assert!(text.contains("· 1 sample is left of it"), "{text}");
    let list = drawn(LARGE, &state, &[Action::Runs]);
    assert!(list.contains("1 cell, "), "{list}");
    let mut state = done();
    let progress = &mut state.runs.get_mut(&world::id()).unwrap().progress;
    (progress.completed, progress.failed) = (1, 0);
    let overview = isomon::tui::tab::overview::View::default();
    let text = screen::text(LARGE, Glyph::Unicode, state.now, |frame, area, look| {
        overview.draw(frame, area, &state, look);
    });
    assert!(text.contains("· 1 sample "), "{text}");
}

#[test]
fn the_row_that_is_looked_at_is_marked_in_every_view() {
    let state = done();
    let mut view = View::default();
    view.act(Action::Down, &state);
    for _ in 0..4 {
        let rows = screen::marked(SMALL, state.now, |frame, area, look| {
            view.draw(frame, area, &state, look);
        });
        assert_eq!(rows.len(), 1, "{view:?}");
        view.act(Action::View, &state);
    }
}

/// The views that a loaded run has, in their order.
const VIEWS: [&str; 12] = [
    "table", "bars", "ladder", "samples", "spread", "time", "rate", "latency", "memory", "density",
    "beside", "claims",
];

fn view(name: &str) -> Vec<Action> {
    let at = VIEWS.iter().position(|view| *view == name).expect("a view of this name");
    let mut keys = vec![Action::Down; 6];
    keys.extend(vec![Action::View; at]);
    keys
}

#[test]
fn views_of_loads() {
    let state = loaded::loaded(false);
    for name in &VIEWS[6..] {
        insta::assert_snapshot!(format!("{name}_small"), drawn(SMALL, &state, &view(name)));
    }
    insta::assert_snapshot!("board_middle", drawn(MIDDLE, &state, &view("time")));
    insta::assert_snapshot!("board_large", drawn(LARGE, &state, &view("rate")));
    let mut zoomed = view("beside");
    zoomed.push(Action::Zoom);
    insta::assert_snapshot!("beside_large", drawn(LARGE, &state, &zoomed));
}

#[test]
fn a_view_without_data_says_what_makes_it() {
    let without = drawn(SMALL, &done(), &[Action::View; 6]);
    assert!(without.contains("‹loads›") && without.contains("preset standard"), "{without}");
    assert!(!without.contains(" rate "), "{without}");
    let mut state = loaded::loaded(true);
    state.runs.values_mut().for_each(|run| run.loads.clear());
    let later = drawn(SMALL, &state, &view("rate"));
    assert!(later.contains("throughput is measured after the rounds"), "{later}");
}

#[test]
fn the_verdict_is_in_sight_in_every_view() {
    let (over, live) = (loaded::loaded(false), world::running(20));
    for name in VIEWS {
        for size in [SMALL, MIDDLE, LARGE, TINY] {
            let text = drawn(size, &over, &view(name));
            let seen = text.contains("disturbed: steal 11 %");
            assert!(seen || size == TINY, "{name} {size:?}: {text}");
        }
    }
    let live = drawn(SMALL, &live, &[]);
    assert!(live.contains("disturbed: steal 11 %, 255 of 1700 samples"), "{live}");
}

#[test]
fn the_cursor_goes_over_samples_and_says_what_is_known_of_each() {
    let state = done();
    let mut keys = view("time");
    assert!(drawn(SMALL, &state, &keys).contains("◆ 60 of 60"));
    keys.extend([Action::Left; 18]);
    let stolen = drawn(SMALL, &state, &keys);
    assert!(stolen.contains("◆ 42 of 60 · round 42") && stolen.contains("! steal"), "{stolen}");
    assert!(stolen.contains("the host then: steal 11 %"), "{stolen}");
    keys.extend([Action::Right, Action::PageUp]);
    assert!(drawn(SMALL, &state, &keys).contains("◆ 40 of 60"));
    keys.push(Action::Back);
    assert!(drawn(SMALL, &state, &keys).contains("◆ 60 of 60"));
}

#[test]
fn a_click_on_the_time_axis_moves_the_cursor() {
    let state = done();
    let mut tab = View::default();
    for key in view("time") {
        tab.act(key, &state);
    }
    let area = ratatui::layout::Rect::new(0, 0, SMALL.0, SMALL.1);
    assert_eq!(tab.click(15, 9, area, &state), Reply::Done);
    let text = screen::text(SMALL, Glyph::Unicode, state.now, |frame, area, look| {
        tab.draw(frame, area, &state, look);
    });
    assert!(text.contains("◆ 1 of 60"), "{text}");
}

#[test]
fn runs_are_listed_opened_and_marked() {
    let mut state = done();
    let other = isomon::model::id::RunId::new(world::START.wall_ms - 86_400_000, 7);
    let stored = [world::id(), other.clone()];
    let stored = stored.map(|id| isomon::model::run::StoredRun::bare(id, true));
    state.apply(&world::update(state.now, What::Runs(stored.to_vec())));
    let mut tab = View::default();
    assert_eq!(tab.act(Action::Runs, &state), Reply::Wish(Command::ListRuns));
    tab.act(Action::Down, &state);
    let text = screen::text(SMALL, Glyph::Unicode, state.now, |frame, area, look| {
        tab.draw(frame, area, &state, look);
    });
    insta::assert_snapshot!("runs_small", text);
    assert_eq!(tab.act(Action::Enter, &state), Reply::Wish(Command::OpenRun(other.clone())));
    tab.act(Action::Runs, &state);
    assert_eq!(tab.act(Action::Mark, &state), Reply::Wish(Command::OpenRun(other)));
    let said = tab.act(Action::Compare, &state);
    assert!(matches!(&said, Reply::Say(words) if words.as_str().contains("mark two")), "{said:?}");
}

#[test]
fn a_stored_run_is_shown_by_the_same_code_and_two_are_compared() {
    let mut state = world::tried();
    let other = isomon::model::id::RunId::new(world::START.wall_ms - 86_400_000, 7);
    tell_again(&mut state, &world::id(), 1.3);
    tell_again(&mut state, &other, 1.0);
    assert!(state.live_run().is_none() && state.runs[&other].stored);
    let mut tab = View::default();
    for key in [Action::Runs, Action::Mark, Action::Down, Action::Mark] {
        tab.act(key, &state);
    }
    assert_eq!(tab.act(Action::Compare, &state), Reply::Done);
    let look = |tab: &View| {
        screen::text(LARGE, Glyph::Unicode, state.now, |frame, area, look| {
            tab.draw(frame, area, &state, look);
        })
    };
    let mut text = look(&tab);
    while text.contains("comparing:") {
        std::thread::yield_now();
        text = look(&tab);
    }
    insta::assert_snapshot!("compare_large", text);
    assert_eq!(tab.act(Action::Back, &state), Reply::Done);
    assert!(look(&tab).contains("Run 20261121"));
}

/// Tells a part of the made-up run again under another name; what is created takes so many times as
/// long, and the kernel is another.
fn tell_again(state: &mut State, id: &isomon::model::id::RunId, times: f64) {
    use isomon::model::run::RunEvent;
    let mut head = world::head();
    head.id = id.clone();
    head.fingerprint.kernel = Some(format!("6.{times}").into());
    head.cells.truncate(3);
    let mut events = vec![RunEvent::Started(Box::new(head))];
    for mut sample in world::samples(20).0.into_iter().filter(|sample| sample.cell < 3) {
        if let Some(create) = &mut sample.phases.create_seconds {
            create.0 *= times;
        }
        events.push(RunEvent::Sample(Box::new(sample)));
    }
    for event in events {
        let what = What::Run { id: id.clone(), event };
        let mut update = world::update(state.now, what);
        update.from = SourceId::stored();
        state.apply(&update);
    }
}
