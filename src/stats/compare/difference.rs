//! What is not alike of two runs beside what was measured.
//!
//! Another host of the same kind and another time are alike; another kernel, governor, version or
//! amount of work is not, and a figure that changed with it may have changed because of it.

use crate::model::backend::BackendId;
use crate::model::bench::{Limits, Payload};
use crate::model::run::{Fingerprint, Run, RunHead};
use crate::model::text::SafeText;

/// Something that two runs do not have in common.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// What: `kernel`, `version of runc`.
    pub what: String,
    /// What the base has of it.
    pub base: String,
    /// What the other run has of it.
    pub other: String,
}

/// What stands for a thing that a run does not say.
const UNKNOWN: &str = "not known";

/// Everything that is not alike, the machine first.
pub fn differences(base: &Run, other: &Run) -> Vec<Difference> {
    unlike(&base.head, &other.head)
}

/// The same of runs of which the beginning alone is at hand.
pub fn unlike(base: &RunHead, other: &RunHead) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    machine(&mut found, &base.fingerprint, &other.fingerprint);
    mitigations(&mut found, &base.fingerprint, &other.fingerprint);
    versions(&mut found, base, other);
    plan(&mut found, base, other);
    found.0
}

struct Found(Vec<Difference>);

impl Found {
    /// Takes in what is not alike.
    fn see(&mut self, what: &str, base: &impl ToString, other: &impl ToString) {
        let (base, other) = (safe(&base.to_string()), safe(&other.to_string()));
        if base != other {
            self.0.push(Difference { what: what.to_owned(), base, other });
        }
    }

    fn text(&mut self, what: &str, base: Option<&SafeText>, other: Option<&SafeText>) {
        let word =
            |text: Option<&SafeText>| text.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string);
        self.see(what, &word(base), &word(other));
    }

    fn flag(&mut self, what: &str, base: Option<bool>, other: Option<bool>) {
        let word = |flag: Option<bool>| flag.map_or(UNKNOWN, |on| if on { "on" } else { "off" });
        self.see(what, &word(base), &word(other));
    }
}

/// Text of a file is not trusted.
fn safe(text: &str) -> String {
    SafeText::new(text).to_string()
}

fn machine(found: &mut Found, base: &Fingerprint, other: &Fingerprint) {
    found.see("isomon", &base.isomon, &other.isomon);
    found.text("CPU", base.cpu_model.as_ref(), other.cpu_model.as_ref());
    found.see("CPUs", &base.cpus, &other.cpus);
    found.text("kernel", base.kernel.as_ref(), other.kernel.as_ref());
    found.text("system", base.os.as_ref(), other.os.as_ref());
    found.text("virtualization", base.virtualization.as_ref(), other.virtualization.as_ref());
    found.text("governor", base.governor.as_ref(), other.governor.as_ref());
    found.flag("turbo", base.turbo, other.turbo);
    found.flag("hyper-threads", base.smt, other.smt);
    found.flag("hot page cache", Some(base.page_cache_hot), Some(other.page_cache_hot));
    found.text("guest kernel", base.guest_kernel.as_ref(), other.guest_kernel.as_ref());
}

/// Each mitigation that only one side has; they come as `flaw: how it is met`.
fn mitigations(found: &mut Found, base: &Fingerprint, other: &Fingerprint) {
    let flaw = |text: &SafeText| {
        let text = text.as_str();
        text.split_once(':').map_or(text, |(flaw, _)| flaw).trim().to_owned()
    };
    let mut flaws: Vec<String> =
        base.mitigations.iter().chain(&other.mitigations).map(flaw).collect();
    flaws.sort();
    flaws.dedup();
    for name in flaws {
        let of = |print: &Fingerprint| {
            let all = print.mitigations.iter().filter(|text| flaw(text) == name);
            let all: Vec<&str> = all.map(SafeText::as_str).collect();
            if all.is_empty() { UNKNOWN.to_owned() } else { all.join(", ") }
        };
        found.see(&format!("mitigation of {}", safe(&name)), &of(base), &of(other));
    }
}

/// The versions of the backends that both runs measured.
fn versions(found: &mut Found, base: &RunHead, other: &RunHead) {
    let measured = |run: &RunHead, id| run.cells.iter().any(|cell| cell.backend == id);
    let both = |id: &BackendId| measured(base, *id) & measured(other, *id);
    for id in BackendId::ALL.into_iter().filter(both) {
        let version = |run: &RunHead| {
            let tool = run.fingerprint.backends.iter().find(|tool| tool.backend == id);
            tool.map_or_else(|| UNKNOWN.to_owned(), |tool| tool.version.to_string())
        };
        found.see(&format!("version of {}", id.name()), &version(base), &version(other));
    }
}

fn plan(found: &mut Found, base: &RunHead, other: &RunHead) {
    let (one, two) = (&base.plan, &other.plan);
    limits(found, &one.limits, &two.limits);
    let mut payloads: Vec<Payload> = Vec::new();
    for payload in one.payloads.iter().chain(&two.payloads) {
        if !payloads.iter().any(|of| of.name() == payload.name()) {
            payloads.push(*payload);
        }
    }
    for name in payloads.iter().map(|payload| payload.name()) {
        let amount = |payloads: &[Payload]| {
            let named = payloads.iter().filter(|payload| payload.name() == name);
            named.map(|payload| payload.amount().to_string()).collect::<Vec<_>>().join(", ")
        };
        let (base, other) = (amount(&one.payloads), amount(&two.payloads));
        if !base.is_empty() & !other.is_empty() {
            found.see(&format!("amount of {name}"), &base, &other);
        }
    }
    let written = |value: serde_json::Result<String>| value.unwrap_or_default();
    found.see(
        "work",
        &written(serde_json::to_string(&one.job)),
        &written(serde_json::to_string(&two.job)),
    );
    found.see(
        "kernel of virtual machines",
        &written(serde_json::to_string(&one.kernel)),
        &written(serde_json::to_string(&two.kernel)),
    );
}

fn limits(found: &mut Found, base: &Limits, other: &Limits) {
    found.see("CPUs of a sandbox", &base.cpus, &other.cpus);
    found.see("memory of a sandbox", &base.memory_bytes, &other.memory_bytes);
    found.see("processes of a sandbox", &base.pids, &other.pids);
}
