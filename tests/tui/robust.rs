//! Nothing that is drawn can break the screen: any size, any name, any number of updates.

use std::time::Duration;

use isomon::model::node::{Disk, Mount, NodeInfo, NodeSample};
use isomon::model::process::Process;
use isomon::model::text::SafeText;
use isomon::model::time::{SetClock, Stamp};
use isomon::model::update::What;
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
