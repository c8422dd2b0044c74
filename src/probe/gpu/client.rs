//! One client of a GPU, as `/proc/PID/fdinfo/FD` tells it (`Documentation/gpu/drm-usage-stats.rst`
//! in the kernel's sources). The same keys for amdgpu, i915 and xe.

use std::collections::BTreeMap;

use crate::model::unit::Ratio;

/// Longest file believed, in bytes.
pub(super) const LONGEST: u64 = 16 << 10;

/// What one client has used since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Client {
    /// PCI address of the GPU.
    pub(super) gpu: String,
    /// The client's number on that GPU; several file descriptors may share it.
    pub(super) id: u64,
    engines: BTreeMap<String, Engine>,
    regions: BTreeMap<String, u64>,
}

/// How long a client kept one kind of engine busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Engine {
    /// Busy time in ns.
    busy: Option<u64>,
    /// Busy cycles, and all cycles of that engine.
    cycles: (Option<u64>, Option<u64>),
    /// Engines of that kind, 0 when not told, which means one.
    capacity: u64,
}

impl Client {
    /// Reads the text of a `fdinfo` file; `None` if it is not about a PCI GPU.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut client = Self::default();
        let mut has_id = false;
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key.strip_prefix("drm-") {
                Some("pdev") => value.clone_into(&mut client.gpu),
                Some("client-id") => {
                    client.id = value.parse().ok()?;
                    has_id = true;
                }
                Some(key) => client.take(key, value),
                None => {}
            }
        }
        (has_id && !client.gpu.is_empty()).then_some(client)
    }

    fn take(&mut self, key: &str, value: &str) {
        let number = value.split_whitespace().next().and_then(|text| text.parse().ok());
        if let Some(name) = key.strip_prefix("engine-capacity-") {
            self.engine(name).capacity = number.unwrap_or(0);
        } else if let Some(name) = key.strip_prefix("engine-") {
            self.engine(name).busy = number;
        } else if let Some(name) = key.strip_prefix("total-cycles-") {
            self.engine(name).cycles.1 = number;
        } else if let Some(name) = key.strip_prefix("cycles-") {
            self.engine(name).cycles.0 = number;
        } else if let (Some(region), Some(size)) = (region(key), bytes(value)) {
            self.regions.insert(region.to_owned(), size);
        }
    }

    fn engine(&mut self, name: &str) -> &mut Engine {
        self.engines.entry(name.to_owned()).or_default()
    }

    /// GPU memory it holds, in bytes. A GPU without memory of its own uses the machine's.
    pub(super) fn memory(&self) -> Option<u64> {
        let sum = |own: bool| {
            let regions = self.regions.iter().filter(|(name, _)| is_own(name) == own);
            regions.map(|(_, size)| *size).reduce(u64::saturating_add)
        };
        sum(true).or_else(|| sum(false))
    }

    /// Whether the memory it holds is the GPU's own.
    pub(super) fn has_own_memory(&self) -> bool {
        self.regions.keys().any(|name| is_own(name))
    }

    /// The client as it was when it was opened; `None` for counters that do not begin at 0 then.
    pub(super) fn newborn(&self) -> Option<Self> {
        let zero = |(name, engine): (&String, &Engine)| {
            let busy = Some(engine.busy.map(|_| 0)?);
            Some((name.clone(), Engine { busy, ..*engine }))
        };
        let engines: Option<BTreeMap<String, Engine>> = self.engines.iter().map(zero).collect();
        engines.map(|engines| Self { engines, ..Self::default() })
    }

    /// Each kind of engine's share of time this client kept it busy since it was `before`,
    /// `elapsed` ns ago.
    pub(super) fn shares<'a>(&'a self, before: &Self, elapsed: f64) -> BTreeMap<&'a str, f64> {
        let share = |(name, now): (&'a String, &Engine)| {
            let share = now.share(before.engines.get(name)?, elapsed)?;
            Some((name.as_str(), share))
        };
        self.engines.iter().filter_map(share).collect()
    }
}

