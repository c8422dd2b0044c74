//! The table that amdgpu's firmware fills (`gpu_metrics`), as far as its versions agree.
//!
//! A header says how long the table is and of which version; the fields of each version stand in the
//! kernel's `kgd_pp_interface.h`. A version that is not known here tells nothing, and a field of ones
//! means "not on this GPU". All numbers are little-endian.

use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::Celsius;

/// Longest table believed, in bytes.
pub(super) const LONGEST: usize = 16 << 10;

/// Reasons for lower clocks, by bit, the same for all GPUs in versions that have them
/// (`amdgpu_smu.h`): the first bit and the last of a group, and what it means to people.
const REASONS: [(u32, u32, &str); 8] = [
    (0, 7, "power limit"),
    (16, 23, "current limit"),
    (32, 33, "too hot"),
    (34, 34, "memory too hot"),
    (35, 37, "too hot"),
    (38, 45, "voltage regulator too hot"),
    (46, 47, "too hot (PROCHOT)"),
    (56, 57, "held back by its firmware"),
];

/// A table of a known version.
#[derive(Debug)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    layout: &'a Layout,
}

/// Where a version has its fields, in bytes from the start; `None` where it has none.
#[derive(Debug)]
struct Layout {
    hotspot: Option<usize>,
    memory: Option<usize>,
    /// Degrees as they are, or in hundredths.
    hundredths: bool,
    throttle: Option<usize>,
    lanes: Option<usize>,
}

const DISCRETE: Layout = Layout {
    hotspot: Some(6),
    memory: Some(8),
    hundredths: false,
    throttle: None,
    lanes: Some(74),
};
const DISCRETE_1_0: Layout =
    Layout { hotspot: Some(18), memory: Some(20), lanes: None, ..DISCRETE };
const DISCRETE_1_3: Layout = Layout { throttle: Some(112), ..DISCRETE };
const ACCELERATOR: Layout =
    Layout { hotspot: Some(4), memory: Some(6), hundredths: false, throttle: None, lanes: None };
const INTEGRATED: Layout =
    Layout { hotspot: Some(4), memory: None, hundredths: true, throttle: None, lanes: None };
const INTEGRATED_2_0: Layout = Layout { hotspot: Some(16), ..INTEGRATED };
const INTEGRATED_2_2: Layout = Layout { throttle: Some(120), ..INTEGRATED };

impl<'a> Table<'a> {
    /// The table in `bytes`; why there is none if they are not one, or of an unknown version.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Why> {
        let too_short = || Why::Failed("gpu_metrics is cut short".into());
        let length = usize::from(u16_at(bytes, 0).ok_or_else(too_short)?);
        let (Some(format), Some(content)) = (bytes.get(2), bytes.get(3)) else {
            return Err(too_short());
        };
        let layout = match (format, content) {
            (1, 0) => &DISCRETE_1_0,
            (1, 1 | 2) => &DISCRETE,
            (1, 3) => &DISCRETE_1_3,
            (1, 4..=8) => &ACCELERATOR,
            (2, 0) => &INTEGRATED_2_0,
            (2, 1) => &INTEGRATED,
            (2, 2..=4) => &INTEGRATED_2_2,
            _ => {
                let version = format!("gpu_metrics {format}.{content} is not known here");
                return Err(Why::Failed(version.into()));
            }
        };
        let bytes = bytes.get(..length).ok_or_else(too_short)?;
        Ok(Self { bytes, layout })
    }

    /// The hottest spot of the core.
    pub(super) fn hotspot(&self) -> Reading<Celsius> {
        self.celsius(self.layout.hotspot)
    }

    /// The memory.
    pub(super) fn memory(&self) -> Reading<Celsius> {
        self.celsius(self.layout.memory)
    }

    fn celsius(&self, at: Option<usize>) -> Reading<Celsius> {
        let told = at.and_then(|at| u16_at(self.bytes, at)).filter(|told| *told != u16::MAX);
        let scale = if self.layout.hundredths { 100.0 } else { 1.0 };
        let celsius = told.map(|told| f64::from(told) / scale);
        let sane = celsius.filter(|celsius| (1.0..250.0).contains(celsius));
        Reading::from_option(sane.map(Celsius), Why::NotSupported)
    }

    /// Why it is slower than it could be; each reason once.
    pub(super) fn throttle(&self) -> Reading<Vec<SafeText>> {
        let told = self.layout.throttle.and_then(|at| u64_at(self.bytes, at));
        let bits = told.filter(|bits| *bits != u64::MAX);
        Reading::from_option(bits.map(words), Why::NotSupported)
    }

    /// Lanes in use.
    pub(super) fn lanes(&self) -> Reading<u32> {
        let told = self.layout.lanes.and_then(|at| u16_at(self.bytes, at)).map(u32::from);
        let sane = told.filter(|lanes| (1..=32).contains(lanes));
        Reading::from_option(sane, Why::NotSupported)
    }
}

