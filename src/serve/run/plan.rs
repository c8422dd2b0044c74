//! A plan that a client sent, or the plan of what it asked for: bounded in every number.

use super::Wanted;
use crate::bench::preset;
use crate::model::backend::BackendId;
use crate::model::bench::{Limits, Payload, Plan};
use crate::model::id::SourceId;
use crate::serve::workload::random;
use crate::serve::{Answer, Caller, Context, Permit, Problem};

/// Entries of each list of a plan.
const MOST: usize = 64;
/// Rounds, and sandboxes at once.
const ROUNDS: u32 = 100_000;
/// Seconds that a run may take.
const LONGEST_S: f64 = 86_400.0;

/// The plan that is wanted by `caller`.
pub(super) fn read(context: &Context, caller: Caller, wanted: &Wanted) -> Answer<Plan> {
    let Wanted { id: _, plan, preset, backends, payloads, name } = wanted;
    let Some(plan) = plan else {
        let backends = match backends {
            Some(words) => named(words)?,
            None => ready(context)?,
        };
        let mut plan = preset::plan(preset.unwrap_or_default(), &backends, random());
        if let Some(words) = payloads {
            plan.payloads = words.iter().map(|word| payload(word)).collect::<Answer<_>>()?;
        }
        plan.name.clone_from(name);
        return check(plan);
    };
    if preset.is_some() || backends.is_some() || payloads.is_some() || name.is_some() {
        return Err(Problem::bad(
            "plan stands alone; preset, backends, payloads and name do not go with it",
        ));
    }
    let plan = (**plan).clone();
    if plan.kernel.is_some() {
        return Err(Problem::forbidden(
            "a plan sent here cannot name files of this machine: kernel",
        ));
    }
    if let Some(job) = &plan.job {
        context.permit(caller, Permit::Exec)?;
        if job.root.is_some() || job.from.is_some() {
            return Err(Problem::forbidden(
                "a plan sent here cannot name files of this machine: job",
            ));
        }
    }
    check(plan)
}

/// The backends that `words` mean.
fn named(words: &[String]) -> Answer<Vec<BackendId>> {
    let mut all = Vec::new();
    for word in words {
        let found = BackendId::matching(word);
        if found.is_empty() {
            let names: Vec<&str> = BackendId::ALL.into_iter().map(BackendId::name).collect();
            let names = names.join(", ");
            return Err(Problem::bad(format!("there is no backend {word:?}; there are {names}")));
        }
        all.extend(found);
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// The backends that run here.
fn ready(context: &Context) -> Answer<Vec<BackendId>> {
    let state = context.state();
    let node = state.nodes.get(&SourceId::local());
    let known = node.iter().flat_map(|node| &node.backends);
    let ready: Vec<BackendId> =
        known.filter(|status| status.readiness.runs()).map(|status| status.id).collect();
    if ready.is_empty() {
        return Err(Problem::bad("no backend is known to run here yet; name some in backends"));
    }
    Ok(ready)
}

fn payload(word: &str) -> Answer<Payload> {
    let usual = Payload::USUAL.into_iter().find(|payload| payload.name() == word);
    let names = Payload::USUAL.map(Payload::name).join(", ");
    usual.ok_or_else(|| Problem::bad(format!("there is no payload {word:?}; there are {names}")))
}

/// `plan`, if all of it is within bounds.
fn check(plan: Plan) -> Answer<Plan> {
    let lists = [plan.backends.len(), plan.payloads.len(), plan.loads.len(), plan.starts.len()];
    let wrong = |what: &str| Err(Problem::bad(format!("the plan's {what}")));
    if lists.into_iter().any(|count| count > MOST) {
        return wrong("lists have more than 64 entries");
    }
    if plan.cells().is_empty() {
        return wrong("backends can do none of its payloads in any of its starts");
    }
    let effort = &plan.effort;
    let rounds = [effort.warmup_rounds, effort.min_rounds, effort.max_rounds];
    if effort.max_rounds == 0
        || effort.min_rounds > effort.max_rounds
        || rounds.into_iter().any(|rounds| rounds > ROUNDS)
    {
        return wrong("rounds are not 1 to 100000, or the fewest above the most");
    }
    let within = |value: f64, least: f64, most: f64| (least..=most).contains(&value);
    if !within(effort.budget_seconds.0, 1.0, LONGEST_S)
        || !within(effort.min_seconds.0, 0.0, LONGEST_S)
        || !within(effort.target.fraction(), 0.0, 1.0)
    {
        return wrong("effort is not 1 s to a day, with a target from 0 to 1");
    }
    if !fits(&plan.limits) {
        return wrong(
            "limits are beyond 4096 processors, 1 TiB, 4194304 processes, an hour or 64 MiB of output",
        );
    }
    Ok(plan)
}

fn fits(limits: &Limits) -> bool {
    (0.01..=4_096.0).contains(&limits.cpus)
        && (1 << 20..=1 << 40).contains(&limits.memory_bytes.0)
        && (1..=1 << 22).contains(&limits.pids)
        && (0.1..=3_600.0).contains(&limits.timeout_seconds.0)
        && limits.output_bytes.0 <= 64 << 20
}