impl Engine {
    fn share(self, before: &Self, elapsed: f64) -> Option<f64> {
        let share = match (self.cycles, before.cycles, self.busy, before.busy) {
            ((Some(now), Some(all)), (Some(then), Some(all_then)), ..) => {
                now.checked_sub(then)? as f64 / all.checked_sub(all_then)? as f64
            }
            (_, _, Some(now), Some(then)) => now.checked_sub(then)? as f64 / elapsed,
            _ => return None,
        };
        Ratio::new(share / self.capacity.max(1) as f64).map(Ratio::fraction)
    }
}

/// The memory region a key is about. Older amdgpu says `memory` where others say `resident`.
fn region(key: &str) -> Option<&str> {
    key.strip_prefix("resident-").or_else(|| key.strip_prefix("memory-"))
}

fn is_own(region: &str) -> bool {
    region.starts_with("vram") || region.starts_with("local")
}

fn bytes(value: &str) -> Option<u64> {
    let (number, unit) = value.split_once(' ').unwrap_or((value, ""));
    let factor = match unit.trim() {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AMD: &str = "pos:\t0\ndrm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t7\n\
        drm-memory-vram:\t2048 KiB\ndrm-memory-gtt:\t4 KiB\ndrm-engine-gfx:\t1000 ns\n\
        drm-engine-enc:\t500 ns\ndrm-engine-capacity-enc:\t2\n";

    #[test]
    fn busy_time_and_memory_come_from_the_same_keys_for_all_drivers() {
        let before = Client::parse(AMD).unwrap();
        assert_eq!((before.id, before.gpu.as_str()), (7, "0000:03:00.0"));
        assert_eq!(before.memory(), Some(2 << 20));
        let later = AMD.replace("1000 ns", "1400 ns").replace("500 ns", "900 ns");
        let now = Client::parse(&later).unwrap();
        let shares = now.shares(&before, 1000.0);
        assert!((shares["gfx"] - 0.4).abs() < 1e-9);
        assert!((shares["enc"] - 0.2).abs() < 1e-9, "two engines share the time");
    }

    #[test]
    fn xe_counts_cycles_and_an_integrated_gpu_uses_system_memory() {
        let text = |busy: u64, all: u64| {
            format!(
                "drm-pdev: 0000:00:02.0\ndrm-client-id: 1\ndrm-cycles-rcs: {busy}\n\
                 drm-total-cycles-rcs: {all}\ndrm-resident-system: 3 MiB\ndrm-total-system: 9 MiB\n"
            )
        };
        let before = Client::parse(&text(10, 100)).unwrap();
        let now = Client::parse(&text(60, 200)).unwrap();
        assert!((now.shares(&before, 1.0)["rcs"] - 0.5).abs() < 1e-9);
        assert_eq!((now.memory(), now.has_own_memory()), (Some(3 << 20), false));
        assert!(before.shares(&now, 1.0).is_empty(), "a counter that goes back says nothing");
    }

    #[test]
    fn a_new_client_has_used_all_its_time_since_it_was_opened() {
        let client = Client::parse(AMD).unwrap();
        let shares = client.newborn().map(|before| client.shares(&before, 2000.0)["gfx"]);
        assert_eq!(shares, Some(0.5));
        let text = "drm-pdev: a\ndrm-client-id: 1\ndrm-cycles-rcs: 5\ndrm-total-cycles-rcs: 9\n";
        assert_eq!(Client::parse(text).unwrap().newborn(), None);
    }

    #[test]
    fn other_files_are_no_clients() {
        assert_eq!(Client::parse("pos:\t0\nflags:\t02\n"), None);
        assert_eq!(Client::parse("drm-client-id:\tx\ndrm-pdev:\t0\n"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text: String, value: u64) {
            let said = format!("drm-pdev: a\ndrm-client-id: 1\ndrm-engine-a: {value} ns\n{text}");
            if let Some(client) = Client::parse(&said) {
                prop_assert!(client.shares(&client, 0.0).values().all(|share| share.is_finite()));
            }
        }
    }
}
