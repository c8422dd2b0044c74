//! What a virtual machine starts: isomon's own guest, or a Linux kernel where the work needs one.

use std::path::PathBuf;

use super::kind::Errand;
use super::site::Site;
use super::{Error, guest, linux};
use crate::model::text::SafeText;

/// MiB that isomon's own guest needs.
const OWN_MIB: u64 = 4;

/// A kernel, with what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boot {
    /// Its image.
    pub kernel: PathBuf,
    /// Its first file system; only Linux has one.
    pub initrd: Option<PathBuf>,
    /// Its command line.
    pub command_line: String,
    /// MiB it needs at least.
    pub least_mib: u64,
}

impl Boot {
    /// What `errand` needs.
    pub(super) fn of(site: &Site, errand: &Errand<'_>) -> Result<Self, Error> {
        if linux::is_wanted(errand) {
            return linux::boot(site, errand);
        }
        Ok(Self {
            kernel: guest::file(site)?,
            initrd: None,
            command_line: guest::command_line(&guest::work(errand)?),
            least_mib: OWN_MIB,
        })
    }

    /// Whether Linux runs in it, whose first process speaks in frames.
    pub(super) const fn is_linux(&self) -> bool {
        self.initrd.is_some()
    }

    /// MiB of the guest where `limit` MiB hold it and `own` MiB of the program that runs it.
    pub(super) fn memory(&self, limit: u64, own: u64) -> Result<u64, Error> {
        let guest = limit.saturating_sub(own);
        if guest >= self.least_mib {
            return Ok(guest);
        }
        let least = own + self.least_mib;
        let what = if self.is_linux() { "a Linux guest" } else { "a guest" };
        let why = format!("{what} and what runs it need {least} MiB; the limit is {limit} MiB");
        Err(Error::Refused { why: SafeText::new(&why) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_gets_what_the_program_around_it_does_not_need() {
        let boot = Boot {
            kernel: PathBuf::new(),
            initrd: None,
            command_line: String::new(),
            least_mib: OWN_MIB,
        };
        assert_eq!(boot.memory(128, 48).unwrap(), 80);
        let refused = boot.memory(50, 48).unwrap_err().to_string();
        assert_eq!(refused, "a guest and what runs it need 52 MiB; the limit is 50 MiB");
    }
}
