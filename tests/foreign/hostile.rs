//! Answers that are broken in every way: no panic, words for it, and the endpoints beside are none
//! the worse.

use isomon::model::origin::{Kind, Offer};
use isomon::source::{Source, Told};

use crate::server::{Server, ask, later, origin};
use crate::{cluster, dream, mistudio, solstice, vulcan};

/// An endpoint, what answers there, and one beside it that stays as it is.
struct Case {
    scheme: &'static str,
    path: &'static str,
    name: &'static str,
    body: &'static str,
    beside: Option<&'static str>,
}

const CASES: [Case; 9] = [
    Case {
        scheme: "vulcan+http",
        path: "/v1/backends",
        name: "/v1/backends",
        body: vulcan::BACKENDS,
        beside: Some("/v1/stats"),
    },
    Case {
        scheme: "vulcan+http",
        path: "/v1/stats",
        name: "/v1/stats",
        body: vulcan::STATS,
        beside: Some("/v1/workloads"),
    },
    Case {
        scheme: "vulcan+http",
        path: "/v1/workloads",
        name: "/v1/workloads",
        body: vulcan::WORKLOADS,
        beside: Some("/v1/stats"),
    },
    Case {
        scheme: "solstice+http",
        path: "/api/jobs",
        name: "/api/jobs",
        body: solstice::SPLIT,
        beside: None,
    },
    Case {
        scheme: "mistudio+http",
        path: "/api/v1/system/metrics",
        name: "/api/v1/system/metrics",
        body: mistudio::METRICS,
        beside: Some("/api/v1/task-queue/active"),
    },
    Case {
        scheme: "mistudio+http",
        path: "/api/v1/system/gpu-metrics/all",
        name: "/api/v1/system/gpu-metrics/all",
        body: mistudio::GPUS,
        beside: Some("/api/v1/system/metrics"),
    },
    Case {
        scheme: "mistudio+http",
        path: "/api/v1/task-queue/active",
        name: "/api/v1/task-queue/active",
        body: mistudio::ACTIVE,
        beside: Some("/api/v1/system/metrics"),
    },
    Case {
        scheme: "dream+http",
        path: "/status",
        name: "/status",
        body: dream::STATUS,
        beside: None,
    },
    Case {
        scheme: "cluster+http",
        path: "/status",
        name: "/status",
        body: cluster::STATUS,
        beside: None,
    },
];

async fn server(case: &Case) -> Server {
    let server = match case.scheme {
        "vulcan+http" => vulcan::served().await,
        "mistudio+http" => mistudio::served().await,
        _ => Server::start(crate::server::FAST_API).await,
    };
    server.json(case.path, case.body);
    server
}

/// The latest that was told of each endpoint; it is told again only when it changed.
#[derive(Default)]
struct Seen(Vec<(String, Offer)>);

impl Seen {
    fn take(&mut self, told: &[Told]) {
        if let Some(origin) = origin(told) {
            let row =
                |one: &isomon::model::origin::Endpoint| (one.name.to_string(), one.offer.clone());
            self.0 = origin.endpoints.iter().map(row).collect();
        }
    }

    fn offer(&self, name: &str) -> &Offer {
        &self.0.iter().find(|(known, _)| known == name).unwrap().1
    }
}

