//! What is set, out of flags, environment, file and defaults.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::advice::Advise;
use color_eyre::eyre::{Result, WrapErr, eyre};
use etcetera::BaseStrategy;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::args::Args;
use crate::config::{self, Config};
use crate::hub::local::Local;
use crate::model::root::Roots;

/// A pipe nobody writes into must not hold isomon up.
const NONBLOCK: i32 = libc::O_NONBLOCK;

/// The settings, and where things are kept.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) config: Config,
    pub(super) config_dir: PathBuf,
    /// The file of the settings; need not be there.
    pub(super) path: PathBuf,
    /// The settings that a flag goes before, as `section.key`.
    pub(super) flags: Vec<&'static str>,
    pub(super) local: Local,
}

impl Setting {
    /// Reads the settings `args` mean.
    pub(super) fn load(args: &Args) -> Result<Self> {
        let mut config = read(args.config.as_deref())?;
        let screen = &args.screen;
        config.watch.interval = screen.interval.unwrap_or(config.watch.interval);
        config.screen.color = args.color.unwrap_or(config.screen.color);
        config.screen.ascii |= screen.ascii;
        config.screen.mouse &= !screen.no_mouse;
        if let Some(theme) = &screen.theme {
            config.screen.theme.clone_from(theme);
        }
        let local = Local::new(Roots::default(), state_dir()?.join("runs"));
        let (config_dir, flags) = (config_dir()?, flags(args));
        let path = args.config.clone().map_or_else(default_path, Ok)?;
        Ok(Self { config, config_dir, path, flags, local })
    }
}

/// The settings that a flag of `args` goes before.
fn flags(args: &Args) -> Vec<&'static str> {
    let screen = &args.screen;
    let given = [
        (screen.interval.is_some(), "watch.interval"),
        (screen.theme.is_some(), "screen.theme"),
        (args.color.is_some(), "screen.color"),
        (screen.ascii, "screen.ascii"),
        (screen.no_mouse, "screen.mouse"),
    ];
    given.into_iter().filter(|(given, _)| *given).map(|(_, name)| name).collect()
}

/// The settings in `named`, or in the usual file; only a named one must be there.
pub(super) fn read(named: Option<&Path>) -> Result<Config> {
    let path = named.map_or_else(default_path, |path| Ok(path.to_owned()))?;
    let text = match open(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
            String::new()
        }
        Err(error) => {
            return Err(error)
                .wrap_err_with(|| format!("cannot read the settings in {}", path.display()))
                .advise("name another file with --config, or make one with `isomon config init`");
        }
    };
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        Some((name, value.to_string_lossy().into_owned()))
    });
    let path = path.display().to_string();
    config::read::read(&path, &text, environment).map_err(|mistakes| {
        let shown: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        eyre!("the settings have {}:\n\n{}", count(mistakes.len()), shown.join("\n\n"))
            .advise("`isomon config print` shows every setting with its default")
    })
}

/// Where the settings in `named`, or in the usual file, say `value` for a key of a section.
pub(super) fn place_of(
    named: Option<&Path>,
    setting: (&str, &str),
    value: &str,
) -> Option<config::mistake::Place> {
    let path = named.map_or_else(default_path, |path| Ok(path.to_owned())).ok()?;
    let text = open(&path).ok()?;
    config::read::place_of(&path.display().to_string(), &text, setting, value)
}

fn count(mistakes: usize) -> String {
    match mistakes {
        1 => "a mistake".to_owned(),
        many => format!("{many} mistakes"),
    }
}

/// The file's text, as long as it is of a length that a person writes.
fn open(path: &Path) -> std::io::Result<String> {
    let longest = config::read::LONGEST_BYTES as u64;
    let mut text = String::new();
    let file = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path)?;
    if file.metadata()?.file_type().is_fifo() {
        wait_for(&file)?;
    }
    let length = file.take(longest + 1).read_to_string(&mut text)?;
    if length as u64 > longest {
        let what = format!("longer than {} KiB", longest >> 10);
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what));
    }
    Ok(text)
}

/// Waits until a pipe, which a shell makes of `<(…)`, has a writer and something to read.
fn wait_for(pipe: &File) -> std::io::Result<()> {
    let mut ready = [PollFd::new(pipe, PollFlags::IN)];
    let waited = poll(&mut ready, Some(&Timespec { tv_sec: 2, tv_nsec: 0 }))?;
    if waited == 0 {
        let what = "a pipe into which nothing was written for 2 s";
        return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, what));
    }
    let flags = fcntl_getfl(pipe)? - OFlags::NONBLOCK;
    Ok(fcntl_setfl(pipe, flags)?)
}

/// `$XDG_CONFIG_HOME/isomon/isomon.toml`.
pub(super) fn default_path() -> Result<PathBuf> {
    Ok(config_dir()?.join("isomon.toml"))
}

/// `$XDG_CONFIG_HOME/isomon`.
pub(super) fn config_dir() -> Result<PathBuf> {
    Ok(places()?.config_dir().join("isomon"))
}

/// `$XDG_STATE_HOME/isomon`.
pub(super) fn state_dir() -> Result<PathBuf> {
    let places = places()?;
    let state = places.state_dir().unwrap_or_else(|| places.data_dir());
    Ok(state.join("isomon"))
}

fn places() -> Result<etcetera::base_strategy::Xdg> {
    etcetera::base_strategy::Xdg::new()
        .wrap_err("cannot tell the home directory")
        .advise("set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME")
}
