//! How isomon is started for a screen in a browser.

use std::path::Path;

use super::ServeArgs;
use crate::serve::screen::{Program, Screens};

/// Screens with the settings of the server: from `config`, where a file was named.
pub(super) fn screens(wish: &ServeArgs, config: Option<&Path>) -> Screens {
    let mut arguments = Vec::new();
    if let Some(path) = config {
        arguments.extend(["--config".into(), path.into()]);
    }
    let flags = [(wish.no_history, "--no-history"), (wish.no_alerts, "--no-alerts")];
    arguments.extend(flags.iter().filter(|(set, _)| *set).map(|(_, flag)| (*flag).into()));
    let hidden = wish.token_env.iter().cloned().collect();
    Screens::new(Program { arguments, hidden }, wish.has_tls())
}
