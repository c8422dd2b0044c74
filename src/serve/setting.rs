//! What a server allows, and to whom.
//!
//! Reading is free for who is on this machine. Acting has to be allowed when the server is started,
//! and where there is a token, who acts must know it.

use crate::model::secret::Secret;

/// What the user allowed when the server was started.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Benchmarks may be started and ended.
    pub bench: bool,
    /// Programs that a client sends may be run.
    pub exec: bool,
    /// Who knows the token may act on the screen in a browser.
    pub screen: bool,
    /// What lets a client in from elsewhere, and lets it act.
    pub token: Option<Secret>,
}

/// Something that a client may only do where it was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Starting and ending benchmarks.
    Bench,
    /// Running programs that the client sends, and ending them.
    Exec,
    /// Acting on the screen in a browser, as its user could at a terminal.
    Screen,
}

impl Permit {
    /// The flag that allows it.
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Bench => "--allow-bench",
            Self::Exec => "--allow-exec",
            Self::Screen => "--web --allow-screen",
        }
    }
}

/// Who asks, as the gate let it in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Whether it knows the token.
    pub token: bool,
}

impl Setting {
    /// Whether `permit` was given at the start.
    pub const fn allows(&self, permit: Permit) -> bool {
        match permit {
            Permit::Bench => self.bench,
            Permit::Exec => self.exec,
            Permit::Screen => self.screen,
        }
    }

    /// Whether `caller` may act by `permit` now.
    pub const fn may(&self, caller: Caller, permit: Permit) -> bool {
        // The screen is more than the rest together: nobody gets that for being on this machine.
        let free = self.token.is_none() && !matches!(permit, Permit::Screen);
        self.allows(permit) && (caller.token || free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acting_needs_the_flag_and_the_token_where_there_is_one() {
        let (stranger, holder) = (Caller::default(), Caller { token: true });
        let mut setting = Setting::default();
        assert!(!setting.may(holder, Permit::Bench));
        setting.bench = true;
        assert!(setting.may(stranger, Permit::Bench) && !setting.may(stranger, Permit::Exec));
        setting.screen = true;
        assert!(!setting.may(stranger, Permit::Screen) && setting.may(holder, Permit::Screen));
        setting.token = Some(Secret::new("0123456789abcdef"));
        assert!(!setting.may(stranger, Permit::Bench) && setting.may(holder, Permit::Bench));
    }
}
