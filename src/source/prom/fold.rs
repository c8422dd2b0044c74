//! Answers about all nodes, taken apart into nodes.
//!
//! What `node_exporter` calls `instance` is a node. Exporters of GPUs and of models have instances of
//! their own: they are joined to the node whose own name they tell, else to the only one at their
//! address, else they stand for themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::Error;
use super::answer::Sample;
use super::gpu::Gpus;
use super::machine::Machine;
use super::query::About;
use super::serving::Models;
use super::{disk, sensor};
use crate::model::node::{NodeInfo, NodeSample};
use crate::model::origin::Offer;
use crate::model::update::What;

/// Most nodes of one store.
const MOST: usize = 20_000;
/// Most of each list of a node.
const MOST_LISTED: usize = 256;

/// Everything a store told at once.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    nodes: BTreeMap<String, Draft>,
}

/// What is known of one `instance` so far.
#[derive(Debug, Default)]
struct Draft {
    up: Option<bool>,
    age: Option<f64>,
    machine: Machine,
    disks: disk::Disks,
    networks: disk::Networks,
    mounts: disk::Mounts,
    sensors: sensor::Sensors,
    gpus: Gpus,
    models: Models,
}

/// A node and what to tell of it.
#[derive(Debug)]
pub(super) struct Node {
    /// What it is, where that was asked.
    pub(super) info: Option<NodeInfo>,
    /// Whether the store reaches it.
    pub(super) offer: Offer,
    /// How it is doing; nothing of one that is not reached.
    pub(super) told: Vec<What>,
}

impl Fleet {
    /// Adds one series of an answer about `about`.
    pub(super) fn take(&mut self, about: About, sample: &Sample<'_>) -> Result<(), Error> {
        let instance = sample.metric.instance.as_ref();
        if instance.is_empty() {
            return Ok(());
        }
        if !self.nodes.contains_key(instance) {
            if self.nodes.len() >= MOST {
                return Err(Error::Limit { what: "the number of instances", most: "20,000" });
            }
            self.nodes.insert(instance.to_owned(), Draft::default());
        }
        if let Some(draft) = self.nodes.get_mut(instance) {
            draft.take(about, sample);
        }
        Ok(())
    }

    /// The nodes by `instance`; of those last scraped more than `oldest` ago, no samples.
    pub(super) fn nodes(mut self, oldest: Duration) -> BTreeMap<String, Node> {
        for draft in self.nodes.values_mut() {
            let is_old = draft.age.is_some_and(|age| age > oldest.as_secs_f64());
            if draft.up == Some(true) && is_old {
                draft.up = None;
            }
        }
        self.join();
        let nodes =
            self.nodes.into_iter().filter(|(_, draft)| !draft.is_empty() || draft.is_down());
        nodes.map(|(instance, draft)| (instance, draft.node())).collect()
    }

    /// Gives what exporters of GPUs and models told to the nodes they run on.
    fn join(&mut self) {
        let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut by_host: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (instance, draft) in self.nodes.iter().filter(|(_, draft)| draft.machine.is_known()) {
            by_host.entry(host(instance).to_owned()).or_default().push(instance.clone());
            if let Some(name) = draft.machine.name() {
                by_name.entry(name.to_owned()).or_default().push(instance.clone());
            }
        }
        let only = |found: Option<&Vec<String>>| match found.map(Vec::as_slice) {
            Some([one]) => Some(one.clone()),
            _ => None,
        };
        let guests = self.nodes.iter().filter(|(_, draft)| draft.is_guest());
        let moves: Vec<(String, String)> = guests
            .filter_map(|(instance, draft)| {
                let named = draft.gpus.hostname().and_then(|name| only(by_name.get(name)));
                let to = named.or_else(|| only(by_host.get(host(instance))))?;
                Some((instance.clone(), to))
            })
            .collect();
        for (from, to) in moves {
            let Some(guest) = self.nodes.remove(&from) else { continue };
            if let Some(draft) = self.nodes.get_mut(&to).filter(|_| guest.is_live()) {
                draft.gpus.extend(guest.gpus);
                draft.models.extend(guest.models);
            }
        }
    }
}

/// An instance without its port.
fn host(instance: &str) -> &str {
    match instance.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => instance,
    }
}

impl Draft {
    fn take(&mut self, about: About, sample: &Sample<'_>) {
        let (metric, value) = (&sample.metric, sample.value());
        match about {
            About::Target if metric.what == "up" => self.up = value.map(|up| up > 0.0),
            About::Target => self.age = value,
            About::Machine => self.machine.take_info(metric, value),
            About::Load | About::Memory => self.machine.take_gauge(metric, value),
            About::Processor => self.machine.take_mode(metric, value),
            About::Pressure => self.machine.take_pressure(metric, value),
            About::Disk => disk::take_disk(&mut self.disks, metric, value, MOST_LISTED),
            About::Network => disk::take_network(&mut self.networks, metric, value, MOST_LISTED),
            About::FileSystem => disk::take_mount(&mut self.mounts, metric, value, MOST_LISTED),
            About::Temperature => self.sensors.take(metric, value, MOST_LISTED),
            About::Gpu => self.gpus.take(metric, value, MOST_LISTED),
            About::Serving => self.models.take(metric, value, MOST_LISTED),
        }
    }

    fn is_guest(&self) -> bool {
        !self.machine.is_known() && !self.is_empty()
    }

