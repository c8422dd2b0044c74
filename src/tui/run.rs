//! The way in and the way out: the terminal is taken, the loop runs, the terminal is given back.

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;

use super::app::{App, Setup};
use super::crash::Crashes;
use super::file::Files;
use super::habit::Habits;
use super::keymap::{self, Keymap};
use super::look::Glyph;
pub use super::session::Ended;
use super::session::{Feed, Session};
use super::surface::Screen;
use super::term::{self, Tty};
use super::theme::depth::{Depth, When};
use super::theme::{self, Themes};
use super::{fault, reader, watchdog};
use crate::config::{Charts, Threshold};
use crate::model::command::Command;
use crate::model::id::RunId;
use crate::model::time::SystemClock;
use crate::model::update::Update;

/// Signals that may wait; more of them say the same.
const SIGNALS: usize = 64;
/// Keys that may wait; the terminal holds the rest.
const INPUTS: usize = 256;

/// How the TUI looks and behaves.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the user")]
pub struct Options {
    /// The name of the theme.
    pub theme: String,
    /// The directory of the user's themes.
    pub themes: Option<PathBuf>,
    /// Where themes of btop's may lie.
    pub btop_themes: Vec<PathBuf>,
    /// The user's keymap; need not be there.
    pub keymap: Option<PathBuf>,
    /// When to use colours.
    pub color: When,
    /// Only letters below 0x80, whatever the locale says.
    pub ascii: bool,
    /// What charts are drawn with where more than ASCII can be shown.
    pub charts: Charts,
    /// Whether clicks and the wheel are ours at the start.
    pub mouse: bool,
    /// Whether what acts is hidden and refused.
    pub readonly: bool,
    /// Whether a critical alert rings the bell.
    pub bell: bool,
    /// From where on a number is called high.
    pub threshold: Threshold,
    /// How often samples are taken at the start.
    pub interval: Duration,
    /// The user's settings; need not be there.
    pub settings: Option<PathBuf>,
    /// The settings that a flag goes before, as `section.key`.
    pub flags: Vec<&'static str>,
    /// Where it is kept how the user likes the tables.
    pub habits: Option<PathBuf>,
    /// The run that is seen in depth at the start.
    pub open: Option<RunId>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            theme: theme::DEFAULT.to_owned(),
            themes: None,
            btop_themes: Vec::new(),
            keymap: None,
            color: When::Auto,
            ascii: false,
            charts: Charts::Braille,
            mouse: true,
            readonly: false,
            bell: false,
            threshold: Threshold::default(),
            interval: Duration::from_secs(1),
            settings: None,
            flags: Vec::new(),
            habits: None,
            open: None,
        }
    }
}

