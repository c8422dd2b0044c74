//! Many nodes, watched by the hub as the program does it: agents that are made up, connections that are
//! not.

#[path = "../benches/fleet/agents.rs"]
mod agents;
#[path = "fleet/deed.rs"]
mod deed;
#[path = "support/home.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod home;
#[path = "serve/server.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with tests that use more of it")]
mod real;
#[path = "fixture/scene.rs"]
mod scene;
#[path = "fleet/server.rs"]
mod server;

use std::process::Command as Program;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agents::Mood;
use deed::Idle;
use isomon::config::address::Address;
use isomon::hub::Hub;
use isomon::model::bench::Plan;
use isomon::model::command::Command;
use isomon::model::id::SourceId;
use isomon::model::time::{Clock as _, SystemClock};
use isomon::model::update::{FleetRun, Health, Update};
use isomon::source::Spec;
use isomon::state::State;
use isomon::tui::rest::Present;
use isomon::tui::widget::status::Status;
use rand::SeedableRng;
use rand::rngs::StdRng;
use server::Node;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Within this anything that is waited for has happened.
const PATIENCE: Duration = Duration::from_secs(20);

struct Rig {
    state: State,
    updates: mpsc::Receiver<Update>,
    commands: mpsc::Sender<Command>,
    stop: CancellationToken,
    hub: JoinHandle<()>,
}

impl Rig {
    fn start(nodes: &[(&str, String)]) -> Self {
        let random = StdRng::seed_from_u64(7);
        let second = Duration::from_secs(1);
        let mut hub = Hub::new(Arc::new(Idle), Arc::new(SystemClock), random, second);
        let spec = |(name, url): &(&str, String)| {
            Spec::new(id(name), Address::parse(url).expect("an address"))
        };
        hub.watch(nodes.iter().map(spec).collect(), 4);
        let updates = hub.subscribe(4_096);
        let commands = hub.commands();
        let stop = CancellationToken::new();
        let hub = tokio::spawn(hub.run(stop.clone()));
        Self { state: State::default(), updates, commands, stop, hub }
    }

    /// Folds what is told until `done`; how long that took.
    async fn until(&mut self, what: &str, done: impl Fn(&State) -> bool) -> Duration {
        let began = Instant::now();
        while !done(&self.state) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let update = tokio::time::timeout(left, self.updates.recv()).await;
            let update = update.unwrap_or_else(|_| panic!("{what}: {:#?}", self.state.notice));
            self.state.apply(&update.expect("the hub runs"));
        }
        began.elapsed()
    }

    async fn end(self) {
        self.stop.cancel();
        drop(self.updates);
        self.hub.await.expect("no panic");
    }
}

fn id(name: &str) -> SourceId {
    SourceId(name.into())
}

fn is_up(state: &State, name: &str) -> bool {
    let node = state.nodes.get(&id(name));
    node.is_some_and(|node| node.sample.is_some() && node.health == Some(Health::Up))
}

fn is_down(state: &State, name: &str) -> bool {
    let health = state.nodes.get(&id(name)).and_then(|node| node.health.as_ref());
    matches!(health, Some(Health::Down { .. }))
}

/// Agents on a port of their own.
async fn served(port: u16, mood: fn(usize) -> Mood) -> (JoinHandle<()>, u16) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (tokio::spawn(agents::serve(listener, mood)), port)
}