    fn is_empty(&self) -> bool {
        !self.machine.is_known() && self.gpus.is_empty() && self.models.is_empty()
    }

    /// Whether a store that knows `up` reaches it, and has lately.
    fn is_live(&self) -> bool {
        self.up == Some(true) || (self.up.is_none() && self.age.is_none())
    }

    fn is_down(&self) -> bool {
        self.up == Some(false)
    }

    fn node(self) -> Node {
        let offer = match (self.is_live(), self.up) {
            (true, _) => Offer::Offered,
            (false, Some(false)) => Offer::Failed("the store cannot scrape it: up is 0".into()),
            (false, _) => Offer::Failed("the store has not scraped it for long".into()),
        };
        let info = self.machine.info();
        if offer != Offer::Offered {
            return Node { info, offer, told: Vec::new() };
        }
        let mut told = Vec::new();
        if self.machine.is_sampled() {
            told.push(What::Node(Box::new(NodeSample {
                disks: self.disks.into_iter().map(disk::disk).collect(),
                networks: disk::networks(self.networks),
                mounts: self.mounts.into_iter().map(disk::mount).collect(),
                temperatures: self.sensors.temperatures(),
                ..self.machine.sample()
            })));
        }
        if !self.gpus.is_empty() {
            told.push(What::Gpus(Box::new(self.gpus.sample())));
        }
        if !self.models.is_empty() {
            told.push(What::Serving(self.models.serving()));
        }
        Node { info, offer, told }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(fleet: &mut Fleet, about: About, metric: &str, value: &str) {
        let json = format!(r#"{{"metric":{metric},"value":[0,"{value}"]}}"#);
        fleet.take(about, &serde_json::from_str(&json).unwrap()).unwrap();
    }

    fn load(fleet: &mut Fleet, instance: &str) {
        let metric = format!(r#"{{"__name__":"node_load1","instance":"{instance}"}}"#);
        take(fleet, About::Load, &metric, "1.5");
    }

    fn target(fleet: &mut Fleet, instance: &str, what: &str, value: &str) {
        let metric = format!(r#"{{"isomon_what":"{what}","instance":"{instance}"}}"#);
        take(fleet, About::Target, &metric, value);
    }

    fn shown(fleet: Fleet) -> Vec<(String, Vec<&'static str>)> {
        let kind = |what: &What| match what {
            What::Node(_) => "node",
            What::Gpus(_) => "gpus",
            What::Serving(_) => "serving",
            _ => "else",
        };
        let nodes = fleet.nodes(Duration::from_secs(30)).into_iter();
        nodes.map(|(name, node)| (name, node.told.iter().map(kind).collect())).collect()
    }

    #[test]
    fn exporters_of_one_host_are_one_node() {
        let mut fleet = Fleet::default();
        load(&mut fleet, "10.0.0.1:9100");
        load(&mut fleet, "10.0.0.2:9100");
        let gpu = |at: &str, host: &str| {
            format!(
                r#"{{"__name__":"DCGM_FI_DEV_GPU_UTIL","instance":"{at}","gpu":"0","UUID":"{at}","Hostname":"{host}"}}"#
            )
        };
        let uname = r#"{"isomon_what":"uname","instance":"10.0.0.2:9100","nodename":"two"}"#;
        take(&mut fleet, About::Machine, uname, "1");
        take(&mut fleet, About::Gpu, &gpu("10.0.0.1:9400", "pod"), "5");
        take(&mut fleet, About::Gpu, &gpu("10.244.1.9:9400", "two"), "5");
        take(&mut fleet, About::Gpu, &gpu("10.9.9.9:9400", "nobody"), "5");
        let vllm = r#"{"__name__":"vllm:num_requests_running","instance":"10.0.0.1:8000","model_name":"m"}"#;
        take(&mut fleet, About::Serving, vllm, "3");
        let rows = shown(fleet);
        let rows: Vec<(&str, &[&str])> =
            rows.iter().map(|(n, t)| (n.as_str(), t.as_slice())).collect();
        let wanted: [(&str, &[&str]); 3] = [
            ("10.0.0.1:9100", &["node", "gpus", "serving"]),
            ("10.0.0.2:9100", &["node", "gpus"]),
            ("10.9.9.9:9400", &["gpus"]),
        ];
        assert_eq!(rows, wanted);
    }

    #[test]
    fn what_is_not_scraped_is_told_and_has_no_sample() {
        let mut fleet = Fleet::default();
        for (instance, up, age) in [("a:1", "1", "3"), ("b:1", "0", "3"), ("c:1", "1", "300")] {
            load(&mut fleet, instance);
            target(&mut fleet, instance, "up", up);
            target(&mut fleet, instance, "age", age);
        }
        target(&mut fleet, "d:1", "up", "0");
        target(&mut fleet, "other:1", "up", "1");
        let nodes = fleet.nodes(Duration::from_secs(30));
        let rows: Vec<(&str, usize, String)> = nodes
            .iter()
            .map(|(name, node)| (name.as_str(), node.told.len(), node.offer.to_string()))
            .collect();
        let down = "the store cannot scrape it: up is 0".to_owned();
        let wanted = [
            ("a:1", 1, "offered".to_owned()),
            ("b:1", 0, down.clone()),
            ("c:1", 0, "the store has not scraped it for long".to_owned()),
            ("d:1", 0, down),
        ];
        assert_eq!(rows, wanted);
    }
}
