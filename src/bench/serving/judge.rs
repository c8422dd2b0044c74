//! What stands against the figures of a load, in words: who asked was slow, too few answers, a server
//! that says something else.

use super::{Own, Told};
use crate::model::request::Counted;
use crate::model::text::SafeText;
use crate::stats::request::Figures;

/// Share of requests that may be sent late.
const LATE: f64 = 0.01;
/// Share by which two figures of one thing may differ.
const APART: f64 = 0.15;
/// Milliseconds below which a difference is none.
const SLIGHT: f64 = 2.0;
/// Percent of a processor above which isomon itself may be what is slow.
const BUSY: f64 = 85.0;

/// What is known beside the figures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside {
    /// The most that isomon took of one processor over a second, in percent.
    pub(super) own_cpu: Option<f64>,
    /// Rows of gaps were left out.
    pub(super) left_out: bool,
    /// A request waited for room under the cap.
    pub(super) capped: bool,
}

/// Everything that stands against what `told` says.
pub(super) fn warnings(told: &Told, beside: Beside) -> Vec<SafeText> {
    let figures = &told.figures;
    let mut words = Vec::new();
    words.extend(held(told, beside.capped));
    words.extend(behind(figures));
    words.extend(beside.own_cpu.filter(|most| *most > BUSY).map(|most| {
        format!("isomon itself took up to {most:.0} % of a processor: who asks may be what is slow")
    }));
    words.extend(few(figures));
    words.extend(tokens(told));
    words.extend(told.own.iter().flat_map(|own| unlike(figures, own)));
    if beside.left_out {
        words.push(
            "there were more gaps between tokens than are kept; the last are left out".into(),
        );
    }
    words.iter().map(|words| SafeText::new(words)).collect()
}

fn held(told: &Told, capped: bool) -> Option<String> {
    let Figures { requests, held, held_most_ms, .. } = told.figures;
    let late = held as f64 > requests as f64 * LATE;
    let why = if capped {
        format!("no more than {} may be at work (-C)", told.at_once)
    } else {
        "isomon was slow to send them".to_owned()
    };
    let unsent = match told.unsent {
        0 => String::new(),
        count => format!(", and {count} were never sent"),
    };
    (late || told.unsent > 0).then(|| {
        format!(
            "{held} of {requests} requests were sent late, up to {held_most_ms:.0} ms{unsent}: {why}; \
             the times have the wait in them"
        )
    })
}

fn behind(figures: &Figures) -> Option<String> {
    let (middle, end) = figures.at_work?;
    (end > 2 * middle + 4).then(|| {
        format!(
            "the server falls behind: {middle} requests were at work in the middle and {end} at the \
             end, so the times depend on how long the load lasts"
        )
    })
}

fn few(figures: &Figures) -> Option<String> {
    let spread = figures.e2e_ms?;
    let lacking = [("p50", spread.p50, 6), ("p95", spread.p95, 72), ("p99", spread.p99, 368)];
    let (name, _, least) = lacking.into_iter().find(|(_, of, _)| of.interval.is_none())?;
    Some(format!("{} answers are too few for an interval of {name}, which takes {least}", spread.n))
}

fn tokens(told: &Told) -> Vec<String> {
    let figures = &told.figures;
    let mut words = Vec::new();
    match figures.counted_by {
        Some(Counted::Chunks) => words.push(
            "the server does not count the tokens of answers: they are the pieces that came, each of \
             which may hold several"
                .to_owned(),
        ),
        Some(Counted::Nobody) => words.push("nobody counted the tokens of answers".to_owned()),
        _ => {}
    }
    let short = figures.output_tokens.filter(|mean| *mean < f64::from(told.output_tokens) * 0.9);
    words.extend(short.map(|mean| {
        format!(
            "answers were {mean:.0} tokens long on the mean, and {} were asked for",
            told.output_tokens
        )
    }));
    if let (true, Some(chunks), Some(tokens)) = (told.stream, figures.chunks, figures.output_tokens)
        && chunks < tokens * 0.9
    {
        words.push(format!(
            "answers of {tokens:.0} tokens came in {chunks:.0} pieces: ITL is between pieces"
        ));
    }
    let wanted = f64::from(told.prompt_tokens);
    let other = figures.prompt_tokens.filter(|mean| (mean / wanted - 1.0).abs() > 0.1);
    words.extend(other.map(|mean| {
        format!("prompts were {mean:.0} tokens long on the mean, and {wanted:.0} were asked for")
    }));
    words
}

