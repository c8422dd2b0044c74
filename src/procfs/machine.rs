//! What a machine is, from the texts of `/proc/cpuinfo`, `/proc/self/mountinfo` and the firmware.

use crate::model::node::Cgroup;
use crate::model::text::SafeText;

/// The value of the first of `names` that has one.
pub fn named(cpuinfo: &str, names: &[&str]) -> Option<SafeText> {
    let value = |wanted: &&str| {
        let entries = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        let mut values = entries.filter(|(name, _)| name.trim() == *wanted);
        values.next().map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    names.iter().find_map(value).map(SafeText::new)
}

/// How control groups are mounted, by the text of `mountinfo`.
pub fn cgroup(mountinfo: &str) -> Cgroup {
    let mounted = |kind: &str| {
        mountinfo.lines().any(|line| {
            let what = line.split_once(" - ").map_or("", |(_, what)| what);
            what.split(' ').next() == Some(kind)
        })
    };
    match (mounted("cgroup"), mounted("cgroup2")) {
        (false, false) => Cgroup::None,
        (true, false) => Cgroup::V1,
        (false, true) => Cgroup::V2,
        (true, true) => Cgroup::Hybrid,
    }
}

/// Whether the processor says that it is under a hypervisor; `None` where it has no flags.
pub fn is_guest(cpuinfo: &str) -> Option<bool> {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"))?;
    Some(flags.split_ascii_whitespace().any(|flag| flag == "hypervisor"))
}

/// Names that makers of virtual machines put into the firmware tables, or into the processor, and what they
/// mean.
const MAKERS: [(&str, &str); 16] = [
    ("QEMU", "qemu"),
    ("KVM", "kvm"),
    ("VMware", "vmware"),
    ("VirtualBox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("Microsoft Corporation Virtual", "hyper-v"),
    ("Xen", "xen"),
    ("Amazon EC2", "amazon"),
    ("Google Compute Engine", "google"),
    ("OpenStack", "openstack"),
    ("Parallels", "parallels"),
    ("Apple Virtualization", "apple"),
    ("Microsoft Hv", "hyper-v"),
    ("TCGTCGTCGTCG", "qemu"),
    ("bhyve", "bhyve"),
    ("ACRN", "acrn"),
];

/// The hypervisor that `said`, the maker and product of the firmware or the processor, speaks of.
pub fn maker(said: &str) -> Option<SafeText> {
    let (_, meant) = MAKERS.iter().find(|(name, _)| said.contains(name))?;
    Some(SafeText::new(meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_cgroup_layouts_apart() {
        let v1 = "1 2 0:1 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
        let v2 = "1 2 0:2 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n";
        let rows = [
            (String::new(), Cgroup::None),
            (v1.to_owned(), Cgroup::V1),
            (v2.to_owned(), Cgroup::V2),
            (format!("{v1}{v2}"), Cgroup::Hybrid),
        ];
        for (text, wanted) in rows {
            assert_eq!(cgroup(&text), wanted);
        }
    }
}
