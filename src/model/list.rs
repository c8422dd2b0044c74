//! Lists that come from outside, of things of which `{}` is a whole one: every field has a default.
//!
//! Who tells them may be hostile, and a few megabytes become gigabytes. What [`bounded`] reads holds in such
//! lists about twice its own length and no more; an isomon, which writes every field, never comes near that.
//! What is read without it, as files of this machine are, has no such bound.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, SeqAccess, Visitor};

/// What the lists of the shortest text may hold, in bytes.
const LEAST: usize = 1 << 10;
/// What is said of a text whose lists would hold more.
const FULL: &str = "its lists hold more than it says";

thread_local! {
    /// What the lists of the text that is read by [`bounded`] may hold yet, in bytes.
    static ROOM: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Reads `json`, whose lists may hold twice its length; an error where they would hold more.
pub fn bounded<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let room = LEAST.saturating_add(json.len().saturating_mul(2));
    let _before = Before(ROOM.replace(Some(room)));
    serde_json::from_slice(json)
}

/// The room there was before, which is there again once this is dropped.
struct Before(Option<usize>);

impl Drop for Before {
    fn drop(&mut self) {
        ROOM.set(self.0);
    }
}

/// Reads a list while there is room for it.
pub(super) fn read<'de, T, D>(from: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    from.deserialize_seq(List(PhantomData))
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            if let Some(room) = ROOM.get() {
                let left = room.checked_sub(size_of::<T>());
                ROOM.set(Some(left.ok_or_else(|| A::Error::custom(FULL))?));
            }
            all.push(one);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::agent::{Agents, ModelUse, Session, Trouble};
    use crate::model::pipeline::{
        Advice, Artifact, Checkpoint, Exception, LogLine, Moment, Partition, Pipeline, Pipelines,
        Pressure, Spell, Stage, Worker,
    };

    fn jobs() -> Pipelines {
        let stage = Stage {
            spells: vec![Spell::default(); 9],
            partitions: vec![Partition::default(); 9],
            ..Stage::default()
        };
        let worker = Worker { events: vec![Moment::default(); 9], ..Worker::default() };
        let job = Pipeline {
            stages: vec![stage; 9],
            workers: vec![worker; 9],
            exceptions: vec![Exception::default(); 9],
            checkpoints: vec![Checkpoint::default(); 9],
            timeline: vec![Moment::default(); 9],
            lineage: vec![Artifact::default(); 9],
            advice: vec![Advice::default(); 9],
            log: vec![LogLine::default(); 9],
            pressure: vec![Pressure::default(); 9],
            ..Pipeline::default()
        };
        Pipelines { jobs: vec![job; 100], gaps: Vec::new() }
    }

    #[test]
    fn what_an_isomon_writes_is_read_whole() {
        let jobs = jobs();
        let json = serde_json::to_vec(&jobs).unwrap();
        assert_eq!(bounded::<Pipelines>(&json).unwrap(), jobs);
        let agents = Agents {
            list: vec![Session::default(); 500],
            models: vec![ModelUse::default(); 500],
            errors: vec![Trouble::default(); 500],
            ..Agents::default()
        };
        let json = serde_json::to_vec(&agents).unwrap();
        assert_eq!(bounded::<Agents>(&json).unwrap(), agents);
    }

    #[test]
    fn lists_of_next_to_nothing_are_refused_from_outside_alone() {
        let hollow = vec!["{}"; 1_000].join(",");
        let few = br#"{"jobs":[{},{}],"gaps":[]}"#;
        for json in [
            format!(r#"{{"jobs":[{hollow}],"gaps":[]}}"#),
            format!(r#"{{"jobs":[{{"stages":[{hollow}]}}],"gaps":[]}}"#),
            format!(r#"{{"jobs":[{{"workers":[{{"events":[{hollow}]}}]}}],"gaps":[]}}"#),
        ] {
            let error = bounded::<Pipelines>(json.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(FULL), "{error}");
            assert_eq!(bounded::<Pipelines>(few).unwrap().jobs.len(), 2, "each has its own room");
            assert!(serde_json::from_str::<Pipelines>(&json).is_ok(), "a file of this machine");
        }
    }
}
