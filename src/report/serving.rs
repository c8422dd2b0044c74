//! What loads on a model's server came to, for people and for programs: each load a column, each figure a
//! row, and beside what was seen what the server says of itself.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::model::text::SafeText;
use crate::stats::request::{Quantile, Spread};
use crate::stats::serving::{Quick, Told};

/// What stands where nothing is known.
const NOTHING: &str = "—";
/// Spaces between two columns.
const GAP: usize = 3;

/// A row: what it is, and how its cell is made.
type Row = (&'static str, fn(&Told) -> String);
/// A row with the quantiles of times.
type Times = (&'static str, fn(&Told) -> Option<Spread>, fn(&Told) -> Option<Quick>);

const TIMES: [Times; 3] = [
    ("TTFT ms", |told| told.figures.ttft_ms, |told| told.own.as_ref()?.ttft_ms),
    ("ITL ms", |told| told.figures.itl_ms, |told| told.own.as_ref()?.itl_ms),
    ("E2E ms", |told| told.figures.e2e_ms, |told| told.own.as_ref()?.e2e_ms),
];

const BEFORE: [Row; 5] = [
    ("asked for a second", |told| number(Some(told.rate))),
    ("requests", |told| told.figures.requests.to_string()),
    ("good", |told| told.figures.good.to_string()),
    ("errors", errors),
    ("good a second", |told| number(told.figures.good_per_s)),
];

const AFTER: [Row; 8] = [
    ("tokens/s of an answer p50", |told| {
        told.figures.tokens_per_s.map_or_else(nothing, |spread| ranged(spread.p50))
    }),
    ("generated tokens/s", |told| number(told.figures.generated_per_s)),
    ("  the server says", |told| number(told.own.as_ref().and_then(|own| own.generated_per_s))),
    ("prompt tokens/s", |told| number(told.figures.prompted_per_s)),
    ("  the server says", |told| number(told.own.as_ref().and_then(|own| own.prompted_per_s))),
    ("at work at most, it says", |told| number(told.own.as_ref().and_then(|own| own.running_most))),
    ("waiting at most, it says", |told| number(told.own.as_ref().and_then(|own| own.waiting_most))),
    ("KV cache at most %, it says", |told| {
        number(told.own.as_ref().and_then(|own| own.kv_cache_most_percent))
    }),
];

/// The loads of one server beside each other, with all that is to be said of them.
pub fn text(loads: &[Told]) -> String {
    let Some(first) = loads.first() else { return String::new() };
    let mut text = head(first);
    let mut rows: Vec<Vec<String>> =
        BEFORE.iter().map(|(name, cell)| row(name, loads, *cell)).collect();
    for (name, seen, own) in TIMES {
        rows.extend(times(name, loads, seen, own));
    }
    rows.extend(AFTER.iter().map(|(name, cell)| row(name, loads, *cell)));
    rows.retain(|row| row.iter().skip(1).any(|cell| cell != NOTHING));
    text.push_str(&table(&rows));
    text.push_str("(95 % intervals; times count from when each request was meant to be sent)\n");
    for (word, of) in [
        ("note", (|told: &Told| &told.notes) as fn(&Told) -> &Vec<SafeText>),
        ("but", |told| &told.warnings),
    ] {
        text.push_str(&said(word, loads, of));
    }
    for told in loads.iter().filter(|told| told.cancelled) {
        let _infallible = writeln!(
            text,
            "The load of {} a second was ended before it was over; {} requests were given up, and what \
             came until then stands.",
            told.rate, told.given_up
        );
    }
    text
}

fn head(told: &Told) -> String {
    let stream = if told.stream { "token by token" } else { "as a whole" };
    format!(
        "{} {}: {}, {stream}; prompts of {} tokens, answers of {}; {} arrivals, seed {}, at most {} at \
         once\n\n",
        told.server,
        told.model,
        told.api,
        told.prompt_tokens,
        told.output_tokens,
        told.arrivals,
        told.seed,
        told.at_once
    )
}

fn row(name: &str, loads: &[Told], cell: fn(&Told) -> String) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(loads.iter().map(cell)).collect()
}

/// The three quantiles of `name`, each with what the server says below it.
fn times(
    name: &str,
    loads: &[Told],
    seen: fn(&Told) -> Option<Spread>,
    own: fn(&Told) -> Option<Quick>,
) -> Vec<Vec<String>> {
    let seen_of: [fn(&Spread) -> Quantile; 3] = [|of| of.p50, |of| of.p95, |of| of.p99];
    let own_of: [fn(&Quick) -> Option<f64>; 3] = [|of| of.p50, |of| of.p95, |of| of.p99];
    let mut rows = Vec::new();
    for (share, (seen_of, own_of)) in
        ["p50", "p95", "p99"].into_iter().zip(seen_of.into_iter().zip(own_of))
    {
        let cell = |told: &Told| seen(told).as_ref().map_or_else(nothing, |of| ranged(seen_of(of)));
        rows.push(
            std::iter::once(format!("{name} {share}")).chain(loads.iter().map(cell)).collect(),
        );
        let cell = |told: &Told| number(own(told).as_ref().and_then(own_of));
        rows.push(
            std::iter::once("  the server says".to_owned()).chain(loads.iter().map(cell)).collect(),
        );
    }
    rows
}

/// `rows`, their first column to the left and all others to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _infallible = match column {
                0 => write!(text, "{cell:width$}"),
                _ => write!(text, "{:GAP$}{cell:>width$}", ""),
            };
        }
        text.push('\n');
    }
    text
}