/// The TUI could not begin, or broke.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The terminal could not be used.
    #[error(transparent)]
    Term(#[from] term::Error),
    /// The keymap could not be used.
    #[error(transparent)]
    Keymap(#[from] keymap::Error),
    /// The theme could not be used.
    #[error(transparent)]
    Theme(#[from] theme::Error),
    /// The system gave no thread or signal.
    #[error("the threads that read keys and signals")]
    Thread(#[source] io::Error),
    /// The terminal could not be written to.
    #[error("writing to the terminal")]
    Write(#[source] io::Error),
    /// The screen's own code broke; the text is the whole report.
    #[error("{0}")]
    Crashed(String),
}

/// Shows `updates` and sends `commands` until the user quits or a signal says so. The terminal is
/// as it was when this returns. From the first call on, SIGHUP, SIGTERM, SIGINT and a terminal
/// that hangs up end the process after little more than a second, even if the caller's own way
/// out takes longer.
///
/// # Errors
/// If standard input or output is not a terminal that can show the TUI, if the user's keymap or
/// theme has a mistake, or if the screen's own code broke.
pub async fn run(
    updates: mpsc::Receiver<Update>,
    commands: mpsc::Sender<Command>,
    options: Options,
) -> Result<Ended, Error> {
    let tty = Arc::new(Tty::open(variable("TERM").as_deref())?);
    let setup = load(&options)?;
    let depth = Depth::detect(options.color, variable);
    let (signal_sender, signals) = mpsc::channel(SIGNALS);
    let (input_sender, inputs) = mpsc::channel(INPUTS);
    let crashes = Crashes::keep(Arc::clone(&tty), signal_sender.clone());
    fault::prepare(&tty).map_err(Error::Thread)?;
    watchdog::start(Arc::clone(&tty), signal_sender).map_err(Error::Thread)?;
    let screen = Screen::enter(&tty, setup.glyph, depth, options.mouse)?;
    reader::start(input_sender).map_err(Error::Thread)?;

    tracing::info!("isomon {} is on the screen", env!("CARGO_PKG_VERSION"));
    let mut app = App::new(setup, options.interval, options.mouse);
    app.begin();
    if let Some(id) = &options.open {
        app.open_run(id);
    }
    let kept = options.habits.clone();
    if let Some(path) = &kept {
        app.take_habits(&Habits::load(path));
    }
    let mut files = Files { options };
    let errands = Box::new(move |app: &mut App, errand| files.run(app, errand));
    let mut session = Session::new(app, screen, SystemClock, commands, errands);
    let mut feed = Feed { signals, inputs, updates };
    let ended = AssertUnwindSafe(crashing(&mut session, &mut feed)).catch_unwind().await;
    let habits = session.app.habits();
    drop(session);
    tty.leave();
    if let Some(path) = &kept {
        keep(&habits, path);
    }
    finish(ended, &crashes)
}

/// Writes how the user likes the tables, unless nothing was ever changed.
fn keep(habits: &Habits, path: &Path) {
    if habits.tables.is_empty() && !path.exists() {
        return;
    }
    if let Err(error) = habits.keep(path) {
        tracing::warn!("{}: {error}; the order of the tables is not kept", path.display());
    }
}

/// What a caught panic holds, or how the session ended.
type Caught = Result<io::Result<Ended>, Box<dyn std::any::Any + Send>>;

fn finish(ended: Caught, crashes: &Crashes) -> Result<Ended, Error> {
    match ended {
        Ok(Ok(ended)) => Ok(ended),
        // This is what writing to a terminal that is gone says.
        Ok(Err(error)) if error.raw_os_error() == Some(libc::EIO) => {
            Ok(Ended::Signal(signal_hook::consts::SIGHUP))
        }
        Ok(Err(error)) => Err(Error::Write(error)),
        Err(_) => Err(Error::Crashed(crashes.last().unwrap_or_default())),
    }
}

/// Runs the session; in debug builds `ISOMON_CRASH` breaks a part of it, so that tests can see
/// what becomes of the terminal.
async fn crashing(
    session: &mut Session<Screen, SystemClock>,
    feed: &mut Feed,
) -> io::Result<Ended> {
    #[cfg(debug_assertions)]
    let _broken = crash_on_wish(variable("ISOMON_CRASH").as_deref());
    session.run(feed).await
}

/// Breaks while something else is breaking.
#[cfg(debug_assertions)]
struct Twice;

#[cfg(debug_assertions)]
impl Drop for Twice {
    fn drop(&mut self) {
        panic!("broken on wish: the way out");
    }
}

/// Fills the stack.
#[cfg(debug_assertions)]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    if depth == u64::MAX { 0 } else { overflow(depth + 1) + room[0] }
}

/// Breaks the part called `part`.
#[cfg(debug_assertions)]
fn crash_on_wish(part: Option<&str>) -> Option<tokio::task::JoinHandle<()>> {
    match part {
        Some("ui") => panic!("broken on wish: the screen"),
        Some("double") => {
            let _twice = Twice;
            panic!("broken on wish: the screen")
        }
        Some("task") => Some(tokio::spawn(async { panic!("broken on wish: a task") })),
        Some("thread") => {
            std::thread::spawn(|| panic!("broken on wish: a thread")).join().map_or(None, |()| None)
        }
        Some("abort") => std::process::abort(),
        Some("overflow") => {
            std::hint::black_box(overflow(1));
            None
        }
        Some("spin") => loop {
            std::hint::spin_loop();
        },
        _ => None,
    }
}

/// What the user set, read from the files and the environment.
pub(super) fn load(options: &Options) -> Result<Setup, Error> {
    let depth = Depth::detect(options.color, variable);
    let keymap = options.keymap.as_deref().map_or_else(|| Ok(Keymap::embedded()), Keymap::load)?;
    let (own, others) = (options.themes.as_deref(), &options.btop_themes);
    Ok(Setup {
        keymap,
        themes: Themes::load(own, others, &options.theme, depth)?,
        threshold: options.threshold,
        glyph: glyph(options, variable),
        readonly: options.readonly,
        bell: options.bell,
        zone: jiff::tz::TimeZone::system(),
    })
}

/// Reads the files again; with a mistake in one of them everything stays as it was.
pub(super) fn reload(app: &mut App, options: &Options) {
    match load(options) {
        Ok(mut setup) => {
            let current = &app.setup.themes.current().name;
            // A theme whose file has gone cannot stay.
            setup.themes.choose(current).unwrap_or_default();
            app.setup = setup;
            app.say(false, "read keymap and themes again");
        }
        Err(error) => app.say(true, error.to_string()),
    }
}

/// Which letters the terminal can show: all of them only where the locale is UTF-8, and not on the
/// Linux console, whose fonts have neither braille nor rounded corners.
fn glyph(options: &Options, variable: impl Fn(&str) -> Option<String>) -> Glyph {
    let said = |name| variable(name).filter(|value| !value.is_empty());
    let locale = said("LC_ALL").or_else(|| said("LC_CTYPE")).or_else(|| said("LANG"));
    let locale = locale.unwrap_or_default().to_lowercase();
    let console = said("TERM").is_some_and(|term| term == "linux");
    if options.ascii || console || !(locale.contains("utf-8") || locale.contains("utf8")) {
        return Glyph::Ascii;
    }
    match options.charts {
        Charts::Braille => Glyph::Unicode,
        Charts::Block => Glyph::Block,
        Charts::Ascii => Glyph::Letter,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_utf_8_locale_gets_box_lines() {
        let rows = [
            ("LANG", "C", Glyph::Ascii),
            ("LANG", "C.UTF-8", Glyph::Unicode),
            ("LC_ALL", "en_US.utf8", Glyph::Unicode),
            ("LC_CTYPE", "POSIX", Glyph::Ascii),
            ("TERM", "linux", Glyph::Ascii),
            ("OTHER", "UTF-8", Glyph::Ascii),
        ];
        let usual = Options::default();
        let plain = Options { ascii: true, ..Options::default() };
        for (name, value, wanted) in rows {
            let set = |asked: &str| (asked == name).then(|| value.to_owned());
            assert_eq!(glyph(&usual, set), wanted, "{name}={value}");
            assert_eq!(glyph(&plain, set), Glyph::Ascii);
        }
        let utf8 = |_: &str| Some("linux utf-8".to_owned());
        assert_eq!(glyph(&usual, utf8), Glyph::Unicode);
        for (charts, wanted) in [(Charts::Block, Glyph::Block), (Charts::Ascii, Glyph::Letter)] {
            assert_eq!(glyph(&Options { charts, ..Options::default() }, utf8), wanted);
            assert_eq!(glyph(&Options { charts, ..plain.clone() }, utf8), Glyph::Ascii);
        }
        let console = |asked: &str| Some(if asked == "TERM" { "linux" } else { "C.UTF-8" }.into());
        assert_eq!(glyph(&usual, console), Glyph::Ascii);
    }

    #[test]
    fn a_bad_keymap_leaves_the_old_in_force() {
        let own = tempfile::tempdir().unwrap();
        let path = own.path().join("keymap.toml");
        let options = Options { keymap: Some(path.clone()), ..Options::default() };
        let mut app = App::new(load(&options).unwrap(), options.interval, true);
        let before = app.setup.keymap.clone();
        std::fs::write(&path, "bind = [{ keys = [\"q\"], action = \"qiut\" }]").unwrap();
        reload(&mut app, &options);
        assert_eq!(app.setup.keymap, before);
        let said = app.said.clone().unwrap();
        assert!(said.bad && said.text.as_str().contains("did you mean `quit`?"));
        std::fs::write(&path, "bind = [{ keys = [\"Q\"], action = \"quit\" }]").unwrap();
        reload(&mut app, &options);
        assert_ne!(app.setup.keymap, before);
    }
}
