//! `/benchmarks`: isomon's own benchmarks, and the report of each.

use std::sync::Arc;

use super::Page;
use super::frame::{self, empty};
use super::markup::{Cell, segment};
use crate::model::id::RunId;
use crate::model::run::StoredRun;
use crate::report::run_html;
use crate::serve::run::runs;
use crate::serve::{Answer, Ask, Context, Problem};

/// Benchmarks that are told.
const TOLD: usize = 200;
/// The report carries its own style, pictures and font; nothing else is loaded.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn list(context: Arc<Context>, _: Ask) -> Answer<Page> {
    let all = runs(&context)?.briefs().await?;
    Ok(frame::page("Benchmarks", "/benchmarks", |out| {
        out.leaf("h1", &[], "Benchmarks of isomon");
        if all.is_empty() {
            let words = "No benchmark was made on this machine yet. Half a minute tells what isolation costs here:";
            return empty(out, words, "isomon bench");
        }
        let words =
            "What isolation costs, measured here. Each is a page with every figure and sample.";
        out.leaf("p", &[("class", "sub")], words);
        let heads = ["Run", "Began", "Took", "Status", "Backends", "Name"];
        out.table("Benchmarks", &heads, |at| at == 2, all.iter().take(TOLD).map(row));
    }))
}

fn row(run: &StoredRun) -> Vec<Cell> {
    let brief = run.brief.as_deref();
    let parts = brief.map(|brief| &brief.parts).into_iter().flatten();
    let parts: Vec<&str> = parts.map(AsRef::as_ref).collect();
    let status = brief.map_or_else(String::new, |brief| brief.status.to_string().to_lowercase());
    let class = match status.as_str() {
        "completed" => "good",
        "failed" => "bad",
        _ => "warn",
    };
    let began = run.id.started_ms().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    let took = brief.and_then(|brief| brief.seconds).map(|seconds| seconds.to_string());
    let name = brief.and_then(|brief| brief.name.as_ref()).map(ToString::to_string);
    vec![
        Cell::Link(format!("/benchmark/{}", segment(run.id.as_str())), run.id.to_string()),
        Cell::Text(began.map_or_else(String::new, |at| super::runs::when(&at.to_string()))),
        Cell::Text(took.unwrap_or_else(|| "—".to_owned())),
        Cell::Badge(class, status),
        Cell::Text(parts.join(", ")),
        Cell::Text(name.unwrap_or_default()),
    ]
}

pub(super) async fn read(context: Arc<Context>, ask: Ask) -> Answer<Page> {
    let unknown = || Problem::unknown("there is no such benchmark; /benchmarks lists every one");
    let id = RunId::parse(ask.part("id")).ok_or_else(unknown)?;
    let run = runs(&context)?.read(&id).await?.ok_or_else(unknown)?;
    let made = tokio::task::spawn_blocking(move || run_html::html(&run)).await;
    let fault = |error: &dyn std::fmt::Display| Problem::new(500, error.to_string());
    let html = made.map_err(|error| fault(&error))?.map_err(|error| fault(&error))?;
    Ok(Page { html, policy: POLICY })
}
