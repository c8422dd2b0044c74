//! What a machine is: read once, for it does not change while the machine is up.

use std::path::Path;
use std::time::Instant;

use sysinfo::{CpuRefreshKind, RefreshKind, System};

use super::Probe;
use super::kept::Kept;
use super::memory::MemoryProbe;
use crate::model::node::NodeInfo;
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::procfs::machine::{cgroup, is_guest, maker, named};
use crate::procfs::sandbox::Ground;

/// Reads what the machine under `roots` is; what it does not tell is missing.
pub fn info(roots: &Roots) -> NodeInfo {
    let proc = |name: &str| Kept::new(roots.proc.join(name));
    let cpuinfo = text(&mut proc("cpuinfo"));
    let mountinfo = text(&mut proc("self/mountinfo"));
    let uname = rustix::system::uname();
    let hostname = line(&mut proc("sys/kernel/hostname"));
    NodeInfo {
        hostname: hostname
            .known()
            .cloned()
            .unwrap_or_else(|| SafeText::from_bytes(uname.nodename().to_bytes())),
        os: os(),
        kernel: line(&mut proc("sys/kernel/osrelease")),
        arch: SafeText::from_bytes(uname.machine().to_bytes()),
        cpu_model: cpu_model(roots, cpuinfo.known().map_or("", String::as_str)),
        cpus: cpus(&mut proc("stat")),
        memory_bytes: memory(roots),
        cgroup: cgroup(mountinfo.known().map_or("", String::as_str)),
        virtualization: virtualization(roots, cpuinfo.known().map_or("", String::as_str)),
    }
}

fn text(kept: &mut Kept) -> Reading<String> {
    kept.read().map(std::borrow::Cow::into_owned).into()
}

fn line(kept: &mut Kept) -> Reading<SafeText> {
    kept.parse("text", |text| {
        let text = text.trim();
        (!text.is_empty()).then(|| SafeText::new(text))
    })
    .into()
}

fn memory(roots: &Roots) -> Reading<crate::model::unit::Bytes> {
    let sample = MemoryProbe::new(roots).sample(Instant::now());
    sample.map(|memory| memory.total_bytes).into()
}

/// `Debian GNU/Linux 12`; a rolling distribution has no version.
fn os() -> Reading<SafeText> {
    let name = System::name().ok().filter(|name| !name.is_empty());
    let version = System::os_version().map_or(String::new(), |version| format!(" {version}"));
    let os = name.map(|name| SafeText::from(name + &version));
    Reading::from_option(os, Why::Absent("/etc/os-release".into()))
}

/// The processor's name as the kernel tells it. ARM kernels tell numbers of maker and part, which
/// `sysinfo` knows by name; it reads the machine's own files alone, so fixtures go without.
fn cpu_model(roots: &Roots, cpuinfo: &str) -> Reading<SafeText> {
    let own = || (*roots == Roots::default()).then(brand).flatten();
    let model = named(cpuinfo, &["model name", "cpu model", "uarch", "cpu"])
        .or_else(own)
        .or_else(|| named(cpuinfo, &["Hardware", "Model"]));
    Reading::from_option(model, Why::NotSupported)
}

fn brand() -> Option<SafeText> {
    let wanted = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
    let system = System::new_with_specifics(wanted).ok()?;
    let brand = system.cpus().first()?.brand().trim();
    (!brand.is_empty()).then(|| SafeText::new(brand))
}

fn cpus(stat: &mut Kept) -> u32 {
    let is_core = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let counted = stat.read().map_or(0, |text| text.lines().filter(is_core).count());
    let counted = match counted {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        counted => counted,
    };
    u32::try_from(counted).unwrap_or(u32::MAX)
}

/// The container first, for it is the inner one; then the flag that a processor under a hypervisor
/// has, for bare machines of a cloud have its firmware too; then what the firmware says.
fn virtualization(roots: &Roots, cpuinfo: &str) -> Reading<SafeText> {
    let found = container(roots).or_else(|| match is_guest(cpuinfo) {
        Some(false) => Some(SafeText::new("none")),
        Some(true) => firmware(roots)
            .or_else(|| maker(&processor(roots)))
            .or_else(|| Some(SafeText::new("unknown hypervisor"))),
        None => firmware(roots),
    });
    Reading::from_option(found, Why::NotSupported)
}

fn container(roots: &Roots) -> Option<SafeText> {
    let read = |name: &str| text(&mut Kept::new(roots.proc.join(name)));
    if let Reading::Known(environment) = read("1/environ")
        && let Some(kind) =
            environment.split('\0').find_map(|entry| entry.strip_prefix("container="))
    {
        return Some(SafeText::new(kind));
    }
    let Reading::Known(groups) = read("1/cgroup") else {
        return None;
    };
    let engine = Ground::new(&groups, None).engine()?;
    Some(SafeText::new(&engine.to_string()))
}

fn firmware(roots: &Roots) -> Option<SafeText> {
    let read = |name: &str| {
        let text = std::fs::read_to_string(roots.sys.join(name));
        text.map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    if read("hypervisor/type") == "xen" {
        return Some(SafeText::new("xen"));
    }
    let dmi = Path::new("class/dmi/id");
    let part = |name: &str| read(&dmi.join(name).to_string_lossy());
    let said = format!("{} {}", part("sys_vendor"), part("product_name"));
    maker(&said)
}

/// The name of the hypervisor that the processor itself tells; of another machine's files it tells nothing.
#[cfg(target_arch = "x86_64")]
fn processor(roots: &Roots) -> String {
    if *roots != Roots::default() {
        return String::new();
    }
    let leaf = std::arch::x86_64::__cpuid(0x4000_0000);
    let letters = [leaf.ebx, leaf.ecx, leaf.edx].map(u32::to_le_bytes).concat();
    String::from_utf8_lossy(&letters).into_owned()
}

#[cfg(not(target_arch = "x86_64"))]
fn processor(_: &Roots) -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_processor() {
        let fixture = Roots { proc: "/nonexistent".into(), sys: "/nonexistent".into() };
        let model = |text: &str| cpu_model(&fixture, text).to_string();
        assert_eq!(model("processor : 0\nmodel name\t: Some CPU\n"), "Some CPU");
        assert_eq!(model("model name :\nHardware : Some Board\n"), "Some Board");
        assert_eq!(model("processor : 0\n"), "—");
    }

    #[test]
    fn names_the_distribution_of_this_machine() {
        let told = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let name = told.lines().find_map(|line| line.strip_prefix("NAME="));
        let Some(name) = name.map(|name| name.trim_matches('"')) else { return };
        assert!(os().known().unwrap().as_str().starts_with(name));
    }
}
