//! isomon re-executed as `__docker`: asks an engine for its version, makes the empty image, or has
//! one container run to its end and passes on its output and its exit status.
//!
//! It belongs to the launcher's groups and may be killed at any time; what it leaves in the engine
//! is found by its labels. Its own complaints go to standard error, with a status of 125.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::http::Until;
use super::super::mark::{Mark, Pen};
use super::super::view::View;
use super::coming::Note;
use super::engine::{self, Engine, escape};
use super::facts::{Facts, describe};
use super::pump::Pump;
use super::{RUN_LABEL, frame, image};
use crate::model::id::RunId;
use crate::model::text::SafeText;

/// The hidden subcommand.
pub(in crate::backend) const NAME: &str = "__docker";
/// Status when it could not do its part.
const UNABLE: u8 = 125;
/// Status of what was killed by signal 9.
const KILLED: u8 = 137;
/// Time for an engine to say what it is; a check waits 2 s.
const ANSWER: Duration = Duration::from_millis(1500);
/// Time for the image; the launcher waits a little longer.
const PREPARATION: Duration = Duration::from_secs(9);
/// Longer than any container runs: the launcher knows its time and kills us.
const ENDLESS: Duration = Duration::from_secs(1 << 31);

/// One container, written down by the camp for `__docker run`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Spec {
    /// Where the engine listens.
    pub socket: PathBuf,
    /// The container's name.
    pub name: String,
    /// Where `__docker prepare` wrote what it learned of the engine.
    pub facts: PathBuf,
    /// The control group it belongs into, from the root of each hierarchy.
    pub group: String,
    /// Whether our standard input is its own.
    pub input: bool,
    /// What the engine is asked to make.
    pub body: Value,
}

/// Why it could not do its part.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The stream of output.
    #[error(transparent)]
    Garbled(#[from] frame::Garbled),
    /// The stream of output was cut.
    #[error("the engine's stream of output broke off: {0}")]
    Broken(#[source] std::io::Error),
    /// A file of the run's.
    #[error("cannot use {path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

impl Spec {
    /// Writes it to `path`, for the owner alone.
    pub(super) fn write(&self, path: &Path) -> Result<(), super::super::Error> {
        use std::os::unix::fs::OpenOptionsExt;
        let text =
            serde_json::to_vec(self).map_err(|source| super::super::Error::Json { source })?;
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options.open(path).and_then(|mut file| file.write_all(&text));
        written.map_err(|source| super::super::Error::io("write", path, source))
    }
}

/// Does what `arguments` (after the subcommand) say.
pub(in crate::backend) fn run(arguments: &[OsString]) -> ExitCode {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let done = match words[..] {
        ["version", socket, wish] => tell_version(Path::new(socket), wish),
        ["prepare", socket, wish, id, facts] => match RunId::parse(id) {
            Some(id) => prepare(Path::new(socket), wish, &id, Path::new(facts)),
            None => return ExitCode::from(2),
        },
        ["run", spec] => carry_out(Path::new(spec)),
        _ => return ExitCode::from(2),
    };
    done.map_or_else(
        |error| {
            complain(&error.to_string());
            ExitCode::from(UNABLE)
        },
        ExitCode::from,
    )
}

fn complain(words: &str) {
    let line = format!("{}\n", SafeText::new(words));
    rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
}

/// Says which engine and runtime it is, and as a complaint what it does not limit.
fn tell_version(socket: &Path, wish: &str) -> Result<u8, Error> {
    let engine = Engine::at(socket, Until::within(ANSWER));
    let version = engine.read("version", "/version")?;
    let info = engine.read("info", "/info")?;
    let facts = Facts::of(&info, wish)?;
    let line = format!("{}\n", SafeText::within(&describe(&version, &facts), 80));
    rustix::io::write(rustix::stdio::stdout(), line.as_bytes()).ok();
    if let Some(words) = facts.shortcoming() {
        complain(&words);
    }
    Ok(0)
}

/// Makes the run's image, if it is not there, and writes down what the engine is like.
fn prepare(socket: &Path, wish: &str, id: &RunId, place: &Path) -> Result<u8, Error> {
    let engine = Engine::at(socket, Until::within(PREPARATION));
    let facts = Facts::of(&engine.read("info", "/info")?, wish)?;
    write(place, &facts)?;
    let labels = [(RUN_LABEL, id.as_str())];
    if engine.images(&labels)?.is_empty() {
        let label = escape(&format!("LABEL {RUN_LABEL}={id}"));
        let path = format!("/images/create?fromSrc=-&repo=isomon-empty&tag={id}&changes={label}");
        let note = Note::write(place).map_err(|source| Error::file(place, source))?;
        engine.send_tar(&path, &image::tar(&View::of(Path::new("/"))))?;
        note.answered().map_err(|source| Error::file(place, source))?;
    }
    Ok(0)
}

fn write(place: &Path, facts: &Facts) -> Result<(), Error> {
    let text = serde_json::to_vec(facts).map_err(std::io::Error::from);
    let written = text.and_then(|text| fs::write(place, text));
    written.map_err(|source| Error::file(place, source))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read(path);
    let read = text.and_then(|text| serde_json::from_slice(&text).map_err(std::io::Error::from));
    read.map_err(|source| Error::file(path, source))
}

/// Has the container that the file at `path` describes run to its end; its exit status. The file is
/// removed when it is certain that the container is no more.
fn carry_out(path: &Path) -> Result<u8, Error> {
    // Without a launcher there is none.
    let pen = Pen::lent().ok();
    let spec: Spec = read(path)?;
    let facts: Facts = read(&spec.facts)?;
    let engine = Engine::at(&spec.socket, Until::within(ENDLESS));
    let note = Note::write(path).map_err(|source| Error::file(path, source))?;
    let made = engine.create(&spec.name, &facts.fit(spec.body, &spec.group));
    let refused = matches!(made, Err(engine::Error::Refused { .. }));
    if made.is_ok() || refused {
        note.answered().map_err(|source| Error::file(path, source))?;
    }
    if refused {
        forget(path)?;
    }
    let id = made?;
    mark(pen.as_ref(), Mark::Create);
    let ended = see_out(&engine, &id, spec.input, pen.as_ref());
    let removed = engine.remove(&id);
    if removed.is_ok() {
        forget(path)?;
    }
    let status = ended?;
    removed?;
    Ok(status)
}

fn mark(pen: Option<&Pen>, reached: Mark) {
    if let Some(pen) = pen {
        pen.mark(reached);
    }
}

fn forget(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(|source| Error::file(path, source))
}

/// Starts container `id` and passes on what it says until it ends; its exit status.
fn see_out(engine: &Engine, id: &str, input: bool, pen: Option<&Pen>) -> Result<u8, Error> {
    let (stream, ahead) = engine.attach(id, input)?;
    let mut pump = Pump::new(stream, input);
    pump.pass_on(&ahead)?;
    // It may have said something before the engine says that it runs.
    let started = engine.start(id, &mut pump);
    pump.check()?;
    started?;
    mark(pen, Mark::Boot);
    pump.flow()?;
    let status = engine.wait(id)?;
    if status == KILLED && is_starved(engine, id) {
        mark(pen, Mark::Starved);
    }
    Ok(status)
}

/// Whether container `id` was killed for want of memory, by what the engine saw.
fn is_starved(engine: &Engine, id: &str) -> bool {
    let state = engine.read("inspect", &format!("/containers/{id}/json"));
    state.is_ok_and(|state| state["State"]["OOMKilled"] == json!(true))
}
