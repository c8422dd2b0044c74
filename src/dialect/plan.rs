//! A workflow as a list of tasks: each stage on each host, in each case and repetition.

use std::collections::BTreeMap;

use super::template::{self, Values};
use crate::model::text::SafeText;
use crate::model::workflow::{Case, HealthCheck, Stage, TaskPlan, Work, Workflow, WorkflowWish};

pub use super::order::{ancestors, edges};

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";
/// Letters of a word that a plan tells.
const LONGEST: usize = 256;
/// Letters a secret has to have to be looked for: a shorter one is in every other word.
const SHORTEST: usize = 4;

/// One stage on one host, in one case and repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// It in words.
    pub plan: TaskPlan,
    /// Which stage it is of.
    pub stage: Where,
    /// Its host.
    pub host: String,
    /// Its case; `None` where there are none, and in the cleanup.
    pub case: Option<usize>,
    /// Which repetition it is, from 1; 0 where the stage is done once.
    pub repetition: u32,
    /// Why it is passed over, if it is.
    pub skip: Option<SafeText>,
}

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// One of the stages.
    Stage(usize),
    /// One of the cleanup.
    Cleanup(usize),
}

/// What is done where `wish` is done to `workflow`, in the order of the file: for each case, for each
/// repetition of it, each stage on each of its hosts; then the cleanup.
pub fn plan(workflow: &Workflow, wish: &WorkflowWish) -> Vec<Task> {
    let mut tasks = Vec::new();
    for case in cases(workflow, wish) {
        for round in 0..workflow.repeat.max(1) {
            for index in 0..workflow.stages.len() {
                stage(workflow, wish, Where::Stage(index), case, round, &mut tasks);
            }
        }
    }
    for index in 0..workflow.cleanup.len() {
        stage(workflow, wish, Where::Cleanup(index), None, 0, &mut tasks);
    }
    tasks
}

/// The cases that are run, by index; one `None` where there are none.
fn cases(workflow: &Workflow, wish: &WorkflowWish) -> Vec<Option<usize>> {
    if workflow.cases.is_empty() {
        return vec![None];
    }
    let wished = |case: &Case| wish.case.as_ref().is_none_or(|wished| *wished == case.name);
    let all = workflow.cases.iter().enumerate();
    all.filter(|(_, case)| wished(case)).map(|(index, _)| Some(index)).collect()
}

/// The tasks of one stage in one repetition of a case.
fn stage(
    workflow: &Workflow,
    wish: &WorkflowWish,
    at: Where,
    case: Option<usize>,
    round: u32,
    tasks: &mut Vec<Task>,
) {
    let Some(stage) = at.of(workflow) else { return };
    let times = stage.repeat.max(1);
    let rounds = if matches!(at, Where::Stage(_)) { workflow.repeat.max(1) } else { 1 };
    let skip = skipped(workflow, stage, wish, case);
    for host in &stage.hosts {
        for time in 0..times {
            let several = times > 1 || rounds > 1;
            let repetition = if several { round * times + time + 1 } else { 0 };
            let plan = told(workflow, stage, at, host, case, repetition);
            let (host, skip) = (host.clone(), skip.clone());
            tasks.push(Task { plan, stage: at, host, case, repetition, skip });
        }
    }
}

impl Where {
    /// The stage in `workflow`.
    pub fn of(self, workflow: &Workflow) -> Option<&Stage> {
        match self {
            Self::Stage(index) => workflow.stages.get(index),
            Self::Cleanup(index) => workflow.cleanup.get(index),
        }
    }
}

/// Why `stage` is passed over in `case`, if it is.
pub fn skipped(
    workflow: &Workflow,
    stage: &Stage,
    wish: &WorkflowWish,
    case: Option<usize>,
) -> Option<SafeText> {
    if wish.skip.contains(&stage.name) {
        return Some("--skip".into());
    }
    if stage.skip {
        return Some("skip: true".into());
    }
    let case = case.and_then(|case| workflow.cases.get(case))?;
    let only = stage.only_for.as_ref().filter(|only| **only != case.name)?;
    Some(SafeText::new(&format!("only for case {only}")))
}

/// Tasks that `workflow` comes to, all cases run.
pub(super) fn count(workflow: &Workflow) -> u64 {
    let of = |stages: &[Stage]| {
        let each = stages.iter().map(|stage| stage.hosts.len() as u64 * u64::from(stage.repeat));
        each.fold(0_u64, u64::saturating_add)
    };
    let cases = workflow.cases.len().max(1) as u64;
    let rounds = cases.saturating_mul(u64::from(workflow.repeat.max(1)));
    of(&workflow.stages).saturating_mul(rounds).saturating_add(of(&workflow.cleanup))
}

