//! Other nodes, asked once for a snapshot.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::config::address::Address;
use crate::model::id::SourceId;
use crate::model::origin::Kind;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Update;
use crate::report::node::Remote;
use crate::source::{self, Error, Source, Spec, Wants};
use crate::state::{Node, State};
use crate::watch::poll::admit::Admission;
use crate::watch::poll::gate::Gate;

/// Longest that a node is waited for, however often it is asked.
const TIME_BOX: Duration = Duration::from_secs(20);
/// Rates of a node that tells none itself need two looks, this far apart.
const APART: Duration = Duration::from_secs(1);

/// How `specs` are doing, in their order; a source that tells of several nodes is followed by them.
pub(super) async fn all(specs: Vec<Spec>, ssh: usize) -> Vec<Remote> {
    let gate = Arc::new(Gate::new(ssh));
    let mut asked = JoinSet::new();
    for (place, spec) in specs.into_iter().enumerate() {
        let gate = Arc::clone(&gate);
        asked.spawn(async move { (place, one(spec, &gate).await) });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().flat_map(|(_, nodes)| nodes).collect()
}

/// How one source is doing: its own node first, then those it tells of.
async fn one(spec: Spec, gate: &Gate) -> Vec<Remote> {
    let (id, address) = (spec.id.clone(), SafeText::from(spec.address.to_string()));
    let mut state = State::default();
    let is_ssh = matches!(spec.address, Address::Ssh { .. });
    let _turn = gate.enter(false, is_ssh).await;
    let answer = tokio::time::timeout(TIME_BOX, ask(spec, &mut state)).await;
    let late = Error::Late { seconds: TIME_BOX.as_secs(), doing: "answering" };
    let down = answer.unwrap_or(Err(late)).err().map(|error| SafeText::from(error.to_string()));
    let mut own = remote(&id, &address, state.nodes.remove(&id).unwrap_or_default());
    own.down = down;
    let below = state.nodes.into_iter().map(|(id, node)| remote(&id, &address, node));
    std::iter::once(own).chain(below).collect()
}

async fn ask(spec: Spec, state: &mut State) -> Result<(), Error> {
    let id = spec.id.clone();
    let mut admission = Admission::new(id.clone());
    let interval = spec.interval.or(Some(APART));
    let mut source = source::open(Spec { interval, ..spec })?;
    fold(source.as_mut(), &mut admission, state, 1_000).await?;
    let origin = state.nodes.get(&id).and_then(|node| node.origin.as_ref());
    if origin.is_none_or(|origin| origin.kind != Kind::Isomon) {
        tokio::time::sleep(APART).await;
        fold(source.as_mut(), &mut admission, state, 2_000).await?;
    }
    Ok(())
}

async fn fold(
    source: &mut dyn Source,
    admission: &mut Admission,
    state: &mut State,
    mono_ms: u64,
) -> Result<(), Error> {
    let (wants, at) = (Wants::default(), Stamp { mono_ms, wall_ms: 0 });
    let told = source.ask(wants).await?;
    for (from, what) in admission.begin(&told) {
        state.apply(&Update { at, from, what });
    }
    for told in told {
        if let Some((from, what)) = admission.admit(told, wants) {
            state.apply(&Update { at, from, what });
        }
    }
    Ok(())
}

fn remote(id: &SourceId, address: &SafeText, node: Node) -> Remote {
    Remote {
        source: id.to_string(),
        address: address.clone(),
        down: None,
        origin: node.origin.map(|origin| *origin),
        info: node.info.map(|info| *info),
        node: node.sample.map(|(_, sample)| *sample),
        gpus: node.gpus.map(|(_, gpus)| *gpus),
        agents: node.agents.map(|(_, agents)| *agents),
        serving: node.serving.map(|(_, serving)| serving),
    }
}
