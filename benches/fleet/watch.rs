//! One case: nodes are watched, keys are pressed, and everything is timed.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use isomon::config::address::Address;
use isomon::hub::Hub;
use isomon::hub::local::Local;
use isomon::model::id::SourceId;
use isomon::model::root::Roots;
use isomon::model::text::SafeText;
use isomon::model::time::{Clock, Stamp, SystemClock};
use isomon::model::update::{Health, Update, What};
use isomon::source::{Clients, Spec};
use isomon::state::State;
use isomon::tui::app::{App, Setup};
use isomon::tui::event::{Input, Signal};
use isomon::tui::session::{Feed, Session};
use isomon::watch::poll::{gate, usual};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::page::{Page, Times};
use super::scene::{self, Size};
use super::{Case, agents};

/// Updates that may wait for the screen, as the program has it.
const ROOM: usize = 1_024;
/// Between two keys.
const KEYS: Duration = Duration::from_millis(137);
/// Keys that are pressed in turn: down the list, through the tabs, into a node and back.
const PRESSED: [&str; 12] = ["2", "j", "j", "j", "k", "enter", "j", "esc", "G", "g", "1", "3"];
/// Time before anything is measured.
const SETTLE: Duration = Duration::from_secs(5);
/// Instants of an hour that are put in before; [`State`] thins them out as it does any.
const HOUR: u64 = 180;

/// The figures of `case`, as words: frames, their P99 and longest in ms, keys, their P99 in ms, MiB, cores
/// in use, nodes up, nodes down.
pub(super) async fn watch(case: &Case, port: u16) -> String {
    let local = Arc::new(Local::new(Roots::default(), std::env::temp_dir().join("isomon-no-runs")));
    let random = StdRng::seed_from_u64(7);
    let mut hub = Hub::new(local, Arc::new(SystemClock), random, Duration::from_secs(1));
    let updates = hub.subscribe(ROOM);
    let commands = hub.commands();
    hub.watch(specs(case.count, port), gate::SSH);
    let stop = CancellationToken::new();
    let hub = tokio::spawn(hub.run(stop.clone()));

    let times = Arc::new(Mutex::new(Times::default()));
    let app = App::new(Setup::default(), Duration::from_secs(1), true);
    let page = Page::new(Arc::clone(&times));
    let mut session = Session::new(app, page, SystemClock, commands, Box::new(|_, _| {}));
    remember(&mut session.state, case.count);
    let (input, inputs) = mpsc::channel::<Input>(64);
    let (signal, signals) = mpsc::channel::<Signal>(4);
    let keys = tokio::spawn(press(input, Arc::clone(&times)));
    let seconds = std::env::var("ISOMON_FLEET_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(case.seconds);
    let length = Duration::from_secs(seconds);
    let ended = tokio::spawn({
        let times = Arc::clone(&times);
        async move {
            tokio::time::sleep(SETTLE).await;
            *times.lock().unwrap() = Times::default();
            let (began, before) = (Instant::now(), used());
            tokio::time::sleep(length).await;
            let cores = used().saturating_sub(before).as_secs_f64() / began.elapsed().as_secs_f64();
            signal.send(Signal::End(15)).await.ok();
            (cores, memory_mib())
        }
    });
    let mut feed = Feed { signals, inputs, updates };
    session.run(&mut feed).await.unwrap();
    let (cores, memory) = ended.await.unwrap();
    keys.abort();
    stop.cancel();
    drop(feed);
    hub.await.unwrap();
    let healths = || session.state.nodes.values().filter_map(|node| node.health.as_ref());
    let up = healths().filter(|health| **health == Health::Up).count();
    let down = healths().count() - up;
    let mut times = std::mem::take(&mut *times.lock().unwrap());
    let (frames, keys) = (times.frames.len(), times.keys.len());
    let frame = percentile(&mut times.frames, 99);
    let longest = percentile(&mut times.frames, 100);
    let key = percentile(&mut times.keys, 99);
    format!("{frames} {frame} {longest} {keys} {key} {memory} {cores} {up} {down}")
}

fn specs(count: usize, port: u16) -> Vec<Spec> {
    let clients = Clients::of_fleet(count, gate::SOCKETS);
    let spec = |index: usize| {
        let address = Address::parse(&agents::url(index, port)).unwrap();
        Spec { clients: clients.clone(), ..Spec::new(id(index), address) }
    };
    (0..count).map(spec).collect()
}

fn id(index: usize) -> SourceId {
    SourceId(SafeText::from(format!("node-{index:05}")))
}

/// An hour of each node, as it would be had it been watched.
fn remember(state: &mut State, count: usize) {
    let size = Size { cores: 16, processes: 0, gpus: 0 };
    let now = SystemClock.now();
    let step = u64::try_from(usual(count).as_millis()).unwrap();
    let kept = (3_600_000 / step).min(HOUR);
    for index in 0..count {
        state.nodes.entry(id(index)).or_default();
    }
    for tick in 0..kept {
        let what = What::Node(Box::new(scene::sample(tick, size, 1.0)));
        let mono_ms = now.mono_ms.saturating_sub((kept - tick) * (3_600_000 / kept));
        let at = Stamp { mono_ms, wall_ms: now.wall_ms };
        for index in 0..count {
            state.apply(&Update { at, from: id(index), what: what.clone() });
        }
    }
}

async fn press(input: mpsc::Sender<Input>, times: Arc<Mutex<Times>>) {
    for key in PRESSED.iter().cycle() {
        tokio::time::sleep(KEYS).await;
        times.lock().unwrap().pressed.get_or_insert_with(Instant::now);
        if input.send(Input::Key(key.parse().unwrap())).await.is_err() {
            return;
        }
    }
}

/// In milliseconds; 0 of nothing.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    let last = times.len().saturating_sub(1);
    times.get(last * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// Processor time of this process.
fn used() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// Memory of this process.
fn memory_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1_024.0
}
