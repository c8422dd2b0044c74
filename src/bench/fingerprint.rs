//! What must be alike for two runs to be comparable, read from the machine.
//!
//! Read once, before a run; what the kernel does not show stays absent. What the machine is comes
//! from the same reader as on the Nodes tab, so that both always agree.

use std::fs;
use std::path::{Path, PathBuf};

use crate::backend::kernel_version;
use crate::model::backend::BackendStatus;
use crate::model::bench::Plan;
use crate::model::root::Roots;
use crate::model::run::{Fingerprint, Tool};
use crate::model::text::SafeText;
use crate::probe;

/// Longest file taken; those read here are lines.
const LONGEST: u64 = 4 << 10;

/// The fingerprint of this machine for a run of `plan`.
pub fn fingerprint(roots: &Roots, plan: &Plan, statuses: &[BackendStatus]) -> Fingerprint {
    Fingerprint {
        backends: tools(plan, statuses),
        guest_kernel: plan.kernel.as_ref().and_then(|kernel| kernel_version(&kernel.image)),
        page_cache_hot: plan.effort.warmup_rounds > 0,
        ..machine(roots)
    }
}

/// The fingerprint of this machine alone, where no backend is measured.
pub fn machine(roots: &Roots) -> Fingerprint {
    let info = probe::info::info(roots);
    let cpu = roots.sys.join("devices/system/cpu");
    Fingerprint {
        isomon: env!("CARGO_PKG_VERSION").to_owned(),
        hostname: info.hostname,
        kernel: info.kernel.known().cloned(),
        os: info.os.known().cloned(),
        cpu_model: info.cpu_model.known().cloned(),
        cpus: info.cpus,
        memory_bytes: info.memory_bytes.get(),
        governor: governor(&cpu),
        turbo: turbo(&cpu),
        smt: text(&cpu.join("smt/active")).map(|state| state == "1"),
        mitigations: mitigations(&cpu.join("vulnerabilities")),
        virtualization: info.virtualization.known().cloned(),
        ..Fingerprint::default()
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
            ("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n"),
            ("sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "performance\n"),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
            ("sys/devices/system/cpu/smt/active", "1\n"),
            ("sys/devices/system/cpu/vulnerabilities/spectre_v2", "Mitigation: x\n"),
            ("sys/devices/system/cpu/vulnerabilities/mds", "Vulnerable\n"),
            ("proc/sys/kernel/hostname", "node7\n"),
            ("proc/cpuinfo", "processor : 0\nmodel name\t: Some CPU @ 2 GHz\n"),
        ]);
        let said = |text: &Option<SafeText>| text.as_ref().unwrap().to_string();
        assert_eq!(found.hostname.as_str(), "node7");
        assert_eq!(said(&found.cpu_model), "Some CPU @ 2 GHz");
        assert_eq!(said(&found.governor), "performance, powersave");
        assert_eq!((found.turbo, found.smt), (Some(false), Some(true)));
        let flaws: Vec<_> = found.mitigations.iter().map(SafeText::as_str).collect();
        assert_eq!(flaws, ["mds: Vulnerable", "spectre_v2: Mitigation: x"]);
    }

    #[test]
    fn a_machine_that_shows_nothing_has_an_empty_fingerprint() {
        let found = of(&[]);
        assert_eq!((found.governor, found.turbo, found.smt), (None, None, None));
        assert_eq!((found.memory_bytes, found.cpu_model, found.kernel), (None, None, None));
        assert!(found.mitigations.is_empty());
    }
}
