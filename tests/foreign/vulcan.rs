//! A Vulcan as it is served, and with the nodes it plans.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isomon::model::command::Command;
use isomon::model::id::SourceId;
use isomon::model::origin::{Kind, Offer};
use isomon::model::time::{Clock as _, SystemClock};
use isomon::model::update::What;
use isomon::model::workload::{Status, Window, Workloads};
use isomon::source::Error;
use isomon::watch::poll::{Common, Poll};
use isomon::watch::{Outlet, Pace};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::server::{Asked, CHI, Server, ask, later, offer, told};

pub(crate) const BACKENDS: &str = include_str!("../fixtures/foreign/vulcan-backends.json");
pub(crate) const STATS: &str = include_str!("../fixtures/foreign/vulcan-stats.json");
pub(crate) const WORKLOADS: &str = include_str!("../fixtures/foreign/vulcan-workloads.json");
const NODES: &str = include_str!("../fixtures/foreign/vulcan-nodes.json");

/// The paths that are really there.
pub(crate) async fn served() -> Server {
    let server = Server::start(CHI).await;
    server
        .json("/healthz", r#"{"status":"ok"}"#)
        .json("/v1/backends", BACKENDS)
        .json("/v1/stats", STATS)
        .json("/v1/workloads", WORKLOADS);
    server
}

/// Pages as the server makes them: latest first, and 20 for a limit it does not like.
fn page(all: &[Value], asked: &Asked) -> Value {
    let number = |key: &str| asked.get(key).and_then(|value| value.parse::<usize>().ok());
    let limit = number("limit").filter(|limit| (1..=100).contains(limit)).unwrap_or(20);
    let offset = number("offset").unwrap_or_default();
    let rows: Vec<&Value> = all.iter().rev().skip(offset).take(limit).collect();
    json!({"workloads": rows, "total": all.len(), "limit": limit, "offset": offset})
}

fn workload(number: usize) -> Value {
    let (minute, second) = (number / 60, number % 60);
    json!({"id": format!("01JKQX{number:020}"), "status": if number.is_multiple_of(2) { "completed" } else { "pending" },
        "isolation": "isolate", "runtime": "node", "node_id": "", "exit_code": 0, "duration_ms": number,
        "created_at": format!("2026-02-19T07:{minute:02}:{second:02}.5Z")})
}

#[tokio::test]
async fn what_is_served_is_told_and_what_is_planned_is_not_offered() {
    let server = served().await;
    let mut source = server.source("vulcan+http");
    let told = ask(&mut source).await.unwrap();
    assert_eq!(offer(&told, "/v1/nodes"), Offer::NotOffered, "a 404 in plain text");
    for path in ["/v1/backends", "/v1/stats", "/v1/workloads"] {
        assert_eq!(offer(&told, path), Offer::Offered, "{path}");
    }
    let work = told!(told, Workloads).unwrap();
    assert_eq!((work.total, work.latest.len()), (Some(42), 3));
    assert_eq!(work.by_status[0], (Status::Pending, 2));
    assert_eq!(work.mean_seconds.unwrap().0, 1.2505);
    assert!(work.derived, "the server gives no figures of a backend");
    assert_eq!(work.capabilities[1].engine.as_str(), "firecracker");
    assert_eq!(work.capabilities[1].max_concurrency, Some(4));
    assert_eq!(work.latest[1].output.as_ref().unwrap().as_str(), "hello from isolate");
    assert_eq!(work.latest[0].started_ms, Some(1_771_484_700_600), "with a local offset");
    later(5).await;
    assert_eq!(ask(&mut source).await.unwrap(), [], "nothing is new");
}

#[tokio::test]
async fn the_latest_few_hundred_are_read_and_then_only_what_is_new() {
    let server = Server::start(CHI).await;
    let all: Arc<Mutex<Vec<Value>>> = Arc::new(Mutex::new((0..450).map(workload).collect()));
    let rows = all.clone();
    server.route("/v1/workloads", move |asked| {
        (200, "application/json", page(&rows.lock().unwrap(), asked).to_string().into_bytes())
    });
    let rows = all.clone();
    server.route("/v1/workloads/01JKQX00000000000000000349", move |_| {
        (200, "application/json", rows.lock().unwrap()[349].to_string().into_bytes())
    });
    let mut source = server.source("vulcan+http");
    let told = ask(&mut source).await.unwrap();
    let work = told!(told, Workloads).unwrap();
    assert_eq!((work.latest.len(), work.total), (300, Some(450)));
    assert!(work.latest[0].id.as_str().ends_with("449"));
    let pages = server.asked().iter().filter(|path| path.contains("offset")).count();
    assert_eq!(pages, 3);
    all.lock().unwrap()[349]["status"] = json!("killed");
    all.lock().unwrap().push(workload(450));
    later(5).await;
    let told = ask(&mut source).await.unwrap();
    let work = told!(told, Workloads).unwrap();
    assert!(work.latest[0].id.as_str().ends_with("450"));
    let old = work.latest.iter().find(|one| one.id.as_str().ends_with("349")).unwrap();
    assert_eq!(old.status, Status::Killed, "one that was not over is asked for by itself");
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|path| path.contains("offset")).count(), 1, "{asked:?}");
    assert!(asked.iter().all(|line| line.starts_with("GET ")));
}

