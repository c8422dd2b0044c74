//! A benchmark on several hosts by SSH, begun from the screen: two real sshd, two real isomons behind
//! them, one found in the path and one where a copy lies. Nothing is made up but that both are here.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says what it skips")]

#[path = "fleet/deed.rs"]
mod deed;
#[path = "fixture/scene.rs"]
mod scene;
#[path = "ssh/server.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod server;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deed::Idle;
use isomon::hub::Hub;
use isomon::model::bench::Plan;
use isomon::model::command::Command;
use isomon::model::id::SourceId;
use isomon::model::run::RunEnd;
use isomon::model::time::SystemClock;
use isomon::model::update::Update;
use isomon::source::Spec;
use isomon::state::{RunState, State};
use isomon::tui::app::{App, Effect, Setup};
use isomon::tui::event::Input;
use isomon::tui::popup::Popup;
use isomon::tui::tab::Tab;
use isomon::tui::view;
use rand::SeedableRng;
use rand::rngs::StdRng;
use ratatui::layout::Size;
use scene::Scene;
use server::Server;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Within this anything that is waited for has happened: an isomon that was just built tries every
/// backend first.
const PATIENCE: Duration = Duration::from_secs(100);
const SCREEN: Size = Size::new(120, 40);
/// Where the read script finds a copy.
const COPY: &str = concat!("home/.cache/isomon/isomon-", env!("CARGO_PKG_VERSION"));

/// What `isomon --source a --source b` is, without a terminal.
struct Rig {
    scene: Scene,
    app: App,
    updates: mpsc::Receiver<Update>,
    commands: mpsc::Sender<Command>,
    stop: CancellationToken,
    hub: JoinHandle<()>,
}

impl Rig {
    fn start(specs: Vec<Spec>) -> Self {
        let (random, second) = (StdRng::seed_from_u64(7), Duration::from_secs(1));
        let mut hub = Hub::new(Arc::new(Idle), Arc::new(SystemClock), random, second);
        hub.watch(specs, 4);
        let (updates, commands) = (hub.subscribe(4_096), hub.commands());
        let stop = CancellationToken::new();
        let hub = tokio::spawn(hub.run(stop.clone()));
        let mut app = App::new(Setup::default(), second, false);
        app.tab = Tab::Nodes;
        Self { scene: Scene::default(), app, updates, commands, stop, hub }
    }

    /// Folds what is told until `done`.
    async fn until(&mut self, what: &str, done: impl Fn(&State) -> bool) {
        let began = Instant::now();
        while !done(&self.scene.state) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let Ok(update) = tokio::time::timeout(left, self.updates.recv()).await else {
                panic!("{what}: {:?}\n{}", self.scene.state.notice, self.screen())
            };
            self.scene.state.apply(&update.unwrap());
        }
    }

    fn press(&mut self, keys: &str) -> Vec<Command> {
        for key in keys.split(' ') {
            self.app.answer(Input::Key(key.parse().unwrap()), SCREEN, &self.scene.state);
        }
        let wish = |effect| match effect {
            Effect::Wish(command) => Some(command),
            _ => None,
        };
        std::mem::take(&mut self.app.effects).into_iter().filter_map(wish).collect()
    }

    fn screen(&self) -> String {
        self.scene.picture(SCREEN.width, SCREEN.height, &|frame, _, state, look| {
            view::draw(frame, &self.app, state, look.now);
        })
    }

    async fn end(self) {
        self.stop.cancel();
        drop(self.updates);
        self.hub.await.unwrap();
    }
}

fn id(name: &str) -> SourceId {
    SourceId(name.into())
}

fn source(server: &Server, name: &str) -> Spec {
    Spec { id: id(name), ..server.spec() }
}

/// Whether a benchmark can be begun at `name`.
fn is_able(state: &State, name: &str) -> bool {
    let origin = state.nodes.get(&id(name)).and_then(|node| node.origin.as_deref());
    origin.is_some_and(|origin| origin.can_bench)
}

/// The run of `name`, once it has ended.
fn ended<'a>(state: &'a State, name: &str) -> Option<&'a RunState> {
    let (_, run) = state.fleet.as_ref()?.runs.iter().find(|(node, _)| *node == id(name))?;
    state.runs.get(run).filter(|run| !run.is_live())
}

/// What the screen wished, made small: one backend that is everywhere, a few rounds.
fn small(plan: &Plan) -> Plan {
    Plan { seed: plan.seed, ..deed::plan() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_are_marked_are_measured_and_what_came_is_held() {
    let (Some(one), Some(two)) = (Server::start("ed25519"), Server::start("ed25519")) else {
        return;
    };
    let program = Path::new(env!("CARGO_BIN_EXE_isomon"));
    symlink(program, one.at("bin/isomon")).unwrap();
    std::fs::create_dir_all(two.at(COPY).parent().unwrap()).unwrap();
    symlink(program, two.at(COPY)).unwrap();
    let mut rig = Rig::start(vec![source(&one, "one"), source(&two, "two")]);
    rig.until("both can", |state| is_able(state, "one") && is_able(state, "two")).await;

    assert_eq!(rig.press("* b"), [], "nothing begins without a yes");
    let Some(Popup::Ask(ask)) = rig.app.popups.last() else { panic!("{}", rig.screen()) };
    let question = ask.question.as_str();
    assert!(question.contains("on 2 nodes: one, two?"), "{question}");
    let wished = rig.press("y").into_iter().find_map(|command| match command {
        Command::BenchOn { nodes, plan } => Some((nodes, plan)),
        _ => None,
    });
    let (nodes, plan) = wished.unwrap();
    let plan = Box::new(small(&plan));
    rig.commands.send(Command::BenchOn { nodes, plan }).await.unwrap();
    rig.until("both ended", |state| ["one", "two"].iter().all(|name| ended(state, name).is_some()))
        .await;

    let state = &rig.scene.state;
    assert_eq!(state.fleet.as_ref().unwrap().left_out, []);
    for name in ["one", "two"] {
        let run = ended(state, name).unwrap();
        let tail = run.tail.as_ref().unwrap();
        let good = matches!(tail.end, RunEnd::Completed | RunEnd::RoundsSpent);
        assert!(run.from == id(name) && good, "{tail:?}");
        assert!(tail.summary.iter().all(|figure| figure.n > 0), "{:#?}", tail.summary);
        assert!(!run.samples.is_empty() && !run.stored);
    }
    let screen = rig.screen();
    let told = |name: &str| screen.lines().any(|line| line.contains(name) && line.contains("ms"));
    assert!(screen.contains("Benchmark on 2 nodes") && told("one") && told("two"), "{screen}");
    rig.end().await;
    for server in [&one, &two] {
        let end = Instant::now() + Duration::from_secs(10);
        while !server.sessions().is_empty() {
            assert!(Instant::now() < end, "a session is left");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
