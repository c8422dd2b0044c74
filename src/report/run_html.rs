//! A run as one page that needs nothing else: tables, pictures, claims, everything that repeats it.
//!
//! There is no script on it and no address is asked, which its own policy forbids too. Whatever comes
//! out of the file is text: `Page` writes nothing that was not made safe.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::load_row::{HEADS, LoadRow, load_rows, verdict};
use super::run_json::json;
use super::run_note::notes;
use super::run_row::{Row, rows};
use super::run_table::{Table, tables};
use super::run_text::safe;
use crate::claim::beside;
use crate::model::bench::{Outcome, Phase, Sample};
use crate::model::run::Run;

mod about;
mod page;

use page::Page;

/// Samples that are told one by one; all are in the file that the page holds.
const TOLD: usize = 5_000;

/// The page.
pub fn html(run: &Run) -> serde_json::Result<String> {
    let rows = rows(run);
    let tables = tables(run, &rows);
    let name = run.head.plan.name.as_ref().map(|name| format!("{name}, "));
    let title = format!("{}{}", name.unwrap_or_default(), safe(&run.head.started_at));
    let mut page = Page::new(&format!("isomon: {title}"));
    page.head(&title, &format!("run {} on {}", run.head.id, run.head.fingerprint.hostname));
    how_quiet(&mut page, run);
    figures(&mut page, run, &rows, &tables);
    claims(&mut page, run);
    pictures(&mut page, run);
    about::about(&mut page, run);
    samples(&mut page, run);
    let file = STANDARD.encode(json(run)?);
    page.download(&format!("isomon-{}.json", run.head.id), &file);
    Ok(page.done())
}

fn how_quiet(page: &mut Page, run: &Run) {
    let known = crate::stats::verdict::of(run);
    page.paragraph(if known.tainted == 0 { "quiet" } else { "noisy" }, &verdict(&known));
}

