//! What must be known to repeat a run: its plan, its seed, its command, the machine.

use super::super::run_text::safe;
use super::page::Page;
use crate::model::bench::Plan;
use crate::model::run::{Fingerprint, LeftOut, Run};
use crate::model::text::SafeText;

pub(super) fn about(page: &mut Page, run: &Run) {
    page.section("How to repeat it");
    page.subsection("to repeat it");
    page.pre(safe(&run.head.repeat).as_str());
    page.subsection("Plan");
    pairs(page, &plan(&run.head.plan));
    page.section("Fingerprint");
    pairs(page, &fingerprint(&run.head.fingerprint));
    let suspended = run.tail.iter().flat_map(|tail| &tail.suspended);
    let all: Vec<Vec<String>> = run
        .head
        .left_out
        .iter()
        .map(|out| left_out("left out", out))
        .chain(suspended.map(|out| left_out("given up", out)))
        .collect();
    if !all.is_empty() {
        page.section("Left out");
        let heads = ["", "what", "why", "what mends it"].map(str::to_owned).to_vec();
        let lines: Vec<Vec<String>> = std::iter::once(heads).chain(all).collect();
        page.table("", &lines);
    }
}

fn left_out(how: &str, out: &LeftOut) -> Vec<String> {
    vec![how.to_owned(), out.label(), out.reason.to_string(), out.remedy.to_string()]
}

/// A table of names and values; what is not known is left away.
fn pairs(page: &mut Page, pairs: &[(&str, Option<String>)]) {
    page.open_table("", &[], &[]);
    for (name, value) in pairs {
        if let Some(value) = value {
            page.row(&[(*name).to_owned(), value.clone()], None);
        }
    }
    page.close_table();
}

fn plan(plan: &Plan) -> Vec<(&'static str, Option<String>)> {
    let (effort, limits) = (&plan.effort, &plan.limits);
    let words = |words: Vec<String>| Some(words.join(", ")).filter(|words| !words.is_empty());
    let payload = |of: &crate::model::bench::Payload| match of.amount() {
        0 => of.name().to_owned(),
        amount => format!("{of} {amount}"),
    };
    vec![
        ("seed", Some(plan.seed.to_string())),
        ("backends", words(plan.backends.iter().map(ToString::to_string).collect())),
        ("starts", words(plan.starts.iter().map(|start| start.name().to_owned()).collect())),
        ("payloads", words(plan.payloads.iter().map(payload).collect())),
        ("loads", words(plan.loads.iter().map(|load| load.name().to_owned()).collect())),
        ("rounds", Some(format!("{} to {}", effort.min_rounds, effort.max_rounds))),
        ("warm-up rounds", Some(effort.warmup_rounds.to_string())),
        ("time allowed", Some(effort.budget_seconds.to_string())),
        ("until medians are within", Some(format!("±{}", effort.target))),
        ("processors of each", Some(limits.cpus.to_string())),
        ("memory of each", Some(limits.memory_bytes.to_string())),
        ("timeout", Some(limits.timeout_seconds.to_string())),
        ("guest kernel", plan.kernel.as_ref().map(|kernel| kernel.image.display().to_string())),
    ]
}

fn fingerprint(print: &Fingerprint) -> Vec<(&'static str, Option<String>)> {
    let known = |text: &Option<SafeText>| text.as_ref().map(ToString::to_string);
    let flag = |flag: Option<bool>| flag.map(|on| if on { "on" } else { "off" }.to_owned());
    let tool = |tool: &crate::model::run::Tool| format!("{}: {}", tool.backend, tool.version);
    let tools: Vec<String> = print.backends.iter().map(tool).collect();
    let flaws: Vec<&str> = print.mitigations.iter().map(SafeText::as_str).collect();
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    vec![
        ("isomon", some(safe(&print.isomon).to_string())),
        ("host", some(print.hostname.to_string())),
        ("processor", known(&print.cpu_model)),
        ("processors", Some(print.cpus.to_string())),
        ("memory", print.memory_bytes.map(|bytes| bytes.to_string())),
        ("kernel", known(&print.kernel)),
        ("system", known(&print.os)),
        ("inside", known(&print.virtualization)),
        ("governor", known(&print.governor)),
        ("turbo", flag(print.turbo)),
        ("hyper-threads", flag(print.smt)),
        ("guest kernel", known(&print.guest_kernel)),
        ("page cache", Some(if print.page_cache_hot { "hot" } else { "not known" }.to_owned())),
        ("tools", some(tools.join("; "))),
        ("flaws and how they are met", some(flaws.join("; "))),
    ]
}
