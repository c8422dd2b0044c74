//! Who answers at a plain address.

use isomon::model::origin::Kind;
use isomon::source::Error;

use crate::server::{FAST_API, NGINX, Server, ask, origin, spec};
use crate::{cluster, dream, mistudio, solstice, vulcan};

async fn found(server: &Server) -> Kind {
    let told = ask(&mut server.source("http")).await.unwrap();
    assert!(server.asked().len() <= 40, "a bounded number of questions");
    origin(&told).unwrap().kind
}

#[tokio::test]
async fn the_form_of_its_answers_says_who_it_is() {
    assert_eq!(found(&vulcan::served().await).await, Kind::Vulcan);
    assert_eq!(found(&mistudio::served().await).await, Kind::MiStudio);
    let server = Server::start(FAST_API).await;
    server.json("/health", r#"{"status":"ok","service":"solstice-webui"}"#);
    server.json("/api/jobs", solstice::SPLIT);
    assert_eq!(found(&server).await, Kind::Solstice);
    let server = Server::start(FAST_API).await;
    server.json("/solstice/health", r#"{"status":"ok","service":"portal"}"#);
    server.json("/solstice/api/jobs", solstice::SPLIT);
    assert_eq!(found(&server).await, Kind::Solstice);
    let server = Server::start(FAST_API).await;
    server.json("/status", cluster::STATUS);
    assert_eq!(found(&server).await, Kind::Cluster);
    server.json("/status", dream::STATUS);
    assert_eq!(found(&server).await, Kind::Dream);
}

#[tokio::test]
async fn nobody_known_is_described_and_told_how_to_name() {
    let server = Server::start(NGINX).await;
    let error = ask(&mut server.source("http")).await.unwrap_err().to_string();
    assert!(error.contains("this answers like nginx: 404 to all 12 questions"), "{error}");
    assert!(error.contains("prom+, dcgm+, vllm+ or openai+ before http"), "{error}");
    assert_eq!(server.asked().len(), 12);
}

#[tokio::test]
async fn a_server_that_is_not_what_its_scheme_says_is_named() {
    let rows = [
        ("solstice+http", "this is no Solstice server: a Vulcan API server answers there"),
        ("mistudio+http", "this is no miStudio back end: a Vulcan API server answers there"),
        ("dream+http", "this is no DreamServer dashboard: a Vulcan API server answers there"),
        ("cluster+http", "this is no status proxy of a cluster: a Vulcan API server answers there"),
    ];
    let server = vulcan::served().await;
    for (scheme, wanted) in rows {
        let error = ask(&mut server.source(scheme)).await.unwrap_err();
        assert!(matches!(error, Error::Another { .. }));
        assert_eq!(error.to_string(), wanted);
    }
    let server = mistudio::served().await;
    let error = ask(&mut server.source("vulcan+http")).await.unwrap_err().to_string();
    assert_eq!(error, "this is no Vulcan API server: a miStudio back end answers there");
    let nginx = Server::start(NGINX).await;
    let error = ask(&mut nginx.source("vulcan+http")).await.unwrap_err().to_string();
    assert!(error.contains("this answers like nginx"), "{error}");
}

#[tokio::test]
async fn nobody_at_all_is_refused() {
    let server = Server::start(NGINX).await;
    let port = server.port();
    drop(server);
    tokio::task::yield_now().await;
    for scheme in
        ["http", "vulcan+http", "solstice+http", "mistudio+http", "dream+http", "cluster+http"]
    {
        let mut source =
            isomon::source::open(spec(&format!("{scheme}://127.0.0.1:{port}"))).unwrap();
        for _ in 0..2 {
            let error = ask(&mut source).await.unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{scheme}: {error}");
        }
    }
}

#[tokio::test]
async fn a_locked_server_wants_a_token() {
    let server = dream::locked().await;
    let error = ask(&mut server.source("http")).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
}
