//! Where the log goes: to the screen's Logs tab, else to standard error or a file if asked for.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use super::advice::Advise;
use color_eyre::eyre::{Result, WrapErr};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// For commands: silent unless `ISOMON_LOG` says what to tell, and perhaps a file to tell it to
/// (`ISOMON_LOG=debug,/tmp/isomon.log`).
pub(super) fn to_stderr() -> Result<()> {
    let Ok(wish) = std::env::var("ISOMON_LOG") else {
        return Ok(());
    };
    let (filter, file) = split(&wish);
    let filter = EnvFilter::try_new(filter)
        .wrap_err("ISOMON_LOG is no log filter")
        .advise("for example ISOMON_LOG=debug, or ISOMON_LOG=isomon::backend=debug")?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false);
    match file {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.wrap_err_with(|| format!("cannot write the log to {path}"))?;
            registry.with(layer.with_writer(Mutex::new(file))).try_init()
        }
        None => registry.with(layer.with_writer(std::io::stderr)).try_init(),
    }
    .wrap_err("the log is set up already")
}

/// For the screen: into the memory behind the Logs tab.
pub(super) fn to_screen() -> Result<()> {
    let wish = std::env::var("ISOMON_LOG").unwrap_or_else(|_| "info".to_owned());
    let (filter, file) = split(&wish);
    let level = filter.parse().unwrap_or(tui_logger::LevelFilter::Debug);
    tui_logger::set_default_level(level);
    if let Some(path) = file {
        // This starts a thread that looks a hundred times a second. Without a file the Logs tab
        // fetches what is there when it is drawn.
        tui_logger::init_logger(level).wrap_err("the log is set up already")?;
        tui_logger::set_log_file(tui_logger::TuiLoggerFile::new(path));
    }
    let filter = EnvFilter::try_new(filter).wrap_err("ISOMON_LOG is no log filter")?;
    tracing_subscriber::registry()
        .with(filter)
        .with(tui_logger::TuiTracingSubscriberLayer)
        .try_init()
        .wrap_err("the log is set up already")
}

/// The filter, and the file that may follow it.
fn split(wish: &str) -> (&str, Option<&str>) {
    match wish.rsplit_once(',') {
        Some((filter, path)) if Path::new(path).is_absolute() => (filter, Some(path)),
        _ => (wish, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_follow_the_filter() {
        assert_eq!(split("debug"), ("debug", None));
        assert_eq!(split("debug,/tmp/x.log"), ("debug", Some("/tmp/x.log")));
        assert_eq!(split("info,isomon=debug"), ("info,isomon=debug", None));
    }
}
