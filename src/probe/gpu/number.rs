//! NVIDIA's numbers: with a unit, or not a number.
//!
//! "Not available" comes as a value with all bits set, or as DCGM's blank just under 2^31; a driver in
//! trouble says things that cannot be. None of these is shown as a figure.

use crate::model::reading::{Reading, Why};
use crate::model::unit::{BytesPerSecond, Celsius, Hertz, Ratio, Watts};

/// Smallest of the values with which NVIDIA's tools say "blank" in 32 bits.
pub(super) const BLANK: u32 = 0x7fff_fff0;
/// The same in 64 bits.
pub(super) const BLANK_64: u64 = 0x7fff_ffff_ffff_fff0;
/// Fastest link believed, in bytes per second.
const FASTEST: f64 = 1e14;

/// A reading of a reading: the value must have been told, and be one.
pub(super) fn both<T>(reading: Reading<Reading<T>>) -> Reading<T> {
    match reading {
        Reading::Known(inner) => inner,
        Reading::Missing(why) => Reading::Missing(why),
    }
}

/// `value`, which is none above `most`.
pub(super) fn within(value: u32, most: u32) -> Reading<u32> {
    match value {
        blank if blank >= BLANK => Reading::Missing(Why::NotSupported),
        sane if sane <= most => Reading::Known(sane),
        wild => {
            Reading::Missing(Why::Failed(format!("the driver says {wild}, at most {most}").into()))
        }
    }
}

/// `value` hundredths, at most `most`.
fn share(value: u32, most: u32) -> Reading<Ratio> {
    match within(value, most) {
        Reading::Known(sane) => {
            Reading::from_option(Ratio::of(f64::from(sane), 100.0), Why::NotSupported)
        }
        Reading::Missing(why) => Reading::Missing(why),
    }
}

/// 0 to 100.
pub(super) fn percent(value: u32) -> Reading<Ratio> {
    share(value, 100)
}

/// Fans may truly turn faster than their nominal maximum.
pub(super) fn fan(value: u32) -> Reading<Ratio> {
    share(value, 200)
}

/// From mW, up to 10 kW.
pub(super) fn watts(milliwatts: u32) -> Reading<Watts> {
    within(milliwatts, 10_000_000).map(|sane| Watts(f64::from(sane) / 1000.0))
}

/// From MHz, up to 100 GHz.
pub(super) fn hertz(megahertz: u32) -> Reading<Hertz> {
    within(megahertz, 100_000).map(|sane| Hertz(u64::from(sane) * 1_000_000))
}

/// A counter.
pub(super) fn count(value: u64) -> Reading<u64> {
    Reading::from_option((value < BLANK_64).then_some(value), Why::NotSupported)
}

/// 0 or 1.
pub(super) fn switch(value: u32) -> Reading<bool> {
    within(value, 1).map(|on| on == 1)
}

/// A temperature, up to 250 °C.
pub(super) fn celsius(degrees: u32) -> Reading<Celsius> {
    within(degrees, 250).map(|degrees| Celsius(f64::from(degrees)))
}

/// A share in percent, as a fraction of one.
pub(super) fn percent_of(value: f64) -> Reading<Ratio> {
    match value {
        sane if (0.0..=101.0).contains(&sane) => {
            Reading::from_option(Ratio::of(sane, 100.0), Why::NotSupported)
        }
        wild if wild.is_finite() && wild < f64::from(BLANK) => {
            Reading::Missing(Why::Failed(format!("the driver says {wild:.0} %").into()))
        }
        _ => Reading::Missing(Why::NotSupported),
    }
}

/// Bytes per second.
pub(super) fn rate(value: f64) -> Reading<BytesPerSecond> {
    let is_sane = (0.0..FASTEST).contains(&value);
    Reading::from_option(is_sane.then_some(BytesPerSecond(value)), Why::NotSupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_is_not_a_number_and_nonsense_is_not_one_either() {
        for blank in [u32::MAX, BLANK, BLANK + 3] {
            assert_eq!(percent(blank).why(), Some(&Why::NotSupported));
            assert_eq!(watts(blank).why(), Some(&Why::NotSupported));
        }
        assert!(matches!(percent(101).why(), Some(Why::Failed(_))));
        assert_eq!(percent(100).get().map(Ratio::percent), Some(100.0));
        assert_eq!(fan(130).get().map(Ratio::percent), Some(100.0));
        assert_eq!(count(u64::MAX).why(), Some(&Why::NotSupported));
        assert_eq!(switch(1).get(), Some(true));
        assert!(switch(7).get().is_none());
    }

    #[test]
    fn a_fraction_that_is_none_is_missing() {
        assert_eq!(percent_of(50.0).get().map(Ratio::fraction), Some(0.5));
        assert_eq!(percent_of(f64::NAN).why(), Some(&Why::NotSupported));
        assert_eq!(percent_of(2_147_483_632.0).why(), Some(&Why::NotSupported));
        assert!(matches!(percent_of(300.0).why(), Some(Why::Failed(_))));
        assert!(percent_of(-1.0).get().is_none());
        assert_eq!(rate(9_223_372_036_854_775_794.0).why(), Some(&Why::NotSupported));
        assert_eq!(rate(f64::NAN).why(), Some(&Why::NotSupported));
    }
}
