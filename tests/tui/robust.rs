//! Nothing that is drawn can break the screen: any size, any name, any number of updates.

use std::sync::Arc;
use std::time::Duration;

use isomon::model::bench::{HostState, Outcome, Phases, Progress, Sample};
use isomon::model::command::Command;
use isomon::model::id::SourceId;
use isomon::model::node::{Disk, Mount, NodeInfo, NodeSample};
use isomon::model::process::Process;
use isomon::model::run::{RunEvent, RunTail};
use isomon::model::text::SafeText;
use isomon::model::time::{Clock, SetClock, Stamp};
use isomon::model::unit::Seconds;
use isomon::model::update::{Update, What};
use isomon::pipeline::of_run;
use isomon::state::State;
use isomon::tui::app::Setup;
use isomon::tui::event::Input;
use isomon::tui::ink::Ink;
use isomon::tui::look::Glyph;
use isomon::tui::session::{Feed, Session};
use isomon::tui::theme::depth::Depth;
use isomon::tui::view;
use ratatui::Terminal;
use ratatui::layout::Size;
use tokio::sync::mpsc;

use crate::page::{Page, app, live_run, one_node, stay, typed, update};

#[test]
fn every_tab_at_every_size() {
    let sides = [0, 1, 2, 5, 10, 19, 20, 40, 80, 120];
    let worlds = [State::default(), live_run(), evil()];
    for columns in sides {
        for rows in sides {
            for (tab, state) in [("1", 0), ("2", 1), ("3", 2), ("4", 1), ("5", 1), ("9", 2)] {
                let keys = typed(&format!("{tab} enter j w ? j : x"));
                stay(app(Setup::default()), &worlds[state], keys, (columns, rows));
            }
        }
    }
    stay(app(Setup::default()), &worlds[2], typed("?"), (500, 200));
}

/// A world in which every name is an attack.
fn evil() -> State {
    let attack = format!(
        "\x1b]52;c;ZXZpbA==\x07\x1b[2J\u{9b}31m\u{202e}cod.exe\u{200b}\u{feff}Z{}\0東京",
        "\u{301}".repeat(100_000)
    );
    let name = || SafeText::new(&attack);
    let info = NodeInfo { hostname: name(), arch: name(), ..NodeInfo::default() };
    let sample = NodeSample {
        disks: vec![Disk { name: name(), ..Disk::default() }],
        mounts: vec![Mount { path: name(), device: name(), ..Mount::default() }],
        quarantined: vec![name()],
        ..NodeSample::default()
    };
    let process = Process { name: name(), command: name(), user: name(), ..Process::default() };
    let mut state = State::default();
    for what in [
        What::Info(Box::new(info)),
        What::Node(Box::new(sample)),
        What::Processes(vec![process; 50]),
    ] {
        state.apply(&update(1, what));
    }
    state
}

#[test]
fn evil_names_cannot_steer_the_terminal() {
    let state = evil();
    for tab in ["1", "2", "2 enter", "3"] {
        let left = stay(app(Setup::default()), &state, typed(tab), (200, 60));
        let mut page =
            Terminal::new(Ink::new(Size::new(200, 60), Glyph::Unicode, Depth::True)).unwrap();
        page.draw(|frame| view::draw(frame, &left.app, &state, Stamp::default())).unwrap();
        let bytes = page.backend_mut().take();
        assert!(bytes.len() < 64 * 1024, "{} bytes", bytes.len());
        let text = String::from_utf8(bytes).unwrap();
        for sequence in text.split('\x1b').skip(1) {
            let ours = sequence
                .trim_start_matches(['[', '?', ';'])
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
            assert!(ours.starts_with(['H', 'm', 'J', 'h', 'l']), "{sequence:?}");
        }
        assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{9b}', '\x07', '\0']));
    }
}

/// A session on a page, with what feeds it.
struct Fed {
    session: Session<Page, SetClock>,
    feed: Feed,
    inputs: mpsc::Sender<Input>,
    updates: mpsc::Sender<isomon::model::update::Update>,
    _signals: mpsc::Sender<isomon::tui::event::Signal>,
}