/// Lines of `word`; what all loads have in common stands once.
fn said(word: &str, loads: &[Told], of: fn(&Told) -> &Vec<SafeText>) -> String {
    let mut text = String::new();
    let mut told: Vec<&SafeText> = Vec::new();
    for load in loads {
        for line in of(load) {
            if told.contains(&line) {
                continue;
            }
            told.push(line);
            let all = loads.iter().all(|other| of(other).contains(line));
            let at = if all { String::new() } else { format!(" at {}/s", load.rate) };
            let _infallible = writeln!(text, "{word}{at}: {line}");
        }
    }
    text
}

fn errors(told: &Told) -> String {
    let each: Vec<String> = told
        .figures
        .errors
        .iter()
        .map(|(fate, count)| format!("{count} {}", fate.word()))
        .collect();
    if each.is_empty() { "0".to_owned() } else { each.join(", ") }
}

fn nothing() -> String {
    NOTHING.to_owned()
}

/// A number in three digits, or as many as it has before its point.
fn number(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return nothing() };
    match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A quantile with its interval.
fn ranged(of: Quantile) -> String {
    let value = number(Some(of.value));
    match of.interval {
        Some((low, high)) => format!("{value} ({} to {})", number(Some(low)), number(Some(high))),
        None => value,
    }
}

/// The figures as one flat object: metadata of a run, by which runs are compared. `tps` are tokens a second:
/// what is called a token is taken for a secret there.
pub fn flat(told: &Told) -> Value {
    let mut flat = Map::new();
    let figures = &told.figures;
    let mut put = |name: &str, value: Option<f64>| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            flat.insert(name.to_owned(), Value::from((value * 1e3).round() / 1e3));
        }
    };
    put("requests", Some(figures.requests as f64));
    put("good", Some(figures.good as f64));
    put("errors", Some((figures.requests - figures.good) as f64));
    put("unsent", Some(told.unsent as f64));
    put("good_per_s", figures.good_per_s);
    for (name, seen, own) in TIMES {
        let name = name.trim_end_matches(" ms").to_lowercase();
        if let Some(spread) = seen(told) {
            put(&format!("{name}_p50_ms"), Some(spread.p50.value));
            put(&format!("{name}_p95_ms"), Some(spread.p95.value));
            put(&format!("{name}_p99_ms"), Some(spread.p99.value));
        }
        put(&format!("server_{name}_mean_ms"), own(told).map(|own| own.mean));
    }
    put("tps_answer", figures.tokens_per_s.map(|spread| spread.p50.value));
    put("tps_generated", figures.generated_per_s);
    put("tps_prompt", figures.prompted_per_s);
    let own = told.own.as_ref();
    put("server_tps_generated", own.and_then(|own| own.generated_per_s));
    put("server_tps_prompt", own.and_then(|own| own.prompted_per_s));
    flat.insert("model".to_owned(), Value::from(told.model.as_str()));
    Value::Object(flat)
}

/// Milliseconds below which a difference is none.
const SLIGHT_MS: f64 = 1.0;
/// Figures of [`flat`] of which more is better.
const MORE: [&str; 4] = ["good_per_s", "tps_answer", "tps_generated", "tps_prompt"];

