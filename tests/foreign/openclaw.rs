//! An OpenClaw's gateway, made after the protocol that 2026.9.6 speaks: a challenge, a hello, answers
//! among events, and each of its refusals.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use isomon::config::address::Address;
use isomon::model::id::SourceId;
use isomon::model::secret::Secret;
use isomon::source::{Error, Source, Spec, open};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::server::{CHI, Server, ask, later, origin, told};

const TOKEN: &str = "tok-12345";
/// How far the gateway's clock is ahead.
const AHEAD_MS: i64 = 3_600_000;

/// How a gateway behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    /// It has no ledger of tasks.
    Old,
    /// It wants a device.
    Pairs,
    /// It sends no challenge, but this.
    Says(&'static str),
    /// It tells events for ever and answers nothing.
    Chatters,
    /// It cuts the connection after the first answer.
    Cuts,
    /// What it tells of its sessions is longer by so many bytes.
    Long(usize),
}

/// A gateway until it is dropped.
struct Gateway {
    port: u16,
    asked: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gateway {
    async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(speak(stream, mood, seen.clone()));
            }
        });
        Self { port, asked, task }
    }

    fn source(&self, token: Option<&str>) -> Box<dyn Source> {
        let address = format!("openclaw+ws://127.0.0.1:{}", self.port);
        let mut spec = Spec::new(SourceId("claw".into()), Address::parse(&address).unwrap());
        spec.token = token.map(Secret::new);
        open(spec).unwrap()
    }

    fn methods(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|one| one["method"].as_str().unwrap().to_owned()).collect()
    }
}

async fn speak(stream: tokio::net::TcpStream, mood: Mood, asked: Arc<Mutex<Vec<Value>>>) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let first = match mood {
        Mood::Says(text) => text.to_owned(),
        _ => json!({"type": "event", "event": "connect.challenge",
            "payload": {"nonce": "n", "ts": now_ms()}})
        .to_string(),
    };
    socket.send(Message::text(first)).await.ok();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(text.as_str()).unwrap();
        asked.lock().unwrap().push(frame.clone());
        let event = json!({"type": "event", "event": "tick", "payload": {"ts": 1}}).to_string();
        socket.send(Message::text(event.clone())).await.ok();
        if mood == Mood::Chatters {
            while socket.send(Message::text(event.clone())).await.is_ok() {}
            return;
        }
        let (ok, body) = match answer(&frame, mood) {
            Ok(payload) => (true, json!({"payload": payload})),
            Err(error) => (false, json!({"error": error})),
        };
        let mut answer = json!({"type": "res", "id": frame["id"], "ok": ok});
        answer.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        socket.send(Message::text(answer.to_string())).await.ok();
        if !ok || (mood == Mood::Cuts && frame["params"]["cursor"].is_string()) {
            socket.close(None).await.ok();
            return;
        }
    }
}

