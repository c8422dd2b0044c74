//! What is learned of an engine before a container is made: its runtime, its processors, and whether
//! its containers can stand in our control groups.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::engine::Error;
use crate::model::text::SafeText;

/// What matters of an engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// The runtime's name there; `None` where the engine does not tell which it takes.
    pub runtime: Option<String>,
    /// Whether that runtime was asked for.
    pub chosen: bool,
    /// Processors it has: it refuses a limit above.
    pub cpus: u64,
    /// Whether a container goes into a control group by its path. With systemd it does not: there
    /// groups are units.
    pub grouped: bool,
    /// Limits it does not keep.
    pub unlimited: Vec<String>,
    /// Why not.
    pub because: String,
}

impl Facts {
    /// What `info` says; `wish` names the runtime, its own choice if empty.
    pub(super) fn of(info: &Value, wish: &str) -> Result<Self, Error> {
        let runtime = match wish {
            "" => info["DefaultRuntime"].as_str().map(str::to_owned),
            wish => Some(find(info, wish)?),
        };
        let rootless = info["SecurityOptions"].to_string().contains("name=rootless");
        let ours = rustix::process::geteuid().is_root();
        let mut facts = Self {
            runtime,
            chosen: !wish.is_empty(),
            cpus: info["NCPU"].as_u64().unwrap_or(1).max(1),
            grouped: info["CgroupDriver"] == "cgroupfs" && ours && !rootless,
            ..Self::default()
        };
        facts.look_for_limits(info);
        Ok(facts)
    }

    fn look_for_limits(&mut self, info: &Value) {
        let limits = [("memory", "MemoryLimit"), ("cpu", "CpuCfsQuota"), ("pids", "PidsLimit")];
        let runtime = self.runtime.as_deref().unwrap_or_default();
        let arguments = &info["Runtimes"][runtime]["runtimeArgs"];
        let ignores = arguments.as_array().is_some_and(|all| {
            all.iter()
                .any(|one| one.as_str().is_some_and(|one| one.starts_with("--ignore-cgroups")))
        });
        let missing = |field: &str| ignores || info[field] == json!(false);
        let missing = limits.into_iter().filter(|(_, field)| missing(field));
        self.unlimited = missing.map(|(name, _)| name.to_owned()).collect();
        self.because = if ignores {
            format!("{runtime} is registered with --ignore-cgroups")
        } else {
            "the engine has no such controller".to_owned()
        };
    }

    /// What it does not limit, as a sentence.
    pub(super) fn shortcoming(&self) -> Option<String> {
        let which = self.unlimited.join(", ");
        (!which.is_empty()).then(|| format!("not limited: {which} ({})", self.because))
    }

    /// `body` as this engine needs it, with its container in `group` where it can be.
    pub(super) fn fit(&self, mut body: Value, group: &str) -> Value {
        let host = &mut body["HostConfig"];
        if let Some(runtime) = self.runtime.as_ref().filter(|_| self.chosen) {
            host["Runtime"] = json!(runtime);
        }
        if self.grouped {
            host["CgroupParent"] = json!(group);
        }
        let most = self.cpus.saturating_mul(1_000_000_000);
        host["NanoCpus"] = json!(host["NanoCpus"].as_u64().unwrap_or(most).min(most));
        body
    }
}

/// The runtime of the engine's that is called `wish`, or most nearly so.
fn find(info: &Value, wish: &str) -> Result<String, Error> {
    let runtimes = info["Runtimes"].as_object();
    let mut names: Vec<&str> =
        runtimes.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let is_it = |name: &str| name.split(['.', '-', '_']).any(|part| part == wish);
    let fitting = names.iter().filter(|name| is_it(name));
    if let Some(name) = fitting.min_by_key(|name| (**name != wish, name.len())) {
        return Ok((*name).to_owned());
    }
    // Second names of runc, which each engine has.
    names.retain(|name| !name.starts_with("io.containerd.run"));
    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(Error::Runtime { wish: wish.to_owned(), known: SafeText::within(&known, 100) })
}

