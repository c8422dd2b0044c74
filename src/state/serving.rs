//! Models over time, and which GPUs they work on.
//!
//! A server of models on this machine is a source of its own, or is found by this machine itself; its
//! processes are this machine's in either case, and so are the GPUs they hold. Of another machine only its
//! own isomon can know.

use std::collections::{BTreeMap, HashMap};

use super::Node;
use crate::model::gpu::{Gpu, GpuSample};
use crate::model::id::SourceId;
use crate::model::origin::Kind;
use crate::model::reading::{Reading, Why};
use crate::model::serving::{Engine, Key, Latency, Serving};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{PerSecond, Ratio, Seconds};
use crate::series::Series;

/// Models of one node of which a history is kept.
const MOST: usize = 256;

/// A number of a model that has a history. Shares are kept in percent, times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as it is in `Serving`")]
pub enum ModelMetric {
    Tokens,
    Prompt,
    Running,
    Waiting,
    Cache,
    Requests,
    FirstP50,
    FirstP95,
    FirstP99,
    InterP50,
    InterP95,
    InterP99,
    WholeP50,
    WholeP95,
    WholeP99,
    QueueP95,
}

impl ModelMetric {
    /// Every metric.
    pub const ALL: [Self; 16] = [
        Self::Tokens,
        Self::Prompt,
        Self::Running,
        Self::Waiting,
        Self::Cache,
        Self::Requests,
        Self::FirstP50,
        Self::FirstP95,
        Self::FirstP99,
        Self::InterP50,
        Self::InterP95,
        Self::InterP99,
        Self::WholeP50,
        Self::WholeP95,
        Self::WholeP99,
        Self::QueueP95,
    ];

    /// What it is called where it is kept: what it is, and its unit.
    pub const fn column(self) -> &'static str {
        match self {
            Self::Tokens => "model_tokens_per_second",
            Self::Prompt => "model_prompt_tokens_per_second",
            Self::Running => "model_requests_running",
            Self::Waiting => "model_requests_waiting",
            Self::Cache => "model_kv_cache_used_percent",
            Self::Requests => "model_requests_per_second",
            Self::FirstP50 => "model_first_token_p50_seconds",
            Self::FirstP95 => "model_first_token_p95_seconds",
            Self::FirstP99 => "model_first_token_p99_seconds",
            Self::InterP50 => "model_inter_token_p50_seconds",
            Self::InterP95 => "model_inter_token_p95_seconds",
            Self::InterP99 => "model_inter_token_p99_seconds",
            Self::WholeP50 => "model_end_to_end_p50_seconds",
            Self::WholeP95 => "model_end_to_end_p95_seconds",
            Self::WholeP99 => "model_end_to_end_p99_seconds",
            Self::QueueP95 => "model_queue_p95_seconds",
        }
    }
}

/// How many there are.
const METRICS: usize = ModelMetric::ALL.len();

/// The numbers of a model at one instant.
pub type ModelRow = [Option<f64>; METRICS];

/// An hour of a model's numbers; [`ModelMetric`] as `usize` is the index.
pub type ModelHistory = Series<METRICS>;

/// The row of `served` in its history.
pub fn model_row(served: &Serving) -> ModelRow {
    let rate = |rate: &Reading<PerSecond>| rate.get().map(|rate| rate.0);
    let time = |time: &Reading<Seconds>| time.get().map(|time| time.0);
    let times = |latency: &Latency| [time(&latency.p50), time(&latency.p95), time(&latency.p99)];
    let (first, inter) = (times(&served.first_token), times(&served.inter_token));
    let whole = times(&served.end_to_end);
    [
        rate(&served.tokens_per_second),
        rate(&served.prompt_tokens_per_second),
        served.running.get(),
        served.waiting.get(),
        served.kv_cache.get().map(Ratio::percent),
        rate(&served.requests_per_second),
        first[0],
        first[1],
        first[2],
        inter[0],
        inter[1],
        inter[2],
        whole[0],
        whole[1],
        whole[2],
        time(&served.queued.p95),
    ]
}

