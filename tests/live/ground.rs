//! What the live tests share: a state directory of their own, fake tools, the backends ready here.

#![allow(dead_code, reason = "each test program uses its part")]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use isomon::backend::CampSettings;
use isomon::model::backend::{BackendId, BackendStatus};
use isomon::model::bench::Limits;
use isomon::model::id::RunId;
use rand::TryRngCore;

/// A place to camp that no other test shares.
pub(crate) struct Ground {
    pub(crate) settings: CampSettings,
    /// `None` for one whose owner is to be killed: what it made there, nobody would take away.
    home: Option<tempfile::TempDir>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut settings = CampSettings::detect(Limits::default()).unwrap();
        settings.exe = exe();
        settings.state = home.path().join("state");
        Self { settings, home: Some(home) }
    }

    /// A place whose state is in `state`, which another process has and takes away.
    pub(crate) fn at(state: PathBuf) -> Self {
        let mut settings = CampSettings::detect(Limits::default()).unwrap();
        (settings.exe, settings.state) = (exe(), state);
        Self { settings, home: None }
    }

    /// Puts a program called `name` before every other.
    pub(crate) fn fake(&mut self, name: &str, script: &str) {
        let bin = self.home.as_ref().unwrap().path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let path = bin.join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.settings.search.insert(0, bin);
    }

    pub(crate) async fn check(&self, backends: &[BackendId]) -> Vec<BackendStatus> {
        let cancel = tokio_util::sync::CancellationToken::new();
        isomon::backend::check(&[id(), id()], &self.settings, backends, &cancel, |_| {})
            .await
            .unwrap()
    }
}

/// isomon; a copy of it where a test for another user put one.
pub(crate) fn exe() -> PathBuf {
    let copy = std::env::var_os("ISOMON_TEST_EXE").map(PathBuf::from);
    copy.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_isomon")))
}

/// An id that no other run has, in this process or beside it.
pub(crate) fn id() -> RunId {
    RunId::new(0, rand::rngs::OsRng.try_next_u32().unwrap())
}

/// Whether a missing tool is an error.
pub(crate) fn must_be_live() -> bool {
    std::env::var_os("ISOMON_REQUIRE_LIVE").is_some_and(|value| value == "1")
}

/// The backends that run here; the others are printed with their reasons.
pub(crate) async fn ready(ground: &Ground) -> Vec<BackendId> {
    let known = ground.check(&BackendId::ALL).await;
    let (ready, other): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|status| status.readiness.runs());
    for status in other {
        println!("skipped {}: {:?}", status.id, status.readiness);
        assert!(may_lack(status.id) || !must_be_live(), "{} must be live", status.id);
    }
    ready.into_iter().map(|status| status.id).collect()
}

/// What a machine with everything installed that can be may still not run: of gVisor's platforms one
/// suffices, KVM is the machine's affair, and some are in no registry.
pub(crate) fn may_lack(id: BackendId) -> bool {
    use BackendId as Id;
    matches!(
        id,
        Id::GvisorKvm
            | Id::GvisorSystrap
            | Id::Kvm
            | Id::QemuKvm
            | Id::Firecracker
            | Id::FirecrackerJailed
            | Id::Youki
            | Id::Docker
            | Id::DockerCrun
            | Id::DockerRunsc
            | Id::DockerKata
    ) || (id == Id::V8 && cfg!(not(feature = "v8")))
}
