//! `isomon compare`: one run beside others.

use color_eyre::eyre::{Result, eyre};

use super::advice::Advise;
use super::kept::Kind;
use super::setting::Setting;
use super::{Exit, Outcome, kept, print, result};
use crate::model::run::Run;
use crate::model::text::SafeText;
use crate::report::{compare_json, compare_text, flow_compare};
use crate::stats::compare::{Comparison, Rules, compare};
use crate::store::result::ResultDir;

/// Share below which a change is none, of benchmarks.
const NOISE: f64 = 0.05;

/// What to compare, and when a difference is a change.
#[derive(Clone, Debug, clap::Args)]
pub struct CompareArgs {
    /// Runs: the first is what the others are set beside. `last`, ids, baselines, files, directories
    #[arg(value_name = "RUN", required = true, num_args = 2..)]
    runs: Vec<String>,
    #[command(flatten)]
    rules: RuleArgs,
    /// End with status 1 where something is slower, or broken
    #[arg(long)]
    fail_on_regression: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// When a difference is a change.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct RuleArgs {
    /// Changes known to be smaller than this are none: 5%, 0.05 [default: 5%, of a model's server 20%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    noise: Option<f64>,
    /// Chance of a false alarm, over all rows together
    #[arg(long, value_name = "SHARE", default_value = "0.01", value_parser = alpha)]
    alpha: f64,
    /// Compare runs of unlike machines, versions or limits all the same
    #[arg(long)]
    anyway: bool,
}

impl RuleArgs {
    fn rules(&self) -> Rules {
        Rules { noise: self.noise.unwrap_or(NOISE), alpha: self.alpha, ..Rules::default() }
    }

    /// `other` beside `base`, unless they are not alike and nobody said to do it anyway.
    fn compare(&self, base: &Run, other: &Run) -> Result<Comparison> {
        let comparison = compare(base, other, &self.rules());
        if comparison.differences.is_empty() || self.anyway {
            return Ok(comparison);
        }
        let differences = compare_text::differences(&comparison).replace('\n', "\n  ");
        Err(eyre!("the runs are not alike\n  {differences}")
            .advise("--anyway compares them all the same, and marks it"))
    }
}

pub(super) fn run(wish: &CompareArgs, setting: &Setting) -> Outcome {
    if let Some(workflows) = workflows(&wish.runs, setting)? {
        let noise = wish.rules.noise.unwrap_or(flow_compare::NOISE);
        let (text, worse) = result::compared(&workflows, noise, wish.json)?;
        print::out(&text)?;
        return Ok(if worse && wish.fail_on_regression { Exit::Bad } else { Exit::Good });
    }
    let runs: Result<Vec<Run>> = wish.runs.iter().map(|word| kept::find(word, setting)).collect();
    let runs = runs?;
    let Some((base, others)) = runs.split_first() else {
        return Err(eyre!("there is nothing to compare").advise("name two runs"));
    };
    let compared: Result<Vec<Comparison>> =
        others.iter().map(|other| wish.rules.compare(base, other)).collect();
    let compared = compared?;
    let named: Vec<_> = wish.runs.iter().map(String::as_str).zip(&runs).collect();
    print::out(&shown(wish, &named, &compared)?)?;
    let worse = compared.iter().any(Comparison::has_regression);
    Ok(if worse && wish.fail_on_regression { Exit::Bad } else { Exit::Good })
}

/// The runs of workflows that `words` mean; `None` where they mean benchmarks. `last` is one of the kind
/// of the others, and where all are that, of the latest run's.
fn workflows(words: &[String], setting: &Setting) -> Result<Option<Vec<ResultDir>>> {
    let found: Result<Vec<_>> = words.iter().map(|word| result::find(word, setting)).collect();
    let found = found?;
    let named = || words.iter().zip(&found).filter(|(word, _)| *word != "last");
    let flow = named().find(|(_, run)| run.is_some());
    let other = named().find(|(_, run)| run.is_none());
    if let (Some((flow, _)), Some((other, _))) = (flow, other) {
        let (flow, other) = (SafeText::new(flow), SafeText::new(other));
        return Err(eyre!(
            "{flow} is a workflow's run and {other} is none: they have no figure in common"
        )
        .advise("name runs of one kind; `isomon list` shows them"));
    }
    let latest = || kept::latest(Kind::Any, setting).is_ok_and(|run| run.workflow);
    if flow.is_none() && (other.is_some() || !latest()) {
        return Ok(None);
    }
    let mut runs = Vec::new();
    for (word, run) in words.iter().zip(found) {
        runs.extend(match run {
            Some(run) => Some(run),
            None => result::meant(word, setting)?,
        });
    }
    Ok(Some(runs))
}

fn shown(wish: &CompareArgs, named: &[(&str, &Run)], compared: &[Comparison]) -> Result<String> {
    let rules = wish.rules.rules();
    let Some((base, others)) = named.split_first() else {
        return Ok(String::new());
    };
    if wish.json {
        let others: Vec<_> = others.iter().copied().zip(compared).collect();
        return Ok(compare_json::json(&rules, *base, &others)?);
    }
    let texts = others.iter().zip(compared).map(|(other, comparison)| {
        compare_text::text(comparison, &rules, [base.0, other.0], [base.1, other.1])
    });
    Ok(texts.collect::<Vec<_>>().join("\n"))
}

/// Prints what `run` is beside the baseline `name`; whether it is worse.
pub(super) fn beside(name: &str, base: &Run, run: &Run, wish: &RuleArgs) -> Result<(String, bool)> {
    let comparison = wish.compare(base, run)?;
    let text = compare_text::text(&comparison, &wish.rules(), [name, "this run"], [base, run]);
    Ok((text, comparison.has_regression()))
}

fn share(word: &str) -> Result<f64, String> {
    let (number, scale) = match word.strip_suffix('%') {
        Some(percent) => (percent, 100.0),
        None => (word, 1.0),
    };
    let value = number.trim().parse::<f64>().ok().map(|value| value / scale);
    let share = value.filter(|value| (0.0..1.0).contains(value));
    share.ok_or_else(|| "a share like 5% or 0.05, at least 0 and less than 100 %".to_owned())
}

fn alpha(word: &str) -> Result<f64, String> {
    let value = share(word).ok().filter(|value| (1e-6..=0.5).contains(value));
    value.ok_or_else(|| "a chance like 0.01 or 1%, from 0.000001 to 0.5".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_as_people_write_them() {
        assert_eq!((share("5%"), share("0.05"), share("0")), (Ok(0.05), Ok(0.05), Ok(0.0)));
        assert_eq!(alpha("1%"), Ok(0.01));
        for bad in ["", "-1%", "100%", "nan", "x", "1e9"] {
            assert!(share(bad).is_err() && alpha(bad).is_err(), "{bad}");
        }
        assert!(alpha("0").is_err());
    }
}
