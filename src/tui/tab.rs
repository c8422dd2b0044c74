//! The tabs: each one file with a `View` (what is looked at), its `act` and its `draw`.

/// A tab that works; one that does not is not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// One screen of truth.
    #[default]
    Overview,
    /// Nodes, and one node in depth.
    Nodes,
    /// GPUs.
    Gpus,
    /// What can isolate here.
    Backends,
    /// Run benchmarks and see them.
    Bench,
    /// What isomon did.
    Logs,
}

impl Tab {
    /// Every tab, in order.
    pub const ALL: [Self; 6] =
        [Self::Overview, Self::Nodes, Self::Gpus, Self::Backends, Self::Bench, Self::Logs];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Nodes => "Nodes",
            Self::Gpus => "GPUs",
            Self::Backends => "Backends",
            Self::Bench => "Bench",
            Self::Logs => "Logs",
        }
    }

    /// The digit that opens it.
    pub const fn digit(self) -> char {
        match self {
            Self::Overview => '1',
            Self::Nodes => '2',
            Self::Gpus => '3',
            Self::Backends => '4',
            Self::Bench => '5',
            Self::Logs => '9',
        }
    }
}
