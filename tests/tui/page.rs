//! A page to draw on, and a session that lasts as long as its keys.

use std::future::Future;
use std::io;
use std::time::Duration;

use isomon::model::command::Command;
use isomon::model::id::{RunId, SourceId};
use isomon::model::node::{NodeInfo, NodeSample};
use isomon::model::run::{Fingerprint, RunEvent, RunHead};
use isomon::model::time::{SetClock, Stamp};
use isomon::model::update::{Update, What};
use isomon::state::State;
use isomon::tui::app::{App, Setup};
use isomon::tui::event::Input;
use isomon::tui::key::Chord;
use isomon::tui::session::{Ended, Feed, Session};
use isomon::tui::surface::Surface;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;

/// A page in memory.
#[derive(Debug)]
pub struct Page {
    /// What is drawn on.
    pub terminal: Terminal<TestBackend>,
    /// Sequences sent beside the frames.
    pub sent: String,
    /// Frames drawn.
    pub frames: usize,
}

impl Page {
    /// An empty page.
    pub fn new(columns: u16, rows: u16) -> Self {
        Self {
            terminal: Terminal::new(TestBackend::new(columns, rows)).unwrap(),
            sent: String::new(),
            frames: 0,
        }
    }
}

impl Surface for Page {
    fn is_busy(&self) -> bool {
        false
    }

    fn flush(&mut self) -> impl Future<Output = io::Result<()>> {
        std::future::ready(Ok(()))
    }

    fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.frames += 1;
        self.terminal.draw(picture).map_err(io::Error::other)?;
        Ok(())
    }

    fn size(&self) -> Size {
        self.terminal.size().unwrap()
    }

    fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear().map_err(io::Error::other)
    }

    fn enter(&mut self, _mouse: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self, _mouse: bool) -> io::Result<()> {
        self.sent.push_str("suspended");
        Ok(())
    }

    fn set_mouse(&mut self, on: bool) {
        self.sent.push_str(if on { "mouse on" } else { "mouse off" });
    }

    fn send(&mut self, sequence: &str) {
        self.sent.push_str(sequence);
    }
}

/// What is left when a session is over.
#[derive(Debug)]
pub struct Left {
    /// What was looked at.
    pub app: App,
    /// What was drawn on.
    pub page: Page,
    /// What was wished, apart from pieces of the past.
    pub wishes: Vec<Command>,
    /// How it ended; a hang-up once the keys are used up.
    pub ended: Ended,
}

impl Left {
    /// The letters on the page.
    pub fn text(&self) -> String {
        self.page.terminal.backend().to_string()
    }
}

/// Inputs for the names of keys.
pub fn typed(keys: &str) -> Vec<Input> {
    keys.split_whitespace()
        .flat_map(|name| name.parse::<Chord>().unwrap().0)
        .map(Input::Key)
        .collect()
}

/// Lets a session at 80×24 answer `keys`.
pub fn press(state: &State, keys: &str) -> Left {
    stay(app(Setup::default()), state, typed(keys), (80, 24))
}

/// An app at its start.
pub fn app(setup: Setup) -> App {
    App::new(setup, Duration::from_secs(1), true)
}

/// Lets a session answer `inputs` on a page of `size`.
pub fn stay(app: App, state: &State, inputs: Vec<Input>, size: (u16, u16)) -> Left {
    let (commands, mut wished) = mpsc::channel(16);
    let (sender, receiver) = mpsc::channel(inputs.len().max(1));
    for input in inputs {
        sender.try_send(input).unwrap();
    }
    drop(sender);
    let clock = SetClock::default();
    clock.set(state.now.mono_ms);
    let page = Page::new(size.0, size.1);
    let mut session = Session::new(app, page, clock, commands, Box::new(|_, _| ()));
    session.state = state.clone();
    let (signals, heard) = mpsc::channel(1);
    let (updates, news) = mpsc::channel(1);
    let mut feed = Feed { signals: heard, inputs: receiver, updates: news };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ended = runtime.block_on(session.run(&mut feed)).unwrap();
    drop((signals, updates));
    Left {
        app: session.app,
        page: session.surface,
        wishes: std::iter::from_fn(|| wished.try_recv().ok())
            .filter(|wish| !matches!(wish, Command::Past(_)))
            .collect(),
        ended,
    }
}

/// `what` happened on this machine in second `second`.
pub fn update(second: u64, what: What) -> Update {
    Update { at: Stamp { mono_ms: second * 1000, wall_ms: 0 }, from: SourceId::local(), what }
}

/// A world in which one machine has been heard once.
pub fn one_node() -> State {
    let mut state = State::default();
    let info = NodeInfo { hostname: "web-1".into(), cpus: 4, ..NodeInfo::default() };
    state.apply(&update(1, What::Info(Box::new(info))));
    state.apply(&update(1, What::Node(Box::<NodeSample>::default())));
    state
}

/// The same with a run that goes on.
pub fn live_run() -> State {
    let mut state = one_node();
    let id = RunId::new(1_000, 1);
    let head = RunHead {
        format: 1,
        id: id.clone(),
        started: Stamp::default(),
        started_at: "1970-01-01T00:00:01Z".to_owned(),
        plan: serde_json::from_value(plan()).unwrap(),
        cells: Vec::new(),
        left_out: Vec::new(),
        fingerprint: Fingerprint::default(),
        repeat: "isomon bench".to_owned(),
    };
    let event = RunEvent::Started(Box::new(head));
    state.apply(&update(2, What::Run { id, event }));
    state
}

fn plan() -> serde_json::Value {
    serde_json::json!({
        "name": null,
        "backends": [],
        "payloads": [],
        "effort": {
            "warmup_rounds": 1, "min_rounds": 1, "max_rounds": 1,
            "min_seconds": 0.0, "budget_seconds": 1.0, "target": 0.1
        },
        "limits": isomon::model::bench::Limits::default(),
        "seed": 1
    })
}
