//! A Token Spy: what it counts, what it advises, and what it leaves out.

use isomon::model::origin::Offer;

use crate::server::{FAST_API, Server, ask, later, offer, told};

const SUMMARY: &str = r#"[
  {"agent":"writer","turns":12,"total_input_tokens":1000,"total_output_tokens":200,
   "total_cache_read":5000,"total_cache_write":300,"total_cost":1.25,"avg_input_tokens":83.3},
  {"agent":"a b","turns":1,"total_input_tokens":10,"total_output_tokens":null,"total_cost":0},
  {"turns":3}
]"#;
const TURNS: &str = r#"[
  {"agent":"writer","model":"claude","input_tokens":900,"output_tokens":100,"cache_read_tokens":0,
   "estimated_cost_usd":1.0},
  {"agent":"writer","model":"claude","input_tokens":100,"output_tokens":50,"estimated_cost_usd":0.25},
  {"agent":"a b","model":"qwen","input_tokens":10,"output_tokens":2,"estimated_cost_usd":null}
]"#;

async fn spy() -> Server {
    let server = Server::start(FAST_API).await;
    server
        .json(
            "/health",
            r#"{"status":"ok","agent":"writer","uptime_seconds":9,"session_char_limit":200000}"#,
        )
        .json("/api/summary", SUMMARY)
        .json("/api/usage", TURNS)
        .route("/api/session-status", |query| {
            let advice = if query["agent"] == "a b" { "reset_recommended" } else { "healthy" };
            let body = format!(r#"{{"recommendation":"{advice}","current_session_turns":3}}"#);
            (200, "application/json", body.into_bytes())
        });
    server
}

#[tokio::test]
async fn tokens_cost_and_advice_are_told_for_each_agent_and_model() {
    let server = spy().await;
    let told = ask(&mut server.source("tokenspy+http")).await.unwrap();
    let agents = told!(told, Agents).unwrap();
    assert_eq!((agents.tokens_24h.get(), agents.cost_24h_usd.get()), (Some(6510.0), Some(1.25)));
    let each: Vec<_> =
        agents.agents.iter().map(|one| (one.name.as_str(), one.advice.as_str())).collect();
    assert_eq!(each, [("writer", "healthy"), ("a b", "reset_recommended")]);
    assert_eq!(agents.agents[0].tokens_24h.get(), Some(6500.0));
    assert_eq!(
        (agents.models[0].model.as_str(), agents.models[0].tokens.get()),
        ("claude", Some(1150.0))
    );
    assert_eq!(agents.models[0].requests.get(), Some(2.0));
    assert!(agents.sessions.known().is_none() && agents.done.errors_1h.known().is_none());
    assert!(server.asked().iter().any(|path| path.ends_with("agent=a%20b")), "it is escaped");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn it_is_known_by_its_health_and_may_lack_everything_else() {
    let server = spy().await;
    assert!(told!(ask(&mut server.source("http")).await.unwrap(), Agents).is_some());
    let server = Server::start(FAST_API).await;
    server.json("/api/summary", "[]").status("/api/session-status", 500, r#"{"detail":"no"}"#);
    let mut source = server.source("tokenspy+http");
    let told = ask(&mut source).await.unwrap();
    let agents = told!(told, Agents).unwrap();
    assert_eq!((agents.tokens_24h.get(), agents.agents.len()), (Some(0.0), 0));
    assert_eq!(offer(&told, "/api/usage"), Offer::NotOffered);
    server.json("/api/summary", r#"{"error":"database is locked"}"#);
    later(6).await;
    let told = ask(&mut source).await.unwrap();
    assert!(matches!(offer(&told, "/api/summary"), Offer::Failed(_)));
}
