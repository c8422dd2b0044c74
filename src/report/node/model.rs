//! Models that are served, in a snapshot for people: a line each.

use std::fmt::Write as _;

use crate::model::reading::Reading;
use crate::model::serving::{Engine, Serving};

/// Heading of the table.
const HEAD: [&str; 9] =
    ["model", "engine", "node", "running", "waiting", "tokens/s", "TTFT p50", "p95", "KV"];

/// A table of what each node serves; nothing where that is nothing. What stands still says so.
pub(super) fn table<'n>(nodes: impl IntoIterator<Item = (&'n str, &'n [Serving])>) -> String {
    let mut rows: Vec<[String; 9]> = vec![HEAD.map(str::to_owned)];
    let mut still = String::new();
    for (node, served) in
        nodes.into_iter().flat_map(|(node, all)| all.iter().map(move |one| (node, one)))
    {
        rows.push(cells(node, served));
        if served.is_stalled() {
            let time = &served.still_seconds;
            let _infallible =
                writeln!(still, "{}: no token for {time}, and requests are at work", served.model);
        }
    }
    if rows.len() == 1 {
        return String::new();
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; 9] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let mut text = "\n".to_owned();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let _infallible = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text + &still
}

fn cells(node: &str, served: &Serving) -> [String; 9] {
    let count = |count: &Reading<f64>| {
        count.get().map_or_else(|| "—".to_owned(), |count| format!("{count:.0}"))
    };
    let tokens = served.tokens_per_second.get();
    [
        served.model.to_string(),
        served.engine.map_or("—", Engine::name).to_owned(),
        node.to_owned(),
        count(&served.running),
        count(&served.waiting),
        tokens.map_or_else(|| "—".to_owned(), |rate| format!("{:.1}", rate.0)),
        served.first_token.p50.to_string(),
        served.first_token.p95.to_string(),
        served.kv_cache.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::{PerSecond, Seconds};

    #[test]
    fn each_model_has_a_line_and_what_stands_still_says_so() {
        assert_eq!(table([("a", &[][..])]), "");
        let served = Serving {
            engine: Some(Engine::Vllm),
            running: Reading::Known(3.0),
            tokens_per_second: Reading::Known(PerSecond(12.34)),
            still_seconds: Reading::Known(Seconds(20.0)),
            ..Serving::silent("m".into())
        };
        let text = table([("gpu-1", &[served][..])]);
        assert!(text.contains("m      vLLM    gpu-1  3        —        12.3"), "{text}");
        assert!(text.contains("m: no token for 20"), "{text}");
    }
}