#[tokio::test]
async fn nodes_become_nodes_below_where_they_are_served() {
    let server = served().await;
    server.json("/v1/nodes", NODES);
    let told = ask(&mut server.source("vulcan+http")).await.unwrap();
    let below: Vec<&What> = told
        .iter()
        .filter(|told| told.node.as_ref().is_some_and(|node| node.as_str() == "rack-1"))
        .map(|told| &told.what)
        .collect();
    let [
        What::Origin(origin),
        What::Info(info),
        What::Node(sample),
        What::Services(services),
        What::Workloads(work),
    ] = below[..]
    else {
        panic!("{below:?}");
    };
    assert!(origin.kind == Kind::Vulcan && origin.endpoints.is_empty());
    assert_eq!((info.cpus, info.memory_bytes.get().unwrap().0), (16, 64 << 30));
    assert_eq!(sample.cpu.get().unwrap().busy.percent(), 25.0);
    assert_eq!(sample.memory.get().unwrap().used_bytes().0, 16 << 30);
    assert_eq!(services[0].status.as_str(), "degraded");
    assert_eq!(work.capabilities.len(), 2);
}

#[tokio::test]
async fn one_that_fails_costs_no_other_and_nothing_is_started_there() {
    let server = served().await;
    server.status("/v1/stats", 500, r#"{"error":"database is locked"}"#);
    let mut source = server.source("vulcan+http");
    let told = ask(&mut source).await.unwrap();
    let Offer::Failed(why) = offer(&told, "/v1/stats") else { panic!("it fails") };
    assert_eq!(why.as_str(), "/v1/stats: 500: database is locked");
    let work = told!(told, Workloads).unwrap();
    assert_eq!(work.total, Some(3), "as the list says");
    assert_eq!(work.by_status, [(Status::Running, 1), (Status::Completed, 1), (Status::Failed, 1)]);
    let wish = source.wish(&Command::CheckBackends).await.unwrap_err();
    assert!(matches!(&wish, Error::Unable { .. }) && wish.to_string().contains("no benchmarks"));
    assert!(server.asked().iter().all(|line| line.starts_with("GET ")));
}

#[tokio::test]
async fn pages_that_are_too_large_are_asked_for_in_smaller_ones() {
    let server = served().await;
    let mut all: Vec<Value> = (0..30).map(workload).collect();
    for one in &mut all {
        one["output"] = "QUFB".repeat(50_000).into();
    }
    server.route("/v1/workloads", move |asked| {
        (200, "application/json", page(&all, asked).to_string().into_bytes())
    });
    let told = ask(&mut server.source("vulcan+http")).await.unwrap();
    let work = told!(told, Workloads).unwrap();
    assert!(work.latest.len() >= 20, "{}", work.latest.len());
    assert!(work.latest[0].output.as_ref().unwrap().as_str().len() < 300);
}

/// A server whose clock is off by so many seconds; whatever it is asked, it tells of one workload that
/// was ordered 5 s before by its clock.
fn off(seconds: i64) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let there = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
            let date = there.strftime("%a, %d %b %Y %H:%M:%S GMT");
            let mut one = workload(0);
            one["created_at"] = (there - jiff::SignedDuration::from_secs(5)).to_string().into();
            let body = json!({"status": "ok", "workloads": [one], "total": 1}).to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let mut head = [0; 2_048];
            let _read = std::io::Read::read(&mut stream, &mut head);
            let _written = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    port
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_and_one_that_is_right_is_not() {
    for (seconds, least, most) in [(-3_600, -3_603.0, -3_597.0), (90, 87.0, 93.0), (0, 0.0, 0.0)] {
        let url = format!("solstice+http://127.0.0.1:{}", off(seconds));
        let mut source = isomon::source::open(crate::server::spec(&url)).unwrap();
        let Ok(told) = ask(&mut source).await else { panic!("{seconds}: no answer") };
        let skew = crate::server::origin(&told).unwrap().skew_seconds.unwrap();
        assert!((least..=most).contains(&skew), "{seconds}: {skew}");
    }
}

/// What is watched of `url` until workloads are told.
async fn watched(url: &str) -> Workloads {
    let (to, mut updates) = mpsc::channel(100);
    let (_pace, pace) = watch::channel(Pace { interval: Duration::from_secs(1), paused: false });
    let (_focus, focus) = watch::channel(None);
    let (_wishes, wishes) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let common = Common { pace, focus, gate: Arc::default(), stop: stop.clone(), count: 1 };
    let spec = crate::server::spec(url);
    let outlet = Outlet::new(SourceId::local(), Arc::new(SystemClock), to);
    let source = isomon::source::open(spec.clone()).unwrap();
    let poll = tokio::spawn(Poll::new(source, &spec, &outlet, wishes, common, 7).run());
    let told = loop {
        let update = tokio::time::timeout(Duration::from_secs(10), updates.recv()).await;
        if let What::Workloads(workloads) = update.expect("in time").unwrap().what {
            break *workloads;
        }
    };
    stop.cancel();
    poll.await.unwrap();
    told
}

#[tokio::test]
async fn how_old_something_is_does_not_depend_on_the_clock_of_its_server() {
    for seconds in [-3_600, -7 * 86_400, 5_400, 0] {
        let told = watched(&format!("vulcan+http://127.0.0.1:{}", off(seconds))).await;
        let now_ms = SystemClock.now().wall_ms;
        let age_ms = now_ms - told.latest[0].created_ms;
        assert!((1_000..12_000).contains(&age_ms), "{seconds}: {age_ms} ms old");
        let hour = told.spells.iter().find(|spell| spell.window == Window::Hour).unwrap();
        let counted: u64 = hour.slots.iter().map(|slot| slot.count).sum();
        let off_ms = hour.from_ms - Window::Hour.from_ms(now_ms);
        assert_eq!(counted, 1, "{seconds}: it is of the last hour");
        assert!(off_ms.abs() < 70_000, "{seconds}: the hour is {off_ms} ms off");
    }
}