fn url(index: usize, port: u16) -> String {
    format!("http://127.0.0.1:{port}/node-{index}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_is_told_in_time_and_back_in_time_and_the_others_go_on() {
    let slow: fn(usize) -> Mood = |index| match index {
        2 => Mood::Silent,
        3 => Mood::Slow(Duration::from_millis(800)),
        _ => Mood::Well,
    };
    let (_others, port) = served(0, slow).await;
    let nodes: Vec<(&str, String)> =
        ["a", "b", "silent", "slow"].into_iter().zip((0..).map(|index| url(index, port))).collect();
    let (mortal, its_port) = served(0, |_| Mood::Well).await;
    let nodes = [nodes, vec![("mortal", url(9, its_port))]].concat();
    let mut rig = Rig::start(&nodes);
    rig.until("all are up", |state| {
        ["a", "b", "slow", "mortal"].iter().all(|name| is_up(state, name))
    })
    .await;
    rig.until("the silent one is down", |state| is_down(state, "silent")).await;
    let node = &rig.state.nodes[&id("a")];
    let origin = node.origin.as_ref().expect("an origin");
    assert!(origin.can_bench && origin.skew_seconds.is_some_and(|skew| skew.abs() < 1.0));
    assert!((origin.interval_seconds.0 - 2.0).abs() < 1e-9);
    assert_eq!(node.info.as_ref().map(|info| info.hostname.as_str()), Some("made-up"));

    mortal.abort();
    assert!(mortal.await.is_err());
    let took = rig.until("it is down", |state| is_down(state, "mortal")).await;
    assert!(took <= Duration::from_secs(7), "{took:?}");
    assert!(["a", "b", "slow"].iter().all(|name| is_up(&rig.state, name)));
    assert!(rig.state.nodes[&id("mortal")].sample.is_some(), "its last values stay");

    let (_again, _) = served(its_port, |_| Mood::Well).await;
    let took = rig.until("it is back", |state| is_up(state, "mortal")).await;
    assert!(took <= Duration::from_secs(10), "{took:?}");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_benchmark_begins_on_each_node_that_can() {
    let good = Node::start(true, 202).await;
    let refusing = Node::start(true, 409).await;
    let forbidden = Node::start(false, 202).await;
    let nodes =
        [("good", good.url()), ("refusing", refusing.url()), ("forbidden", forbidden.url())];
    let mut rig = Rig::start(&nodes);
    rig.until("all are up", |state| nodes.iter().all(|(name, _)| is_up(state, name))).await;
    let wished = ["good", "refusing", "forbidden", "nobody", "local", "good/b"].map(id).to_vec();
    let plan: Box<Plan> = Box::new(deed::plan());
    rig.commands.send(Command::BenchOn { nodes: wished, plan: plan.clone() }).await.expect("runs");
    rig.until("it is told", |state| state.fleet.is_some()).await;
    let told = rig.state.fleet.clone().expect("told");
    let named = |fleet: &FleetRun| {
        let mut names: Vec<String> = fleet.runs.iter().map(|(node, _)| node.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(named(&told), ["good", "local", "refusing"]);
    let why = |fleet: &FleetRun, name: &str| {
        let left = fleet.left_out.iter().find(|(node, _)| *node == id(name));
        left.map(|(_, why)| why.to_string()).unwrap_or_default()
    };
    assert!(why(&told, "forbidden").contains("a token that may"), "{told:?}");
    assert_eq!(why(&told, "nobody"), "it is not watched");
    let below = why(&told, "good/b");
    assert!(below == "it needs --source NAME=ssh://HOST; good only tells of it", "{below}");
    rig.until("the refusal", |state| {
        state.fleet.as_ref().is_some_and(|fleet| fleet.left_out.len() == 4)
    })
    .await;
    let told = rig.state.fleet.clone().expect("told");
    assert_eq!(named(&told), ["good", "local"]);
    assert!(why(&told, "refusing").contains("409"), "{told:?}");

    let (_, run) = told.runs.iter().find(|(node, _)| *node == id("good")).expect("it runs").clone();
    assert_eq!(good.orders(), [(run.clone(), *plan)]);
    rig.until("its run is heard", |state| state.runs.contains_key(&run)).await;
    assert_eq!(rig.state.runs[&run].from, id("good"));
    rig.commands.send(Command::Cancel(run.clone())).await.expect("runs");
    let began = Instant::now();
    while good.cancelled().is_empty() && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(good.cancelled(), [run]);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_a_node_that_begins_anew_goes_on_no_more() {
    let node = Node::start(true, 202).await;
    let mut rig = Rig::start(&[("a", node.url())]);
    rig.until("it is up", |state| is_up(state, "a")).await;
    let wish = Command::BenchOn { nodes: vec![id("a")], plan: Box::new(deed::plan()) };
    rig.commands.send(wish).await.expect("runs");
    rig.until("it goes on", |state| state.fleet_live().count() == 1).await;
    node.begin_anew();
    rig.until("it is cut off", |state| state.fleet_live().count() == 0).await;
    assert_eq!(rig.state.runs.len(), 1, "what was told of it stays");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_named_twice_is_counted_once() {
    let node = Node::start(true, 202).await;
    let twice = node.url().replace("127.0.0.1", "localhost");
    let mut rig = Rig::start(&[("a", node.url()), ("b", twice)]);
    rig.until("it is told", |state| state.notice.is_some()).await;
    let (_, notice) = rig.state.notice.clone().expect("told");
    assert!(notice.text.as_str().contains("under another name"), "{}", notice.text);
    rig.until("one is up", |state| is_up(state, "a") || is_up(state, "b")).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    while let Ok(update) = rig.updates.try_recv() {
        rig.state.apply(&update);
    }
    let known = ["a", "b"].map(|name| rig.state.nodes.contains_key(&id(name)));
    assert_eq!(known.iter().filter(|known| **known).count(), 1, "{known:?}");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_shows_other_nodes_and_those_that_do_not_answer() {
    let (_agents, port) = served(0, |_| Mood::Well).await;
    let home = tempfile::tempdir().expect("a directory");
    let hosts = home.path().join("hosts");
    let lines = format!("# two\nup={}\ngone=http://127.0.0.1:1\n", url(4, port));
    std::fs::write(&hosts, lines).expect("written");
    let run = move |words: &[&str]| {
        let mut program = Program::new(env!("CARGO_BIN_EXE_isomon"));
        program.args(words).arg("--hostfile").arg(&hosts).env("HOME", home.path());
        let output = program.env_remove("XDG_CONFIG_HOME").output().expect("runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (text, json, once) = tokio::task::spawn_blocking(move || {
        (run(&["snapshot"]), run(&["snapshot", "--json"]), run(&["--once"]))
    })
    .await
    .expect("no panic");
    assert!(text.contains("gone: connection refused by 127.0.0.1:1"), "{text}");
    assert!(once.contains("gone: connection refused"), "{once}");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["nodes"][0]["source"], "up");
    assert_eq!(json["nodes"][0]["gpus"]["gpus"].as_array().map(Vec::len), Some(4));
    assert!(json["nodes"][0]["node"]["cpu"]["busy"].is_number(), "{json:#}");
}

/// The program itself, stopped for a while and let go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_late_then_lost_and_comes_back() {
    let server = real::Server::start(&["--interval", "500ms"]);
    let mut rig = Rig::start(&[("a", format!("isomon+http://{}", server.address))]);
    let status = |state: &State| {
        let present = Present { now: SystemClock.now(), ..Present::default() };
        state.nodes.get(&id("a")).map(|node| Status::at(node, present, 1_000))
    };
    rig.until("it is up", |state| is_up(state, "a")).await;
    let pid = rustix::process::Pid::from_raw(server.pid().cast_signed()).expect("a process");
    let signal = |signal| rustix::process::kill_process(pid, signal).expect("it is there");
    signal(rustix::process::Signal::STOP);
    let stopped = Instant::now();
    let (mut late, mut lost) = (None, None);
    while lost.is_none() {
        assert!(stopped.elapsed() < PATIENCE, "{:?}", status(&rig.state));
        tokio::time::sleep(Duration::from_millis(50)).await;
        while let Ok(update) = rig.updates.try_recv() {
            rig.state.apply(&update);
        }
        match status(&rig.state) {
            Some(Status::Stale) => late = late.or_else(|| Some(stopped.elapsed())),
            Some(Status::Down) => lost = Some(stopped.elapsed()),
            _ => {}
        }
    }
    signal(rustix::process::Signal::CONT);
    let back = rig.until("it is back", |state| is_up(state, "a")).await;
    println!("late after {late:?}, lost after {lost:?}, back after {back:?}");
    // An interval, the time of a question, and what its being late is measured by.
    assert!(lost < Some(Duration::from_secs(12)), "{lost:?}");
    rig.end().await;
}
