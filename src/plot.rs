//! Pictures of a run: what is on them, as plain data.
//!
//! A picture is panels of marks on two axes, with the words that make it stand alone: title, units,
//! notes, and the line that says where it comes from. It says nothing that the samples do not; what is
//! missing is named. `draw` turns it into SVG, PNG or PDF (feature `plot`).

use crate::model::run::Run;

mod bars;
mod data;
#[cfg(feature = "plot")]
pub mod draw;
mod ladder;
mod latency;
mod neighbour;
mod scale;
mod spread;
pub mod table;
mod throughput;
mod timeline;

pub use scale::{Axis, Scale, Unit};

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Medians with their 95 % intervals, bars from zero.
    Bars,
    /// The phases of a start, one behind the other, all backends on one scale.
    Ladder,
    /// Every sample and how many lie where.
    Samples,
    /// The share of samples up to a time.
    Ecdf,
    /// Starts a second over how many at once, with the knee.
    Throughput,
    /// Memory of one sandbox.
    Memory,
    /// Samples and what the host did, on one axis of time.
    Timeline,
    /// Percentiles of an open loop, from the intended arrival.
    Latency,
    /// How much slower one is beside another.
    Neighbour,
}

impl Kind {
    /// Every kind, in the order in which they are looked at.
    pub const ALL: [Self; 9] = [
        Self::Bars,
        Self::Ladder,
        Self::Samples,
        Self::Ecdf,
        Self::Throughput,
        Self::Memory,
        Self::Timeline,
        Self::Latency,
        Self::Neighbour,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::Ladder => "ladder",
            Self::Samples => "samples",
            Self::Ecdf => "ecdf",
            Self::Throughput => "throughput",
            Self::Memory => "memory",
            Self::Timeline => "timeline",
            Self::Latency => "latency",
            Self::Neighbour => "neighbour",
        }
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// What it shows.
    pub kind: Kind,
    /// The same in a few words.
    pub title: String,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// What must be known to read it, and what is not on it.
    pub notes: Vec<String>,
    /// Which run, where, how quiet, with which seed.
    pub source: String,
}

/// Marks on two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What this part shows.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top; rows are counted from the top.
    pub y: Axis,
    /// Drawn in this order.
    pub marks: Vec<Mark>,
    /// What the colours mean.
    pub legend: Vec<(String, Ink)>,
    /// Height of the part between the axes, in points.
    pub height: f64,
}

/// Something drawn, in the coordinates of its panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A filled box between two corners.
    Bar {
        /// Left and right end.
        x: (f64, f64),
        /// Both ends of its height.
        y: (f64, f64),
        /// Its colour.
        ink: Ink,
        /// How much of it covers what is below, 0..=1.
        cover: f64,
    },
    /// A line through points.
    Line {
        /// The points.
        points: Vec<(f64, f64)>,
        /// Its colour.
        ink: Ink,
        /// Width in points.
        width: f64,
        /// Whether it is broken into dashes.
        dashed: bool,
    },
    /// A dot at each point.
    Dots {
        /// The points.
        points: Vec<(f64, f64)>,
        /// Its colour.
        ink: Ink,
        /// Whether only its rim is drawn.
        hollow: bool,
    },
    /// A 95 % interval along x or y, with a short bar at each end.
    Interval {
        /// One end.
        from: (f64, f64),
        /// The other.
        to: (f64, f64),
    },
    /// A word a little to the right of, or centred on, a point.
    Word {
        /// The point.
        at: (f64, f64),
        /// The word.
        text: String,
        /// Whether the point is its middle.
        centred: bool,
        /// Its colour.
        ink: Ink,
    },
}

/// A colour by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// One of a row of colours that the colour-blind tell apart too.
    Series(usize),
    /// That of text.
    Text,
    /// Less than that of text.
    Muted,
    /// A share from cool to hot, 0..=255.
    Heat(u8),
    /// Text on a heat of that share.
    OnHeat(u8),
}

/// The picture of `kind` of `run`, or why there is nothing to draw.
pub fn picture(run: &Run, kind: Kind) -> Result<Picture, String> {
    let (title, panels, notes) = match kind {
        Kind::Bars => bars::bars(run),
        Kind::Ladder => ladder::ladder(run),
        Kind::Samples => spread::samples(run),
        Kind::Ecdf => spread::ecdf(run),
        Kind::Throughput => throughput::throughput(run),
        Kind::Memory => bars::memory(run),
        Kind::Timeline => timeline::timeline(run),
        Kind::Latency => latency::latency(run),
        Kind::Neighbour => neighbour::neighbour(run),
    }?;
    Ok(Picture { kind, title, panels, notes, source: data::source(run) })
}

/// What each kind makes: its title, its panels, its notes; or why there is nothing.
type Made = Result<(String, Vec<Panel>, Vec<String>), String>;

#[cfg(test)]
mod tests;
