//! The phases of a sandbox's life, and the figures made of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::unit::Seconds;

/// A part of a sandbox's life, between two boundaries seen from the host.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Asked for → a handle exists.
    Create,
    /// → first instruction of the guest, or of the program.
    Boot,
    /// → the runtime inside is ready.
    Init,
    /// → first byte of the marker.
    Ready,
    /// → last byte of the result.
    Run,
    /// → the sandbox has ended.
    Exit,
    /// → nothing of it is left.
    Clean,
}

impl Phase {
    /// Every phase, in the order of a sandbox's life.
    pub const ALL: [Self; 7] =
        [Self::Create, Self::Boot, Self::Init, Self::Ready, Self::Run, Self::Exit, Self::Clean];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Boot => "boot",
            Self::Init => "init",
            Self::Ready => "ready",
            Self::Run => "run",
            Self::Exit => "exit",
            Self::Clean => "clean",
        }
    }
}

/// How long each phase took; a phase that a backend does not have is absent, not zero. So is what
/// was over before it was asked for: a warm sandbox has no `create`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "each is the phase of its name, in seconds; see `Phase`")]
pub struct Phases {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean_seconds: Option<Seconds>,
}

impl Phases {
    /// How long `phase` took, if there was one.
    pub const fn get(&self, phase: Phase) -> Option<Seconds> {
        match phase {
            Phase::Create => self.create_seconds,
            Phase::Boot => self.boot_seconds,
            Phase::Init => self.init_seconds,
            Phase::Ready => self.ready_seconds,
            Phase::Run => self.run_seconds,
            Phase::Exit => self.exit_seconds,
            Phase::Clean => self.clean_seconds,
        }
    }

    /// Notes how long `phase` took.
    pub const fn set(&mut self, phase: Phase, length: Seconds) {
        let slot = match phase {
            Phase::Create => &mut self.create_seconds,
            Phase::Boot => &mut self.boot_seconds,
            Phase::Init => &mut self.init_seconds,
            Phase::Ready => &mut self.ready_seconds,
            Phase::Run => &mut self.run_seconds,
            Phase::Exit => &mut self.exit_seconds,
            Phase::Clean => &mut self.clean_seconds,
        };
        *slot = Some(length);
    }

    /// The sum of the phases from the first to `last`; `None` if `last` was not reached.
    pub fn until(&self, last: Phase) -> Option<Seconds> {
        self.get(last)?;
        let reached = Phase::ALL.into_iter().filter(|phase| *phase <= last);
        Some(Seconds(reached.filter_map(|phase| self.get(phase)).map(|s| s.0).sum()))
    }
}

/// A time between two named boundaries, made of phases, so that it can be set beside a claim.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Asked for → first byte of the marker: how long the sandbox keeps one waiting, whatever was
    /// there already. Files of before there were several starts call it `cold_start`.
    #[serde(alias = "cold_start")]
    Start,
    /// First byte of the marker → last byte of the result: the work alone.
    Work,
    /// Asked for → last byte of the result.
    Request,
    /// Asked for → ended, as a command-line benchmark would time it.
    Cli,
    /// Ended → nothing left.
    Clean,
    /// A machine is let run → its first process runs, as Firecracker states it: `InstanceStart` is
    /// sent → init. Only where both ends are seen.
    Spec,
    /// Asked for → first instruction of the program: of a guest's first process, or of the guest
    /// where there is no other. Only where that is seen from outside.
    FirstExec,
}

impl Figure {
    /// Every figure, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::Work,
        Self::Request,
        Self::Cli,
        Self::Clean,
        Self::Spec,
        Self::FirstExec,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Work => "work",
            Self::Request => "request",
            Self::Cli => "cli",
            Self::Clean => "clean",
            Self::Spec => "spec",
            Self::FirstExec => "first-exec",
        }
    }

    /// Its value in `phases`, if they reach that far.
    pub fn of(self, phases: &Phases) -> Option<Seconds> {
        match self {
            Self::Start => phases.until(Phase::Ready),
            Self::Work => phases.run_seconds,
            Self::Request => phases.until(Phase::Run),
            // What has no end of its own is over with its work.
            Self::Cli => phases.until(Phase::Exit).or_else(|| {
                phases.clean_seconds?;
                phases.until(Phase::Run)
            }),
            Self::Clean => phases.clean_seconds,
            Self::Spec => Some(Seconds(phases.boot_seconds?.0 + phases.init_seconds?.0)),
            Self::FirstExec => {
                phases.boot_seconds?;
                phases.until(Phase::Init).or_else(|| phases.until(Phase::Boot))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_sums_of_phases_and_absent_when_not_reached() {
        let mut phases = Phases::default();
        phases.set(Phase::Create, Seconds(1.0));
        phases.set(Phase::Ready, Seconds(2.0));
        assert_eq!(Figure::Start.of(&phases), Some(Seconds(3.0)));
        assert_eq!(Figure::Cli.of(&phases), None);
        let json = serde_json::to_string(&phases).unwrap();
        assert_eq!(json, r#"{"create_seconds":1.0,"ready_seconds":2.0}"#);
    }

    #[test]
    fn the_first_instruction_is_seen_where_there_is_such_a_boundary() {
        let mut phases = Phases::default();
        phases.set(Phase::Create, Seconds(1.0));
        phases.set(Phase::Ready, Seconds(8.0));
        let seen = |phases: &Phases| (Figure::Spec.of(phases), Figure::FirstExec.of(phases));
        assert_eq!(seen(&phases), (None, None), "a process");
        phases.set(Phase::Boot, Seconds(2.0));
        assert_eq!(seen(&phases), (None, Some(Seconds(3.0))), "a guest without an init");
        phases.set(Phase::Init, Seconds(4.0));
        assert_eq!(seen(&phases), (Some(Seconds(6.0)), Some(Seconds(7.0))));
        phases.create_seconds = None;
        assert_eq!(seen(&phases), (Some(Seconds(6.0)), Some(Seconds(6.0))), "it was there");
        phases.boot_seconds = None;
        assert_eq!(seen(&phases), (None, None), "when it was let run was not seen");
    }

    #[test]
    fn what_ends_with_its_work_has_an_end() {
        let mut phases = Phases::default();
        phases.set(Phase::Create, Seconds(1.0));
        phases.set(Phase::Run, Seconds(2.0));
        assert_eq!(Figure::Cli.of(&phases), None, "it is not over");
        phases.set(Phase::Clean, Seconds(9.0));
        assert_eq!(Figure::Cli.of(&phases), Some(Seconds(3.0)));
        phases.set(Phase::Exit, Seconds(1.0));
        assert_eq!(Figure::Cli.of(&phases), Some(Seconds(4.0)));
    }

    #[test]
    fn a_figure_is_found_by_the_name_it_had_before() {
        let read = |text| serde_json::from_str::<Figure>(text).unwrap();
        assert_eq!((read(r#""cold_start""#), read(r#""start""#)), (Figure::Start, Figure::Start));
        assert_eq!(serde_json::to_string(&Figure::Start).unwrap(), r#""start""#);
    }

    #[test]
    fn what_was_there_already_is_absent_and_in_no_sum() {
        let mut warm = Phases::default();
        warm.set(Phase::Ready, Seconds(2.0));
        warm.set(Phase::Run, Seconds(1.0));
        assert_eq!(warm.create_seconds, None);
        assert_eq!(Figure::Start.of(&warm), Some(Seconds(2.0)));
        assert_eq!(Figure::Request.of(&warm), Some(Seconds(3.0)));
        assert_eq!((Figure::Cli.of(&warm), Figure::Clean.of(&warm)), (None, None));
    }
}
