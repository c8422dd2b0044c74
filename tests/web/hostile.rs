//! Runs that wish us ill: what they say is text, where they lead is not gone to, how much they are is borne.

use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use crate::home::Home;
use crate::results::{self, put};
use crate::server::Server;

/// What would run, were it let.
pub(crate) const CANARY: &str = "</title><script>window.pwned=1;document.title='pwned'</script><img src=x onerror=window.pwned=1>\"'";

/// Results with [`CANARY`] in every text, under the id `7`.
pub(crate) fn hostile(home: &Home) {
    let dir = home.path().join("results/7");
    let text = serde_json::json!({
        "run_id": CANARY, "benchmark_name": CANARY, "start_time": CANARY, "end_time": CANARY,
        "config": { "stages": [{ "name": CANARY, "host": CANARY, "command": CANARY }] },
        "hosts": { CANARY: {} }, "custom": { CANARY: CANARY },
        "git": { "commit": CANARY, "branch": CANARY, "dirty": true },
        "status": "failed", "error": CANARY,
    });
    put(&dir, "metadata.json", text.to_string().as_bytes());
    let quoted = CANARY.replace('"', "\"\"");
    put(&dir, "load.csv", format!("\"{quoted}\",n\n\"{quoted}\",1\n2,3\n").as_bytes());
    let name = CANARY.replace('/', "∕");
    put(&dir, &format!("{name}.csv"), format!("\"{quoted}\"\n1\n2\n").as_bytes());
    put(&dir, &format!("{name}.png"), b"no picture");
    put(&dir, "page.html", format!("<html>{CANARY}").as_bytes());
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>window.pwned=1</script><text>{}</text></svg>",
        "x"
    );
    put(&dir, "page.svg", svg.as_bytes());
    put(&dir, "page.txt", CANARY.as_bytes());
    results::own(&home.path().join("results/8"), CANARY);
    let path = home.path().join("results/8/run.json");
    let own = std::fs::read_to_string(&path).unwrap();
    let coded = serde_json::to_string(CANARY).unwrap();
    let own = own.replace("\"cannot connect\"", &coded).replace("\"exit status 3\"", &coded);
    std::fs::write(path, own.replace("\"load\"", &coded).replace("\"local\"", &coded)).unwrap();
}

#[test]
fn whatever_a_run_says_is_text_on_every_page() {
    let home = Home::new();
    hostile(&home);
    let server = Server::start_in(home, &["--results", "results"]);
    let search = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22";
    for path in [
        "/",
        "/runs",
        "/run/7",
        "/run/8",
        "/compare?runs=7,8",
        "/benchmarks",
        &format!("/runs?search={search}"),
        &format!("/compare?search={search}&runs={search}&file={search}&x={search}&y={search}"),
        &format!(
            "/?workflow={search}&output={search}&column={search}&metric={search}&last={search}"
        ),
    ] {
        let page = server.ask("GET", path, &[], "");
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        let tags = page.body.to_lowercase();
        for wrong in ["<script", "<img src=x", "onerror=window.pwned=1>", "style=", "javascript:"] {
            assert!(!tags.contains(wrong), "{path}: {wrong}");
        }
        for right in ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "nosniff"]
        {
            assert!(page.head.contains(right), "{path}: {}", page.head);
        }
        assert!(!page.head.contains("unsafe"), "{path}: {}", page.head);
    }
}

#[test]
fn a_file_does_nothing_where_it_is_shown() {
    let home = Home::new();
    hostile(&home);
    let server = Server::start_in(home, &["--results", "results"]);
    for (name, media, how) in [
        ("page.html", "application/octet-stream", "attachment"),
        ("page.svg", "image/svg+xml", "inline"),
        ("page.txt", "text/plain; charset=utf-8", "inline"),
        ("load.csv", "text/csv; charset=utf-8", "inline"),
    ] {
        let answer = server.ask("GET", &format!("/api/runs/7/files/{name}"), &[], "");
        assert_eq!(answer.status, 200);
        let type_of = format!("content-type: {media}");
        for right in
            [type_of.as_str(), how, "sandbox", "default-src 'none'", "nosniff", "same-origin"]
        {
            assert!(answer.head.contains(right), "{name}: {right}: {}", answer.head);
        }
        assert!(!answer.head.contains("allow-scripts"), "{}", answer.head);
    }
}

#[test]
fn no_link_and_no_name_leads_out() {
    let home = Home::new();
    let root = results::made(home.path());
    put(home.path(), "secret.csv", b"a\nsecret-canary\n");
    put(
        &home.path().join("outside/9"),
        "metadata.json",
        b"{\"run_id\":\"9\",\"benchmark_name\":\"secret-canary\"}",
    );
    symlink(home.path().join("secret.csv"), root.join("1/near.csv")).unwrap();
    symlink(home.path().join("outside/9"), root.join("9")).unwrap();
    symlink(home.path(), root.join("2/plots")).unwrap();
    std::fs::create_dir(root.join("10")).unwrap();
    symlink(home.path().join("outside/9/metadata.json"), root.join("10/metadata.json")).unwrap();
    let server = Server::start_in(home, &["--results", "results"]);
    for path in [
        "/api/runs",
        "/api/runs/9",
        "/api/runs/10",
        "/api/runs/1",
        "/api/runs/1/files/near.csv",
        "/v1/results/2/files/plots/secret.csv",
        "/v1/results/2",
        "/v1/results/1/tables/near.csv",
        "/run/1",
        "/run/2",
        "/run/9",
        "/compare?runs=1,2,9,10",
    ] {
        let answer = server.ask("GET", path, &[], "");
        assert!(!answer.body.contains("secret"), "{path}: {}", answer.body);
        assert!(!answer.body.contains("near.csv") || path.contains("near.csv"), "{path}");
    }
}

#[test]
fn a_table_of_a_gigabyte_is_streamed_and_not_held() {
    let home = Home::new();
    let root = results::made(home.path());
    let path = root.join("1/huge.csv");
    put(&root.join("1"), "huge.csv", b"n\n");
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(1 << 30).unwrap();
    let server = Server::start_in(home, &["--results", "results"]);
    let page = server.ask("GET", "/run/1", &[], "");
    assert!(
        page.status == 200 && page.body.contains("1.00 GiB, and a page reads"),
        "{}",
        page.body
    );
    let before = server.anonymous_bytes();
    let mut stream = server.connect();
    write!(stream, "GET /api/runs/1/files/huge.csv HTTP/1.1\r\nHost: {}\r\n\r\n", server.address)
        .unwrap();
    let read = std::io::copy(&mut stream.take(200 << 20), &mut std::io::sink()).unwrap();
    assert_eq!(read, 200 << 20);
    let grown = server.anonymous_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes");
    assert_eq!(server.ask("GET", "/healthz", &[], "").status, 200);
}
