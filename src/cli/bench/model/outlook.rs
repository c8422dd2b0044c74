//! What a load on a model's server would be, before anything is asked of it.

use crate::bench::serving::Plan;
use crate::model::unit::Seconds;

/// Two lines that a workflow's file takes for comments: how many requests come how often and how long, and
/// how long all of it takes.
pub(super) fn outlook(plan: &Plan, rates: &[f64]) -> String {
    let reckoned: Vec<Rate> = rates.iter().map(|rate| Rate::of(plan, *rate)).collect();
    let each: Vec<String> = reckoned.iter().map(Rate::words).collect();
    let whole = Seconds(reckoned.iter().map(|rate| rate.seconds).sum());
    let warmup = match plan.warmup {
        0 => String::new(),
        count => format!("; {count} to warm up come before each rate"),
    };
    format!(
        "# {} would get {}.\n# That takes {whole} and until the last answer{warmup}. Nothing was started.\n",
        plan.server.address,
        each.join(", then "),
    )
}

/// What comes at one rate.
struct Rate {
    per_second: f64,
    requests: f64,
    /// Whether chance and the time decide how many there are.
    about: bool,
    seconds: f64,
}

impl Rate {
    fn of(plan: &Plan, per_second: f64) -> Self {
        let by_time = plan.seconds.map_or(f64::INFINITY, |seconds| seconds * per_second);
        let by_number = plan.requests.map_or(f64::INFINITY, |requests| requests as f64);
        let fewer = by_time.min(by_number);
        Self {
            per_second,
            // The first comes at once.
            requests: fewer.round().max(1.0),
            about: plan.seconds.is_some(),
            seconds: fewer / per_second,
        }
    }

    fn words(&self) -> String {
        let Self { per_second, requests, about, seconds } = self;
        let about = if *about { "about " } else { "" };
        let plural = if *requests > 1.0 { "s" } else { "" };
        let length = Seconds(*seconds);
        format!("{about}{requests:.0} request{plural} at {per_second} a second for {length}")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::super::file::Line;
    use super::super::plan;
    use super::*;

    fn said(more: &[&str]) -> String {
        let line = ["bench", "--model", "http://gpu-1:8000/v1"];
        let wish = Line::parse_from(line.iter().chain(more)).bench;
        outlook(&plan(&wish, wish.rate[0], 7).unwrap(), &wish.rate)
    }

    #[test]
    fn it_says_how_many_how_often_how_long_and_to_whom() {
        let told = said(&["--rate", "4,0.5", "--duration", "60s"]);
        let [first, second] = told.lines().collect::<Vec<_>>()[..] else { panic!("{told}") };
        assert_eq!(
            first,
            "# http://gpu-1:8000 would get about 240 requests at 4 a second for 1m 00s, then about 30 \
             requests at 0.5 a second for 1m 00s."
        );
        assert!(
            second.starts_with("# That takes 2m 00s and until the last answer; 3 "),
            "{second}"
        );
        assert!(second.ends_with("Nothing was started."), "{second}");
    }

    #[test]
    fn a_number_of_requests_ends_it_where_it_is_reached_first() {
        let only = said(&["--rate", "20", "--requests", "9", "--warmup", "0"]);
        assert!(only.contains("would get 9 requests at 20 a second for 450 ms.\n"), "{only}");
        assert!(only.contains("until the last answer. Nothing"), "{only}");
        let both = said(&["--rate", "20", "--requests", "9", "--duration", "60s"]);
        assert!(both.contains("about 9 requests at 20 a second for 450 ms."), "{both}");
        let few = said(&["--rate", "0.1", "--duration", "2s"]);
        assert!(few.contains("about 1 request at 0.1 a second for 2.00 s."), "{few}");
    }
}