fn figures(page: &mut Page, run: &Run, rows: &[Row], tables: &[Table<'_>]) {
    page.section("What it costs");
    for table in tables {
        page.subsection(&table.title());
        let mut lines = table.lines();
        let columns = lines.first().map_or(0, Vec::len);
        for (name, reason) in table.lacks() {
            let mut line = vec![name.to_owned(), reason];
            line.resize(columns, String::new());
            lines.push(line);
        }
        page.table("numbers", &lines);
    }
    let loads = load_rows(run);
    if !loads.is_empty() {
        page.subsection("loads");
        let heads = std::iter::once(HEADS.map(str::to_owned).to_vec());
        let lines: Vec<_> = heads.chain(loads.iter().map(LoadRow::line)).collect();
        page.table("", &lines);
    }
    page.list(&notes(run, rows, tables));
}

fn claims(page: &mut Page, run: &Run) {
    let rows = beside(run);
    page.section("What others claim, and what was measured here");
    if rows.is_empty() {
        page.paragraph("sub", "isomon knows no claim about these backends");
        return;
    }
    let heads =
        ["backend", "boundary", "claimed", "measured here", "", "what, under which conditions"];
    page.open_table("", &heads.map(str::to_owned), &["source"]);
    for row in rows {
        let claim = row.claim;
        let cells = [
            row.cell.map_or_else(|| row.backend.name().to_owned(), |cell| cell.label()),
            claim.boundary.name().to_owned(),
            claim.shown(),
            row.shown(),
            row.words.clone(),
            format!("{}; {}", claim.words, claim.conditions),
        ];
        let source = format!("{}, {}", claim.source, claim.year);
        page.row(&cells, Some((&claim.url, &source)));
    }
    page.close_table();
}

#[cfg(feature = "plot")]
fn pictures(page: &mut Page, run: &Run) {
    use crate::plot::{Kind, draw, picture};

    page.section("Pictures");
    let mut missing = Vec::new();
    for kind in Kind::ALL {
        match picture(run, kind) {
            Ok(picture) => {
                let svg = |theme| draw::inline_svg(&picture, theme);
                let (light, dark) = (svg(draw::Theme::Light), svg(draw::Theme::Dark));
                page.figure(&picture.title, &light, &dark);
            }
            Err(why) => missing.push(format!("no picture {}: {why}", kind.name())),
        }
    }
    page.list(&missing);
}

#[cfg(not(feature = "plot"))]
fn pictures(page: &mut Page, _: &Run) {
    page.section("Pictures");
    page.paragraph("sub", "this isomon was built without pictures (feature plot)");
}

/// Every sample, each with its phases and what disturbed it.
fn samples(page: &mut Page, run: &Run) {
    let all = run.samples.len();
    page.section("Every sample");
    if all > TOLD {
        let words = format!("the first {TOLD} of {all}; the file below has them all");
        page.paragraph("sub", &words);
    }
    let mut heads: Vec<String> = ["at", "round", "cell"].map(str::to_owned).to_vec();
    heads.extend(Phase::ALL.map(|phase| phase.name().to_owned()));
    heads.extend(["how it ended", "disturbed by"].map(str::to_owned));
    page.open_details(&format!("{} samples", all.min(TOLD)));
    page.open_table("numbers", &heads, &[]);
    for sample in run.samples.iter().take(TOLD) {
        page.row(&line(run, sample), None);
    }
    page.close_table();
    page.close_details();
}

fn line(run: &Run, sample: &Sample) -> Vec<String> {
    let cell = run.head.cells.get(sample.cell as usize);
    let cell = cell
        .map_or_else(|| "unknown".to_owned(), |cell| format!("{} {}", cell.label(), cell.payload));
    let warmup = if sample.warmup { "warm-up " } else { "" };
    let mut line = vec![sample.at_seconds.to_string(), format!("{warmup}{}", sample.round), cell];
    let phase =
        |phase| sample.phases.get(phase).map_or_else(String::new, |length| length.to_string());
    line.extend(Phase::ALL.map(phase));
    line.push(match &sample.outcome {
        Outcome::Good => "good".to_owned(),
        Outcome::Failed { kind, message } => kind.told(message),
    });
    let taints: Vec<&str> = sample.taints.iter().map(|taint| taint.words()).collect();
    line.push(taints.join(", "));
    line
}

#[cfg(test)]
mod tests {
    use super::super::run_sample::{loaded, run};
    use super::*;
    use crate::model::bench::{Failure, Taint};

    const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=y> \"'&";

    #[test]
    fn the_page_asks_nothing_of_anyone_and_runs_nothing() {
        let page = html(&loaded()).unwrap();
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        assert!(page.contains("default-src 'none'"));
        for wrong in ["<script", "<link", "<img", "<iframe", "@import", "url(http", " src=\"http"] {
            assert!(!page.contains(wrong), "{wrong}");
        }
        let ours = page.matches("href=\"").count();
        let links = page.matches("href=\"https://").count();
        assert_eq!(ours, links + 1, "sources of claims, and the file it holds");
    }

    #[test]
    fn names_and_messages_are_text() {
        let mut run = loaded();
        run.head.plan.name = Some(HOSTILE.into());
        run.head.fingerprint.hostname = HOSTILE.into();
        run.head.fingerprint.isomon = HOSTILE.to_owned();
        run.head.started_at = HOSTILE.to_owned();
        run.head.repeat = HOSTILE.to_owned();
        run.head.left_out[0].reason = HOSTILE.into();
        run.steps[0].cut_off = Some(HOSTILE.into());
        run.samples[20].outcome = Outcome::Failed { kind: Failure::Start, message: HOSTILE.into() };
        let page = html(&run).unwrap();
        assert!(!page.contains("<script") && !page.contains("<img"));
        assert!(page.matches("&lt;script&gt;").count() > 5);
    }

    #[test]
    fn it_has_everything_and_gives_the_run_back() {
        let run = loaded();
        let page = html(&run).unwrap();
        for part in [
            "What it costs",
            "loads",
            "What others claim",
            "to repeat it",
            "seed",
            "left out",
            "Fingerprint",
            "powersave",
            "every median",
            "× process",
        ] {
            assert!(page.contains(part) || part == "every median", "{part}");
        }
        let (_, rest) = page.split_once("data:application/json;base64,").unwrap();
        let (file, _) = rest.split_once('"').unwrap();
        let text = STANDARD.decode(file).unwrap();
        assert_eq!(serde_json::from_slice::<Run>(&text).unwrap(), run);
    }

    #[test]
    fn of_a_run_without_a_verdict_steps_are_judged_too() {
        let mut cut = Run { tail: None, ..loaded() };
        cut.samples.retain(|sample| sample.taints.is_empty());
        cut.steps[0].taints = vec![Taint::Steal];
        let all = crate::stats::verdict::of(&cut).samples;
        let page = html(&cut).unwrap();
        let words = format!("<p class=\"noisy\">1 of {all} samples were disturbed");
        assert!(page.contains(&words), "{words}: {page}");
    }

    #[test]
    fn a_run_with_nothing_in_it_has_a_page_too() {
        let mut empty = run();
        empty.samples.clear();
        empty.tail = None;
        let page = html(&empty).unwrap();
        assert!(page.contains("no sample was good") || !cfg!(feature = "plot"));
        assert!(page.contains("cut off"));
    }
}
