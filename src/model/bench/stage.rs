//! The stages that a benchmark goes through.

use super::Plan;
use crate::model::load::{Load, Stride};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BenchStage {
    /// Backends that were not tried yet are tried, and what sandboxes need is set up.
    Prepare,
    /// Rounds that are kept and not counted.
    WarmUp,
    /// Rounds that count.
    Rounds,
    /// Sandboxes that stand still together are weighed.
    Memory,
    /// A closed loop.
    Throughput,
    /// An open loop.
    Latency,
    /// One beside a busy neighbour.
    Neighbour,
    /// As many at once as there is room for.
    Density,
    /// What came of it is made of the samples.
    Figures,
}

impl BenchStage {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 9] = [
        Self::Prepare,
        Self::WarmUp,
        Self::Rounds,
        Self::Memory,
        Self::Throughput,
        Self::Latency,
        Self::Neighbour,
        Self::Density,
        Self::Figures,
    ];

    /// Its name; that of a load is the load's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::WarmUp => "warm-up",
            Self::Rounds => "rounds",
            Self::Memory => "memory",
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Neighbour => "neighbour",
            Self::Density => "density",
            Self::Figures => "figures",
        }
    }

    /// The stage called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// What is done in it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Prepare => "tries backends, sets up what sandboxes need",
            Self::WarmUp => "each cell once a round, not counted",
            Self::Rounds => "each cell once a round",
            Self::Memory => "sandboxes that stand still are weighed",
            Self::Throughput => "closed loop, more and more at once",
            Self::Latency => "open loop, arrivals on a schedule",
            Self::Neighbour => "one beside a busy neighbour",
            Self::Density => "as many at once as there is room for",
            Self::Figures => "statistics of all samples",
        }
    }

    /// The stage of `load`.
    pub const fn of_load(load: &Load) -> Self {
        match load {
            Load::Memory { .. } => Self::Memory,
            Load::Throughput { .. } => Self::Throughput,
            Load::Latency { .. } => Self::Latency,
            Load::Neighbour { .. } => Self::Neighbour,
            Load::Density { .. } => Self::Density,
        }
    }

    /// The stage in which a step of this kind is taken.
    pub const fn of_stride(stride: &Stride) -> Self {
        match stride {
            Stride::Memory { .. } => Self::Memory,
            Stride::Throughput { .. } => Self::Throughput,
            Stride::Latency { .. } => Self::Latency,
            Stride::Neighbour { .. } => Self::Neighbour,
            Stride::Density { .. } => Self::Density,
        }
    }

    /// The load of `plan` that is put on in it; `None` for the stages of every benchmark.
    pub fn load(self, plan: &Plan) -> Option<&Load> {
        plan.loads.iter().find(|load| Self::of_load(load) == self)
    }

    /// The stages that a benchmark of `plan` has.
    pub fn planned(plan: &Plan) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|stage| stage.is_in(plan))
    }

    /// Whether a benchmark of `plan` has it.
    pub fn is_in(self, plan: &Plan) -> bool {
        match self {
            Self::Prepare | Self::Rounds | Self::Figures => true,
            Self::WarmUp => plan.effort.warmup_rounds > 0,
            _ => self.load(plan).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_of_a_load_has_its_name_and_its_place() {
        let loads: Vec<&str> = BenchStage::ALL[3..8].iter().map(|stage| stage.name()).collect();
        assert_eq!(loads, Load::NAMES);
        for stage in BenchStage::ALL {
            assert_eq!(BenchStage::parse(stage.name()), Some(stage));
        }
    }
}
