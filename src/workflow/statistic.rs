//! What repetitions came to: each figure of each case by its median, and beside the first case.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::metadata::suffix;
use crate::model::text::SafeText;
use crate::model::workflow::WorkflowRun;
use crate::model::workflow::event::{TaskPlan, TaskState};
use crate::model::workflow::result::{Statistic, TableView};
use crate::stats::compare::Rules;
use crate::stats::interval::{RESAMPLES, of_median, times};
use crate::stats::permutation::{least_p, p_of};
use crate::stats::sorted::Sorted;

/// Shuffles behind a p.
const SHUFFLES: u32 = 9_999;
/// Decides what is random: the same run has the same statistics.
const SEED: u64 = 0x0069_736f_6d6f_6e77;

/// Figures by name and unit, each with the values of every case.
type Figures = BTreeMap<(String, Option<SafeText>), BTreeMap<usize, BTreeMap<u32, f64>>>;

/// The statistics of `run`, whose files are `tables`; none where nothing was repeated.
pub(super) fn of(run: &WorkflowRun, tables: &BTreeMap<SafeText, TableView>) -> Vec<Statistic> {
    let tasks = &run.head.tasks;
    if tasks.iter().all(|task| task.repetition == 0) {
        return Vec::new();
    }
    let mut cases: Vec<Option<SafeText>> = Vec::new();
    for task in tasks {
        if !task.cleanup && !cases.contains(&task.case) {
            cases.push(task.case.clone());
        }
    }
    let case = |plan: &TaskPlan| cases.iter().position(|case| *case == plan.case);
    let mut figures = Figures::new();
    let mut put = |name: String, unit: Option<SafeText>, plan: &TaskPlan, value: f64| {
        if let Some(case) = case(plan).filter(|_| plan.repetition > 0) {
            let of = figures.entry((name, unit)).or_default().entry(case).or_default();
            of.insert(plan.repetition, value);
        }
    };
    for (plan, end) in tasks.iter().zip(&run.tasks) {
        if let TaskState::Passed { seconds } = end.state {
            let name = if shares_stage(tasks, plan) {
                format!("{} on {}: seconds", plan.stage, plan.host)
            } else {
                format!("{}: seconds", plan.stage)
            };
            put(name, Some("s".into()), plan, seconds.0);
        }
        let end = suffix(plan);
        for (key, value) in run.metadata.iter().filter(|_| !end.is_empty()) {
            if let (Some(name), Ok(value)) = (key.strip_suffix(&end), value.parse::<f64>())
                && !name.contains("__")
            {
                put(format!("metadata: {name}"), None, plan, value);
            }
        }
    }
    for file in &run.files {
        let plan = usize::try_from(file.task).ok().and_then(|at| tasks.get(at));
        if let (Some(plan), Some(table)) = (plan, tables.get(&file.file)) {
            for column in &table.columns {
                if let Some(known) = column.figures {
                    let name = format!("{}: {} median", file.output, column.name);
                    put(name, column.unit.clone(), plan, known.median);
                }
            }
        }
    }
    told(figures, &cases)
}

/// Whether the stage of `plan` is done on other hosts as well.
fn shares_stage(tasks: &[TaskPlan], plan: &TaskPlan) -> bool {
    tasks.iter().any(|other| other.stage == plan.stage && other.host != plan.host)
}

fn told(figures: Figures, cases: &[Option<SafeText>]) -> Vec<Statistic> {
    let mut statistics = Vec::new();
    for ((figure, unit), by_case) in figures {
        let base =
            by_case.get(&0).and_then(|values| Sorted::new(values.values().copied().collect()));
        for (case, values) in by_case {
            let values: Vec<f64> = values.into_values().collect();
            let Some(sorted) = Sorted::new(values.clone()) else { continue };
            let mut rng = StdRng::seed_from_u64(SEED);
            let interval = of_median(&sorted, RESAMPLES, &mut rng);
            let beside = base.as_ref().filter(|_| case > 0);
            let (change_percent, verdict) =
                beside.map_or((None, None), |base| beside_of(&sorted, base));
            statistics.push(Statistic {
                case: cases.get(case).cloned().flatten(),
                figure: SafeText::new(&figure),
                unit: unit.clone(),
                values,
                median: sorted.median(),
                interval: interval.map(|interval| (interval.low, interval.high)),
                change_percent,
                verdict,
            });
        }
    }
    statistics
}

/// How `values` are beside `base`: the change of the median, and whether it may be chance.
fn beside_of(values: &Sorted, base: &Sorted) -> (Option<f64>, Option<SafeText>) {
    let mut rng = StdRng::seed_from_u64(SEED);
    let Some(ratio) = times(values, base, RESAMPLES, &mut rng) else { return (None, None) };
    let percent = Some((ratio.times - 1.0) * 100.0).filter(|percent| percent.is_finite());
    let rules = Rules::default();
    if least_p(values.len(), base.len()) >= rules.alpha {
        return (percent, Some("too few repetitions to tell".into()));
    }
    let p = p_of(values, base, SHUFFLES, &mut rng);
    let sure = p < rules.alpha;
    (percent, Some(if sure { "changed" } else { "no change seen" }.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Seconds;
    use crate::model::workflow::WorkflowHead;
    use crate::model::workflow::result::TaskEnd;

    #[test]
    fn repetitions_come_to_a_median_with_bounds_and_cases_are_set_beside_the_first() {
        let mut run = WorkflowRun { head: WorkflowHead::default(), ..WorkflowRun::default() };
        for (case, base) in [("a", 1.0), ("b", 2.0), ("c", 1.0)] {
            for repetition in 1..=10 {
                let seconds = Seconds(base + f64::from(repetition) / 100.0);
                run.head.tasks.push(TaskPlan {
                    stage: "load".into(),
                    case: Some(case.into()),
                    repetition,
                    ..TaskPlan::default()
                });
                let state = TaskState::Passed { seconds };
                run.tasks.push(TaskEnd { began_ms: Some(0), state });
                run.metadata.insert(format!("rate__{case}__{repetition}"), "5".to_owned());
            }
        }
        let statistics = of(&run, &BTreeMap::new());
        let seconds: Vec<&Statistic> =
            statistics.iter().filter(|one| one.figure.as_str() == "load: seconds").collect();
        assert_eq!(seconds.len(), 3);
        assert!((seconds[0].median - 1.055).abs() < 1e-9 && seconds[0].interval.is_some());
        assert_eq!(seconds[0].verdict, None);
        assert_eq!(seconds[1].verdict.as_ref().unwrap().as_str(), "changed");
        assert!(seconds[1].change_percent.unwrap() > 90.0);
        assert_eq!(seconds[2].verdict.as_ref().unwrap().as_str(), "no change seen");
        assert!(statistics.iter().any(|one| one.figure.as_str() == "metadata: rate"));
        assert_eq!(seconds[0].values.len(), 10);
    }
}
