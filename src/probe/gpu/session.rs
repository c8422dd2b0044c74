//! NVML, loaded and initialized once, in the reader's process.
//!
//! It is never shut down: the process is, and that cannot hang.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::device;
use super::more::{self, Before};
use super::wire::{Answer, Request, Unusable};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;

/// Where NVML is looked for: what the loader knows, then NixOS and WSL, which tell the loader
/// nothing.
const LIBRARIES: [&str; 3] = [
    "libnvidia-ml.so.1",
    "/run/opengl-driver/lib/libnvidia-ml.so.1",
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",
];

/// The library, once it is loaded, and what must be remembered from one request to the next.
pub(super) struct Session {
    libraries: Vec<OsString>,
    nvml: Option<&'static Nvml>,
    /// Time stamp of the newest utilization sample seen, for each GPU.
    seen: BTreeMap<u32, u64>,
    /// What the slower questions need of the time before, for each GPU.
    before: BTreeMap<u32, Before>,
}

impl Session {
    /// Nothing is loaded yet. `library` is the only one tried if given.
    pub(super) fn new(library: Option<&OsStr>) -> Self {
        let libraries = library.map_or_else(
            || LIBRARIES.map(OsString::from).to_vec(),
            |library| vec![library.to_owned()],
        );
        Self { libraries, nvml: None, seen: BTreeMap::new(), before: BTreeMap::new() }
    }

    /// Answers one request; may hang or crash wherever NVML does.
    pub(super) fn answer(&mut self, request: Request) -> Answer {
        let nvml = match self.nvml.map_or_else(|| open(&self.libraries), Ok) {
            Ok(nvml) => *self.nvml.insert(nvml),
            Err(unusable) => return Answer::Unusable(unusable),
        };
        match request {
            Request::Survey => survey(nvml),
            Request::Device(index) => read(nvml, index, self.seen.entry(index).or_default()),
            Request::Detail(index) => detail(nvml, index, self.before.entry(index).or_default()),
        }
    }
}

fn survey(nvml: &Nvml) -> Answer {
    match nvml.device_count() {
        Ok(count) => Answer::Survey {
            driver: Reading::from(nvml.sys_driver_version().map_err(|error| device::why(&error)))
                .map(SafeText::from),
            cuda: cuda(nvml),
            count,
        },
        Err(error) => Answer::Unusable(unusable(&error)),
    }
}

/// NVML says `13000` for 13.0, and `12080` for 12.8.
fn cuda(nvml: &Nvml) -> Reading<SafeText> {
    match nvml.sys_cuda_driver_version() {
        Ok(version @ 1_000..1_000_000) => {
            Reading::Known(format!("{}.{}", version / 1_000, version % 1_000 / 10).into())
        }
        Ok(odd) => Reading::Missing(Why::Failed(format!("NVML says CUDA {odd}").into())),
        Err(error) => Reading::Missing(device::why(&error)),
    }
}

fn read(nvml: &Nvml, index: u32, seen: &mut u64) -> Answer {
    match nvml.device_by_index(index) {
        Ok(found) => Answer::Device(Box::new(device::read(&found, index, seen))),
        Err(error) => Answer::NoHandle(SafeText::from(error.to_string())),
    }
}

fn detail(nvml: &'static Nvml, index: u32, before: &mut Before) -> Answer {
    match nvml.device_by_index(index) {
        Ok(found) => {
            let detail = Box::new(more::read(nvml, &found, before));
            Answer::Detail { index, detail }
        }
        Err(error) => Answer::NoHandle(SafeText::from(error.to_string())),
    }
}

/// Loads the first library that is there, for as long as the process lives.
fn open(libraries: &[OsString]) -> Result<&'static Nvml, Unusable> {
    for library in libraries {
        match Nvml::builder().lib_path(library).init() {
            Ok(nvml) => return Ok(Box::leak(Box::new(nvml))),
            Err(error) if is_absent(&error, library) => {}
            Err(error) => return Err(unusable(&error)),
        }
    }
    Err(Unusable::NoLibrary)
}

/// Whether the loader did not find `library` itself. When one of the libraries it needs in turn
/// is absent, the loader names that one.
fn is_absent(error: &NvmlError, library: &OsStr) -> bool {
    let NvmlError::LibloadingError(error) = error else {
        return false;
    };
    let (said, library) = (error.to_string(), library.to_string_lossy());
    said.starts_with(library.as_ref()) && said.contains("No such file or directory")
}

fn unusable(error: &NvmlError) -> Unusable {
    let said = || SafeText::from(error.to_string());
    match error {
        NvmlError::LibloadingError(_) | NvmlError::FailedToLoadSymbol(_) => {
            Unusable::BadLibrary(said())
        }
        NvmlError::DriverNotLoaded => Unusable::DriverNotLoaded,
        NvmlError::LibRmVersionMismatch => Unusable::VersionMismatch,
        NvmlError::NoPermission => Unusable::NoPermission,
        _ => Unusable::Failed(said()),
    }
}
