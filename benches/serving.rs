//! How many requests a second isomon can put on a model's server from one core, against one on other
//! cores that answers at once with a stream of one token.
#![expect(clippy::print_stdout, reason = "the figure is what it is for")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::bench::serving::{Api, Arrivals, Load, Plan};
use isomon::config::address::Address;
use isomon::model::id::SourceId;
use isomon::model::root::Roots;
use isomon::model::time::SystemClock;
use isomon::source::Spec;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Requests of one measurement.
const REQUESTS: u64 = 20_000;
/// Requests at once.
const AT_ONCE: u32 = 64;
const EVENTS: &str = "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"length\"}],\"usage\":\
    {\"prompt_tokens\":8,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";

/// Answers on one connection until its other end goes.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{EVENTS}",
        EVENTS.len()
    );
    let mut buffer = vec![0; 65_536];
    let mut length = 0;
    loop {
        length += match stream.read(&mut buffer[length..])? {
            0 => return Ok(()),
            more => more,
        };
        // Every request ends with the brace of its body.
        if buffer[..length].ends_with(b"}") {
            stream.write_all(answer.as_bytes())?;
            length = 0;
        }
    }
}

fn plan(url: &str) -> Result<Plan, Box<dyn std::error::Error>> {
    Ok(Plan {
        server: Spec::new(SourceId::local(), Address::parse(url)?),
        model: Some("m".to_owned()),
        api: Some(Api::Completions),
        stream: true,
        rate: 100_000.0,
        arrivals: Arrivals::Fixed,
        seconds: None,
        requests: Some(REQUESTS),
        prompt_tokens: 32,
        output_tokens: 1,
        at_once: AT_ONCE,
        warmup: 0,
        timeout: Duration::from_secs(10),
        seed: 1,
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Ignored: who has gone is not answered.
            std::thread::spawn(move || serve(stream).ok());
        }
    });
    let home = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (say, mut said) = mpsc::channel(64);
    let load = Load {
        plan: plan(&url)?,
        tables: home.path().join("{}.csv").to_string_lossy().into_owned(),
        roots: Roots::default(),
        clock: Arc::new(SystemClock),
        say,
        cancel: CancellationToken::new(),
    };
    let began = Instant::now();
    let told = runtime.block_on(async {
        let hear = async { while said.recv().await.is_some() {} };
        tokio::join!(load.run(), hear).0
    })?;
    let rate = told.figures.good_per_s.unwrap_or_default();
    let (good, took) = (told.figures.good, began.elapsed().as_secs_f64());
    println!(
        "{good} of {REQUESTS} requests good, {rate:.0} a second on one core ({took:.1} s in all)"
    );
    Ok(())
}
