//! How busy the scheduler is and since when, from the texts of `/proc/loadavg` and `/proc/uptime`.

use crate::model::unit::Seconds;

/// `0.10 0.20 0.30 2/345 6789`: averages, then running and all scheduling entities.
pub fn parse(text: &str) -> Option<([f64; 3], (u32, u32))> {
    let mut fields = text.split_ascii_whitespace();
    let mut load = [0.0; 3];
    for average in &mut load {
        *average = fields.next()?.parse().ok().filter(|load: &f64| load.is_finite())?;
    }
    let (running, all) = fields.next()?.split_once('/')?;
    Some((load, (running.parse().ok()?, all.parse().ok()?)))
}

/// `12.5 3.0`: time since boot first.
pub fn seconds(text: &str) -> Option<Seconds> {
    let seconds: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then_some(Seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_load_entities_and_uptime() {
        assert_eq!(parse("0.10 2.20 0.30 2/345 6789\n"), Some(([0.1, 2.2, 0.3], (2, 345))));
        assert_eq!(seconds("12.5 3.0\n"), Some(Seconds(12.5)));
        for odd in ["", "1 2", "1 2 3 4", "nan 1 1 1/1", "1 2 3 x/1"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds("inf"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([0-9.]{0,9}| |/|\\PC){0,20}") {
            let _ = (parse(&text), seconds(&text));
        }
    }
}
