//! A resolver that never answers, and one that takes its time, end to end: only the node it is asked for
//! pays, for a bounded time.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use isomon::config::address::Address;
use isomon::model::id::SourceId;
use isomon::source::{Source, Spec, Told, Wants, open};

use crate::apart;
use crate::server::Server;

/// Never.
const NEVER: u64 = u64::MAX;

#[test]
fn names_that_are_not_found_in_time_cost_their_node_alone() {
    apart::run("dns::inside");
}

/// Answers every question for an address with this machine's after `delay` milliseconds.
fn resolver(delay: Arc<AtomicU64>) {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:53").unwrap());
    std::thread::spawn(move || {
        let mut piece = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut piece) {
            let (query, socket) = (piece[..length].to_vec(), Arc::clone(&socket));
            let delay = delay.load(Ordering::Relaxed);
            if delay != NEVER {
                std::thread::spawn(move || {
                    std::thread::park_timeout(Duration::from_millis(delay));
                    socket.send_to(&answer(&query), from)
                });
            }
        }
    });
}

fn answer(query: &[u8]) -> Vec<u8> {
    let name: usize = {
        let mut at = 12;
        while query[at] != 0 {
            at += usize::from(query[at]) + 1;
        }
        at + 1
    };
    let mut reply = query[..name + 4].to_vec();
    (reply[2], reply[3], reply[7]) = (0x81, 0x80, 0);
    reply[8..12].fill(0);
    if query[name + 1] == 1 {
        reply[7] = 1;
        reply.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    reply
}

async fn ask(source: &mut dyn Source) -> Result<Vec<Told>, isomon::source::Error> {
    source.ask(Wants::default()).await
}

#[tokio::test]
#[ignore = "runs only as the other half of the test above"]
async fn inside() {
    if !apart::is() {
        return;
    }
    let delay = Arc::new(AtomicU64::new(NEVER));
    resolver(Arc::clone(&delay));
    let server = Server::start(&["--allow-host", "slow.example", "--allow-host", "soon.example"]);
    let settings = server.home.path().join("resolv.conf");
    std::fs::write(&settings, "nameserver 127.0.0.1\noptions timeout:30 attempts:3\n").unwrap();
    rustix::mount::mount_bind(&settings, "/etc/resolv.conf").unwrap();

    let near = format!("near=http://{}", server.address);
    let began = Instant::now();
    let words = ["snapshot", "--source", "dark=http://dark.example:7070", "--source", &near];
    let output = crate::home::Home::new().run(&words);
    let (took, said) = (began.elapsed(), crate::home::out(&output));
    println!("with a resolver that never answers: {took:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert!(said.contains("dark: no answer within 2 s (looking its name up)"), "{said}");
    assert!(said.contains("near"), "{said}");

    delay.store(2_500, Ordering::Relaxed);
    let source = |name: &str| {
        let url = format!("isomon+http://{name}:{}", server.address.port());
        open(Spec::new(SourceId(name.into()), Address::parse(&url).unwrap())).unwrap()
    };
    let mut slow = source("slow.example");
    let began = Instant::now();
    let late = ask(slow.as_mut()).await.unwrap_err().to_string();
    assert_eq!(late, "no answer within 2 s (looking its name up)");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = ask(slow.as_mut()).await.unwrap();
    assert!(!told.is_empty(), "what was found too late is known the next time");
    delay.store(300, Ordering::Relaxed);
    let began = Instant::now();
    assert!(!ask(source("soon.example").as_mut()).await.unwrap().is_empty());
    println!("with a resolver that takes 300 ms: {:?}", began.elapsed());
}
