//! A store asked in PromQL: Debian's own `prometheus` and `prometheus-node-exporter`, and a small store of
//! a thousand made-up nodes.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says what it skips")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use isomon::config::address::Address;
use isomon::model::id::SourceId;
use isomon::model::node::{NodeInfo, NodeSample};
use isomon::model::origin::{Offer, Origin};
use isomon::model::secret::Secret;
use isomon::model::unit::Bytes;
use isomon::model::update::What;
use isomon::source::{Error, Source, Spec, Told, Wants, open};

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

fn start(program: &str, arguments: &[String], dir: &Path) -> Option<Running> {
    let log = std::fs::File::create(dir.join(program)).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    match command.spawn() {
        Ok(child) => Some(Running(child)),
        Err(error) => {
            skip(&format!("{program}: {error} (Debian: {program})"));
            None
        }
    }
}

fn source(port: u16) -> Box<dyn Source> {
    let address = Address::parse(&format!("prom+http://127.0.0.1:{port}")).unwrap();
    open(Spec::new(SourceId("store".into()), address)).unwrap()
}

async fn ask(source: &mut dyn Source) -> Result<Vec<Told>, Error> {
    source.ask(Wants::default()).await
}

/// Whether the store reaches a node, what it is, and how it is doing.
type Latest = (Option<Offer>, Option<NodeInfo>, Option<NodeSample>);

/// Everything told so far, the latest of each kind, by node.
#[derive(Default)]
struct Seen {
    origin: Option<Origin>,
    nodes: BTreeMap<String, Latest>,
}