/// The engine and the runtime in a few words.
pub(super) fn describe(version: &Value, facts: &Facts) -> String {
    let component = version["Components"][0]["Name"].as_str().unwrap_or_default();
    let product = if component.starts_with("Podman") { "Podman" } else { "Docker" };
    let number = version["Version"].as_str().unwrap_or("of no version");
    let number = number.split('+').next().unwrap_or(number);
    match &facts.runtime {
        Some(runtime) => format!("{product} {number}, {runtime}"),
        None => format!("{product} {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> Value {
        json!({
            "DefaultRuntime": "runc",
            "CgroupDriver": "cgroupfs",
            "NCPU": 2,
            "MemoryLimit": true, "CpuCfsQuota": true, "PidsLimit": true,
            "Runtimes": {
                "runc": {"path": "runc"},
                "io.containerd.runc.v2": {"path": "runc"},
                "kata-qemu-long": {}, "kata-runtime": {}, "io.containerd.kata.v2": {},
                "runsc": {"runtimeArgs": ["--network=none", "--ignore-cgroups=true"]},
            },
        })
    }

    #[test]
    fn a_runtime_is_found_by_a_name_like_it() {
        let named = |wish| Facts::of(&info(), wish).map(|facts| facts.runtime.unwrap());
        assert_eq!(named("").unwrap(), "runc");
        assert_eq!(named("kata").unwrap(), "kata-runtime");
        assert_eq!(named("runsc").unwrap(), "runsc");
        let unknown = named("crun").unwrap_err().to_string();
        // In which order depends on who else is built in.
        assert!(unknown.starts_with("the engine knows no runtime crun; it knows "), "{unknown}");
        assert!(unknown.contains("kata-runtime") && !unknown.contains("runc.v2"), "{unknown}");
        let plain = json!({"Runtimes": {"runc": {}, "io.containerd.runtime.v1.linux": {}}});
        assert_eq!(
            Facts::of(&plain, "runsc").unwrap_err().to_string(),
            "the engine knows no runtime runsc; it knows runc"
        );
    }

    #[test]
    fn limits_that_do_not_hold_are_named() {
        assert_eq!(Facts::of(&info(), "").unwrap().shortcoming(), None);
        assert_eq!(
            Facts::of(&info(), "runsc").unwrap().shortcoming().unwrap(),
            "not limited: memory, cpu, pids (runsc is registered with --ignore-cgroups)"
        );
        let mut weak = info();
        weak["PidsLimit"] = json!(false);
        assert_eq!(
            Facts::of(&weak, "").unwrap().shortcoming().unwrap(),
            "not limited: pids (the engine has no such controller)"
        );
    }

    #[test]
    fn a_container_asks_for_no_more_than_there_is() {
        let facts = Facts { cpus: 2, grouped: true, ..Facts::default() };
        let body = json!({"HostConfig": {"NanoCpus": 64_000_000_000_u64}});
        let fitted = facts.fit(body, "/isomon/r/main");
        assert_eq!(fitted["HostConfig"]["NanoCpus"], 2_000_000_000_u64);
        assert_eq!(fitted["HostConfig"]["CgroupParent"], "/isomon/r/main");
        assert_eq!(fitted["HostConfig"].get("Runtime"), None);
    }

    #[test]
    fn an_engine_says_its_product_and_version() {
        let version = json!({"Version": "20.10.24+dfsg1", "Components": [{"Name": "Engine"}]});
        let facts = Facts::of(&info(), "").unwrap();
        assert_eq!(describe(&version, &facts), "Docker 20.10.24, runc");
        let version = json!({"Version": "4.3.1", "Components": [{"Name": "Podman Engine"}]});
        assert_eq!(describe(&version, &Facts::default()), "Podman 4.3.1");
    }
}
