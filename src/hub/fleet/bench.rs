//! One benchmark on several nodes: an id for each, then a wish for each, then who could not.

use std::collections::BTreeSet;

use rand::Rng;

use super::{Fleet, Reply, answer, is_nothing};
use crate::hub::{Deed, Hub};
use crate::model::bench::Plan;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::origin::Kind;
use crate::model::text::SafeText;
use crate::model::update::{FleetRun, What};
use crate::watch::Outlet;

/// Nodes of one benchmark.
const NODES: usize = 1_000;

impl<D: Deed> Hub<D> {
    /// Starts `plan` on each of `nodes`. Which run is whose, and who is left out and why, is told before
    /// any of them begins, and again where a node then refuses.
    pub(in crate::hub) async fn bench_on(&mut self, nodes: Vec<SourceId>, plan: Plan) {
        let nodes: BTreeSet<SourceId> = nodes.into_iter().take(NODES).collect();
        let mut fleet = FleetRun::default();
        for node in nodes {
            match self.hindrance(&node) {
                Some(why) => fleet.left_out.push((node, why)),
                None => fleet.runs.push((node, self.fresh_id())),
            }
        }
        self.tell(What::Fleet(fleet.clone())).await;
        if is_nothing(&fleet) {
            let first = fleet.left_out.first().map(|(node, why)| format!(": {node}: {why}"));
            let first = first.unwrap_or_default();
            return self.say(true, &format!("no node begins this benchmark{first}")).await;
        }
        let mut replies = Vec::new();
        for (node, id) in &fleet.runs {
            if *node == SourceId::local() {
                self.bench(Some(id.clone()), plan.clone()).await;
                continue;
            }
            let command = Command::BenchAs { id: id.clone(), plan: Box::new(plan.clone()) };
            self.fleet.remember(id, node);
            replies.push((node.clone(), self.fleet.wish(node, command)));
        }
        self.tasks.spawn(correct(self.outlet(), fleet, replies));
    }

    /// Why `node` cannot begin a benchmark now.
    fn hindrance(&self, node: &SourceId) -> Option<SafeText> {
        if *node == SourceId::local() {
            return self.busy().map(SafeText::from);
        }
        self.fleet.hindrance(node)
    }

    fn fresh_id(&mut self) -> RunId {
        RunId::new(self.outlet.now().wall_ms, self.random.random())
    }
}

impl Fleet {
    fn hindrance(&self, node: &SourceId) -> Option<SafeText> {
        let Some(remote) = self.remotes.get(node) else {
            let source = node.above().filter(|source| self.remotes.contains_key(source));
            return Some(source.map_or_else(
                || "it is not watched".into(),
                |source| SourceId::only_told(&source).into(),
            ));
        };
        match (&remote.answers, remote.kind) {
            (Some(Err(why)), _) => Some(format!("it does not answer: {why}").into()),
            (None, _) | (_, None) => Some("it has not answered yet; wait a moment".into()),
            (Some(Ok(())), Some(Kind::Isomon)) if !remote.can_bench => {
                let why = "benchmarks are started there only with a token that may";
                Some(why.into())
            }
            (Some(Ok(())), Some(kind)) if !remote.can_bench => {
                let remedy = match kind {
                    Kind::Ssh => "; put isomon on the PATH that ssh has there",
                    _ => "",
                };
                Some(format!("no benchmark can be started there ({kind}){remedy}").into())
            }
            (Some(Ok(())), Some(_)) => None,
        }
    }
}

/// Waits for what the nodes say to their wish, and tells again who takes part if one refused.
async fn correct(
    outlet: Outlet,
    mut fleet: FleetRun,
    replies: Vec<(SourceId, Result<Reply, SafeText>)>,
) {
    let before = fleet.runs.len();
    for (node, reply) in replies {
        let came = match reply {
            Ok(reply) => answer(reply).await,
            Err(why) => Err(why),
        };
        if let Err(why) = came {
            fleet.runs.retain(|(other, _)| *other != node);
            fleet.left_out.push((node, why));
        }
    }
    if fleet.runs.len() != before {
        outlet.send(What::Fleet(fleet)).await;
    }
}