fn words(bits: u64) -> Vec<SafeText> {
    let mut words: Vec<&str> = Vec::new();
    let mut rest = bits;
    for (first, last, word) in REASONS {
        let mask = (u64::MAX >> (63 - (last - first))) << first;
        if bits & mask != 0 && !words.contains(&word) {
            words.push(word);
        }
        rest &= !mask;
    }
    let mut words: Vec<SafeText> = words.into_iter().map(SafeText::from).collect();
    if rest != 0 {
        words.push(SafeText::from(format!("unknown reason {rest:#x}")));
    }
    words
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(version: (u8, u8), length: u16, fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0xff; usize::from(length)];
        bytes[..2].copy_from_slice(&length.to_le_bytes());
        (bytes[2], bytes[3]) = version;
        for (at, field) in fields {
            bytes[*at..*at + field.len()].copy_from_slice(field);
        }
        bytes
    }

    #[test]
    fn a_discrete_card_tells_heat_lanes_and_reasons() {
        let bits = (1_u64 << 1 | 1 << 36 | 1 << 33).to_le_bytes();
        let bytes =
            table((1, 3), 120, &[(6, &[91, 0]), (8, &[84, 0]), (74, &[16, 0]), (112, &bits)]);
        let table = Table::of(&bytes).unwrap();
        assert_eq!(table.hotspot(), Reading::Known(Celsius(91.0)));
        assert_eq!(table.memory(), Reading::Known(Celsius(84.0)));
        assert_eq!(table.lanes(), Reading::Known(16));
        let held = ["power limit", "too hot"].map(SafeText::from);
        assert_eq!(table.throttle(), Reading::Known(held.to_vec()));
    }

    #[test]
    fn an_integrated_one_counts_in_hundredths_and_ones_are_nothing() {
        let bytes = table((2, 2), 128, &[(4, &5_130_u16.to_le_bytes()), (120, &[0; 8])]);
        let read = Table::of(&bytes).unwrap();
        assert_eq!(read.hotspot(), Reading::Known(Celsius(51.3)));
        assert_eq!(read.throttle(), Reading::Known(Vec::new()));
        assert_eq!(read.memory().why(), Some(&Why::NotSupported));
        let blank = table((1, 3), 120, &[]);
        let read = Table::of(&blank).unwrap();
        assert_eq!(read.hotspot().why(), Some(&Why::NotSupported));
        assert_eq!(read.throttle().why(), Some(&Why::NotSupported));
    }

    #[test]
    fn what_is_no_table_or_of_another_version_says_so() {
        for bytes in [&[][..], &[9][..], &[200, 0, 1, 3][..]] {
            assert!(matches!(Table::of(bytes), Err(Why::Failed(_))), "{bytes:?}");
        }
        let Err(Why::Failed(words)) = Table::of(&[4, 0, 9, 1]) else { panic!("a table") };
        assert!(words.as_str().contains("9.1"), "{words}");
        assert_eq!(words_of(1 << 60), ["unknown reason 0x1000000000000000"]);
    }

    fn words_of(bits: u64) -> Vec<String> {
        words(bits).iter().map(ToString::to_string).collect()
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, version: (u8, u8)) {
            let mut bytes = bytes;
            if let Some(head) = bytes.get_mut(..4) {
                head.copy_from_slice(&[4, 0, version.0 % 3, version.1 % 9]);
            }
            if let Ok(table) = Table::of(&bytes) {
                drop((table.hotspot(), table.memory(), table.throttle(), table.lanes()));
            }
        }
    }
}
