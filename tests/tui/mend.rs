//! Making a backend ready from the screen: the true loop, the true hub, real commands, a real
//! backend. Only the package system is ours.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::backend::{self, CampSettings};
use isomon::hub::{Deed, Hub};
use isomon::model::backend::{BackendId, BackendStatus, Mend, Readiness};
use isomon::model::bench::{Limits, Plan};
use isomon::model::command::Command;
use isomon::model::id::RunId;
use isomon::model::past::{Past, PastWish};
use isomon::model::run::{Run, RunHead, StoredRun};
use isomon::model::text::SafeText;
use isomon::model::time::{SetClock, SystemClock};
use isomon::model::update::{Stack, Update, What};
use isomon::model::workflow::{WorkflowEvent, WorkflowWish};
use isomon::state::State;
use isomon::store::run_dir::Follower;
use isomon::tui::app::Setup;
use isomon::tui::event::Input;
use isomon::tui::session::{Ended, Feed, Session};
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::depot::Depot;
use crate::page::{Page, app, one_node, stay, typed, update};

/// Longest that is waited for anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// The backends of this small machine.
const TRIED: [BackendId; 2] = [BackendId::Process, BackendId::Bubblewrap];

/// Makes backends ready and tries them, for real, with the tools of one depot.
struct Shop {
    settings: CampSettings,
}

impl Shop {
    fn new(depot: &Depot, state: &Path) -> Self {
        let mut settings = CampSettings::detect(Limits::default()).unwrap();
        settings.exe = env!("CARGO_BIN_EXE_isomon").into();
        state.clone_into(&mut settings.state);
        settings.search = vec![depot.bin().to_owned()];
        Self { settings }
    }

    async fn tried(&self) -> Vec<BackendStatus> {
        let id = RunId::new(0, rand::rngs::StdRng::from_os_rng().random());
        let cancel = CancellationToken::new();
        backend::check(&[id], &self.settings, &TRIED, &cancel, |_| {}).await.unwrap()
    }
}

impl Deed for Shop {
    async fn check(&self, out: mpsc::Sender<BackendStatus>) -> Result<(), SafeText> {
        for status in self.tried().await {
            out.send(status).await.unwrap();
        }
        Ok(())
    }

    async fn mend(
        &self,
        id: BackendId,
        out: mpsc::Sender<Mend>,
        cancel: CancellationToken,
    ) -> Result<Vec<BackendStatus>, SafeText> {
        let known = self.tried().await;
        let commands = &known.iter().find(|status| status.id == id).unwrap().mend;
        let ended = backend::mend(&self.settings, id, commands, &out, &cancel).await;
        out.send(Mend::Ended { failed: ended.err() }).await.unwrap();
        Ok(self.tried().await)
    }

    async fn bench(
        &self,
        _: RunId,
        _: Plan,
        _: mpsc::Sender<Update>,
        _: CancellationToken,
    ) -> Result<(), SafeText> {
        Err("nothing is measured here".into())
    }

    async fn resume(
        &self,
        _id: RunId,
        _out: mpsc::Sender<Update>,
        _cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        Err("nothing is kept".into())
    }

    async fn workflow(
        &self,
        _: RunId,
        _: WorkflowWish,
        _: mpsc::Sender<Update>,
        _: CancellationToken,
    ) -> Result<(), SafeText> {
        Err("no workflow is run here".into())
    }

    fn events(&self, _: &RunId) -> Result<Option<Vec<WorkflowEvent>>, SafeText> {
        Ok(None)
    }

    fn past(&self, _wish: PastWish) -> Result<Past, SafeText> {
        Err("nothing is kept".into())
    }

    fn stack(&self, _pid: u32) -> Result<Stack, SafeText> {
        Err("no process is known".into())
    }

    fn changed(&self) -> Option<std::time::SystemTime> {
        None
    }

    fn goes_on(&self, _: &RunId) -> bool {
        false
    }

    fn follow(&self, _: &RunId) -> Result<(RunHead, Follower), SafeText> {
        Err("nothing is kept".into())
    }

    fn stored(&self) -> Result<Vec<StoredRun>, SafeText> {
        Ok(Vec::new())
    }

    fn read(&self, _: &RunId) -> Result<Run, SafeText> {
        Err("nothing is kept here".into())
    }

    fn export(&self, _: &RunId, _: &Path) -> Result<std::path::PathBuf, SafeText> {
        Err("nothing is kept here".into())
    }
}

/// A screen, the hub behind it, and the keys.
struct Desk {
    session: Session<Page, SetClock>,
    feed: Feed,
    keys: mpsc::Sender<Input>,
    stop: CancellationToken,
    _signals: mpsc::Sender<isomon::tui::event::Signal>,
}

impl Desk {
    fn open(shop: Shop) -> Self {
        let random = rand::rngs::StdRng::seed_from_u64(1);
        let second = Duration::from_secs(1);
        let mut hub = Hub::new(Arc::new(shop), Arc::new(SystemClock), random, second);
        let (updates, commands) = (hub.subscribe(256), hub.commands());
        let token = CancellationToken::new();
        tokio::spawn(hub.run(token.clone()));
        let (keys, inputs) = mpsc::channel(64);
        let (signals, heard) = mpsc::channel(1);
        let (app, sheet) = (crate::page::app(Setup::default()), Page::new(120, 40));
        let mut session =
            Session::new(app, sheet, SetClock::default(), commands, Box::new(|_, _| ()));
        session.state = one_node();
        let feed = Feed { signals: heard, inputs, updates };
        Self { session, feed, keys, stop: token, _signals: signals }
    }

