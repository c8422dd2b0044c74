//! The task as a whole: what it hears becomes what a receiver is told.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;
use crate::model::node::NodeSample;
use crate::model::reading::Reading;
use crate::model::time::{Clock as _, SystemClock};

/// A receiver that takes everything: its address, and the bodies it took.
fn receiver() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut text, mut piece) = (String::new(), [0; 4_096]);
            while !text.ends_with('}') {
                let Ok(count @ 1..) = stream.read(&mut piece) else { break };
                text.push_str(&String::from_utf8_lossy(&piece[..count]));
            }
            stream.write_all(b"HTTP/1.1 204 x\r\nConnection: close\r\n\r\n").ok();
            if tell.send(text).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

/// An isomon that keeps what happened in `dir` and has told `url` of each node with a load.
struct Watcher {
    updates: mpsc::Sender<Update>,
    begun: Begun,
    stop: CancellationToken,
    said: mpsc::Receiver<Update>,
    _pace: watch::Sender<Pace>,
}

impl Watcher {
    fn begin(dir: &Path, url: &str) -> Self {
        let text = format!(
            "presets = false\n[[rule]]\nname = \"any\"\nwhen = \"load1 >= 0\"\n[[receiver]]\nname = \
             \"web\"\nkind = \"webhook\"\nurl = \"{url}\"\nallow_loopback = true"
        );
        let path = dir.join("rules.toml");
        std::fs::write(&path, &text).unwrap();
        let settings = Settings {
            dir: dir.join("alerts"),
            rules: path.clone(),
            runs: dir.join("runs"),
            baselines: dir.join("baselines"),
            host: "here".into(),
        };
        let (to, said) = mpsc::channel(1_024);
        let outlet = Outlet::new(SourceId::local(), Arc::new(SystemClock), to);
        let (updates, hears) = mpsc::channel(64);
        let (paces, pace) = watch::channel(Pace { interval: LOOK, paused: false });
        let stop = CancellationToken::new();
        let begun = begin(settings, load(&path).unwrap(), hears, outlet, pace, stop.clone());
        Self { updates, begun, stop, said, _pace: paces }
    }

    /// Says that `node` has a load.
    async fn hear(&self, node: &str) {
        let sample = NodeSample { load: Reading::Known([1.0; 3]), ..NodeSample::default() };
        let what = What::Node(Box::new(sample));
        let update = Update { at: SystemClock.now(), from: SourceId(node.into()), what };
        self.updates.send(update).await.unwrap();
    }

    /// The next sentence: whether it is bad, and its words.
    async fn sentence(&mut self) -> (bool, String) {
        loop {
            let told = tokio::time::timeout(Duration::from_secs(10), self.said.recv());
            if let What::Notice(notice) = told.await.unwrap().unwrap().what {
                return (notice.bad, notice.text.to_string());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_are_right_again_take_the_place_of_their_mistake() {
    let home = tempfile::tempdir().unwrap();
    let mut watcher = Watcher::begin(home.path(), "http://127.0.0.1:9/");
    let path = home.path().join("rules.toml");
    let right = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "[[rule]]\nname = 3\n").unwrap();
    watcher.begun.wishes.send(AlertWish::Reload).await.unwrap();
    let (bad, words) = watcher.sentence().await;
    assert!(bad && words.contains("rules.toml"), "{words}");
    std::fs::write(&path, right).unwrap();
    // Nobody asks for it: the file of a mistake is looked at each second.
    let end = tokio::time::Instant::now() + Duration::from_secs(3);
    while watcher.sentence().await != (false, "1 rule in force".to_owned()) {
        assert!(tokio::time::Instant::now() < end, "the mistake is taken back soon");
    }
    watcher.stop.cancel();
    watcher.begun.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_known_after_the_first_look_is_told_of_and_by_one_isomon_alone() {
    let home = tempfile::tempdir().unwrap();
    let (url, heard) = receiver();
    let first = Watcher::begin(home.path(), &url);
    // The first look is over, and nobody else was known in it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    first.hear("other").await;
    let told = heard.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(told.contains(r#""node":"other""#) && told.contains(r#""firing":1"#), "{told}");
    let second = Watcher::begin(home.path(), &url);
    second.hear("other").await;
    assert!(heard.recv_timeout(Duration::from_millis(2_500)).is_err(), "the first one told it");
    first.stop.cancel();
    first.begun.end().await;
    // At the next look it is the second one who tells.
    tokio::time::sleep(LOOK + Duration::from_millis(500)).await;
    second.hear("third").await;
    let told = heard.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(told.contains(r#""node":"third""#) && told.contains(r#""firing":1"#), "{told}");
    second.stop.cancel();
    second.begun.end().await;
}