/// The model `key`, which `engine` serves, at the instant of `row`: what is kept, and nothing else.
pub fn model_then(key: &Key, engine: Option<Engine>, row: &ModelRow) -> Serving {
    let why = || Why::Absent("what was kept of it".into());
    let number = |metric: ModelMetric| Reading::from_option(row[metric as usize], why());
    let rate = |metric| number(metric).map(PerSecond);
    let time = |metric| number(metric).map(Seconds);
    let share = row[ModelMetric::Cache as usize].and_then(|percent| Ratio::new(percent / 100.0));
    let none = || Reading::Missing(why());
    let times = |p50, p95, p99| Latency {
        p50: time(p50),
        p95: time(p95),
        p99: time(p99),
        mean: none(),
        count: Reading::Missing(why()),
    };
    Serving {
        engine,
        address: key.1.clone(),
        tokens_per_second: rate(ModelMetric::Tokens),
        prompt_tokens_per_second: rate(ModelMetric::Prompt),
        running: number(ModelMetric::Running),
        waiting: number(ModelMetric::Waiting),
        kv_cache: Reading::from_option(share, why()),
        requests_per_second: rate(ModelMetric::Requests),
        first_token: times(ModelMetric::FirstP50, ModelMetric::FirstP95, ModelMetric::FirstP99),
        inter_token: times(ModelMetric::InterP50, ModelMetric::InterP95, ModelMetric::InterP99),
        end_to_end: times(ModelMetric::WholeP50, ModelMetric::WholeP95, ModelMetric::WholeP99),
        queued: Latency { p95: time(ModelMetric::QueueP95), ..Latency::silent() },
        ..Serving::silent(key.0.clone())
    }
}

/// Puts `rows` of the past, by the present clock, before what is known of the model of `histories` that
/// `key` names; nobody may have heard of it yet.
pub(super) fn precede(
    histories: &mut BTreeMap<Key, ModelHistory>,
    key: Key,
    most: usize,
    rows: &[(u64, ModelRow)],
) {
    if !rows.is_empty() && (histories.len() < MOST || histories.contains_key(&key)) {
        histories.entry(key).or_default().precede(most, rows);
    }
}

/// Adds what `serving` says at `at` to the history of each model; those that are gone for an hour are
/// forgotten.
pub(super) fn push(
    histories: &mut BTreeMap<Key, ModelHistory>,
    serving: &[Serving],
    at: Stamp,
    rows: usize,
) {
    for served in serving {
        let key = served.key();
        if histories.len() < MOST || histories.contains_key(&key) {
            histories.entry(key).or_default().push_within(rows, at.mono_ms, model_row(served));
        }
    }
    let hour = 3_600_000;
    histories.retain(|_, history| {
        history.last_ms().is_some_and(|last| at.mono_ms.saturating_sub(last) < hour)
    });
}

/// Whether `node` is a server of models, asked by itself.
fn is_server(node: &Node) -> bool {
    matches!(node.origin.as_ref().map(|origin| origin.kind), Some(Kind::Model(_)))
}

/// Where the GPUs of what `from` serves are: a server that is asked by itself tells of processes only
/// where it is on this machine.
fn place(nodes: &BTreeMap<SourceId, Node>, from: &SourceId) -> SourceId {
    let server = nodes.get(from).is_some_and(is_server);
    if server { SourceId::local() } else { from.clone() }
}

/// Says of each process on a GPU which model it serves, after `from` told something new.
pub(super) fn join(nodes: &mut BTreeMap<SourceId, Node>, from: &SourceId) {
    let place = place(nodes, from);
    let here = place == SourceId::local();
    let servers = here.then(|| nodes.values().filter(|node| is_server(node)));
    let served: HashMap<u32, SafeText> = nodes
        .get(&place)
        .into_iter()
        .chain(servers.into_iter().flatten())
        .filter_map(|node| node.serving.as_ref())
        .flat_map(|(_, all)| all)
        .flat_map(|one| one.pids.iter().map(|pid| (*pid, one.model.clone())))
        .collect();
    let gpus = nodes.get_mut(&place).and_then(|node| node.gpus.as_mut());
    if let Some((_, sample)) = gpus.filter(|_| !served.is_empty()) {
        name(sample, &served);
    }
}

fn name(sample: &mut GpuSample, served: &HashMap<u32, SafeText>) {
    for gpu in &mut sample.gpus {
        let Reading::Known(users) = &mut gpu.processes else { continue };
        for user in users {
            if let Some(model) = served.get(&user.pid) {
                user.model = Some(model.clone());
            }
        }
    }
}