impl Seen {
    fn take(&mut self, told: Vec<Told>) {
        for told in told {
            let Some(name) = told.node else {
                if let What::Origin(origin) = told.what {
                    self.origin = Some(*origin);
                }
                continue;
            };
            let node = self.nodes.entry(name.to_string()).or_default();
            match told.what {
                What::Origin(origin) => node.0 = Some(origin.endpoints[0].offer.clone()),
                What::Info(info) => node.1 = Some(*info),
                What::Node(sample) => node.2 = Some(*sample),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_real_store_tells_of_a_real_exporter() {
    let dir = tempfile::tempdir().unwrap();
    let (exporter, store, dead) = (free_port(), free_port(), free_port());
    let listen = format!("--web.listen-address=127.0.0.1:{exporter}");
    let Some(running) = start("prometheus-node-exporter", &[listen], dir.path()) else { return };
    let config = format!(
        "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: node\n    static_configs:\n      \
         - targets: ['127.0.0.1:{exporter}', '127.0.0.1:{dead}']\n"
    );
    std::fs::write(dir.path().join("prometheus.yml"), config).unwrap();
    let arguments = [
        "--config.file=prometheus.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        format!("--web.listen-address=127.0.0.1:{store}"),
    ];
    let Some(_store) = start("prometheus", &arguments, dir.path()) else { return };
    let mut source = source(store);
    let (name, gone) = (format!("127.0.0.1:{exporter}"), format!("127.0.0.1:{dead}"));
    let mut seen = Seen::default();
    let until =
        async |source: &mut Box<dyn Source>, seen: &mut Seen, so: &dyn Fn(&Seen) -> bool| {
            let end = Instant::now() + Duration::from_mins(1);
            while !so(seen) {
                assert!(Instant::now() < end, "{:?} {:?}", seen.origin, seen.nodes);
                if let Ok(told) = ask(source.as_mut()).await {
                    seen.take(told);
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
    let sample = |seen: &Seen| seen.nodes.get(&name).and_then(|node| node.2.clone());
    let is_whole = |seen: &Seen| {
        let disks_moved = |sample: &NodeSample| {
            sample.disks.iter().all(|disk| disk.read_bytes_per_second.get().is_some())
        };
        let is_known = seen.nodes.get(&name).is_some_and(|node| node.1.is_some());
        let interval = seen.origin.as_ref().map_or(0.0, |origin| origin.interval_seconds.0);
        is_known
            && interval > 0.0
            && sample(seen).is_some_and(|sample| sample.cpu.get().is_some() && disks_moved(&sample))
    };
    until(&mut source, &mut seen, &is_whole).await;
    is_right(&seen, &name);
    let Some(Offer::Failed(why)) = &seen.nodes[&gone].0 else { panic!("{:?}", seen.nodes) };
    assert_eq!(why.as_str(), "the store cannot scrape it: up is 0");
    assert!(seen.nodes[&gone].2.is_none());

    drop(running);
    let is_down = |seen: &Seen| matches!(seen.nodes[&name].0, Some(Offer::Failed(_)));
    until(&mut source, &mut seen, &is_down).await;
    let told = ask(source.as_mut()).await.unwrap();
    assert!(told.iter().all(|told| !matches!(told.what, What::Node(_))), "it goes stale");
}

/// What the store told of this machine is what this machine says itself.
fn is_right(seen: &Seen, name: &str) {
    let origin = seen.origin.clone().unwrap();
    assert!(origin.version.is_some() && origin.interval_seconds.0 > 0.0);
    let offer =
        |name: &str| origin.endpoints.iter().find(|e| e.name.as_str() == name).map(|e| &e.offer);
    assert_eq!(offer("GPUs (DCGM)"), Some(&Offer::NotOffered));
    assert_eq!(offer("memory"), Some(&Offer::Offered), "{:?}", origin.endpoints);
    let found = seen.nodes[name].2.clone().unwrap();
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total: u64 = text.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
    let memory = found.memory.get().unwrap();
    assert_eq!(memory.total_bytes, Bytes(total * 1024));
    let available = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).unwrap();
    let available = available.split_ascii_whitespace().next().unwrap();
    let used = (total - available.parse::<u64>().unwrap()) * 1024;
    let off = memory.used_bytes().0.abs_diff(used);
    assert!(off < memory.total_bytes.0 / 10, "{:?}, not {used}", memory.used_bytes());
    is_as_full_as_df_says(&found);
    assert!(found.load.get().is_some() && found.uptime_seconds.get().is_some());
    assert!(found.networks.iter().any(|network| network.name.as_str() == "lo" && network.up));
    let info = seen.nodes[name].1.clone().unwrap();
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(info.hostname.as_str(), hostname.trim());
    assert_eq!(info.cpus as usize, std::thread::available_parallelism().unwrap().get());
}

/// Each file system that both know is as full as `df` says, which rounds up.
fn is_as_full_as_df_says(found: &NodeSample) {
    let said = Command::new("df").args(["--output=target,pcent"]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let percent = |path: &str| {
        let mut lines = said.lines().filter_map(|line| line.rsplit_once(' '));
        let (_, percent) = lines.find(|(target, _)| target.trim() == path)?;
        percent.strip_suffix('%')?.parse::<f64>().ok()
    };
    let mut checked = 0;
    for mount in &found.mounts {
        let Some(wanted) = percent(mount.path.as_str()) else { continue };
        let used = mount.used().get().unwrap().percent();
        assert!((wanted - 2.0..=wanted + 1.0).contains(&used), "{mount:?}: {used}, df {wanted}");
        checked += 1;
    }
    assert!(checked > 0, "{:?} and {said}", found.mounts);
}

/// Status and body, for a path and the header lines.
type Answer = dyn Fn(&str, &[String]) -> (u16, String) + Send + Sync;

/// A store of the test's own: answers each query by what it asks for.
fn store(answer: impl Fn(&str, &[String]) -> (u16, String) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || serve(stream, answer.as_ref()));
        }
    });
    port
}

fn serve(stream: TcpStream, answer: &Answer) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let path = plain(lines.first()?.split(' ').nth(1)?);
        let (status, body) = answer(&path, &lines);
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
    }
}

fn plain(escaped: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next().unwrap()).to_digit(16).unwrap();
        bytes.push(if byte == b'%' { u8::try_from(digit() * 16 + digit()).unwrap() } else { byte });
    }
    String::from_utf8(bytes).unwrap()
}