/// Asks with `body` where the endpoint is, long after whatever was before.
async fn with(
    case: &Case,
    server: &Server,
    source: &mut Box<dyn Source>,
    seen: &mut Seen,
    body: Vec<u8>,
) {
    server.json(case.path, body);
    later(61).await;
    match ask(source).await {
        Ok(told) => seen.take(&told),
        Err(error) => panic!("{} {}: {error}", case.scheme, case.path),
    }
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_an_error_of_its_endpoint_alone() {
    for case in &CASES {
        let server = server(case).await;
        let (mut source, mut seen) = (server.source(case.scheme), Seen::default());
        seen.take(&ask(&mut source).await.unwrap());
        assert_eq!(*seen.offer(case.name), Offer::Offered, "{}", case.path);
        let whole = case.body.trim_end();
        for at in 0..whole.len() {
            let cut = whole.as_bytes()[..at].to_vec();
            with(case, &server, &mut source, &mut seen, cut).await;
            let Offer::Failed(why) = seen.offer(case.name) else {
                panic!("{} cut at {at}: {:?}", case.path, seen.offer(case.name));
            };
            assert!(why.as_str().contains(case.path), "{why}");
            if let Some(beside) = case.beside {
                assert_eq!(*seen.offer(beside), Offer::Offered, "{beside}");
            }
        }
        with(case, &server, &mut source, &mut seen, whole.into()).await;
        assert_eq!(*seen.offer(case.name), Offer::Offered, "it is well again");
    }
}

#[tokio::test]
async fn what_is_no_json_or_another_is_an_error_in_words() {
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [&[u8]; 11] = [
        b"",
        b"<html>hello</html>",
        b"null",
        b"7",
        b"\"words\"",
        b"NaN",
        b"{\"metrics\":NaN}",
        b"{\"total\":1e999}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        deep.as_bytes(),
    ];
    for case in &CASES {
        let server = server(case).await;
        let (mut source, mut seen) = (server.source(case.scheme), Seen::default());
        seen.take(&ask(&mut source).await.unwrap());
        for body in bodies {
            with(case, &server, &mut source, &mut seen, body.to_vec()).await;
            let shown = String::from_utf8_lossy(body.get(..40).unwrap_or(body)).into_owned();
            let is_lenient = matches!(case.path, "/status" | "/api/v1/system/gpu-metrics/all")
                && serde_json::from_slice::<serde_json::Value>(body).is_ok();
            let is_failed = matches!(seen.offer(case.name), Offer::Failed(_));
            assert!(is_failed || is_lenient, "{} {shown}: {:?}", case.path, seen.offer(case.name));
        }
    }
}

#[tokio::test]
async fn every_number_may_be_huge_or_of_another_type() {
    let replaced =
        ["1e308", "-1e308", "18446744073709551616", "-1", "null", "\"x\"", "[]", "{}", "true"];
    for case in &CASES {
        let server = server(case).await;
        let (mut source, mut seen) = (server.source(case.scheme), Seen::default());
        seen.take(&ask(&mut source).await.unwrap());
        for other in replaced {
            let body = with_numbers(case.body, other);
            assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok(), "{body}");
            with(case, &server, &mut source, &mut seen, body.into_bytes()).await;
        }
    }
}

/// `json` with every number outside of texts replaced.
fn with_numbers(json: &str, other: &str) -> String {
    let (mut made, mut inside, mut number) = (String::new(), false, false);
    let mut escaped = false;
    for letter in json.chars() {
        if letter == '"' && !escaped {
            inside = !inside;
        }
        escaped = letter == '\\' && !escaped;
        let is_number = !inside && (letter.is_ascii_digit() || "+-.".contains(letter));
        if is_number && !number {
            made.push_str(other);
        }
        if !is_number {
            made.push(letter);
        }
        number = is_number;
    }
    made
}

#[tokio::test]
async fn an_answer_without_end_is_cut_and_names_its_limit() {
    let server = vulcan::served().await;
    let huge = format!("[{}]", vec!["{}"; 2_000_000].join(","));
    server.json("/v1/backends", huge);
    let told = ask(&mut server.source("vulcan+http")).await.unwrap();
    let Offer::Failed(why) = crate::server::offer(&told, "/v1/backends") else { panic!("a limit") };
    assert_eq!(why.as_str(), "limit: the answer is more than 4 MiB");
    assert_eq!(origin(&told).unwrap().kind, Kind::Vulcan);
}

#[tokio::test]
async fn text_that_could_steer_a_terminal_is_made_safe() {
    let server = vulcan::served().await;
    let evil = r#"[{"name":"\u001b]0;pwned\u0007\u202e","capabilities":{"name":"\u009b2J"}}]"#;
    server.json("/v1/backends", evil);
    let told = ask(&mut server.source("vulcan+http")).await.unwrap();
    let shown = format!("{told:?}");
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']));
}