/// Where the server says something else of itself.
fn unlike(figures: &Figures, own: &Own) -> Vec<String> {
    let apart = |seen: f64, told: f64| (seen - told).abs() > APART * seen.max(told);
    let mut words = Vec::new();
    if let (Some(seen), Some(told)) = (figures.generated_per_s, own.generated_per_s)
        && apart(seen, told)
    {
        let why = if told > seen {
            "others ask it too, or answers that failed are counted"
        } else {
            "its counter leaves some out, or lags behind"
        };
        words.push(format!("{seen:.1} tokens/s were seen and the server says {told:.1}: {why}"));
    }
    let times = [("TTFT", figures.ttft_ms, own.ttft_ms), ("E2E", figures.e2e_ms, own.e2e_ms)];
    for (name, seen, told) in times {
        if let (Some(seen), Some(told)) = (seen, told)
            && apart(seen.mean, told.mean)
            && (seen.mean - told.mean).abs() > SLIGHT
        {
            let why = if seen.mean > told.mean {
                "the rest is the way there, and the wait before the server counts"
            } else {
                "others ask it too"
            };
            words.push(format!(
                "{name} was {:.1} ms on the mean and the server says {:.1} ms: {why}",
                seen.mean, told.mean
            ));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::Request;
    use crate::stats::request::{figures, spread};
    use crate::stats::serving::Quick;

    fn told() -> Told {
        let requests: Vec<Request> = (0..400)
            .map(|number| Request {
                number,
                intended_s: number as f64 / 10.0,
                done_s: number as f64 / 10.0 + 0.1,
                ttft_ms: Some(50.0),
                e2e_ms: Some(100.0),
                output_tokens: Some(10),
                prompt_tokens: Some(20),
                counted_by: Counted::Usage,
                chunks: 10,
                ..Request::default()
            })
            .collect();
        let figures = figures(&requests, &[], 0.0, 1);
        Told { figures, at_once: 8, output_tokens: 10, prompt_tokens: 20, ..Told::default() }
    }

    fn said(change: impl Fn(&mut Told), beside: Beside) -> String {
        let mut told = told();
        change(&mut told);
        let words = warnings(&told, beside);
        words.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_good_load_has_nothing_against_it() {
        assert_eq!(said(|_| {}, Beside::default()), "");
    }

    /// `wanted`, and nothing else, is said of what `change` makes of a good load.
    #[track_caller]
    fn only(wanted: &str, change: impl Fn(&mut Told), beside: Beside) {
        let words = said(change, beside);
        assert!(words.contains(wanted), "{wanted}: {words}");
        assert_eq!(words.lines().count(), 1, "{wanted} alone: {words}");
    }

    #[test]
    fn who_asks_may_be_what_is_slow() {
        let quiet = Beside::default();
        let capped = Beside { capped: true, ..quiet };
        only("no more than 8 may be at work", |told| told.figures.held = 50, capped);
        only("isomon was slow to send them", |told| told.figures.held = 50, quiet);
        only("7 were never sent", |told| told.unsent = 7, quiet);
        only("up to 99 % of a processor", |_| {}, Beside { own_cpu: Some(99.0), ..quiet });
        only("left out", |_| {}, Beside { left_out: true, ..quiet });
    }

    #[test]
    fn what_the_answers_lack_is_said() {
        let only = |wanted, change: fn(&mut Told)| only(wanted, change, Beside::default());
        only("falls behind", |told| told.figures.at_work = Some((3, 30)));
        only("100 answers are too few for an interval of p99", |told| {
            told.figures.e2e_ms = spread(vec![1.0; 100]);
        });
        only("the pieces that came", |told| told.figures.counted_by = Some(Counted::Chunks));
        only("answers were 5 tokens long", |told| told.figures.output_tokens = Some(5.0));
        only("in 4 pieces", |told| {
            told.figures.chunks = Some(4.0);
            told.stream = true;
        });
    }

    #[test]
    fn a_server_that_says_something_else_is_set_beside_it() {
        let only = |wanted, change: fn(&mut Told)| only(wanted, change, Beside::default());
        only("the server says 200.0", |told| {
            told.own = Some(Own { generated_per_s: Some(200.0), ..Own::default() });
        });
        only("TTFT was 50.0 ms on the mean and the server says 20.0 ms", |told| {
            let ttft_ms = Some(Quick { mean: 20.0, ..Quick::default() });
            told.own = Some(Own { ttft_ms, ..Own::default() });
        });
    }
}