fn vector(series: &str, more: &str) -> (u16, String) {
    let series = series.trim_end_matches(',');
    (
        200,
        format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}{more}}}"#
        ),
    )
}

/// One series for each of `nodes` nodes and each of `labels`.
fn rows(nodes: usize, labels: &[&str]) -> String {
    let mut rows = String::new();
    for node in 0..nodes {
        for labels in labels {
            let at = format!("10.{}.{}.{}:9100", node >> 16, (node >> 8) & 255, node & 255);
            write!(rows, r#"{{"metric":{{"instance":"{at}",{labels}}},"value":[1.5,"0.25"]}},"#)
                .unwrap();
        }
    }
    rows
}

/// What a store of `nodes` nodes has, by a part of the query for it.
fn table(nodes: usize) -> [(&'static str, String); 9] {
    let name = |names: &str| -> Vec<String> {
        names.split(' ').map(|name| format!(r#""__name__":"{name}""#)).collect()
    };
    let what = |names: &str| -> Vec<String> {
        names.split(' ').map(|name| format!(r#""isomon_what":"{name}","device":"sda""#)).collect()
    };
    let make =
        |labels: Vec<String>| rows(nodes, &labels.iter().map(String::as_str).collect::<Vec<_>>());
    let modes = ["user", "nice", "system", "irq", "softirq", "steal", "iowait", "idle"];
    [
        ("count_over_time", r#"{"metric":{"isomon_what":"120"},"value":[1,"8"]}"#.to_owned()),
        ("node_uname_info", make(vec![r#""isomon_what":"uname","nodename":"n""#.to_owned()])),
        (
            "min by (instance) (up)",
            make(vec![r#""isomon_what":"up""#.to_owned()]).replace("0.25", "1"),
        ),
        (
            "node_load1|",
            make(name(
                "node_load1 node_load5 node_load15 node_boot_time_seconds node_time_seconds node_procs_running",
            )),
        ),
        (
            "MemTotal",
            make(name(
                "node_memory_MemTotal_bytes node_memory_MemAvailable_bytes node_memory_MemFree_bytes node_memory_Buffers_bytes node_memory_Cached_bytes node_memory_SwapTotal_bytes node_memory_SwapFree_bytes",
            )),
        ),
        (
            "node_cpu_seconds_total[",
            make(modes.iter().map(|mode| format!(r#""mode":"{mode}""#)).collect()),
        ),
        ("node_disk_read", make(what("read written reads writes busy"))),
        (
            "node_network_receive",
            make(what("receive transmit receive_packets transmit_packets errors up")),
        ),
        (
            "node_pressure",
            make(what("cpu memory memory_full io io_full cpu_total memory_total io_total")),
        ),
    ]
}

/// What a store of `nodes` nodes answers.
fn fleet(nodes: usize) -> impl Fn(&str, &[String]) -> (u16, String) {
    let table = table(nodes).map(|(part, rows)| (part, vector(&rows, "")));
    move |path, _| {
        let found = table.iter().find(|(part, _)| path.contains(part));
        found.map_or_else(|| vector("", ""), |(_, answer)| answer.clone())
    }
}

#[tokio::test]
async fn a_thousand_nodes_are_asked_about_at_once() {
    let mut source = source(store(fleet(1_000)));
    let told = ask(source.as_mut()).await.unwrap();
    assert!(matches!(told[0].what, What::Origin(_)));
    let mut seen = Seen::default();
    seen.take(told);
    assert_eq!(seen.nodes.len(), 1_000);
    assert!((seen.origin.as_ref().unwrap().interval_seconds.0 - 15.0).abs() < 1e-9);
    for (name, (offer, info, sample)) in &seen.nodes {
        assert_eq!(offer, &Some(Offer::Offered), "{name}");
        let sample = sample.as_ref().unwrap();
        assert!(info.is_some() && sample.cpu.get().is_some() && sample.disks.len() == 1, "{name}");
    }
    let own = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (began, cpu, asks) = (Instant::now(), own(), 5);
    for _ in 0..asks {
        let told = ask(source.as_mut()).await.unwrap();
        assert_eq!(told.len(), 1_000, "what has not changed is not told again");
    }
    let cpu = (own().tv_sec - cpu.tv_sec) * 1_000 + (own().tv_nsec - cpu.tv_nsec) / 1_000_000;
    println!(
        "1,000 nodes: {:?} a poll, {} ms of processor",
        began.elapsed() / asks,
        cpu / i64::from(asks)
    );
}

#[tokio::test]
async fn what_is_not_whole_or_too_much_is_said() {
    let inner = fleet(2);
    let port = store(move |path, lines| {
        if path.contains("MemTotal") {
            let told = ["Total", "Available"]
                .map(|what| format!(r#""__name__":"node_memory_Mem{what}_bytes""#));
            let told = rows(1, &told.each_ref().map(String::as_str));
            return vector(&told, r#","warnings":["a store is away"]"#);
        }
        if path.contains("node_disk_read") {
            return vector(&rows(50_001, &[r#""device":"a""#]), "");
        }
        if path.contains("node_pressure") {
            return (
                422,
                r#"{"status":"error","errorType":"execution","error":"too many samples"}"#
                    .to_owned(),
            );
        }
        inner(path, lines)
    });
    let told = ask(source(port).as_mut()).await.unwrap();
    let What::Origin(origin) = &told[0].what else { panic!("no origin first") };
    let offer = |name: &str| {
        let found = origin.endpoints.iter().find(|endpoint| endpoint.name.as_str() == name);
        found.unwrap().offer.to_string()
    };
    assert_eq!(offer("memory"), "the answer is not whole: a store is away");
    assert_eq!(offer("disks"), "limit: the number of series in one answer is more than 50,000");
    assert_eq!(offer("pressure"), "pressure: 422: too many samples");
    assert_eq!(offer("processors"), "offered");
    let mut seen = Seen::default();
    seen.take(told);
    let samples: Vec<_> = seen.nodes.values().filter_map(|node| node.2.as_ref()).collect();
    assert!(samples.len() == 2 && samples.iter().all(|sample| sample.cpu.get().is_some()));
    assert_eq!(samples.iter().filter(|sample| sample.memory.get().is_some()).count(), 1);
}

#[tokio::test]
async fn what_came_is_looked_at_before_more_is_asked() {
    let (asked, inner) = (Arc::new(AtomicUsize::new(0)), fleet(2));
    let seen = Arc::clone(&asked);
    let port = store(move |path, lines| {
        seen.fetch_add(usize::from(path.contains("?query=")), Ordering::Relaxed);
        let shut = path.contains("min by (instance) (up)");
        if shut { (401, r#"{"error":"no"}"#.to_owned()) } else { inner(path, lines) }
    });
    let error = ask(source(port).as_mut()).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    let asked = asked.load(Ordering::Relaxed);
    assert_eq!(asked, 1 + 4, "how often is scraped, and as many as are asked at once");
}

#[tokio::test]
async fn who_is_no_store_or_wants_a_token_is_named() {
    let error = async |port| ask(source(port).as_mut()).await.unwrap_err().to_string();
    let odd = store(|_, _| (200, "{\"hello\":1}".to_owned()));
    assert_eq!(error(odd).await, "scrape interval: the answer has no data");
    let shut = store(|_, lines| {
        let has =
            lines.iter().any(|line| line.eq_ignore_ascii_case("authorization: Bearer s3cret"));
        if has { vector("", "") } else { (401, r#"{"error":"no"}"#.to_owned()) }
    });
    assert_eq!(error(shut).await, "scrape interval: 401, it wants a token");
    let address = Address::parse(&format!("prom+http://127.0.0.1:{shut}")).unwrap();
    let mut spec = Spec::new(SourceId("store".into()), address);
    spec.token = Some(Secret::new("s3cret"));
    let mut source = open(spec).unwrap();
    assert!(matches!(ask(source.as_mut()).await.unwrap()[0].what, What::Origin(_)));
    let moved = store(|_, _| (302, String::new()));
    assert!(error(moved).await.contains("a redirect, which is not followed"));
    assert!(error(free_port()).await.starts_with("connection refused"));
}

/// What ann says; its hash is in the store's settings.
const LOGIN: &str = "ann:s3cret: pass";
const HASH: &str = "$2b$04$abcdefghijklmnopqrstuu0LDZO/gMuPfTG4MyGAkRvhdUhy09wUG";

/// Refuses questions in addresses, and passes all else on to the store at `store`; how many of each.
fn gate(store: u16) -> (u16, Arc<[AtomicUsize; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, counts) = (listener.local_addr().unwrap().port(), Arc::default());
    let seen: Arc<[AtomicUsize; 2]> = Arc::clone(&counts);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || pass_on(stream, store, &seen));
        }
    });
    (port, counts)
}

fn pass_on(mut stream: TcpStream, store: u16, seen: &[AtomicUsize; 2]) -> std::io::Result<u64> {
    let mut start = [0; 16];
    stream.read_exact(&mut start)?;
    if start.starts_with(b"GET /api/v1/quer") {
        seen[0].fetch_add(1, Ordering::Relaxed);
        let answer = "HTTP/1.1 414 URI Too Long\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes())?;
        return std::io::copy(&mut stream, &mut std::io::sink());
    }
    seen[1].fetch_add(usize::from(start.starts_with(b"POST")), Ordering::Relaxed);
    let mut there = TcpStream::connect(("127.0.0.1", store))?;
    there.write_all(&start)?;
    let (mut back, mut out) = (there.try_clone()?, stream.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut back, &mut out));
    std::io::copy(&mut stream, &mut there)
}

#[tokio::test]
async fn a_real_store_asks_for_a_login_and_takes_questions_in_a_body() {
    let dir = tempfile::tempdir().unwrap();
    let store = free_port();
    std::fs::write(dir.path().join("prometheus.yml"), "global:\n  scrape_interval: 1s\n").unwrap();
    let web = format!("basic_auth_users:\n  ann: {HASH}\n");
    std::fs::write(dir.path().join("web.yml"), web).unwrap();
    let arguments = [
        "--config.file=prometheus.yml".to_owned(),
        "--web.config.file=web.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        format!("--web.listen-address=127.0.0.1:{store}"),
    ];
    let Some(_store) = start("prometheus", &arguments, dir.path()) else { return };
    let with = |port: u16, login: &str| {
        let address = Address::parse(&format!("prom+http://127.0.0.1:{port}")).unwrap();
        let mut spec = Spec::new(SourceId("store".into()), address);
        spec.login = Some(Secret::new(login)).filter(|login| !login.is_empty());
        assert!(!format!("{spec:?}").contains("s3cret"));
        open(spec).unwrap()
    };
    let end = Instant::now() + Duration::from_secs(20);
    let told = loop {
        match ask(with(store, LOGIN).as_mut()).await {
            Ok(told) => break told,
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(matches!(&told[0].what, What::Origin(origin) if origin.version.is_some()));
    let error = async |login| ask(with(store, login).as_mut()).await.unwrap_err().to_string();
    assert_eq!(error("").await, "scrape interval: 401, it wants a login");
    let wrong = error("ann:s3cret").await;
    assert_eq!(wrong, "scrape interval: 401, it wants a login other than the one given");

    let (port, seen) = gate(store);
    let mut source = with(port, LOGIN);
    let told = ask(source.as_mut()).await.unwrap();
    let What::Origin(origin) = &told[0].what else { panic!("no origin first") };
    let failed = origin.endpoints.iter().find(|one| matches!(one.offer, Offer::Failed(_)));
    assert_eq!(failed, None);
    let count = |of: usize| seen[of].load(Ordering::Relaxed);
    let (gets, posts) = (count(0), count(1));
    // A connection serves several questions, and is counted once.
    assert!(gets >= 1 && posts >= 1, "{gets} refused, {posts} sent");
    ask(source.as_mut()).await.unwrap();
    assert_eq!(count(0), gets, "what is refused is not tried again");
}
