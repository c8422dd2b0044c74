//! Receivers that behave, and receivers that do not, on this machine.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::model::alert::{AlertId, AlertState, Labels, Severity, written};
use crate::model::secret::Secret;
use crate::rule::receiver::Held;

/// A server that answers each request with what `answer` says, and tells when it came and what it held.
struct Server {
    url: String,
    heard: mpsc::Receiver<(std::time::Instant, String)>,
}

fn serve(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hunter2", listener.local_addr().unwrap());
    let (tell, heard) = mpsc::channel();
    thread::spawn(move || {
        for (turn, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let came = std::time::Instant::now();
            let body = read(&mut stream);
            answer(turn, &mut stream);
            if tell.send((came, body)).is_err() {
                return;
            }
        }
    });
    Server { url, heard }
}

/// The body of a request.
fn read(stream: &mut TcpStream) -> String {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            if body.len() >= length.and_then(|length| length.trim().parse().ok()).unwrap_or(0) {
                return body.to_owned();
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return String::new(),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn ok(stream: &mut TcpStream) {
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").ok();
}

fn receiver(url: &str) -> Receiver {
    Receiver {
        name: "test".to_owned(),
        way: Way::Webhook,
        url: Held::Here(Secret::new(url)),
        command: Vec::new(),
        least: Severity::Info,
        labels: Labels::default(),
        group_by: Vec::new(),
        resolved: true,
        allow_private: false,
        allow_loopback: true,
    }
}

fn post(receiver: &Receiver) -> Post {
    Post::open(std::slice::from_ref(receiver), &"here".into())
}

fn change(number: usize) -> Change {
    let id = AlertId { rule: "r".into(), node: "n".into(), thing: format!("{number}").into() };
    let (from, to) = (AlertState::Ok, AlertState::Firing);
    Change {
        id,
        severity: Severity::Warning,
        from,
        to,
        message: "m".into(),
        labels: Labels::default(),
    }
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..1_500 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within 15 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_alerts_are_one_request_a_second() {
    let server = serve(|_, stream| ok(stream));
    let post = post(&receiver(&server.url));
    let began = std::time::Instant::now();
    for number in 0..10_000 {
        post.send(&change(number), 0);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "nobody waits for a receiver");
    for wave in 1..3 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        post.send(&change(100_000 + wave), 0);
    }
    until(|| post.briefs()[0].sent >= 2 && post.lines[0].queue().changes.is_empty()).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let heard: Vec<_> = server.heard.try_iter().collect();
    for pair in heard.windows(2) {
        let apart = pair[1].0.duration_since(pair[0].0);
        assert!(apart >= Duration::from_millis(990), "{apart:?} between two requests");
    }
    let firing = |body: &String| {
        serde_json::from_str::<serde_json::Value>(body).unwrap()["firing"].as_u64().unwrap()
    };
    let told: u64 = heard.iter().map(|(_, body)| firing(body)).sum();
    assert_eq!(told, 10_002, "what was cut is counted");
    assert!(heard.len() <= 4, "{} requests", heard.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_receiver_that_stays_is_told_whoever_else_changed() {
    let (server, other) = (serve(|_, stream| ok(stream)), serve(|_, stream| ok(stream)));
    let stays = receiver(&server.url);
    let goes = Receiver { name: "goes".to_owned(), ..receiver("http://127.0.0.1:9/") };
    let comes = Receiver { name: "comes".to_owned(), ..receiver(&other.url) };
    let mut post = Post::open(&[goes, stays.clone()], &"here".into());
    let gone = Arc::clone(&post.lines[0]);
    post.send(&change(1), 0);
    until(|| post.briefs()[1].sent == 1).await;
    // There is a letter a second at most: this one waits.
    post.send(&change(2), 0);
    post.change(&[comes, stays], &"here".into());
    post.send(&change(3), 0);
    assert!(gone.stop.is_cancelled(), "nobody tells it any more");
    until(|| post.briefs()[0].sent == 1).await;
    let mut told = String::new();
    while !(1..=3).all(|number| told.contains(&format!("\"thing\":\"{number}\""))) {
        told += &server.heard.recv_timeout(Duration::from_secs(10)).expect("all are told").1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_sent_three_times_and_said() {
    let server = serve(|turn, stream| {
        if turn < 2 {
            stream
                .write_all(b"HTTP/1.1 500 no\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                .ok();
        } else {
            ok(stream);
        }
    });
    let post = post(&receiver(&server.url));
    post.send(&change(1), 0);
    until(|| post.briefs()[0].sent == 1).await;
    assert_eq!(server.heard.try_iter().count(), 3);
    assert_eq!((post.briefs()[0].failed, post.briefs()[0].trouble.clone()), (0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_to_a_clouds_secrets_is_not_followed() {
    let server = serve(|_, stream| {
        let to = "HTTP/1.1 302 x\r\nLocation: http://169.254.169.254/latest\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(to.as_bytes()).ok();
    });
    let why = once(&receiver(&server.url), &letter()).await.unwrap_err();
    assert!(why.contains("302") && !why.contains("169.254"), "{why}");
    assert_eq!(server.heard.iter().take(1).count(), 1, "and not sent again");
}

fn letter() -> Letter {
    Letter { changes: vec![change(1)], ..Letter::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_is_not_read_and_a_slow_one_not_waited_for() {
    let (told, sent) = mpsc::channel();
    let server = serve(move |_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n").ok();
        let (piece, mut count) = (vec![b'x'; 64 << 10], 0_usize);
        while stream.write_all(&piece).is_ok() {
            count += piece.len();
        }
        told.send(count).unwrap();
    });
    once(&receiver(&server.url), &letter()).await.unwrap();
    let sent = sent.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(sent < 32 << 20, "{sent} bytes went out before it was cut");
    let slow = serve(|_, stream| {
        let mut rest = [0; 1];
        // Until the other side gives up.
        stream.read_exact(&mut rest).ok();
    });
    let began = std::time::Instant::now();
    let why = once(&receiver(&slow.url), &letter()).await.unwrap_err();
    assert!(why.contains("no answer within 5 s"), "{why}");
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn what_is_not_allowed_is_not_dialled_and_no_address_is_shown() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url = format!("https://{}/hunter2", trap.local_addr().unwrap());
    let closed = Receiver { allow_loopback: false, ..receiver(&url) };
    let why = once(&closed, &letter()).await.unwrap_err();
    assert!(why.contains("allow_loopback") && !why.contains("hunter2"), "{why}");
    let name = Receiver { ..receiver(&url.replace("127.0.0.1", "localhost")) };
    let name = Receiver { allow_loopback: false, ..name };
    let why = once(&name, &letter()).await.unwrap_err();
    assert!(why.contains("this machine") && !why.contains("hunter2"), "{why}");
    assert!(trap.accept().is_err(), "nothing was dialled");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let why = once(&receiver(&format!("http://{gone}/hunter2")), &letter()).await.unwrap_err();
    assert!(why.contains("refused") && !why.contains("hunter2"), "{why}");
}

#[test]
fn one_alert_waits_once() {
    let mut queue = Queue::default();
    queue.put(&change(1), 0);
    queue.put(&Change { to: AlertState::Ok, ..change(1) }, 0);
    let (to, host) = (receiver(""), "h".into());
    let letter = queue.take(&to, &host).unwrap();
    assert_eq!((letter.counts(), queue.take(&to, &host)), ([0, 1], None));
}

#[test]
fn a_receiver_gets_what_has_its_labels_one_group_at_a_time() {
    let of = |team: &str| Labels::from([("team".into(), team.into()), ("tier".into(), "1".into())]);
    let labels = Labels::from([("tier".into(), "1".into())]);
    let to = Receiver { labels, group_by: vec!["team".into()], ..receiver("") };
    let mut queue = Queue::default();
    assert!(!to.takes(&change(0)), "it has no such label");
    for (number, team) in [(1, "ml"), (2, "web"), (3, "ml")] {
        let change = Change { labels: of(team), ..change(number) };
        assert!(to.takes(&change));
        queue.put(&change, 0);
    }
    let letters = std::iter::from_fn(|| queue.take(&to, &"h".into()));
    let letters: Vec<(String, usize)> =
        letters.map(|one| (written(&one.group), one.changes.len())).collect();
    assert_eq!(letters, [("team=ml".to_owned(), 2), ("team=web".to_owned(), 1)]);
    let by_rule = Receiver { group_by: vec!["rule".into()], ..receiver("") };
    assert_eq!(written(&by_rule.group(&change(1))), "rule=r");
}