fn fed() -> Fed {
    let (commands, _) = mpsc::channel(1);
    let (inputs, typed) = mpsc::channel(64);
    let (updates, news) = mpsc::channel(1024);
    let (signals, heard) = mpsc::channel(1);
    let app = app(Setup::default());
    let session =
        Session::new(app, Page::new(80, 24), SetClock::default(), commands, Box::new(|_, _| ()));
    let feed = Feed { signals: heard, inputs: typed, updates: news };
    Fed { session, feed, inputs, updates, _signals: signals }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn a_flood_of_updates_is_all_folded_and_drawn_now_and_then() {
    let mut fed = fed();
    runtime().block_on(async {
        let flood = async {
            for second in 0..20_000 {
                let sample = What::Node(Box::<NodeSample>::default());
                fed.updates.send(update(second, sample)).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            fed.inputs.send(typed("q").remove(0)).await.unwrap();
        };
        let (ended, ()) = tokio::join!(fed.session.run(&mut fed.feed), flood);
        ended.unwrap();
    });
    assert_eq!(fed.session.state.now.mono_ms, 19_999_000);
    let frames = fed.session.surface.frames;
    assert!((2..40).contains(&frames), "{frames} frames");
}

/// What happened in a run of 12 samples to warm up and `counted` that count.
fn events(counted: u32) -> Vec<What> {
    let state = live_run();
    let (id, run) = state.live_run().unwrap();
    let sample = |round, warmup| {
        RunEvent::Sample(Box::new(Sample {
            cell: 0,
            round,
            warmup,
            attempt: 0,
            at_seconds: Seconds(f64::from(round)),
            phases: Phases::default(),
            outcome: Outcome::Good,
            host: HostState::default(),
            taints: Vec::new(),
        }))
    };
    let tail = RunTail {
        progress: Progress { completed: counted + 12, ..Progress::default() },
        ..RunTail::default()
    };
    let all = std::iter::once(RunEvent::Started(Box::new(run.head.clone())))
        .chain((0..12).map(|round| sample(round, true)))
        .chain((0..counted).map(|round| sample(round, false)))
        .chain([RunEvent::Ended(Box::new(tail))]);
    all.map(|event| What::Run { id: id.clone(), event }).collect()
}

/// The stages of a run of which `pieces` are told by `from`, with a moment between them: the name of each,
/// and what went in.
fn stages(from: &SourceId, pieces: &[Vec<What>]) -> Vec<(String, Option<u64>)> {
    let mut fed = fed();
    runtime().block_on(async {
        let telling = async {
            for piece in pieces {
                for what in piece {
                    let update = Update { from: from.clone(), ..update(1, what.clone()) };
                    fed.updates.try_send(update).unwrap();
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            fed.inputs.send(typed("q").remove(0)).await.unwrap();
        };
        let (ended, ()) = tokio::join!(fed.session.run(&mut fed.feed), telling);
        ended.unwrap();
    });
    let (id, run) = fed.session.state.runs.iter().next().unwrap();
    let job = of_run(id, run, Stamp::default());
    job.stages.iter().map(|stage| (stage.id.to_string(), stage.input)).collect()
}

#[test]
fn a_run_has_the_samples_while_it_goes_on_that_it_has_when_it_is_opened() {
    let events = events(700);
    let bit_by_bit: Vec<Vec<What>> = events.chunks(20).map(<[What]>::to_vec).collect();
    let live = stages(&SourceId::local(), &bit_by_bit);
    let opened = stages(&SourceId::stored(), &[events]);
    assert_eq!(live, opened);
    let input = |name: &str| opened.iter().find(|(stage, _)| stage == name).unwrap().1;
    assert_eq!((input("warm-up"), input("rounds")), (Some(12), Some(700)));
    assert_eq!(input("figures"), Some(712));
}

#[test]
fn of_many_keys_at_once_none_is_lost() {
    let keys = typed(&format!("2 / {}", "z ".repeat(100)));
    let left = stay(app(Setup::default()), &one_node(), keys, (80, 24));
    assert_eq!(left.app.filter(), "z".repeat(100));
}

#[test]
fn a_key_does_not_wait_for_the_flood() {
    let mut fed = fed();
    let took = runtime().block_on(async {
        let flood = async {
            let mut second = 0;
            loop {
                second += 1;
                let sample = What::Lost(second);
                if fed.updates.send(update(second, sample)).await.is_err() {
                    break;
                }
            }
        };
        let key = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let start = std::time::Instant::now();
            fed.inputs.send(typed("q").remove(0)).await.unwrap();
            start
        };
        tokio::select! {
            (ended, start) = async { tokio::join!(fed.session.run(&mut fed.feed), key) } => {
                ended.unwrap();
                start.elapsed()
            }
            () = flood => Duration::MAX,
        }
    });
    assert!(took < Duration::from_millis(50), "{took:?}");
}

#[test]
fn a_filter_that_is_typed_fast_is_worked_out_once_a_frame() {
    let Fed { mut session, mut feed, inputs, updates, _signals } = fed();
    session.state = one_node();
    let began = std::time::Instant::now();
    runtime().block_on(async {
        let keys = async move {
            for key in typed(&format!("2 / {}", "z ".repeat(100))) {
                inputs.send(key).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let (ended, ()) = tokio::join!(session.run(&mut feed), keys);
        ended.unwrap();
    });
    drop(updates);
    assert_eq!(session.app.filter(), "z".repeat(100));
    let most = began.elapsed().as_millis() / 33 + 3;
    let frames = session.surface.frames as u128;
    assert!(frames <= most, "{frames} frames in the time of {most}");
}

/// A clock that the test moves while the session has it.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<SetClock>);

impl Clock for Hand {
    fn now(&self) -> Stamp {
        self.0.now()
    }
}

#[test]
fn no_node_is_late_while_sampling_is_paused() {
    let (commands, mut wished) = mpsc::channel(16);
    let (inputs, pressed) = mpsc::channel(16);
    let (updates, news) = mpsc::channel(16);
    let (_signals, heard) = mpsc::channel(1);
    let hand = Hand::default();
    let page = Page::new(160, 30);
    let mut session =
        Session::new(app(Setup::default()), page, hand.clone(), commands, Box::new(|_, _| ()));
    session.state = one_node();
    let far = SourceId("far".into());
    let sample = update(1, What::Node(Box::<NodeSample>::default()));
    session.state.apply(&Update { from: far, ..sample });
    let mut feed = Feed { signals: heard, inputs: pressed, updates: news };
    // What the screen shows when a key was answered at that second.
    let mut seen = |key: &str, second: u64| {
        hand.0.set(second * 1_000);
        inputs.try_send(typed(key).remove(0)).unwrap();
        runtime().block_on(async {
            let run = session.run(&mut feed);
            tokio::time::timeout(Duration::from_millis(120), run).await.unwrap_err();
        });
        session.surface.terminal.backend().to_string()
    };
    let (late, live) = ("◐ 2 stale", "● 2 up");
    let before = seen("2", 2);
    assert!(before.contains(live), "{before}");
    let paused = seen("p", 3);
    assert!(paused.contains("paused") && paused.contains(live), "{paused}");
    let long = seen("2", 3_000);
    assert!(long.contains("paused") && long.contains(live), "{long}");
    let on = seen("p", 3_001);
    assert!(!on.contains("paused") && on.contains(live), "{on}");
    assert!(seen("2", 3_010).contains(late), "it was asked since, and is silent");
    drop(updates);
    let asked = std::iter::from_fn(|| wished.try_recv().ok());
    let of_pause = asked.filter(|wish| matches!(wish, Command::Pause(_)));
    assert_eq!(of_pause.collect::<Vec<_>>(), [Command::Pause(true), Command::Pause(false)]);
}

#[test]
fn nothing_new_is_not_drawn() {
    let mut fed = fed();
    fed.session.state = one_node();
    runtime().block_on(async {
        let keys = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            fed.inputs.send(typed("q").remove(0)).await.unwrap();
        };
        let (ended, ()) = tokio::join!(fed.session.run(&mut fed.feed), keys);
        ended.unwrap();
    });
    assert_eq!(fed.session.surface.frames, 1);
}
