//! What a benchmark is about to do, before it does anything.

use crate::bench::forecast::{Forecast, forecast, starts};
use crate::model::bench::Plan;

/// Backends that are named with how many of them are started.
const NAMED: usize = 6;
/// What holds of an outlook before the backends were tried.
pub(super) const UNTRIED: &str =
    "nothing was tried: what is not ready here (isomon doctor tells) will be left out";

/// Two sentences: what is started and how many at once, and how long it takes.
pub(super) fn outlook(plan: &Plan) -> String {
    let starts = starts(plan);
    let all: u64 = starts.each.iter().map(|(_, count)| u64::from(*count)).sum();
    let named = starts.each.iter().take(NAMED).map(|(id, count)| format!("{id} {count}"));
    let mut named: Vec<String> = named.collect();
    let more = starts.each.len().saturating_sub(NAMED);
    named.extend((more > 0).then(|| format!("{more} more backends")));
    let of = starts.of.map(|id| format!(" (of {id})")).unwrap_or_default();
    let (named, at_once) = (named.join(", "), starts.at_once);
    format!(
        "up to about {all} sandboxes ({named}), at most {at_once} at once{of}; {}",
        takes(&forecast(plan), plan)
    )
}

fn takes(known: &Forecast, plan: &Plan) -> String {
    let (least, most) = (known.at_least_seconds, known.at_most_seconds);
    let budget = plan.effort.budget_seconds;
    let room = room(known, plan);
    if (most.0 - least.0) < 1.0 {
        return format!("about {most}, {budget} at most (--budget){room}");
    }
    format!("about {least} to {most}, {budget} at most (--budget){room}")
}

/// What there is not time enough for.
fn room(known: &Forecast, plan: &Plan) -> String {
    let (wanted, fit) = (plan.effort.min_rounds, known.rounds);
    let loads = known.loads_seconds;
    let (scarce, long) = (fit < wanted, loads.0 > plan.effort.budget_seconds.0 / 2.0);
    let rounds = scarce.then(|| format!("; room for about {fit} of {wanted} rounds"));
    let loads = long.then(|| format!("; all loads would take {loads}: some may never begin"));
    rounds.into_iter().chain(loads).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::preset::plan;
    use crate::model::backend::BackendId;
    use crate::model::bench::Preset;
    use crate::model::load::Load;

    #[test]
    fn it_says_how_many_of_which_and_how_long() {
        let mut plan = plan(Preset::Quick, &[BackendId::Process, BackendId::Runc], 1);
        plan.loads = vec![Load::Memory { count: 30 }];
        let said = outlook(&plan);
        assert!(said.starts_with("up to about "), "{said}");
        assert!(said.contains("at most 30 at once (of "), "{said}");
        assert!(said.ends_with("35.0 s at most (--budget)"), "{said}");
    }

    #[test]
    fn it_says_what_there_is_no_time_for() {
        let mut plan = plan(Preset::Full, &BackendId::ALL, 1);
        plan.effort.budget_seconds = crate::model::unit::Seconds(5.0);
        let said = outlook(&plan);
        assert!(said.contains("; room for about 0 of 30 rounds; all loads would take "), "{said}");
    }
}
