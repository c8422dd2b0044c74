//! Pressure stall information, from the text of `/proc/pressure/*`.

use crate::model::node::Stall;
use crate::model::unit::Ratio;

/// The averages over 10 seconds and the total; `None` without them.
pub fn parse(text: &str) -> Option<Stall> {
    let line = |kind| {
        text.lines()
            .map(|line| line.split_ascii_whitespace())
            .find_map(|mut fields| (fields.next() == Some(kind)).then_some(fields))
    };
    let (some, some_total_us) = averages(line("some")?)?;
    Some(Stall {
        some,
        full: line("full").and_then(averages).map(|(share, _)| share),
        some_total_us,
    })
}

/// The 10-second average as a share, and the total in microseconds.
fn averages<'a>(fields: impl Iterator<Item = &'a str>) -> Option<(Ratio, u64)> {
    let (mut share, mut total) = (None::<f64>, None);
    for field in fields {
        match field.split_once('=') {
            Some(("avg10", percent)) => share = percent.parse().ok(),
            Some(("total", microseconds)) => total = microseconds.parse().ok(),
            _ => {}
        }
    }
    Some((Ratio::new(share? / 100.0)?, total?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_shares_and_the_total() {
        let text = "some avg10=12.50 avg60=0.00 avg300=0.00 total=42\n\
                    full avg10=1.00 avg60=0.00 avg300=0.00 total=7\n";
        let stall = parse(text).unwrap();
        assert!((stall.some.fraction() - 0.125).abs() < 1e-9);
        assert!((stall.full.unwrap().fraction() - 0.01).abs() < 1e-9);
        assert_eq!(stall.some_total_us, 42);
    }

    #[test]
    fn an_older_kernel_has_no_full_line_and_half_a_line_is_none() {
        assert_eq!(parse("some avg10=0.00 total=1\n").unwrap().full, None);
        for half in ["", "some", "some avg10=", "some avg10=nan total=1", "some avg10=1"] {
            assert_eq!(parse(half), None, "{half}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(some|full| |avg10=|total=|[0-9.]{0,9}|\\PC|\n){0,40}") {
            let _ = parse(&text);
        }
    }
}
