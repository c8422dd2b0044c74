//! Names of users, from `/etc/passwd`.
//!
//! Users of a directory service (LDAP, AD) are not in it and are shown by number: asking for them
//! would go over the network.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::every::Every;
use crate::model::text::SafeText;
use crate::procfs::process::users;

const PERIOD: Duration = Duration::from_secs(30);
/// Largest file that is read.
const MOST_BYTES: u64 = 16 << 20;

/// User names by number; the file is read again when it changes.
#[derive(Debug)]
pub(crate) struct Users {
    path: PathBuf,
    turn: Every,
    changed: Option<SystemTime>,
    names: HashMap<u32, SafeText>,
}

impl Users {
    /// The users in the file at `path`; nothing is read yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, turn: Every::new(PERIOD), changed: None, names: HashMap::new() }
    }

    /// Looks whether the file has changed, every 30 seconds.
    pub(crate) fn refresh(&mut self, now: Instant) {
        if !self.turn.due(now) {
            return;
        }
        let Ok(about) = std::fs::metadata(&self.path) else {
            return;
        };
        let changed = about.modified().ok();
        if about.len() <= MOST_BYTES
            && (changed.is_none() || changed != self.changed)
            && let Ok(raw) = std::fs::read(&self.path)
        {
            self.names = users(&String::from_utf8_lossy(&raw));
            self.changed = changed;
        }
    }

    /// The name of the user, else the number.
    pub(crate) fn name(&self, uid: u32) -> SafeText {
        let known = self.names.get(&uid).cloned();
        known.unwrap_or_else(|| SafeText::new(&uid.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_shows_others_by_number() {
        let users = Users {
            names: users(
                "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:\n+::::::\nodd\nweb:x:33:33:::\n",
            ),
            ..Users::new("/nonexistent".into())
        };
        assert_eq!([0, 33, 1000].map(|uid| users.name(uid).to_string()), ["root", "web", "1000"]);
    }
}