/// Whether `new` is worse than `old` by more than the share `noise`, if `key` is a figure of [`flat`] of
/// what was seen, of one case or another.
pub fn is_worse(key: &str, old: f64, new: f64, noise: f64) -> bool {
    let name = key.split("__").next().unwrap_or(key);
    if MORE.contains(&name) {
        return new < old * (1.0 - noise);
    }
    let times =
        ["ttft_", "itl_", "e2e_"].iter().any(|of| name.starts_with(of)) && name.ends_with("_ms");
    let fails = matches!(name, "errors" | "unsent");
    (times && new - old > SLIGHT_MS || fails && new - old > 1.0) && new > old * (1.0 + noise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::{Counted, Request};
    use crate::stats::request::figures;
    use crate::stats::serving::Own;

    fn told(rate: f64) -> Told {
        let requests: Vec<Request> = (1..=100)
            .map(|number| Request {
                number,
                intended_s: number as f64 / rate,
                done_s: number as f64 / rate + 0.1,
                ttft_ms: Some(number as f64),
                e2e_ms: Some(number as f64 * 2.0),
                output_tokens: Some(64),
                prompt_tokens: Some(128),
                counted_by: Counted::Usage,
                chunks: 64,
                ..Request::default()
            })
            .collect();
        let ttft_ms = Some(Quick { mean: 50.0, p50: Some(49.0), p95: Some(94.0), p99: None });
        Told {
            server: "http://127.0.0.1:8000".into(),
            model: "m".into(),
            api: "completions".into(),
            arrivals: "poisson".into(),
            stream: true,
            rate,
            prompt_tokens: 128,
            output_tokens: 64,
            at_once: 256,
            figures: figures(&requests, &[], 0.0, 1),
            own: Some(Own { ttft_ms, generated_per_s: Some(12.5), ..Own::default() }),
            notes: vec!["the same".into()],
            warnings: vec![format!("only at {rate}").into()],
            ..Told::default()
        }
    }

    #[test]
    fn loads_stand_beside_each_other() {
        let text = text(&[told(1.0), told(4.0)]);
        let line = |word: &str| {
            text.lines()
                .find(|line| line.starts_with(word))
                .unwrap_or_else(|| panic!("{word}: {text}"))
        };
        assert_eq!(line("asked").split_whitespace().collect::<Vec<_>>()[4..], ["1", "4"]);
        assert!(line("TTFT ms p50").contains("50.5 (40 to 61)"), "{text}");
        assert!(!line("TTFT ms p99").contains('('), "100 are too few: {text}");
        assert_eq!(text.matches("note: the same").count(), 1);
        assert!(
            text.contains("but at 1/s: only at 1\n") && text.contains("but at 4/s: only at 4\n")
        );
        assert!(!text.contains("ITL"), "what nobody knows is left out: {text}");
        assert_eq!(super::text(&[]), "");
    }

    #[test]
    fn worse_is_slower_fewer_or_more_failed_and_by_more_than_noise() {
        let rows = [
            ("ttft_p95_ms__rate=2", 100.0, 121.0, true),
            ("ttft_p95_ms__rate=2", 100.0, 119.0, false),
            ("itl_p50_ms", 0.1, 0.5, false),
            ("tps_generated", 100.0, 79.0, true),
            ("tps_generated", 100.0, 200.0, false),
            ("errors__rate=2__1", 0.0, 5.0, true),
            ("errors", 0.0, 1.0, false),
            ("server_ttft_mean_ms", 1.0, 9.0, false),
            ("seconds", 1.0, 9.0, false),
            ("ttft_p50_ms", f64::NAN, 9.0, false),
        ];
        for (key, old, new, worse) in rows {
            assert_eq!(is_worse(key, old, new, 0.2), worse, "{key} {old} {new}");
        }
    }

    #[test]
    fn a_flat_object_has_what_is_known_and_no_more() {
        let flat = flat(&told(1.0));
        assert_eq!(flat["ttft_p50_ms"], 50.5);
        assert_eq!(flat["server_ttft_mean_ms"], 50.0);
        assert_eq!(flat["errors"], 0.0);
        assert!(flat.get("itl_p50_ms").is_none());
    }
}
