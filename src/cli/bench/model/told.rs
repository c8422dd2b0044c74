//! What one rate came to, in the few lines that a workflow shows while it goes on.

use crate::bench::serving::Told;

/// The lines.
pub(super) fn lines(told: &Told) -> Vec<String> {
    let figures = &told.figures;
    let of = |spread: Option<crate::stats::request::Spread>| {
        spread.map_or_else(|| "—".to_owned(), |spread| format!("{:.1} ms", spread.p50.value))
    };
    let mut lines = vec![format!(
        "{} of {} requests good; medians: TTFT {}, ITL {}, E2E {}",
        figures.good,
        figures.requests,
        of(figures.ttft_ms),
        of(figures.itl_ms),
        of(figures.e2e_ms)
    )];
    if told.cancelled {
        lines.push("ended before it was over; what came until then is kept".to_owned());
    }
    lines
}