fn told(
    workflow: &Workflow,
    stage: &Stage,
    at: Where,
    host: &str,
    case: Option<usize>,
    repetition: u32,
) -> TaskPlan {
    let argv = argv(workflow, stage, case);
    let name = case.and_then(|case| workflow.cases.get(case)).map(|case| SafeText::new(&case.name));
    TaskPlan {
        stage: SafeText::new(&stage.name),
        host: SafeText::new(host),
        case: name,
        repetition,
        kind: SafeText::new(stage.work.word()),
        background: stage.background,
        cleanup: matches!(at, Where::Cleanup(_)),
        argv: argv.iter().map(|word| SafeText::of_lines(word, LONGEST)).collect(),
        check: stage.check.as_ref().map(|check| checked(workflow, check)),
    }
}

fn checked(workflow: &Workflow, check: &HealthCheck) -> SafeText {
    let (kind, target) = (check.kind.word(), redacted(workflow, &check.target));
    SafeText::new(&format!("{kind} {target}, {} s", check.timeout.0))
}

/// What is run, word by word, as far as it is known before it starts: what is put in later stands there
/// in braces. Secrets are [`REDACTED`].
pub fn argv(workflow: &Workflow, stage: &Stage, case: Option<usize>) -> Vec<String> {
    let values = values(workflow, case);
    let put = |text: &str| template::so_far(text, &values);
    let plain = |text: &str| template::plain_so_far(text, &values);
    let words: Vec<String> = match &stage.work {
        Work::Command(command) => {
            let mut words = shell(workflow, stage);
            words.push(put(command));
            words
        }
        Work::Script(script) => vec!["bash".to_owned(), plain(script)],
        Work::Bench(words) => {
            let head = ["isomon", "bench"].map(str::to_owned).into_iter();
            head.chain(words.iter().map(|word| plain(word))).collect()
        }
        Work::Exec { backend, command } => {
            let mut words = vec!["isomon".to_owned(), "exec".to_owned()];
            words.push(format!("--backend={}", backend.name()));
            words.push("--".to_owned());
            words.extend(["sh", "-c"].map(str::to_owned));
            words.push(put(command));
            words
        }
        Work::Copy { from, to } => {
            let spot = |host: &str, path: &str| format!("{host}:{}", plain(path));
            vec!["copy".to_owned(), spot(&from.host, &from.path), spot(&to.host, &to.path)]
        }
    };
    words.iter().map(|word| redacted(workflow, word)).collect()
}

/// What is known of `workflow` in `case` before it starts: hosts, the case, its values.
pub fn values(workflow: &Workflow, case: Option<usize>) -> Values {
    let mut values = Values::of(workflow);
    if let Some(case) = case.and_then(|case| workflow.cases.get(case)) {
        values.set("case", &case.name);
        for (name, value) in &case.matrix {
            values.set(&format!("matrix.{name}"), value);
        }
    }
    values
}

/// What is set for the commands of `stage` in `case`, from what is general to what is particular: its
/// own, with what is known of `values` put in, the command line's, the case's.
pub fn environment(
    workflow: &Workflow,
    wish: &WorkflowWish,
    stage: &Stage,
    case: Option<usize>,
    values: &Values,
) -> BTreeMap<String, String> {
    let put = |text: &String| template::plain_so_far(text, values);
    let own = stage.env.iter().map(|(name, text)| (name.clone(), put(text)));
    let mut env: BTreeMap<String, String> = own.collect();
    env.extend(wish.env.clone());
    let case = case.and_then(|case| workflow.cases.get(case));
    env.extend(case.into_iter().flat_map(|case| case.env.clone()));
    env
}

/// The words that run a command of `stage`, which follows as one word.
pub fn shell(workflow: &Workflow, stage: &Stage) -> Vec<String> {
    let line = stage.shell.as_deref().filter(|shell| !shell.trim().is_empty());
    shell_words::split(line.unwrap_or(&workflow.shell)).unwrap_or_default()
}

/// `text` without the passwords that stand in the file.
pub fn redacted(workflow: &Workflow, text: &str) -> String {
    Secrets::of(workflow).hide(text.to_owned())
}

/// The passwords that stand in a file.
pub(super) struct Secrets<'w>(std::collections::BTreeSet<&'w str>);

impl<'w> Secrets<'w> {
    /// Those of `workflow`.
    pub(super) fn of(workflow: &'w Workflow) -> Self {
        let hosts = workflow.hosts.values();
        let secrets = hosts.flat_map(|host| host.password.iter().chain(&host.key_password));
        let secrets = secrets.map(crate::model::secret::Secret::reveal);
        Self(secrets.filter(|one| !is_told_of(one) && one.len() >= SHORTEST).collect())
    }

    /// `text` without them.
    pub(super) fn hide(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret) {
                text = text.replace(secret, REDACTED);
            }
        }
        text
    }
}

/// Whether `secret` is not one, but says where one is.
pub(super) fn is_told_of(secret: &str) -> bool {
    secret.is_empty()
        || secret == "prompt"
        || secret.starts_with("env:")
        || secret.starts_with("file:")
}
