//! A machine of its own for each test: roots, a script for the fake NVML, a clock that can jump.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use isomon::model::gpu::{Gpu, GpuReaderState, GpuSample, GpuState};
use isomon::model::root::Roots;
use isomon::probe::gpu::{GpuProbe, Launch};

pub(crate) const ISOMON: &str = env!("CARGO_BIN_EXE_isomon");
/// Longest a sample may take, with room for a busy machine.
const LONGEST: Duration = Duration::from_millis(2900);

/// The compiled fakes: the full one, and one that has only what old drivers have.
pub(crate) struct Fakes {
    pub(crate) full: PathBuf,
    pub(crate) old: PathBuf,
}

/// Builds the fakes once; `None`, with the reason printed, on a machine without a C compiler.
pub(crate) fn fakes() -> Option<&'static Fakes> {
    static FAKES: OnceLock<Option<Fakes>> = OnceLock::new();
    FAKES.get_or_init(build).as_ref()
}

/// They lie in cargo's own directory for tests: what is static is never dropped, and would stay elsewhere.
fn build() -> Option<Fakes> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fake_nvml");
    let compile = |name: &str, option: &str| {
        let library = directory.join(name).join("libnvidia-ml.so.1");
        // Made aside and moved: another run of these tests may have it open.
        let aside = library.with_extension(std::process::id().to_string());
        std::fs::create_dir_all(library.parent().unwrap()).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake_nvml/nvml.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", option, "-o"]).arg(&aside);
        match cc.arg(source).status() {
            Ok(status) => assert!(status.success(), "the fake NVML does not compile"),
            Err(error) => {
                assert_ne!(std::env::var("ISOMON_REQUIRE_LIVE").as_deref(), Ok("1"), "cc: {error}");
                println!("skipped: no C compiler (cc): {error}");
                return None;
            }
        }
        std::fs::rename(aside, &library).unwrap();
        Some(library)
    };
    let (full, old) = (compile("full", "-DNEW")?, compile("old", "-DOLD")?);
    Some(Fakes { full, old })
}

/// A machine of its own: empty `/sys`, a `/proc` that knows this process, a script for the fake.
pub(crate) struct Machine {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) probe: GpuProbe,
    now: Instant,
}

impl Machine {
    pub(crate) fn new(library: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let me = root.join("proc").join(std::process::id().to_string());
        std::fs::create_dir_all(&me).unwrap();
        std::fs::write(me.join("comm"), "train\u{1b}[2J\n").unwrap();
        std::fs::create_dir_all(root.join("sys/bus/pci/devices")).unwrap();
        std::fs::write(root.join("script"), "").unwrap();
        let launch = Launch {
            program: PathBuf::from(ISOMON),
            library: Some(library.to_owned()),
            environment: vec![
                (OsString::from("FAKE_NVML"), root.join("script").into()),
                (OsString::from("PATH"), root.join("bin").into()),
            ],
        };
        let probe = GpuProbe::new(roots(root), launch).with_kernel_log(root.join("kmsg"));
        Self { probe, now: Instant::now(), directory }
    }

    pub(crate) fn script(&self, orders: &str) {
        // Written aside and moved: the fake may be reading.
        let (next, script) =
            (self.directory.path().join("next"), self.directory.path().join("script"));
        std::fs::write(&next, orders).unwrap();
        std::fs::rename(next, script).unwrap();
    }

    /// A tool called `nvidia-smi` that does what `body` says.
    pub(crate) fn tool(&self, body: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let place = self.directory.path().join("bin");
        std::fs::create_dir_all(&place).unwrap();
        let tool = place.join("nvidia-smi");
        std::fs::write(&tool, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A GPU on the PCI bus.
    pub(crate) fn plug(&self, address: &str) {
        let device = self.directory.path().join("sys/bus/pci/devices").join(address);
        std::fs::create_dir_all(&device).unwrap();
        std::fs::write(device.join("vendor"), "0x10de\n").unwrap();
        std::fs::write(device.join("class"), "0x030200\n").unwrap();
        std::fs::write(device.join("uevent"), "DRIVER=nvidia\n").unwrap();
    }

    /// The next sample, one second later; it must not take longer than allowed.
    pub(crate) fn sample(&mut self) -> GpuSample {
        self.later(1)
    }

    pub(crate) fn later(&mut self, seconds: u64) -> GpuSample {
        self.now += Duration::from_secs(seconds);
        let began = Instant::now();
        let sample = self.probe.sample(self.now);
        assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
        sample
    }
}

pub(crate) fn roots(root: &Path) -> Roots {
    Roots { proc: root.join("proc"), sys: root.join("sys") }
}

pub(crate) fn reader(sample: &GpuSample) -> &GpuReaderState {
    let nvml = sample.readers.iter().find(|reader| reader.name.as_str() == "NVML");
    &nvml.expect("NVML is among the readers").state
}

pub(crate) fn trouble(sample: &GpuSample) -> String {
    match reader(sample) {
        GpuReaderState::Works => "works".to_owned(),
        GpuReaderState::NotHere(words) => words.to_string(),
        GpuReaderState::Broken { reason, remedy } => format!("{reason} -> {remedy}"),
    }
}

pub(crate) fn loss(gpu: &Gpu) -> Option<&str> {
    match &gpu.state {
        GpuState::Ok => None,
        GpuState::Lost(reason) => Some(reason.as_str()),
    }
}

pub(crate) fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}
