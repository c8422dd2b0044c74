//! What a hostile, broken or dead server can do to who asks it: nothing but be named for it.
//!
//! Servers are this machine's own. What is drawn by chance is drawn from `ISOMON_SEED`, which is printed.

#[path = "chaos/ask.rs"]
mod ask;
#[path = "chaos/server.rs"]
mod server;

use ask::{ask, head, spec, tricked};
use isomon::model::live::{FORMAT, Hello};
use isomon::model::secret::Secret;
use isomon::model::time::{Clock as _, SystemClock};
use isomon::source::{Error, Spec};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use server::{Server, Trick, answer};

fn greeting() -> String {
    let hello = Hello { isomon_live: FORMAT, instance: "x".into(), ..Hello::default() };
    serde_json::to_string(&hello).expect("JSON") + "\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_answer_is_late_and_nothing_else() {
    let forever = [
        Trick::Stall(Vec::new()),
        Trick::Stall(head("content-length: 10\r\n")),
        Trick::Stall(b"HTTP/1.1 200".to_vec()),
        Trick::Drip(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), b'a'),
        Trick::Drip(head("content-length: 100000\r\n"), b'a'),
        Trick::Drip(head("transfer-encoding: chunked\r\n"), b'1'),
    ];
    let asked = forever.map(|trick| tokio::spawn(tricked(trick)));
    for asked in asked {
        let error = asked.await.expect("no panic").expect_err("no answer");
        assert_eq!(error, Error::Late { seconds: 5, doing: "answering" });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_length_of_an_answer_is_believed() {
    let gigabyte = head("content-length: 1073741824\r\n");
    let answer = tricked(Trick::Flood(gigabyte, vec![b'a'; 65_536])).await;
    assert!(matches!(answer, Err(Error::Limit { .. })), "{answer:?}");
    let chunk = [b"10000\r\n".to_vec(), vec![b'a'; 65_536], b"\r\n".to_vec()].concat();
    let endless = Trick::Flood(head("transfer-encoding: chunked\r\n"), chunk);
    assert!(matches!(tricked(endless).await, Err(Error::Limit { .. })));
    let endless_head = Trick::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".to_vec());
    assert!(matches!(tricked(endless_head).await, Err(Error::Cut { .. } | Error::Late { .. })));
    for length in ["-1", "9223372036854775808", "99999999999999999999", "3, 4", "abc", "100000"] {
        let mut bytes = head(&format!("content-length: {length}\r\n"));
        bytes.extend_from_slice(greeting().as_bytes());
        let error = tricked(Trick::Bytes(bytes)).await.expect_err(length);
        assert!(matches!(error, Error::Cut { .. } | Error::Limit { .. }), "{length}: {error}");
    }
    let mut short = head("content-length: 5\r\n");
    short.extend_from_slice(greeting().as_bytes());
    assert!(tricked(Trick::Bytes(short)).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_isomon_is_named_for_what_it_is() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [&[u8]; 8] = [
        b"",
        b"<html>",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe\x00\x01",
        b"{\"isomon_live\":NaN}",
        b"{\"isomon_live\":1e999}",
        b"{\"isomon_live\":1,\"isomon_live\":2}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let error = tricked(Trick::Bytes(answer(body))).await.expect_err("no isomon");
        assert!(matches!(error, Error::Another { .. }), "{error}");
    }
    let strange = greeting() + &format!("{{\"seq\":1,\"what\":{deep}}}\n{{\"seq\":2,\"seq\":3}}\n");
    assert_eq!(
        tricked(Trick::Bytes(answer(strange.as_bytes()))).await.map(|told| told.len()),
        Ok(1)
    );
    let rows =
        [("404 x", "not offered"), ("500 x", "500"), ("401 x", "token"), ("302 x", "redirect")];
    for (status, wanted) in rows {
        let bytes =
            format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nlocation: http://x/\r\n\r\n");
        let error = tricked(Trick::Bytes(bytes.into_bytes())).await.expect_err(status);
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_however_mangled_breaks_the_reader() {
    let seed = std::env::var("ISOMON_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| SystemClock.now().mono_ms);
    println!("ISOMON_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let whole = answer(
        (greeting()
            + "{\"seq\":1,\"at\":{\"mono_ms\":1,\"wall_ms\":1},\"from\":\"local\",\"what\":{\"lost\":3}}\n")
            .as_bytes(),
    );
    for _ in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..3) {
                0 => bytes[at] = random.random(),
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.random()),
            }
        }
        // Any answer is good but a panic and one that comes too late.
        drop(tricked(Trick::Bytes(bytes)).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_goes_nowhere_else() {
    let other = Server::start(Trick::Bytes(answer(greeting().as_bytes()))).await;
    for status in [301, 302, 303, 307, 308] {
        for to in
            [other.url(), "file:///etc/passwd".to_owned(), "http://169.254.169.254/".to_owned()]
        {
            let bytes =
                format!("HTTP/1.1 {status} x\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            let server = Server::start(Trick::Bytes(bytes.into_bytes())).await;
            let token = Some(Secret::new("canary-7"));
            let error = ask(Spec { token, ..spec(&server.url()) }).await.expect_err("a redirect");
            assert!(matches!(error, Error::Redirect { .. }), "{error}");
            assert!(!format!("{error:?}").contains("canary"));
            let seen = server.seen.lock().expect("the log").concat();
            assert!(seen.contains("Bearer canary-7"), "its own server gets it: {seen}");
        }
    }
    assert!(other.seen.lock().expect("the log").is_empty(), "nobody followed");
    let token = Some(Secret::new("canary-7"));
    let error =
        ask(Spec { token, ..spec("http://192.0.2.1:7070") }).await.expect_err("in the open");
    assert!(matches!(error, Error::Setting { .. }), "{error}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_and_a_name_that_is_none_are_told_apart() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let error = ask(spec(&format!("http://127.0.0.1:{port}"))).await.expect_err("refused");
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let error = ask(spec("http://no-such-host.invalid:7070")).await.expect_err("no name");
    assert!(matches!(error, Error::Name { .. } | Error::Late { .. }), "{error}");
}
