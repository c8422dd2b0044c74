//! What to tell people about NVML: NVML's own state weighed against the PCI bus.
//!
//! Pure. "No GPU here" is good news or bad news depending on what the bus shows.

use super::nvml::Standing;
use super::pci::PciGpu;
use super::wire::Unusable;
use crate::model::gpu::GpuReaderState;
use crate::model::text::SafeText;

/// The driver that holds a GPU meant for a virtual machine; NVML is right not to show it.
const GIVEN_AWAY: &str = "vfio-pci";

/// The state of the NVML reader. `bus` is what the PCI bus shows of NVIDIA, `shown` the PCI
/// addresses of the GPUs that answer; `bus` is `None` when it cannot be read.
pub(super) fn judge(standing: &Standing, bus: Option<&[PciGpu]>, shown: &[&str]) -> GpuReaderState {
    let ours: Vec<&PciGpu> = bus.unwrap_or_default().iter().filter(|gpu| !is_given(gpu)).collect();
    match standing {
        Standing::Works { count } => works(*count, &ours, shown),
        Standing::Starting(seconds) => broken(
            &format!("NVML is still loading after {seconds} s"),
            "wait; with persistence mode (nvidia-smi -pm 1) it loads at once",
        ),
        Standing::Faulty(reason) => broken(
            reason.as_str(),
            "read the kernel log for Xid messages; isomon tries again by itself",
        ),
        Standing::Unusable(unusable) if ours.is_empty() && unusable.is_lasting() => {
            GpuReaderState::NotHere(SafeText::from(absence(unusable, bus)))
        }
        Standing::Unusable(unusable) => {
            let (reason, remedy) = explain(unusable);
            broken(&format!("{reason}{}", witness(&ours)), remedy_for(&ours, remedy))
        }
    }
}

fn is_given(gpu: &PciGpu) -> bool {
    gpu.driver.as_deref() == Some(GIVEN_AWAY)
}

fn broken(reason: &str, remedy: &str) -> GpuReaderState {
    GpuReaderState::Broken { reason: SafeText::from(reason), remedy: SafeText::from(remedy) }
}

fn works(count: u32, ours: &[&PciGpu], shown: &[&str]) -> GpuReaderState {
    let is_hidden = |gpu: &&&PciGpu| !shown.contains(&gpu.address.as_str());
    let hidden: Vec<&PciGpu> = ours.iter().filter(is_hidden).copied().collect();
    if hidden.is_empty() && count == 0 {
        let words = "the NVIDIA driver is loaded and shows no GPU; none on the PCI bus";
        return GpuReaderState::NotHere(SafeText::from(words));
    }
    if hidden.is_empty() || ours.len() <= count as usize {
        return GpuReaderState::Works;
    }
    broken(
        &format!(
            "NVML shows {count} of {} NVIDIA GPUs on the PCI bus; {} missing",
            ours.len(),
            addresses(&hidden)
        ),
        remedy_for(
            &hidden,
            "read the kernel log for Xid messages; reset the GPU or restart the machine",
        ),
    )
}

/// What was looked for, and where.
fn absence(unusable: &Unusable, bus: Option<&[PciGpu]>) -> String {
    let library = match unusable {
        Unusable::NoLibrary => "no NVIDIA library (libnvidia-ml.so.1): no NVIDIA driver installed",
        _ => "libnvidia-ml.so.1 is installed, the NVIDIA kernel driver is not loaded",
    };
    let bus = match bus {
        None => "the PCI bus cannot be read",
        Some([]) => "no NVIDIA GPU on the PCI bus",
        Some(_) => "the NVIDIA GPU on the PCI bus is given to a virtual machine (vfio-pci)",
    };
    format!("{library}; {bus}")
}

fn explain(unusable: &Unusable) -> (String, &'static str) {
    let (reason, remedy) = match unusable {
        Unusable::NoLibrary => (
            "no NVIDIA library (libnvidia-ml.so.1)",
            "install the NVIDIA driver; in a container, start it with the NVIDIA runtime",
        ),
        Unusable::DriverNotLoaded => (
            "the NVIDIA kernel driver is not loaded",
            "load it (modprobe nvidia) and read the kernel log if it refuses",
        ),
        Unusable::VersionMismatch => (
            "the NVIDIA library and kernel driver are of different versions",
            "restart the machine, or reload the nvidia kernel module: the driver was updated",
        ),
        Unusable::NoPermission => (
            "no permission to talk to the NVIDIA driver",
            "let this user read and write /dev/nvidiactl and /dev/nvidia0",
        ),
        Unusable::BadLibrary(said) => {
            return (said.to_string(), "reinstall the NVIDIA driver: its library cannot be loaded");
        }
        Unusable::Failed(said) => {
            return (said.to_string(), "run nvidia-smi and read the kernel log for Xid messages");
        }
    };
    (reason.to_owned(), remedy)
}

