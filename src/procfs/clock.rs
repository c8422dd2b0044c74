//! Present clocks of the processors, from the text of `/proc/cpuinfo` and of `cpufreq`.

use std::collections::HashMap;

use crate::model::unit::Hertz;

/// Thousands of hertz, as `cpufreq` writes them.
pub fn kilohertz(text: &str) -> Option<Hertz> {
    let kilohertz: u64 = text.trim().parse().ok()?;
    Some(Hertz(kilohertz.checked_mul(1000)?))
}

/// `cpu MHz : 2300.000` by `processor : 0`; absent on ARM.
pub fn megahertz(text: &str) -> HashMap<u32, Hertz> {
    let mut clocks = HashMap::new();
    let mut id = None;
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        match name.trim() {
            "processor" => id = value.trim().parse().ok(),
            "cpu MHz" => {
                let hertz = value.trim().parse().ok().and_then(whole_hertz);
                clocks.extend(id.zip(hertz));
            }
            _ => {}
        }
    }
    clocks
}

fn whole_hertz(megahertz: f64) -> Option<Hertz> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0..1e12 after the filter"
    )]
    let hertz = |megahertz: f64| Hertz((megahertz * 1e6).round() as u64);
    (0.0..1e6).contains(&megahertz).then(|| hertz(megahertz))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_both_sources() {
        assert_eq!(kilohertz("2400000\n"), Some(Hertz(2_400_000_000)));
        assert_eq!(kilohertz("<unknown>\n"), None);
        let clocks = megahertz("processor\t: 3\ncpu MHz\t\t: 2300.5\nprocessor: 4\ncpu MHz: -1\n");
        assert_eq!(clocks, HashMap::from([(3, Hertz(2_300_500_000))]));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(processor|cpu MHz|:|[-0-9.e]{0,12}|\\PC|\n){0,40}") {
            let _ = (kilohertz(&text), megahertz(&text));
        }
    }
}
