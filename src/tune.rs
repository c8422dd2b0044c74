//! What this machine could do better for a measurement, and doing it for a while.
//!
//! Settings are changed only after a yes, for one run, and always put back: by the run itself, by a
//! keeper that notices the run's death however it comes, or by the next start. What was there
//! before is on disk before anything is changed. Only files of the kernel's processor settings are
//! ever written to.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::root::Roots;

mod keep;

pub use keep::{Error, Tuning, mend, reexecuted};

/// Something of the host that makes times less steady.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What it is.
    pub knob: Knob,
    /// How it is now.
    pub now: String,
    /// What would be steadier.
    pub better: String,
    /// What would be written where; empty where it cannot be changed while the system runs.
    pub changes: Vec<Change>,
}

/// What can be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// Who chooses the clock.
    Governor,
    /// Clocks above the base, while heat allows.
    Turbo,
    /// Two threads on one core.
    Smt,
    /// What the kernel does about flaws of the processor.
    Mitigations,
}

impl Knob {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Governor => "governor",
            Self::Turbo => "turbo",
            Self::Smt => "SMT",
            Self::Mitigations => "mitigations",
        }
    }

    /// Why it matters.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Governor => "a clock that follows the load is slow when a sample begins",
            Self::Turbo => "clocks above the base come and go with heat and with neighbours",
            Self::Smt => "a sample shares its core with whatever runs beside it",
            Self::Mitigations => {
                "they are part of what a system call costs; compare only runs with the same ones"
            }
        }
    }
}

/// One file of the kernel, and what is to stand in it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// What stands there.
    pub from: String,
    /// What is to stand there.
    pub to: String,
}

/// What could be better on the machine below `roots`. Empty where nothing could, or where the kernel
/// shows none of it, as in many virtual machines.
pub fn look(roots: &Roots) -> Vec<Advice> {
    let cpu = place(roots);
    [governor(&cpu), turbo(&cpu), smt(&cpu), mitigations(&cpu)].into_iter().flatten().collect()
}

/// Where all that can be changed lies.
fn place(roots: &Roots) -> PathBuf {
    roots.sys.join("devices/system/cpu")
}

fn governor(cpu: &Path) -> Option<Advice> {
    const BETTER: &str = "performance";
    let offers = |policy: &Path| {
        let all = text(&policy.join("scaling_available_governors"));
        all.is_some_and(|all| all.split_whitespace().any(|name| name == BETTER))
    };
    let slow = policies(cpu).into_iter().filter(|policy| offers(policy)).filter_map(|policy| {
        let path = policy.join("scaling_governor");
        let from = text(&path)?;
        (from != BETTER).then(|| Change { path, from, to: BETTER.to_owned() })
    });
    let changes: Vec<Change> = slow.collect();
    let mut names: Vec<&str> = changes.iter().map(|change| change.from.as_str()).collect();
    names.dedup();
    let now = names.join(", ");
    let better = BETTER.to_owned();
    (!changes.is_empty()).then_some(Advice { knob: Knob::Governor, now, better, changes })
}

/// Intel's own switch says off with 1, the common one on.
fn turbo(cpu: &Path) -> Option<Advice> {
    let intel = flip(cpu.join("intel_pstate/no_turbo"), "0", "1");
    let change = intel.or_else(|| flip(cpu.join("cpufreq/boost"), "1", "0"))?;
    let (now, better) = ("on".to_owned(), "off".to_owned());
    Some(Advice { knob: Knob::Turbo, now, better, changes: vec![change] })
}

fn smt(cpu: &Path) -> Option<Advice> {
    let active = text(&cpu.join("smt/active"))? == "1";
    let change = flip(cpu.join("smt/control"), "on", "off").filter(|_| active)?;
    let (now, better) = ("on".to_owned(), "off".to_owned());
    Some(Advice { knob: Knob::Smt, now, better, changes: vec![change] })
}

/// Only told: they are chosen when the system starts, and turning them off is no better.
fn mitigations(cpu: &Path) -> Option<Advice> {
    let flaws = fs::read_dir(cpu.join("vulnerabilities")).ok()?.flatten();
    let met = flaws
        .filter(|flaw| text(&flaw.path()).is_some_and(|state| state.starts_with("Mitigation")));
    let count = met.count();
    let now = format!("{count} in force");
    let better = "as they are; runs say which".to_owned();
    (count > 0).then_some(Advice { knob: Knob::Mitigations, now, better, changes: Vec::new() })
}

/// The change of `path` from `from` to `to`, where `from` stands there.
fn flip(path: PathBuf, from: &str, to: &str) -> Option<Change> {
    (text(&path)? == from).then(|| Change { path, from: from.to_owned(), to: to.to_owned() })
}

fn policies(cpu: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cpu.join("cpufreq")).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("policy"));
    let mut found: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn text(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Roots) {
        let home = tempfile::tempdir().unwrap();
        let sys = home.path().join("sys");
        for (name, content) in files {
            let path = sys.join("devices/system/cpu").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        (home, Roots { sys, ..Roots::default() })
    }

    const LAPTOP: [(&str, &str); 7] = [
        ("cpufreq/policy0/scaling_governor", "powersave\n"),
        ("cpufreq/policy0/scaling_available_governors", "performance powersave\n"),
        ("cpufreq/policy1/scaling_governor", "performance\n"),
        ("cpufreq/policy1/scaling_available_governors", "performance powersave\n"),
        ("intel_pstate/no_turbo", "0\n"),
        ("smt/active", "1\n"),
        ("smt/control", "on\n"),
    ];

    #[test]
    fn each_knob_that_could_be_better_is_named_with_its_files() {
        let (_home, roots) = machine(&LAPTOP);
        let found = look(&roots);
        let knobs: Vec<_> =
            found.iter().map(|advice| (advice.knob, advice.changes.len())).collect();
        assert_eq!(knobs, [(Knob::Governor, 1), (Knob::Turbo, 1), (Knob::Smt, 1)]);
        assert_eq!((found[0].now.as_str(), found[0].better.as_str()), ("powersave", "performance"));
    }

    #[test]
    fn nothing_is_said_of_a_tuned_machine_or_of_one_that_shows_nothing() {
        let tuned = [
            ("cpufreq/policy0/scaling_governor", "performance"),
            ("cpufreq/policy0/scaling_available_governors", "performance powersave"),
            ("cpufreq/boost", "0"),
            ("smt/active", "0"),
            ("smt/control", "notsupported"),
        ];
        for files in [&tuned[..], &[]] {
            let (_home, roots) = machine(files);
            assert_eq!(look(&roots), []);
        }
    }

    #[test]
    fn a_governor_that_is_not_offered_is_not_asked_for() {
        let (_home, roots) = machine(&[
            ("cpufreq/policy0/scaling_governor", "schedutil"),
            ("cpufreq/policy0/scaling_available_governors", "schedutil"),
        ]);
        assert_eq!(look(&roots), []);
    }

    #[test]
    fn mitigations_are_told_and_left() {
        let (_home, roots) = machine(&[
            ("vulnerabilities/spectre_v2", "Mitigation: Retpolines\n"),
            ("vulnerabilities/l1tf", "Not affected\n"),
        ]);
        let found = look(&roots);
        assert_eq!((found[0].knob, found[0].now.as_str()), (Knob::Mitigations, "1 in force"));
        assert_eq!(found[0].changes, []);
    }
}
