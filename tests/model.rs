//! Servers of models: pages of real ones served over HTTP, quantiles beside those of a real Prometheus, and
//! a real llama.cpp server with a tiny model (`make model-server`).

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says what it skips")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::config::address::Address;
use isomon::metric::histogram::{Distribution, Histogram};
use isomon::metric::{Bounds, Page};
use isomon::model::id::SourceId;
use isomon::model::origin::{Kind, Offer, Origin};
use isomon::model::serving::{Engine, Serving};
use isomon::model::update::What;
use isomon::source::client::Client;
use isomon::source::model::scan::Scan;
use isomon::source::{Source, Spec, Wants, open};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Says why a test cannot run here; that is a failure where everything must run.
fn skip(why: &str) {
    assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|v| v != "1"), "{why}");
    println!("skipped: {why}");
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a server answers to a path; `None`: 404.
type Answer = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A server of the test's own.
fn serve(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer: Arc<Answer> = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || talk(stream, answer.as_ref()));
        }
    });
    port
}

fn talk(mut stream: TcpStream, answer: &Answer) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok()?;
        let mut line = String::new();
        while reader.read_line(&mut line).ok()? > 0 && !line.trim().is_empty() {
            line.clear();
        }
        let (status, body) = match answer(first.split(' ').nth(1)?) {
            Some(body) => (200, body),
            None => (404, String::new()),
        };
        let length = body.len();
        let kind = if body.starts_with(['{', '[']) { "application/json" } else { "text/plain" };
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
    }
}

fn spec(address: &str) -> Spec {
    let address = Address::parse(address).unwrap();
    let interval = Some(Duration::from_secs(1));
    Spec { interval, ..Spec::new(SourceId("server".into()), address) }
}

/// What a source told last of itself and of its models.
#[derive(Default)]
struct Seen {
    origin: Option<Origin>,
    serving: Vec<Serving>,
}

async fn ask(source: &mut dyn Source, seen: &mut Seen) {
    for told in source.ask(Wants::default()).await.unwrap() {
        match told.what {
            What::Origin(origin) => seen.origin = Some(*origin),
            What::Serving(serving) => seen.serving = serving,
            _ => {}
        }
    }
}

const V1: &str = include_str!("fixture/vllm/v1_two_engines.txt");
const V0: &str = include_str!("fixture/vllm/v0_llama31.txt");

#[tokio::test]
async fn a_server_is_known_by_its_page_and_its_engines_are_one() {
    let list = r#"{"object":"list","data":[
        {"id":"Qwen/Qwen3-4B-Instruct-2507","owned_by":"vllm","max_model_len":32768},
        {"id":"sql","owned_by":"vllm","parent":"Qwen/Qwen3-4B-Instruct-2507"}]}"#;
    let port = serve(|path| match path {
        "/metrics" => Some(V1.to_owned()),
        "/v1/models" => Some(list.to_owned()),
        "/version" => Some(r#"{"version":"0.11.0"}"#.to_owned()),
        _ => None,
    });
    let mut source = open(spec(&format!("http://127.0.0.1:{port}"))).unwrap();
    let mut seen = Seen::default();
    ask(source.as_mut(), &mut seen).await;
    let origin = seen.origin.unwrap();
    assert_eq!(origin.kind, Kind::Model(Engine::Vllm));
    assert_eq!(origin.version.unwrap().as_str(), "0.11.0");
    let served = &seen.serving[0];
    assert_eq!(served.model.as_str(), "Qwen/Qwen3-4B-Instruct-2507");
    assert_eq!((served.running.get(), served.waiting.get()), (Some(8.0), Some(2.0)));
    let mean = served.kv_cache.get().unwrap().percent();
    assert!((mean - 38.5).abs() < 1e-9, "{mean}");
    assert_eq!(served.engines, 2);
    assert_eq!(served.context_tokens.get(), Some(32_768.0));
    assert_eq!(served.also[0].as_str(), "sql");
    assert_eq!(served.pid, Some(std::process::id()), "it is this very process");
    assert_eq!(served.tokens_per_second.get(), None, "not on this page, and not 0");
}