fn answer(frame: &Value, mood: Mood) -> Result<Value, Value> {
    let refuse = |code: &str| {
        Err(json!({"code": "INVALID_REQUEST", "message": "no", "details": {"code": code}}))
    };
    match frame["method"].as_str().unwrap() {
        "connect" if mood == Mood::Pairs => refuse("PAIRING_REQUIRED"),
        "connect" => match frame["params"]["auth"]["token"].as_str() {
            None => refuse("DEVICE_IDENTITY_REQUIRED"),
            Some(token) if token != TOKEN => refuse("AUTH_TOKEN_MISMATCH"),
            Some(_) => {
                assert_eq!(frame["params"]["scopes"], json!(["operator.read"]), "it only reads");
                let mut methods = vec!["sessions.list"];
                methods.extend((mood != Mood::Old).then_some("tasks.list"));
                Ok(json!({"type": "hello-ok", "protocol": 4, "server": {"version": "2026.9.6"},
                    "features": {"methods": methods, "events": []}}))
            }
        },
        "sessions.list" => {
            let mut told = sessions();
            if let Mood::Long(more) = mood {
                told["more"] = json!("x".repeat(more));
            }
            Ok(told)
        }
        "tasks.list" => Ok(tasks(frame["params"]["cursor"].as_str())),
        other => panic!("nobody asks for {other}"),
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond() + AHEAD_MS
}

fn sessions() -> Value {
    let now = now_ms();
    json!({"ts": now, "count": 2, "totalCount": 7, "sessions": [
        {"key": "agent:main:main", "agentId": "main", "updatedAt": now - 500, "status": "done",
         "hasActiveRun": true, "startedAt": now - 30_000, "model": "tiny", "totalTokens": 120,
         "estimatedCostUsd": 0.000_128},
        {"key": "agent:work:x", "agentId": "work", "updatedAt": now - 60_000, "status": "failed",
         "lastRunError": "model exploded", "hasActiveRun": false, "startedAt": now - 90_000,
         "endedAt": now - 60_000},
    ]})
}

/// Tasks on two pages.
fn tasks(cursor: Option<&str>) -> Value {
    let now = now_ms();
    let task = |status: &str, ago: i64| {
        json!({"id": "t", "status": status, "agentId": "main",
        "title": "a task", "createdAt": now - ago - 4_000, "startedAt": now - ago - 2_000,
        "endedAt": if status == "queued" { Value::Null } else { json!(now - ago) },
        "error": if status == "failed" { json!("heartbeat skipped: no-route") } else { Value::Null }})
    };
    if cursor.is_some() {
        return json!({"tasks": [task("completed", 7_200_000)]});
    }
    json!({"tasks": [task("queued", 0), task("completed", 1_000), task("failed", 5_000),
        task("timed_out", 6_000)], "nextCursor": "2"})
}

#[tokio::test]
async fn sessions_and_tasks_are_told_by_the_clock_there() {
    let gateway = Gateway::start(Mood::Well).await;
    let mut source = gateway.source(Some(TOKEN));
    let told = ask(&mut source).await.unwrap();
    let skew = origin(&told).unwrap().skew_seconds.unwrap();
    assert!((skew - 3_600.0).abs() < 5.0, "{skew}");
    assert_eq!(origin(&told).unwrap().version.as_ref().unwrap().as_str(), "2026.9.6");
    let agents = told!(told, Agents).unwrap();
    assert_eq!((agents.sessions.get(), agents.total), (Some(1.0), Some(7)));
    let oldest = agents.oldest_seconds.get().unwrap().0;
    assert!((29.0..40.0).contains(&oldest), "{oldest}: by its own clock");
    let done = &agents.done;
    assert_eq!((agents.queue.get(), done.completed_1h.get()), (Some(1.0), Some(1.0)));
    assert_eq!((done.completed_24h.get(), done.errors_1h.get()), (Some(2.0), Some(2.0)));
    assert_eq!(done.timeouts_1h.get(), Some(1.0));
    assert_eq!(done.mean_24h_seconds.get().unwrap().0, 2.0);
    assert_eq!(agents.errors[0].what.as_str(), "heartbeat skipped: no-route");
    assert!(agents.tokens_24h.known().is_none(), "it is counted by the day there");
    assert_eq!(
        (agents.list[0].status.as_str(), agents.list[1].status.as_str()),
        ("running", "failed")
    );
    assert_eq!(ask(&mut source).await.unwrap(), [], "it is not its time");
    later(6).await;
    assert!(told!(ask(&mut source).await.unwrap(), Agents).is_some());
    let connects = gateway.methods().iter().filter(|method| *method == "connect").count();
    assert_eq!(connects, 1, "the connection stays");
}

#[tokio::test]
async fn a_gateway_without_a_ledger_tells_of_the_last_runs() {
    let gateway = Gateway::start(Mood::Old).await;
    let told = ask(&mut gateway.source(Some(TOKEN))).await.unwrap();
    let agents = told!(told, Agents).unwrap();
    assert!(agents.queue.known().is_none() && !agents.gaps.is_empty());
    assert_eq!(agents.done.errors_1h.get(), Some(1.0));
    assert_eq!(agents.errors[0].what.as_str(), "model exploded");
}

#[tokio::test]
async fn each_refusal_is_called_what_it_is() {
    let gateway = Gateway::start(Mood::Well).await;
    let error = ask(&mut gateway.source(Some("wrong"))).await.unwrap_err();
    assert!(matches!(error, Error::Denied { given: true, .. }), "{error}");
    assert!(!error.to_string().contains("wrong") && !format!("{error:?}").contains("wrong"));
    let error = ask(&mut gateway.source(None)).await.unwrap_err().to_string();
    assert!(error.contains("token_file"), "{error}");
    let gateway = Gateway::start(Mood::Pairs).await;
    let error = ask(&mut gateway.source(Some(TOKEN))).await.unwrap_err().to_string();
    assert!(error.contains("paired") && error.contains("ssh -L"), "{error}");
}

#[tokio::test]
async fn who_is_no_gateway_is_called_by_name() {
    let server = Server::start(CHI).await;
    let error = ask(&mut server.source("openclaw+http")).await.unwrap_err();
    let Error::Another { wanted, found } = error else { panic!("{error}") };
    assert_eq!(wanted, "OpenClaw gateway");
    assert!(found.as_str().contains("Go"), "{found}");
    for says in ["hello", "{}", r#"{"type":"event","event":"tick"}"#, "[1]"] {
        let gateway = Gateway::start(Mood::Says(says)).await;
        let error = ask(&mut gateway.source(Some(TOKEN))).await.unwrap_err();
        assert!(matches!(error, Error::Another { .. }), "{says}: {error}");
    }
}

#[tokio::test]
async fn a_connection_that_broke_is_made_anew_and_one_that_chatters_ends() {
    let gateway = Gateway::start(Mood::Cuts).await;
    let mut source = gateway.source(Some(TOKEN));
    for _ in 0..3 {
        assert!(told!(ask(&mut source).await.unwrap(), Agents).is_some());
        tokio::time::sleep(Duration::from_millis(50)).await;
        later(6).await;
    }
    let gateway = Gateway::start(Mood::Chatters).await;
    let error = ask(&mut gateway.source(Some(TOKEN))).await.unwrap_err();
    assert!(matches!(error, Error::Limit { .. }), "{error}");
}

#[tokio::test]
async fn a_message_is_taken_up_to_the_limit() {
    let gateway = Gateway::start(Mood::Long((4 << 20) - 4_096)).await;
    assert!(told!(ask(&mut gateway.source(Some(TOKEN))).await.unwrap(), Agents).is_some());
    let gateway = Gateway::start(Mood::Long(4 << 20)).await;
    let error = ask(&mut gateway.source(Some(TOKEN))).await.unwrap_err();
    assert_eq!(error.to_string(), "limit: a message is more than 4 MiB");
}

#[tokio::test]
async fn a_token_never_leaves_this_machine_in_clear() {
    let address = Address::parse("openclaw+ws://10.0.0.1").unwrap();
    let mut spec = Spec::new(SourceId("claw".into()), address);
    spec.token = Some(Secret::new(TOKEN));
    assert!(matches!(open(spec).err(), Some(Error::Setting { .. })));
}
