//! Whom the server answers: every case of `Host`, `Origin` and the token, over raw sockets.

use crate::server::{Server, TOKEN};

/// A case: what it is, its first line and headers, and the status it gets. `PORT` is the server's.
type Case = (&'static str, &'static str, u16);

const HOSTS: &[Case] = &[
    ("the address", "GET /healthz HTTP/1.1\nHost: 127.0.0.1:PORT", 200),
    ("localhost", "GET /healthz HTTP/1.1\nHost: localhost:PORT", 200),
    ("localhost in capitals", "GET /healthz HTTP/1.1\nHost: LOCALHOST:PORT", 200),
    ("a name that is allowed", "GET /healthz HTTP/1.1\nHost: node1.lan", 200),
    ("the same at any port", "GET /healthz HTTP/1.1\nHost: node1.lan:8443", 200),
    ("a name allowed at a port", "GET /healthz HTTP/1.1\nHost: gate:8080", 200),
    ("the same at another", "GET /healthz HTTP/1.1\nHost: gate:8081", 403),
    ("no Host", "GET /healthz HTTP/1.1", 400),
    ("two of them", "GET /healthz HTTP/1.1\nHost: localhost:PORT\nHost: localhost:PORT", 400),
    ("an empty one", "GET /healthz HTTP/1.1\nHost:", 400),
    ("another site", "GET /healthz HTTP/1.1\nHost: evil.com", 403),
    ("another site, our port", "GET /healthz HTTP/1.1\nHost: evil.com:PORT", 403),
    ("a name below ours", "GET /healthz HTTP/1.1\nHost: localhost.evil.com:PORT", 403),
    ("a name that means our address", "GET /healthz HTTP/1.1\nHost: 127.0.0.1.nip.io:PORT", 403),
    ("another address", "GET /healthz HTTP/1.1\nHost: 127.0.0.2:PORT", 403),
    ("every address", "GET /healthz HTTP/1.1\nHost: 0.0.0.0:PORT", 403),
    ("the address as a number", "GET /healthz HTTP/1.1\nHost: 2130706433:PORT", 403),
    ("the address in short", "GET /healthz HTTP/1.1\nHost: 127.1:PORT", 403),
    ("IPv6 where we listen at IPv4", "GET /healthz HTTP/1.1\nHost: [::1]:PORT", 403),
    ("our address in IPv6", "GET /healthz HTTP/1.1\nHost: [::ffff:127.0.0.1]:PORT", 200),
    ("another port", "GET /healthz HTTP/1.1\nHost: 127.0.0.1:1", 403),
    ("no port", "GET /healthz HTTP/1.1\nHost: 127.0.0.1", 403),
    ("a dot behind", "GET /healthz HTTP/1.1\nHost: localhost.:PORT", 403),
    ("a user before", "GET /healthz HTTP/1.1\nHost: localhost:PORT@evil.com", 400),
    ("our name as user", "GET /healthz HTTP/1.1\nHost: evil@localhost:PORT", 400),
    ("a path behind", "GET /healthz HTTP/1.1\nHost: localhost:PORT/x", 400),
    ("a port that is none", "GET /healthz HTTP/1.1\nHost: localhost:99999", 400),
    (
        "the whole address, ours",
        "GET http://localhost:PORT/healthz HTTP/1.1\nHost: localhost:PORT",
        200,
    ),
    (
        "the whole address, another",
        "GET http://evil.com/healthz HTTP/1.1\nHost: localhost:PORT",
        400,
    ),
    (
        "the whole address, Host another",
        "GET http://localhost:PORT/healthz HTTP/1.1\nHost: evil.com",
        400,
    ),
    (
        "the whole address, https",
        "GET https://localhost:PORT/healthz HTTP/1.1\nHost: localhost:PORT",
        400,
    ),
    ("metrics too", "GET /metrics HTTP/1.1\nHost: evil.com", 403),
    ("what is not there too", "GET /nothing HTTP/1.1\nHost: evil.com", 403),
    ("what is not there, asked right", "GET /nothing HTTP/1.1\nHost: localhost:PORT", 404),
    ("the document too", "GET /openapi.json HTTP/1.1\nHost: evil.com", 403),
    ("HTTP 1.0 without Host", "GET /healthz HTTP/1.0", 400),
];