#[tokio::test]
async fn a_server_without_a_page_tells_of_its_models_all_the_same() {
    let list = r#"{"object":"list","data":[{"id":"a","owned_by":"me"},{"id":"b"}]}"#;
    let port = serve(|path| (path == "/v1/models").then(|| list.to_owned()));
    let mut source = open(spec(&format!("http://127.0.0.1:{port}"))).unwrap();
    let mut seen = Seen::default();
    ask(source.as_mut(), &mut seen).await;
    assert_eq!(seen.origin.unwrap().kind, Kind::Model(Engine::OpenAi));
    let names: Vec<&str> = seen.serving.iter().map(|one| one.model.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(seen.serving[0].running.get(), None);
}

#[tokio::test]
async fn what_ollama_holds_is_told_and_nothing_when_it_holds_nothing() {
    let loaded = r#"{"models":[{"name":"qwen3:8b","size_vram":4600000000,"context_length":8192}]}"#;
    let port = serve(|path| match path {
        "/api/ps" => Some(loaded.to_owned()),
        "/api/version" => Some(r#"{"version":"0.12.3"}"#.to_owned()),
        _ => None,
    });
    let mut source = open(spec(&format!("http://127.0.0.1:{port}"))).unwrap();
    let mut seen = Seen::default();
    ask(source.as_mut(), &mut seen).await;
    let origin = seen.origin.unwrap();
    assert_eq!(
        (origin.kind, origin.version.unwrap().as_str()),
        (Kind::Model(Engine::Ollama), "0.12.3")
    );
    assert_eq!(seen.serving[0].context_tokens.get(), Some(8192.0));
}

#[tokio::test]
async fn a_page_that_is_too_much_or_none_fails_as_a_whole_and_says_so() {
    let list = r#"{"object":"list","data":[]}"#;
    let mut vast = String::new();
    for i in 0..60_000 {
        writeln!(vast, "vllm:num_requests_running{{model_name=\"m{i}\"}} 1").unwrap();
    }
    let pages = [
        (vast, "limit: line 50001: more than 50000 series"),
        (
            format!("{V0}vllm:x{{a=\"{}\"}} 1\n", "y".repeat(2_000)),
            "more than 1024 bytes in the value",
        ),
        (format!("{V0}<html>\n"), "no name of a metric"),
    ];
    for (page, wanted) in pages {
        let port = serve(move |path| match path {
            "/metrics" => Some(page.clone()),
            "/v1/models" => Some(list.to_owned()),
            _ => None,
        });
        let mut source = open(spec(&format!("vllm+http://127.0.0.1:{port}"))).unwrap();
        let mut seen = Seen::default();
        ask(source.as_mut(), &mut seen).await;
        let origin = seen.origin.unwrap();
        let metrics = origin.endpoints.iter().find(|one| one.name.as_str() == "/metrics").unwrap();
        let Offer::Failed(why) = &metrics.offer else { panic!("{metrics:?}") };
        assert!(why.as_str().contains(wanted), "{why}");
        assert!(seen.serving.is_empty(), "nothing is told of a page that was not read");
    }
}

#[tokio::test]
async fn a_server_of_which_nothing_can_be_read_is_an_error_that_says_why() {
    let html = || Some("<html><body>welcome</body></html>".to_owned());
    let servers: [(u16, &[&str]); 2] = [
        (serve(move |_| html()), &["/metrics", "/v1/models"]),
        (serve(move |path| html().filter(|_| path == "/metrics")), &["no name of a metric"]),
    ];
    for (port, wanted) in servers {
        let mut source = open(spec(&format!("vllm+http://127.0.0.1:{port}"))).unwrap();
        for turn in 0..3 {
            let error = source.ask(Wants::default()).await.unwrap_err().to_string();
            assert!(error.starts_with("nothing of it can be read: "), "{turn}: {error}");
            assert!(wanted.iter().all(|words| error.contains(words)), "{turn}: {error}");
        }
    }
}

/// Histograms of two engines over a minute, a sample each 5 s; the second engine begins anew in between.
struct Scrapes {
    /// `pages[sample]`, the text of a page.
    pages: Vec<String>,
}

const HISTOGRAMS: usize = 20;
const SAMPLES: usize = 13;

impl Scrapes {
    fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let bounds = ["0.001", "0.01", "0.05", "0.1", "0.5", "1", "2.5", "10", "+Inf"];
        // Large enough that Prometheus has no reason to guess where a counter began.
        let mut counts = vec![[[10_000_u32; 9]; 2]; HISTOGRAMS];
        let mut pages = Vec::new();
        for sample in 0..SAMPLES {
            let mut page = String::new();
            for (at, engines) in counts.iter_mut().enumerate() {
                for (engine, buckets) in engines.iter_mut().enumerate() {
                    if engine == 1 && sample == 6 {
                        *buckets = [0; 9];
                    }
                    let mut below = 0;
                    for (count, bound) in buckets.iter_mut().zip(bounds) {
                        if sample > 0 {
                            below += random.random_range(0..=(u32::try_from(at).unwrap() * 3));
                            *count += below;
                        }
                        let labels = format!("engine=\"{engine}\",le=\"{bound}\"");
                        writeln!(page, "h{at}_bucket{{{labels}}} {count}").unwrap();
                    }
                }
            }
            pages.push(page);
        }
        Self { pages }
    }

    /// The same for `promtool`, which wants each series in order of time.
    fn open_metrics(&self, first_seconds: u64) -> String {
        let mut lines = vec![String::new(); self.pages[0].lines().count()];
        for (sample, page) in self.pages.iter().enumerate() {
            for (line, all) in page.lines().zip(&mut lines) {
                writeln!(all, "{line} {}", first_seconds + 5 * sample as u64).unwrap();
            }
        }
        lines.concat() + "# EOF\n"
    }

    /// What isomon makes of histogram `at`.
    fn seen(&self, at: usize) -> Distribution {
        let name = format!("h{at}_bucket");
        let (start, mut seen) = (Instant::now(), Distribution::over(Duration::from_mins(1)));
        for (sample, text) in self.pages.iter().enumerate() {
            let page = Page::parse(text, &Bounds::default()).unwrap();
            let bucket = |one: isomon::metric::Series<'_>| {
                let bound: f64 = one.label("le").unwrap().parse().unwrap();
                (one.label("engine").unwrap().into(), bound, one.value)
            };
            let buckets = page.named(&name).map(bucket).collect();
            let histogram = Histogram { buckets, ..Histogram::default() };
            seen.take(start + Duration::from_secs(5 * sample as u64), &histogram);
        }
        seen
    }
}

