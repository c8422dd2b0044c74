//! Where the log goes: to the screen's Logs tab, else to standard error or a file if asked for.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use super::advice::Advise;
use color_eyre::eyre::{Result, WrapErr};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// What the screen is told unless `ISOMON_LOG` says otherwise. Of libraries only what they warn of, and
/// nothing of who looks at certificates: what it finds is told with the source it is of.
const USUAL: &str = "warn,isomon=info,rustls_platform_verifier=off";
/// Fields of a library's record that say where in its source it was made.
const PLACES: [&str; 4] = ["log.target", "log.module_path", "log.file", "log.line"];

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
    let wish = std::env::var("ISOMON_LOG").unwrap_or_else(|_| USUAL.to_owned());
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
        .with(Screen)
        .try_init()
        .wrap_err("the log is set up already")
}

/// Hands what is told to the memory behind the Logs tab.
struct Screen;

impl<S: Subscriber> Layer<S> for Screen {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let about = event.metadata();
        let level = match *about.level() {
            Level::ERROR => log::Level::Error,
            Level::WARN => log::Level::Warn,
            Level::INFO => log::Level::Info,
            Level::DEBUG => log::Level::Debug,
            Level::TRACE => log::Level::Trace,
        };
        let words = Words::of(event);
        let target = words.target.as_deref().unwrap_or_else(|| about.target());
        tui_logger::Drain::new().log(
            &log::Record::builder()
                .args(format_args!("{words}"))
                .level(level)
                .target(target)
                .build(),
        );
    }
}

/// What an event says, without where in the source of a library it was made.
#[derive(Default)]
struct Words {
    fields: BTreeMap<&'static str, String>,
    /// Who speaks, where that is a library that knows nothing of `tracing`.
    target: Option<String>,
}

impl Words {
    fn of(event: &Event<'_>) -> Self {
        let mut words = Self::default();
        event.record(&mut words);
        words
    }

    fn take(&mut self, field: &Field, value: String) {
        if field.name() == PLACES[0] {
            self.target = Some(value);
        } else if !PLACES.contains(&field.name()) {
            self.fields.insert(field.name(), value);
        }
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.take(field, value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format!("{value:?}"));
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.fields.iter().enumerate() {
            if at > 0 {
                f.write_char(' ')?;
            }
            match *name {
                "message" => f.write_str(value)?,
                name => write!(f, "{name}: {value}")?,
            }
        }
        Ok(())
    }
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

    /// Keeps who spoke and what was said.
    #[derive(Clone, Default)]
    struct Kept(std::sync::Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(Words::of(event).to_string());
        }
    }

    fn heard(filter: &str, speak: impl FnOnce()) -> Vec<String> {
        let kept = Kept::default();
        let filter = EnvFilter::try_new(filter).unwrap();
        let registry = tracing_subscriber::registry().with(filter).with(kept.clone());
        tracing::subscriber::with_default(registry, speak);
        kept.0.lock().unwrap().clone()
    }

    #[test]
    fn libraries_are_heard_when_they_warn_and_nobody_says_it_twice() {
        let speak = || {
            tracing::info!(target: "isomon::hub", node = 3, "told");
            tracing::debug!(target: "isomon::hub", "too much");
            tracing::info!(target: "hyper_util::client", "a library at work");
            tracing::warn!(target: "hyper_util::client", "a library in trouble");
            tracing::error!(target: "rustls_platform_verifier::verification::others", "said already");
        };
        assert_eq!(heard(USUAL, speak), ["told node: 3", "a library in trouble"]);
    }

    #[test]
    fn where_a_library_was_built_is_not_told() {
        let speak = || {
            tracing::error!(
                log.target = "rustls",
                log.module_path = "rustls::x",
                log.file = "/build/x.rs",
                log.line = 146,
                "invalid peer certificate"
            );
        };
        assert_eq!(heard("trace", speak), ["invalid peer certificate"]);
    }
}
