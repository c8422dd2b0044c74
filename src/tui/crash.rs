//! Panics, while the screen is up.
//!
//! The hook writes nothing: it would write over the screen. It keeps the report and tells the
//! loop. If it was the screen's own code that broke, whoever caught the panic gives the terminal
//! back and shows the report; if it was a task or another thread, the screen goes on and says so.

use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::{Arc, Mutex, PoisonError};

use color_eyre::config::{HookBuilder, PanicHook};
use tokio::sync::mpsc;

use super::event::Signal;

/// Most reports kept.
const MOST: usize = 16;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Keeps reports of panics until it is dropped; then the hook that was there before is back.
pub(super) struct Crashes {
    reports: Arc<Mutex<Vec<String>>>,
    before: Option<Hook>,
}

impl Crashes {
    /// Begins to keep them.
    pub(super) fn keep(signals: mpsc::Sender<Signal>) -> Self {
        let reports = Arc::<Mutex<Vec<String>>>::default();
        let before = Some(take_hook());
        let (format, _) = HookBuilder::new().display_env_section(false).into_hooks();
        let kept = Arc::clone(&reports);
        set_hook(Box::new(move |info| {
            record(&kept, &format, info);
            // Full: the loop has been told of other things and will draw anyway.
            signals.try_send(Signal::Crashed(first_line(info))).unwrap_or_default();
        }));
        Self { reports, before }
    }

    /// The report of the latest panic.
    pub(super) fn last(&self) -> Option<String> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.last().cloned()
    }
}

impl Drop for Crashes {
    fn drop(&mut self) {
        if let Some(before) = self.before.take()
            && !std::thread::panicking()
        {
            set_hook(before);
        }
    }
}

fn record(reports: &Mutex<Vec<String>>, format: &PanicHook, info: &PanicHookInfo<'_>) {
    let report = format.panic_report(info).to_string();
    let mut reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
    if reports.len() == MOST {
        reports.remove(0);
    }
    reports.push(report);
}

/// What was said and where, in one line.
fn first_line(info: &PanicHookInfo<'_>) -> String {
    let said = info.payload_as_str().unwrap_or("no words");
    info.location().map_or_else(
        || said.to_owned(),
        |place| format!("{said} ({}:{})", place.file(), place.line()),
    )
}
