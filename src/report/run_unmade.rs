//! Loads that were asked for and of which nothing was measured, or less than of the others, because the
//! time ended or somebody ended the run: what is not in a table has to be said below it.

use super::load_row::stride_name;
use super::run_load::{label, loads, step_name};
use crate::model::bench::Cell;
use crate::model::load::{Load, LoadSummary, Step, Stride, crowds};
use crate::model::run::{Run, RunEnd};
use crate::stats::load::is_alike;

/// Steps that are named; the others are counted.
const NAMED: usize = 6;

/// A sentence with what is missing; nothing where all was put on alike, or the run tells why not.
pub(super) fn unmade(run: &Run) -> Option<String> {
    let parts: Vec<String> = [never(run), seldom(run)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What was never begun.
fn never(run: &Run) -> Option<String> {
    let why = match run.tail.as_ref().map(|tail| &tail.end) {
        Some(RunEnd::BudgetSpent) => "the time allowed was over (--budget)",
        Some(RunEnd::Cancelled) => "the run was cancelled",
        None => "the run was cut off",
        Some(_) => return None,
    };
    let made = loads(run);
    let missing: Vec<String> =
        run.head.plan.loads.iter().filter_map(|load| missing(run, load, &made)).collect();
    (!missing.is_empty()).then(|| format!("never begun, as {why}: {}", missing.join("; ")))
}

/// Steps that were visited less often than others. What was cut short, and a backend that was given up,
/// tells of itself.
fn seldom(run: &Run) -> Option<String> {
    let visits = |step: &Step| run.steps.iter().filter(|other| is_alike(step, other)).count();
    let most = run.steps.iter().map(visits).max()?;
    let suspended = run.tail.as_ref().map_or(&[][..], |tail| tail.suspended.as_slice());
    let given_up = |step: &Step| {
        let cell = run.head.cells.get(step.cell as usize);
        cell.is_some_and(|cell| suspended.iter().any(|out| out.holds(cell)))
    };
    let mut names: Vec<String> = Vec::new();
    for step in run.steps.iter().filter(|step| visits(step) < most) {
        let name = step_name(run, step);
        if step.cut_off.is_none() && !given_up(step) && !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty())
        .then(|| format!("visited less often than other steps: {}{more}", names.join(", ")))
}

/// What is missing of one load.
fn missing(run: &Run, load: &Load, made: &[LoadSummary]) -> Option<String> {
    let cells = &run.head.cells;
    let alike = |a: &Cell, b: &Cell| {
        let start = matches!(load, Load::Neighbour { .. }) || a.start == b.start;
        a.backend == b.backend && start
    };
    let mut firsts: Vec<u32> = Vec::new();
    for (index, cell) in (0..).zip(cells) {
        let known = firsts.iter().any(|first| alike(&cells[*first as usize], cell));
        if run.head.plan.asks_for(cell) && !known {
            firsts.push(index);
        }
    }
    let of_cell = |index: u32| {
        let alike = move |of: &&LoadSummary| {
            let cell = cells.get(of.cell as usize);
            cell.is_some_and(|cell| alike(cell, &cells[index as usize]))
        };
        made.iter().filter(alike).filter(|of| stride_name(of.stride) == load.name())
    };
    let words = |index: &u32| {
        let name = label(run, *index);
        let there: Vec<Stride> = of_cell(*index).map(|of| of.stride).collect();
        let absent = absent(load, &there, firsts.len());
        if there.is_empty() { Some(name) } else { absent.map(|what| format!("{name} {what}")) }
    };
    let missing: Vec<String> = firsts.iter().filter_map(words).collect();
    (!missing.is_empty()).then(|| format!("{} of {}", load.name(), missing.join(", ")))
}

/// Which steps of a load are not `there`.
fn absent(load: &Load, there: &[Stride], neighbours: usize) -> Option<String> {
    match load {
        Load::Throughput { least, most, .. } => {
            let lacks = |at_once: &u32| !there.contains(&Stride::Throughput { at_once: *at_once });
            let lacking: Vec<String> =
                crowds(*least, *most).iter().filter(|at| lacks(at)).map(u32::to_string).collect();
            (!lacking.is_empty()).then(|| format!("at {} at once", lacking.join(", ")))
        }
        Load::Neighbour { .. } => {
            let lacking = (neighbours + 1).saturating_sub(there.len());
            (lacking > 0).then(|| format!("beside {lacking} of {neighbours}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Seconds;
    use crate::report::run_sample::{loaded, run};

    #[test]
    fn what_there_was_no_time_for_is_named() {
        let mut run = run();
        run.head.plan.loads = vec![Load::Throughput { least: 1, most: 4, seconds: Seconds(1.0) }];
        let of_all = |run: &Run| unmade(run).unwrap_or_default();
        let tail = run.tail.as_mut().unwrap();
        tail.loads.clear();
        tail.end = RunEnd::BudgetSpent;
        let all = of_all(&run);
        assert!(all.starts_with("never begun, as the time allowed was over"), "{all}");
        assert!(all.contains("throughput of ") && !all.contains("at once"), "{all}");
        let step = |at_once| LoadSummary {
            cell: 0,
            stride: Stride::Throughput { at_once },
            n: 0,
            failures: 0,
            tainted: 0,
            figure: None,
            energy_each_joules: None,
        };
        run.tail.as_mut().unwrap().loads = vec![step(1), step(4)];
        assert!(of_all(&run).contains("at 2 at once"), "{}", of_all(&run));
        run.tail.as_mut().unwrap().end = RunEnd::Completed;
        assert_eq!(unmade(&run), None);
    }

    #[test]
    fn steps_without_a_second_visit_are_named_where_others_had_one() {
        let mut run = loaded();
        assert_eq!(unmade(&run), None, "each was visited once");
        let again = |step: &Step| Step { round: 1, ..step.clone() };
        let second: Vec<Step> = run.steps.iter().skip(2).map(again).collect();
        let first: Vec<String> = run.steps.iter().take(2).map(|of| step_name(&run, of)).collect();
        run.steps.extend(second);
        let wanted = format!("visited less often than other steps: {}", first.join(", "));
        assert_eq!(unmade(&run), Some(wanted));
        run.steps[0].cut_off = Some("it is full".into());
        let wanted = format!("visited less often than other steps: {}", first[1]);
        assert_eq!(unmade(&run), Some(wanted), "what was cut short tells of itself");
    }

    #[test]
    fn no_more_steps_are_named_than_can_be_read() {
        let mut run = loaded();
        let last = run.steps.last().cloned().unwrap();
        run.steps.push(Step { round: 1, ..last });
        let told = unmade(&run).unwrap_or_default();
        assert_eq!(told.matches(", ").count(), NAMED - 1, "{told}");
        assert!(told.contains(" and ") && told.ends_with(" more"), "{told}");
    }
}
