//! Who is known by an answer, and how the unknown are described.

use proptest::prelude::*;

use super::*;
use crate::model::serving::Engine;
use crate::source::client::Reply;

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec(), ..Reply::default() }
}

fn decided(path: &str, body: &str) -> Option<Kind> {
    let (_, decide) = QUESTIONS.iter().find(|(question, _)| *question == path).unwrap();
    decide(&Form::of(&reply(200, body)))
}

#[test]
fn a_form_decides_who_it_is() {
    let mistudio = r#"{"status":"healthy","service":"miStudio API"}"#;
    let build = r#"{"status":"success","data":{"version":"3.1.0"}}"#;
    let rows = [
        ("/v1/live?wait=0", "{\"isomon_live\":1,\"seq\":3}\n{\"seq\":4}\n", Some(Kind::Isomon)),
        ("/v1/backends", r#"[{"name":"isolate","capabilities":{}}]"#, Some(Kind::Vulcan)),
        ("/v1/backends", r#"[{"name":"x"}]"#, None),
        ("/health", r#"{"status":"ok","service":"solstice-webui"}"#, Some(Kind::Solstice)),
        ("/health", r#"{"status":"ok","service":"portal"}"#, Some(Kind::Solstice)),
        ("/health", r#"{"status":"ok","mode":"history"}"#, Some(Kind::Solstice)),
        ("/health", r#"{"status":"ok","timestamp":"x"}"#, None),
        ("/api/v1/system/health", mistudio, Some(Kind::MiStudio)),
        ("/api/v1/status/buildinfo", build, Some(Kind::Prometheus)),
        ("/api/health", r#"{"status":"ok","timestamp":"2026-01-01T00:00:00"}"#, Some(Kind::Dream)),
        ("/api/health", r#"{"status":"ok","version":"1.0.0"}"#, None),
        ("/status", r#"{"gpu":null,"services":[]}"#, Some(Kind::Dream)),
        ("/status", r#"{"nodes":[]}"#, Some(Kind::Cluster)),
        ("/status", r#"{"nodes":{"a":{"healthy":true}}}"#, Some(Kind::Cluster)),
        ("/status", r#"{"nodes":3}"#, None),
        ("/status", "<html>", None),
        (
            "/metrics",
            "vllm:num_requests_running{engine=\"0\"} 1\n",
            Some(Kind::Model(Engine::Vllm)),
        ),
        ("/metrics", "sglang:num_running_reqs 1\n", Some(Kind::Model(Engine::Sglang))),
        ("/metrics", "llamacpp:requests_processing 1\n", Some(Kind::Model(Engine::LlamaCpp))),
        ("/metrics", "tgi_queue_size 1\n", Some(Kind::Model(Engine::Tgi))),
        ("/metrics", "node_load1 1\n", None),
        ("/api/ps", r#"{"models":[]}"#, Some(Kind::Model(Engine::Ollama))),
        ("/api/ps", r#"{"models":[{"size":3}]}"#, None),
        (
            "/v1/models",
            r#"{"object":"list","data":[{"id":"m"}]}"#,
            Some(Kind::Model(Engine::OpenAi)),
        ),
    ];
    for (path, body, wanted) in rows {
        assert_eq!(decided(path, body), wanted, "{path} {body}");
    }
}

#[test]
fn a_long_answer_is_not_read_as_a_tree() {
    let spaces = |length: usize| r#"{"nodes":[]}"#.to_owned() + &" ".repeat(length - 12);
    assert_eq!(decided("/status", &spaces(1 << 20)), Some(Kind::Cluster));
    assert_eq!(decided("/status", &spaces((1 << 20) + 1)), None);
    let lines = "{\"isomon_live\":1}\n".to_owned() + &"x".repeat(2 << 20);
    assert_eq!(decided("/v1/live?wait=0", &lines), Some(Kind::Isomon), "its first line is short");
}

#[test]
fn what_is_kept_of_an_answer_is_no_tree() {
    let form = Form::of(&reply(200, r#"{"nodes":[]}"#));
    assert_eq!(form::status(&form), Some(Kind::Cluster));
    assert_eq!(form::status(&form.plain()), None);
}

#[test]
fn who_is_unknown_is_described() {
    let page = "<html><body><center><h1>404</h1></center><hr><center>nginx/1.22.1</center>";
    let answers: Vec<_> =
        QUESTIONS.iter().map(|(path, _)| (*path, Form::of(&reply(404, page)).plain())).collect();
    let wanted = "this answers like nginx: 404 to all 12 questions (/v1/live, /v1/backends, \
                  /health, /solstice/health …)";
    assert_eq!(form::words(&answers).as_str(), wanted);
    assert_eq!(form::words(&[]).as_str(), "no answer to any question");
}

proptest! {
    #[test]
    fn no_answer_panics(body: Vec<u8>, status: u16) {
        let form = Form::of(&Reply { status, body, ..Reply::default() });
        for (_, decide) in QUESTIONS {
            decide(&form);
        }
        form::words(&[("/x", form)]);
    }
}
