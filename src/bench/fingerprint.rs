//! What must be alike for two runs to be comparable, read from the machine.
//!
//! Read once, before a run; what the kernel does not show stays absent.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::backend::BackendStatus;
use crate::model::bench::Plan;
use crate::model::root::Roots;
use crate::model::run::{Fingerprint, Tool};
use crate::model::text::SafeText;
use crate::model::unit::Bytes;

/// Longest file taken; the longest that matters, `cpuinfo`, says all in its first processor.
const LONGEST: u64 = 64 << 10;

/// The fingerprint of this machine for a run of `plan`.
pub fn fingerprint(roots: &Roots, plan: &Plan, statuses: &[BackendStatus]) -> Fingerprint {
    let cpu = roots.sys.join("devices/system/cpu");
    let kernel = roots.proc.join("sys/kernel");
    let cpuinfo = text(&roots.proc.join("cpuinfo")).unwrap_or_default();
    Fingerprint {
        isomon: env!("CARGO_PKG_VERSION").to_owned(),
        hostname: text(&kernel.join("hostname")).map(SafeText::from).unwrap_or_default(),
        kernel: text(&kernel.join("osrelease")).map(SafeText::from),
        os: os(roots),
        cpu_model: field(&cpuinfo, "model name").map(SafeText::from),
        cpus: text(&cpu.join("online")).map_or(0, |list| count(&list)),
        memory_bytes: memory(roots),
        governor: governor(&cpu),
        turbo: turbo(&cpu),
        smt: text(&cpu.join("smt/active")).map(|state| state == "1"),
        mitigations: mitigations(&cpu.join("vulnerabilities")),
        virtualization: virtualization(roots, &cpuinfo),
        backends: tools(plan, statuses),
        page_cache_hot: plan.effort.warmup_rounds > 0,
    }
}

/// A small file without its last newline; `None` if it cannot be read or is empty.
fn text(path: &Path) -> Option<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The value of the first `key : value` line.
fn field<'a>(lines: &'a str, key: &str) -> Option<&'a str> {
    let value = |line: &'a str| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    };
    lines.lines().find_map(value)
}

/// `PRETTY_NAME` of os-release, in the `etc` beside `proc`.
fn os(roots: &Roots) -> Option<SafeText> {
    let lines = text(&roots.proc.parent()?.join("etc/os-release"))?;
    let name = lines.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(SafeText::new(name.trim_matches('"')))
}

/// How many processors a list such as `0-3,8` names.
fn count(list: &str) -> u32 {
    let span = |part: &str| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high): (u32, u32) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
        high.checked_sub(low)?.checked_add(1)
    };
    list.split(',').filter_map(span).fold(0, u32::saturating_add)
}

fn memory(roots: &Roots) -> Option<Bytes> {
    let lines = text(&roots.proc.join("meminfo"))?;
    let kibibytes: u64 = field(&lines, "MemTotal")?.split_whitespace().next()?.parse().ok()?;
    Some(Bytes(kibibytes.saturating_mul(1024)))
}

/// The governor of the processors, or each of them where they differ.
fn governor(cpu: &Path) -> Option<SafeText> {
    let mut names: Vec<String> = entries(&cpu.join("cpufreq"))
        .filter(|(name, _)| name.starts_with("policy"))
        .filter_map(|(_, path)| text(&path.join("scaling_governor")))
        .collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| SafeText::new(&names.join(", ")))
}

/// Intel's own switch is turned round; the common one is not.
fn turbo(cpu: &Path) -> Option<bool> {
    let off = text(&cpu.join("intel_pstate/no_turbo")).map(|state| state == "0");
    off.or_else(|| text(&cpu.join("cpufreq/boost")).map(|state| state == "1"))
}

fn mitigations(dir: &Path) -> Vec<SafeText> {
    let line = |(name, path): (String, PathBuf)| Some(format!("{name}: {}", text(&path)?));
    let mut lines: Vec<String> = entries(dir).filter_map(line).collect();
    lines.sort();
    lines.iter().map(|line| SafeText::new(line)).collect()
}

/// What the firmware calls the machine, where the processor says that it is a virtual one.
fn virtualization(roots: &Roots, cpuinfo: &str) -> Option<SafeText> {
    let flags = field(cpuinfo, "flags")?;
    flags.split_whitespace().find(|flag| *flag == "hypervisor")?;
    let dmi = roots.sys.join("class/dmi/id");
    let parts = ["sys_vendor", "product_name"].map(|name| text(&dmi.join(name)));
    let named: Vec<String> = parts.into_iter().flatten().collect();
    if named.is_empty() {
        return Some(SafeText::new("a hypervisor"));
    }
    Some(SafeText::new(&named.join(" ")))
}

fn tools(plan: &Plan, statuses: &[BackendStatus]) -> Vec<Tool> {
    let used = statuses.iter().filter(|status| plan.backends.contains(&status.id));
    let tool = |status: &BackendStatus| {
        let version = status.version.clone()?;
        Some(Tool { backend: status.id, version })
    };
    used.filter_map(tool).collect()
}

fn entries(dir: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    let found = fs::read_dir(dir).into_iter().flatten().flatten();
    found.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::preset::plan;
    use crate::model::bench::Preset;

    fn of(files: &[(&str, &str)]) -> Fingerprint {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let roots = Roots { proc: root.path().join("proc"), sys: root.path().join("sys") };
        fingerprint(&roots, &plan(Preset::Quick, &[], 1), &[])
    }

    #[test]
    fn a_machine_is_told_by_its_files() {
        let found = of(&[
            ("proc/sys/kernel/hostname", "node7\n"),
            (
                "proc/cpuinfo",
                "processor : 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t: fpu hypervisor\n",
            ),
            ("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n"),
            ("etc/os-release", "NAME=x\nPRETTY_NAME=\"Some Linux 12\"\n"),
            ("sys/devices/system/cpu/online", "0-3,8\n"),
            ("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n"),
            ("sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "performance\n"),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
            ("sys/devices/system/cpu/smt/active", "1\n"),
            ("sys/devices/system/cpu/vulnerabilities/spectre_v2", "Mitigation: x\n"),
            ("sys/devices/system/cpu/vulnerabilities/mds", "Vulnerable\n"),
            ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
        ]);
        let said = |text: &Option<SafeText>| text.as_ref().unwrap().to_string();
        assert_eq!(found.hostname.as_str(), "node7");
        assert_eq!(said(&found.cpu_model), "Some CPU @ 2 GHz");
        assert_eq!(said(&found.os), "Some Linux 12");
        assert_eq!(said(&found.governor), "performance, powersave");
        assert_eq!(said(&found.virtualization), "QEMU");
        assert_eq!((found.cpus, found.memory_bytes), (5, Some(Bytes(2 << 20))));
        assert_eq!((found.turbo, found.smt), (Some(false), Some(true)));
        let flaws: Vec<_> = found.mitigations.iter().map(SafeText::as_str).collect();
        assert_eq!(flaws, ["mds: Vulnerable", "spectre_v2: Mitigation: x"]);
    }

    #[test]
    fn a_machine_that_shows_nothing_has_an_empty_fingerprint() {
        let found = of(&[("sys/devices/system/cpu/online", "9-3,x,4294967295-0\n")]);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let nothing =
            Fingerprint { isomon: version, page_cache_hot: true, ..Fingerprint::default() };
        assert_eq!(found, nothing);
    }
}