fn witness(ours: &[&PciGpu]) -> String {
    match ours {
        [] => String::new(),
        gpus => format!("; on the PCI bus: {}", addresses(gpus)),
    }
}

fn addresses(gpus: &[&PciGpu]) -> String {
    let told: Vec<&str> = gpus.iter().take(4).map(|gpu| gpu.address.as_str()).collect();
    let more = if gpus.len() > told.len() { " …" } else { "" };
    format!("{}{more}", told.join(", "))
}

/// A GPU run by nouveau needs another driver, whatever else is wrong.
fn remedy_for(gpus: &[&PciGpu], otherwise: &'static str) -> &'static str {
    let nouveau = |gpu: &&PciGpu| gpu.driver.as_deref() == Some("nouveau");
    if gpus.iter().any(nouveau) {
        return "install NVIDIA's own driver: nouveau runs this GPU and NVML cannot read it";
    }
    otherwise
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_bus(address: &str, driver: &str) -> PciGpu {
        PciGpu { address: address.to_owned(), driver: Some(driver.to_owned()) }
    }

    fn words(state: &GpuReaderState) -> String {
        match state {
            GpuReaderState::Works => "works".to_owned(),
            GpuReaderState::NotHere(words) => format!("not here: {words}"),
            GpuReaderState::Broken { reason, remedy } => format!("{reason} -> {remedy}"),
        }
    }

    #[test]
    fn no_library_is_nothing_to_worry_about_unless_the_bus_shows_a_gpu() {
        let none = Standing::Unusable(Unusable::NoLibrary);
        let calm = words(&judge(&none, Some(&[]), &[]));
        assert!(calm.starts_with("not here: no NVIDIA library (libnvidia-ml.so.1)"), "{calm}");
        let bus = [on_bus("0000:3b:00.0", "")];
        let alarmed = words(&judge(&none, Some(&bus), &[]));
        assert!(alarmed.contains("0000:3b:00.0 -> install the NVIDIA driver"), "{alarmed}");
        let bus = [on_bus("0000:3b:00.0", "nouveau")];
        assert!(words(&judge(&none, Some(&bus), &[])).contains("nouveau runs this GPU"));
        let bus = [on_bus("0000:3b:00.0", "vfio-pci")];
        assert!(words(&judge(&none, Some(&bus), &[])).contains("given to a virtual machine"));
    }

    #[test]
    fn a_gpu_on_the_bus_that_nvml_hides_is_named() {
        let works = Standing::Works { count: 1 };
        let bus = [on_bus("0000:01:00.0", "nvidia"), on_bus("0000:02:00.0", "nvidia")];
        let said = words(&judge(&works, Some(&bus), &["0000:01:00.0"]));
        assert!(said.contains("1 of 2") && said.contains("0000:02:00.0 missing"), "{said}");
        assert_eq!(words(&judge(&works, Some(&bus[..1]), &["0000:01:00.0"])), "works");
        let idle = words(&judge(&Standing::Works { count: 0 }, Some(&[]), &[]));
        assert!(idle.starts_with("not here: the NVIDIA driver is loaded"), "{idle}");
        assert_eq!(words(&judge(&works, None, &["0000:01:00.0"])), "works");
    }

    #[test]
    fn each_trouble_has_its_remedy() {
        let rows = [
            (Unusable::VersionMismatch, "restart the machine"),
            (Unusable::NoPermission, "/dev/nvidiactl"),
            (Unusable::BadLibrary(SafeText::from("bad ELF")), "bad ELF -> reinstall"),
            (Unusable::Failed(SafeText::from("odd")), "odd -> run nvidia-smi"),
        ];
        for (unusable, wanted) in rows {
            let said = words(&judge(&Standing::Unusable(unusable), Some(&[]), &[]));
            assert!(said.contains(wanted), "{said}");
        }
    }
}