/// The GPUs that `served`, which `id` tells of, works on.
pub fn gpus_of<'s>(
    nodes: &'s BTreeMap<SourceId, Node>,
    id: &SourceId,
    served: &Serving,
) -> Vec<&'s Gpu> {
    let sample = nodes.get(&place(nodes, id)).and_then(|node| node.gpus.as_ref());
    let all = sample.map_or(&[][..], |(_, sample)| sample.gpus.as_slice());
    let holds = |gpu: &&Gpu| {
        let users = gpu.processes.known().map_or(&[][..], Vec::as_slice);
        users.iter().any(|user| served.pids.contains(&user.pid))
    };
    all.iter().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gpu::GpuProcess;
    use crate::model::origin::Origin;
    use crate::model::update::{Update, What};
    use crate::state::State;

    fn tell(state: &mut State, from: &str, second: u64, what: What) {
        let at = Stamp { mono_ms: second * 1000, wall_ms: 0 };
        state.apply(&Update { at, from: SourceId(from.into()), what });
    }

    fn serving(pids: &[u32], tokens: f64) -> What {
        let tokens_per_second = Reading::Known(PerSecond(tokens));
        let model = Serving::silent("m".into());
        What::Serving(vec![Serving { pids: pids.to_vec(), tokens_per_second, ..model }])
    }

    fn gpus(pids: &[u32]) -> What {
        let user = |pid: &u32| GpuProcess { pid: *pid, ..GpuProcess::default() };
        let gpu = |pid: &u32| Gpu { processes: Reading::Known(vec![user(pid)]), ..Gpu::default() };
        let gpus = pids.iter().map(gpu).collect();
        What::Gpus(Box::new(GpuSample { gpus, ..GpuSample::default() }))
    }

    fn models(state: &State, node: &str) -> Vec<Option<String>> {
        let sample = &state.nodes[&SourceId(node.into())].gpus.as_ref().unwrap().1;
        let user = |gpu: &Gpu| gpu.processes.known()?[0].model.as_ref().map(ToString::to_string);
        sample.gpus.iter().map(user).collect()
    }

    #[test]
    fn a_gpu_knows_the_model_of_its_process_whoever_spoke_first() {
        let mut state = State::default();
        tell(&mut state, "far", 1, gpus(&[7, 8]));
        tell(&mut state, "far", 2, serving(&[6, 7], 1.0));
        assert_eq!(models(&state, "far"), [Some("m".to_owned()), None]);
        tell(&mut state, "far", 3, gpus(&[8, 6]));
        assert_eq!(models(&state, "far"), [None, Some("m".to_owned())]);
    }

    #[test]
    fn a_server_on_this_machine_works_on_its_gpus_and_no_other_does() {
        let mut state = State::default();
        let kind = Kind::Model(Engine::Vllm);
        let origin = Box::new(Origin { kind, ..Origin::default() });
        tell(&mut state, "localhost:8000", 1, What::Origin(origin));
        tell(&mut state, "localhost:8000", 1, serving(&[7], 1.0));
        tell(&mut state, "local", 2, gpus(&[7]));
        tell(&mut state, "far", 2, gpus(&[7]));
        assert_eq!(models(&state, "local"), [Some("m".to_owned())]);
        assert_eq!(models(&state, "far"), [None]);
        let served =
            &state.nodes[&SourceId("localhost:8000".into())].serving.as_ref().unwrap().1[0];
        assert_eq!(gpus_of(&state.nodes, &SourceId("localhost:8000".into()), served).len(), 1);
    }

    #[test]
    fn an_hour_is_kept_of_each_model() {
        let mut state = State::default();
        for second in 0..10 {
            tell(&mut state, "far", second, serving(&[], second as f64));
        }
        let histories = &state.nodes[&SourceId("far".into())].model_history;
        let history = &histories[&("m".into(), None)];
        let last = history.nearest(ModelMetric::Tokens as usize, 9_000).unwrap();
        assert_eq!((history.len(), last), (10, (9_000, Some(9.0))));
        assert_eq!(history.nearest(ModelMetric::Running as usize, 9_000).unwrap().1, None);
        let row = model_row(&Serving::default());
        assert_eq!(row.len(), ModelMetric::QueueP95 as usize + 1);
    }

    #[test]
    fn what_is_kept_of_an_instant_is_told_again() {
        let mut row = [None; METRICS];
        for (at, value) in row.iter_mut().enumerate().filter(|(at, _)| at % 3 != 1) {
            *value = Some(if at == ModelMetric::Cache as usize { 50.0 } else { at as f64 });
        }
        let key: Key = ("m".into(), Some("gpu-1:8000".into()));
        let then = model_then(&key, Some(Engine::Vllm), &row);
        assert_eq!(model_row(&then), row);
        assert_eq!((then.key(), then.engine), (key, Some(Engine::Vllm)));
    }
}
