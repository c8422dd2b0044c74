//! What work sees of its sandbox from inside, told by work that looked: how strong the wall is, in
//! facts. A sandbox is hostile, so this is what *our* work saw there, never what a user's said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SafeText;

/// A look from inside. Each part is `None` where there is no such thing to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Inside {
    /// The kernel that answers, with its release; `None` where no kernel is seen.
    pub kernel: Option<SafeText>,
    /// Whether that kernel is the host's own.
    pub host_kernel: Option<bool>,
    /// System calls that answered, of those that were tried.
    pub calls: Option<Calls>,
    /// Namespaces that are not the host's: `mnt pid net ipc uts user cgroup time`.
    pub namespaces: Option<Vec<SafeText>>,
    /// Seccomp mode: `off`, `strict`, `filter`.
    pub seccomp: Option<SafeText>,
    /// User the work runs as.
    pub uid: Option<u32>,
    /// Capabilities that are in effect.
    pub capabilities: Option<u32>,
    /// Well-known places that could be written to.
    pub writable: Option<Vec<SafeText>>,
    /// Whether one of these places is the host's own; `None` where that cannot be told.
    pub host_writable: Option<bool>,
    /// How far the network reaches.
    pub network: Option<Reach>,
    /// Global things a program is lent, where it has no system calls: `fetch`, `Deno`.
    pub lent: Option<Vec<SafeText>>,
}

/// Longest telling of a look that is read.
const LONGEST: usize = 8 << 10;
/// Entries kept of each list.
const ENTRIES: usize = 32;

impl Inside {
    /// Reads what a look said, and bounds it; `None` where it makes no sense.
    pub fn read(said: &str) -> Option<Self> {
        if said.len() > LONGEST {
            return None;
        }
        let mut inside: Self = serde_json::from_str(said).ok()?;
        let lists = [&mut inside.namespaces, &mut inside.writable, &mut inside.lent];
        for list in lists.into_iter().flatten() {
            list.truncate(ENTRIES);
        }
        inside.calls = inside.calls.filter(|calls| calls.answered <= calls.tried);
        Some(inside)
    }
}

/// Counts of system calls tried from inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Calls {
    /// Answered in another way than "not permitted" or "no such call".
    pub answered: u32,
    /// Tried: calls that lead to a kernel's rarely used parts.
    pub tried: u32,
}

/// How far the network reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// No network at all.
    None,
    /// Its own loopback and nothing else.
    Loopback,
    /// Interfaces with a way out.
    Outside,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_or_is_too_long_is_not_read() {
        assert_eq!(Inside::read(r#"{"uid":7}"#).and_then(|inside| inside.uid), Some(7));
        for wrong in ["", "7", "[]x", r#"{"uid":-1}"#, r#"{"uid":"#, r#"{"network":"everywhere"}"#]
        {
            assert_eq!(Inside::read(wrong), None, "{wrong}");
        }
        let long = format!(r#"{{"kernel":"{}"}}"#, "x".repeat(1 << 20));
        assert_eq!(Inside::read(&long), None);
    }

    #[test]
    fn lists_are_bounded_and_text_is_made_safe() {
        let places = vec![r#""\u001b[2J""#; 500].join(",");
        let inside = Inside::read(&format!(r#"{{"writable":[{places}]}}"#)).unwrap();
        let writable = inside.writable.unwrap();
        assert_eq!((writable.len(), writable[0].as_str()), (ENTRIES, "^[[2J"));
        let boast = Inside::read(r#"{"calls":{"answered":9,"tried":2}}"#).unwrap();
        assert_eq!(boast.calls, None);
    }
}