    async fn press(&self, keys: &str) {
        for key in typed(keys) {
            self.keys.send(key).await.unwrap();
        }
    }

    fn text(&self) -> String {
        self.session.surface.terminal.backend().to_string()
    }

    /// Lets the session run until `words` are on the screen.
    async fn wait_for(&mut self, words: &str) {
        let began = Instant::now();
        while !self.text().contains(words) {
            assert!(began.elapsed() < PATIENCE, "no {words:?}:\n{}", self.text());
            let slice = Duration::from_millis(20);
            // A session may be dropped half-way without losing anything.
            drop(tokio::time::timeout(slice, self.session.run(&mut self.feed)).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_turns_ready_without_a_restart() {
    let Some(depot) = Depot::new().filter(|_| rustix::process::geteuid().is_root()) else {
        println!("skipped: needs root, and bubblewrap: apt-get install bubblewrap");
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"));
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(Shop::new(&depot, &home.path().join("state")));
    desk.press("4").await;
    desk.wait_for("bwrap is not on PATH").await;
    desk.press("/ b u b b enter i").await;
    desk.wait_for("apt-get install -y --no-install-recommends bubblewrap").await;
    assert_eq!(depot.asked(), Vec::<String>::new(), "nothing runs before a yes");
    desk.press("y").await;
    desk.wait_for("bubblewrap is ready").await;
    let text = desk.text();
    assert!(text.contains("Unpacking ^[[31mbubblewrap^[[0m ..."), "{text}");
    assert!(text.contains("Setting up bubblewrap ..."), "{text}");
    desk.press("esc").await;
    desk.wait_for("● ready").await;
    desk.wait_for("Seen from inside").await;
    desk.stop.cancel();
}

/// A world with a backend that a command makes ready; it is being made so if `begun`.
fn lacking(begun: bool) -> State {
    let mut state = one_node();
    let status = BackendStatus {
        readiness: Readiness::Unavailable {
            reason: "runc is not on PATH".into(),
            remedy: "apt-get install runc".into(),
        },
        mend: vec![vec!["apt-get".to_owned(), "install".to_owned(), "runc".to_owned()]],
        ..BackendStatus::new(BackendId::Runc)
    };
    state.apply(&update(2, What::Backends(vec![status])));
    if begun {
        let line = "apt-get install runc".into();
        let command = Mend::Command { backend: BackendId::Runc, line };
        state.apply(&update(3, What::Mend(command)));
        for number in 0..60 {
            let line = format!("\u{1b}[2J line {number} {}", "x".repeat(30)).as_str().into();
            state.apply(&update(3, What::Mend(Mend::Line(line))));
        }
    }
    state
}

fn wishes(state: &State, keys: &str) -> Vec<Command> {
    let left = stay(app(Setup::default()), state, typed(keys), (80, 24));
    left.wishes
}

#[test]
fn nothing_is_run_without_a_yes() {
    let state = lacking(false);
    for keys in ["4 i", "4 i n", "4 i esc", "4 i x", "4 i i", "i y", "4 i n y"] {
        assert_eq!(wishes(&state, keys), [], "{keys}");
    }
    for keys in ["4 i y", "4 i Y", "4 i enter"] {
        assert_eq!(wishes(&state, keys), [Command::Mend(BackendId::Runc)], "{keys}");
    }
    let setup = Setup { readonly: true, ..Setup::default() };
    let refused = |keys| stay(app(setup.clone()), &state, typed(keys), (80, 24));
    assert_eq!(refused("4 i y").wishes, []);
    let left = refused("4 i");
    assert!(left.text().contains("--readonly") && !left.text().contains("Run this"));
}

#[test]
fn what_runs_can_be_seen_again_ended_and_is_asked_about() {
    let state = lacking(true);
    let shown = |keys: &str| stay(app(Setup::default()), &state, typed(keys), (80, 24)).text();
    for (keys, there) in [
        ("4", "being made ready"),
        ("4 i", "line 59"),
        ("4 i pageup", "line 49"),
        ("4 i esc", "being made ready"),
        ("9 q", "End that and quit?"),
    ] {
        assert!(shown(keys).contains(there), "{keys}: {}", shown(keys));
    }
    assert!(!shown("4 i pageup").contains("line 59"));
    assert!(!shown("4 i").contains('\u{1b}'));
    assert_eq!(wishes(&state, "4 i x"), [Command::StopMend]);
    assert_eq!(stay(app(Setup::default()), &state, typed("9 q y"), (80, 24)).ended, Ended::Quit);
}

#[test]
fn the_question_and_the_output_as_pictures() {
    for size in [(80, 24), (120, 40), (200, 60), (40, 10)] {
        for (name, begun) in [("mend_question", false), ("mend_output", true)] {
            let left = stay(app(Setup::default()), &lacking(begun), typed("4 i"), size);
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), left.text());
        }
    }
}