const SITES: &[Case] = &[
    ("our own page", "GET /healthz HTTP/1.1\nOrigin: http://localhost:PORT", 200),
    ("another page", "GET /healthz HTTP/1.1\nOrigin: http://evil.com", 403),
    ("a page without origin", "GET /healthz HTTP/1.1\nOrigin: null", 403),
    ("another port of ours", "GET /healthz HTTP/1.1\nOrigin: http://localhost:1", 403),
    ("ours by TLS", "GET /healthz HTTP/1.1\nOrigin: https://localhost:PORT", 403),
    ("our address for our name", "GET /healthz HTTP/1.1\nOrigin: http://127.0.0.1:PORT", 403),
    ("an extension", "GET /healthz HTTP/1.1\nOrigin: chrome-extension://abc", 403),
    (
        "ours and another",
        "GET /healthz HTTP/1.1\nOrigin: http://localhost:PORT\nOrigin: http://evil.com",
        403,
    ),
    ("fetched by us", "GET /healthz HTTP/1.1\nSec-Fetch-Site: same-origin", 200),
    ("typed by the user", "GET /healthz HTTP/1.1\nSec-Fetch-Site: none", 200),
    ("fetched by another site", "GET /healthz HTTP/1.1\nSec-Fetch-Site: cross-site", 403),
    ("fetched by a sister", "GET /healthz HTTP/1.1\nSec-Fetch-Site: same-site", 403),
    (
        "asked by a browser first",
        "OPTIONS /v1/nodes HTTP/1.1\nOrigin: http://evil.com\nAccess-Control-Request-Method: POST",
        403,
    ),
    ("asked by no browser", "OPTIONS /v1/nodes HTTP/1.1", 204),
    ("another method", "PATCH /v1/nodes HTTP/1.1\nContent-Type: application/json", 405),
    ("a form", "POST /v1/nodes HTTP/1.1\nContent-Type: text/plain\nContent-Length: 0", 415),
    (
        "a form of another site",
        "POST /v1/nodes HTTP/1.1\nContent-Type: text/plain\nOrigin: http://evil.com",
        403,
    ),
    ("no type at all", "POST /v1/nodes HTTP/1.1\nContent-Length: 0", 415),
    (
        "JSON where nothing is done",
        "POST /v1/nodes HTTP/1.1\nContent-Type: application/json\nContent-Length: 0",
        405,
    ),
    (
        "a body with a question",
        "GET /healthz HTTP/1.1\nContent-Length: 2\nContent-Type: text/plain\n\n{}",
        415,
    ),
];

#[test]
fn only_who_means_this_server_is_answered() {
    let server = Server::start(&["--allow-host", "node1.lan", "--allow-host", "gate:8080"]);
    let port = server.address.port().to_string();
    let hosts = HOSTS.iter().map(|(name, text, status)| (*name, (*text).to_owned(), *status));
    let site = |text: &str| text.replacen("HTTP/1.1", "HTTP/1.1\nHost: localhost:PORT", 1);
    let sites = SITES.iter().map(|(name, text, status)| (*name, site(text), *status));
    let mut wrong = Vec::new();
    for (name, text, status) in hosts.chain(sites) {
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let head = head.replace("PORT", &port).replace('\n', "\r\n");
        let answer = server.raw(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes());
        let told = answer.status < 300 || answer.body.contains("\"error\"");
        if answer.status != status || !told {
            wrong.push((name, status, answer));
            continue;
        }
        for line in
            ["x-content-type-options: nosniff", "frame-ancestors 'none'", "cache-control: no-store"]
        {
            assert!(answer.head.contains(line), "{name}: {}", answer.head);
        }
        assert!(!answer.head.contains("access-control"), "{name}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_acts_needs_the_flag_and_the_token_and_a_question_never_acts() {
    let json = "Content-Type: application/json";
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let rows = [(Server::start(&[]), 403, 403), (Server::with_token(&["--allow-bench"]), 401, 200)];
    for (server, stranger, holder) in rows {
        let can_bench = |headers: &[&str]| {
            let answer = server.ask("GET", "/v1/live?wait=0", headers, "");
            answer.body.contains("\"can_bench\":true")
        };
        assert!(!can_bench(&[json]));
        assert_eq!(can_bench(&[json, &bearer]), holder == 200);
        assert!(matches!(stranger, 401 | 403));
    }
}

#[test]
fn who_guesses_tokens_is_told_to_wait_and_others_are_served() {
    let server = Server::with_token(&[]);
    let guess = |token: &str| {
        server.ask("GET", "/healthz", &[&format!("Authorization: Bearer {token}")], "")
    };
    assert_eq!(guess(TOKEN).status, 200);
    let first = guess("wrong");
    assert_eq!(first.status, 401);
    assert!(first.head.contains("www-authenticate: bearer"), "{}", first.head);
    let statuses: Vec<u16> = (0..200).map(|_| guess("wrong").status).collect();
    let refused = statuses.iter().filter(|status| **status == 401).count();
    assert!((18..30).contains(&refused), "{refused} guesses were compared");
    assert_eq!(statuses.last(), Some(&429));
    assert_eq!(server.ask("GET", "/healthz", &[], "").status, 200, "who does not guess is served");
}