/// A Prometheus that holds `scrapes`, the first at `first_seconds`; `None`: it is not here.
fn prometheus(scrapes: &Scrapes, first_seconds: u64, dir: &Path) -> Option<(Running, u16)> {
    std::fs::write(dir.join("scrapes.txt"), scrapes.open_metrics(first_seconds)).unwrap();
    std::fs::write(dir.join("prometheus.yml"), "global: {}\n").unwrap();
    let backfill = ["tsdb", "create-blocks-from", "openmetrics", "scrapes.txt", "data"];
    let made = Command::new("promtool").args(backfill).current_dir(dir).output();
    let Ok(made) = made else {
        skip("promtool is not here (Debian: prometheus)");
        return None;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let port = free_port();
    let mut command = Command::new("prometheus");
    command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
    command.arg(format!("--web.listen-address=127.0.0.1:{port}")).current_dir(dir);
    let log = std::fs::File::create(dir.join("log")).unwrap();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
    let Ok(child) = child else {
        skip("prometheus is not here (Debian: prometheus)");
        return None;
    };
    Some((Running(child), port))
}

async fn query(client: &Client, query: &str, seconds: u64) -> Option<f64> {
    let mut escaped = String::new();
    for byte in query.bytes() {
        write!(escaped, "%{byte:02x}").unwrap();
    }
    let reply = client.get(&format!("/api/v1/query?query={escaped}&time={seconds}")).await.ok()?;
    let answer: serde_json::Value = serde_json::from_slice(&reply.body).ok()?;
    let value = answer["data"]["result"].get(0)?["value"][1].as_str()?;
    value.parse::<f64>().ok().filter(|value| !value.is_nan())
}

#[tokio::test]
async fn quantiles_are_those_of_a_real_prometheus() {
    let dir = tempfile::tempdir().unwrap();
    let scrapes = Scrapes::new(8);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let first = (now - 3 * 3_600) / 5 * 5;
    let last = first + 5 * (SAMPLES as u64 - 1);
    let Some((_running, port)) = prometheus(&scrapes, first, dir.path()) else { return };
    let client = Client::new(&spec(&format!("prom+http://127.0.0.1:{port}"))).unwrap();
    let end = Instant::now() + Duration::from_mins(1);
    while query(&client, "sum(h1_bucket)", last).await.is_none() {
        assert!(Instant::now() < end, "it does not answer");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut compared = 0;
    for at in 0..HISTOGRAMS {
        let seen = scrapes.seen(at);
        for q in [0.01, 0.5, 0.9, 0.95, 0.99, 1.0] {
            // A second more than the samples are apart: the same in each version of Prometheus.
            let asked =
                format!("histogram_quantile({q}, sum by (le) (increase(h{at}_bucket[61s])))");
            let (theirs, ours) = (query(&client, &asked, last).await, seen.quantile(q).get());
            match (theirs, ours) {
                (Some(theirs), Some(ours)) => {
                    let off = (theirs - ours).abs() / theirs.abs().max(1e-12);
                    assert!(off < 1e-9, "h{at} {q}: Prometheus {theirs}, isomon {ours}");
                    compared += 1;
                }
                (None, None) => {}
                other => panic!("h{at} {q}: {other:?}"),
            }
        }
    }
    assert_eq!(compared, (HISTOGRAMS - 1) * 6, "into the first nothing ever falls");
}

/// Has the server complete something; the tokens it says it generated.
fn complete(port: u16, tokens: u32) -> f64 {
    let body = format!("{{\"prompt\":\"hello there\",\"n_predict\":{tokens},\"ignore_eos\":true}}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    let request = format!(
        "POST /completion HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: \
         application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer);
    let json = text.split_once("\r\n\r\n").unwrap().1;
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    value["tokens_predicted"].as_f64().unwrap()
}

#[tokio::test]
#[ignore = "needs llama-server and a model: make model-server"]
async fn a_real_server_is_found_and_told_as_it_is() {
    let (program, model) = (std::env::var("LLAMA_SERVER"), std::env::var("LLAMA_MODEL"));
    let (program, model) = (program.unwrap(), model.unwrap());
    let port = free_port();
    let mut command = Command::new(program);
    command.args(["--host", "127.0.0.1", "--metrics", "-t", "1", "-c", "512", "-m", &model]);
    command.args(["--port", &port.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(command.spawn().unwrap());
    let mut source = open(spec(&format!("http://127.0.0.1:{port}"))).unwrap();
    let mut seen = Seen::default();
    let end = Instant::now() + Duration::from_mins(1);
    while seen.serving.is_empty() {
        assert!(Instant::now() < end, "it does not answer");
        tokio::time::sleep(Duration::from_millis(500)).await;
        for told in source.ask(Wants::default()).await.into_iter().flatten() {
            match told.what {
                What::Origin(origin) => seen.origin = Some(*origin),
                What::Serving(serving) => seen.serving = serving,
                _ => {}
            }
        }
    }
    let mut generated = 0.0;
    let mut fastest: f64 = 0.0;
    for _ in 0..4 {
        generated += tokio::task::spawn_blocking(move || complete(port, 300)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        ask(source.as_mut(), &mut seen).await;
        fastest = fastest.max(seen.serving[0].tokens_per_second.get().map_or(0.0, |rate| rate.0));
    }
    let served = &seen.serving[0];
    println!("{served:#?}");
    assert_eq!(seen.origin.unwrap().kind, Kind::Model(Engine::LlamaCpp));
    assert_eq!(served.tokens_total.get(), Some(generated), "every token is counted, none twice");
    assert!(fastest > 0.0);
    assert_eq!(served.context_tokens.get(), Some(512.0));
    assert_eq!(served.running.get(), Some(0.0));
    assert_eq!(
        (served.pid, served.address.as_ref().unwrap().as_str()),
        (Some(running.0.id()), format!("127.0.0.1:{port}").as_str())
    );
    let mut scan = Scan::default();
    let found = scan.round().await;
    assert!(found.iter().any(|one| one.pid == Some(running.0.id())), "{found:?}");
}
