//! What `node_exporter` lists of a machine: disks, interfaces, file systems.

use std::collections::BTreeMap;

use super::answer::Labels;
use super::machine::whole;
use crate::model::node::{Disk, Mount, Network};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, BytesPerSecond, PerSecond, Ratio};
use crate::procfs::disk::may_be_stacked;

/// Rates of a disk: read, written, reads, writes, busy.
pub(super) type Disks = BTreeMap<String, [Option<f64>; 5]>;
const DISK: [&str; 5] = ["read", "written", "reads", "writes", "busy"];

/// Rates of an interface, then errors since boot and whether it is up.
pub(super) type Networks = BTreeMap<String, [Option<f64>; 6]>;
const NETWORK: [&str; 6] =
    ["receive", "transmit", "receive_packets", "transmit_packets", "errors", "up"];

/// Size, free, free for others than root, inodes, free inodes by mount point, device and type.
pub(super) type Mounts = BTreeMap<(String, String, String), [Option<f64>; 5]>;
const MOUNT: [&str; 5] = [
    "node_filesystem_size_bytes",
    "node_filesystem_free_bytes",
    "node_filesystem_avail_bytes",
    "node_filesystem_files",
    "node_filesystem_files_free",
];

/// Puts `value` where `name` stands among `names`, for `key`, while there are less than `most`.
fn put<K: Ord, const N: usize>(
    rows: &mut BTreeMap<K, [Option<f64>; N]>,
    key: K,
    (names, name): (&[&str; N], &str),
    value: Option<f64>,
    most: usize,
) {
    let Some(at) = names.iter().position(|known| *known == name) else { return };
    if rows.len() < most || rows.contains_key(&key) {
        rows.entry(key).or_insert([None; N])[at] = value;
    }
}

pub(super) fn take_disk(disks: &mut Disks, metric: &Labels<'_>, value: Option<f64>, most: usize) {
    put(disks, metric.device.clone().into_owned(), (&DISK, &metric.what), value, most);
}

pub(super) fn take_network(
    networks: &mut Networks,
    metric: &Labels<'_>,
    value: Option<f64>,
    most: usize,
) {
    put(networks, metric.device.clone().into_owned(), (&NETWORK, &metric.what), value, most);
}

pub(super) fn take_mount(
    mounts: &mut Mounts,
    metric: &Labels<'_>,
    value: Option<f64>,
    most: usize,
) {
    let key =
        [&metric.mountpoint, &metric.device, &metric.fstype].map(|text| text.clone().into_owned());
    put(mounts, key.into(), (&MOUNT, &metric.name), value, most);
}

/// A rate that the store does not have yet needs a second scrape.
fn rate<T>(value: Option<f64>, make: impl FnOnce(f64) -> T) -> Reading<T> {
    Reading::from_option(value.map(|value| make(value.max(0.0))), Why::NotYet)
}

pub(super) fn disk(
    (name, [read, written, reads, writes, busy]): (String, [Option<f64>; 5]),
) -> Disk {
    Disk {
        stacked: may_be_stacked(&name),
        name: SafeText::new(&name),
        read_bytes_per_second: rate(read, BytesPerSecond),
        write_bytes_per_second: rate(written, BytesPerSecond),
        reads_per_second: rate(reads, PerSecond),
        writes_per_second: rate(writes, PerSecond),
        busy: Reading::from_option(busy.and_then(Ratio::new), Why::NotYet),
    }
}

/// Every interface, the loopback last.
pub(super) fn networks(rows: Networks) -> Vec<Network> {
    let mut networks: Vec<Network> = rows.into_iter().map(network).collect();
    networks.sort_by_key(|network| network.name.as_str() == "lo");
    networks
}

/// The loopback has no state to tell; it works as long as it exists.
fn network(
    (name, [receive, transmit, packets_in, packets_out, errors, up]): (String, [Option<f64>; 6]),
) -> Network {
    Network {
        up: name == "lo" || up.is_none_or(|up| up > 0.0),
        name: SafeText::new(&name),
        receive_bytes_per_second: rate(receive, BytesPerSecond),
        transmit_bytes_per_second: rate(transmit, BytesPerSecond),
        receive_packets_per_second: rate(packets_in, PerSecond),
        transmit_packets_per_second: rate(packets_out, PerSecond),
        errors: whole(errors.unwrap_or_default()),
    }
}

pub(super) fn mount(
    ((path, device, kind), [size, free, available, files, files_free]): (
        (String, String, String),
        [Option<f64>; 5],
    ),
) -> Mount {
    let used = size.zip(free).map(|(size, free)| (size - free).max(0.0));
    let inodes = files.zip(files_free).filter(|(files, _)| *files > 0.0);
    let inodes = inodes.and_then(|(files, free)| Ratio::of(files - free, files));
    let bytes = |value: Option<f64>, of: &str| {
        Reading::from_option(value.map(|value| Bytes(whole(value))), Why::Absent(of.into()))
    };
    Mount {
        path: SafeText::new(&path),
        device: SafeText::new(&device),
        kind: SafeText::new(&kind),
        total_bytes: bytes(size, MOUNT[0]),
        used_bytes: bytes(used, if size.is_none() { MOUNT[0] } else { MOUNT[1] }),
        free_bytes: bytes(available, MOUNT[2]),
        inodes_used: Reading::from_option(inodes, Why::NotSupported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_bounded_and_gaps_stay_gaps() {
        let mut disks = Disks::new();
        let metric = |device: &str, what: &'static str| Labels {
            device: device.to_owned().into(),
            what: what.into(),
            ..Labels::default()
        };
        for name in ["sda", "dm-0", "sdc"] {
            take_disk(&mut disks, &metric(name, "read"), Some(5.0), 2);
        }
        take_disk(&mut disks, &metric("sda", "odd"), Some(5.0), 2);
        take_disk(&mut disks, &metric("sda", "busy"), Some(0.5), 2);
        let shown: Vec<Disk> = disks.into_iter().map(disk).collect();
        assert_eq!(shown.len(), 2);
        assert!(shown[0].stacked && !shown[1].stacked);
        assert_eq!(shown[1].busy.get().unwrap().to_string(), "50 %");
        assert_eq!(shown[1].writes_per_second, Reading::Missing(Why::NotYet));
    }

    #[test]
    fn a_file_system_is_as_full_as_df_says() {
        let key = ("/".to_owned(), "/dev/vda".to_owned(), "ext4".to_owned());
        let told = [Some(100.0), Some(30.0), Some(10.0), Some(10.0), Some(5.0)];
        let row = mount((key.clone(), told));
        assert_eq!(
            (row.used_bytes.get(), row.free_bytes.get()),
            (Some(Bytes(70)), Some(Bytes(10)))
        );
        assert_eq!(row.used().get().unwrap().to_string(), "88 %", "70 of 80, 20 are root's");
        assert_eq!(row.inodes_used.get().unwrap().to_string(), "50 %");
        let row = mount((key, [Some(100.0), None, Some(10.0), Some(0.0), Some(0.0)]));
        assert_eq!((row.used_bytes.get(), row.inodes_used.get()), (None, None));
        let why = row.used().why().unwrap().to_string();
        assert_eq!(why, "node_filesystem_free_bytes is not there");
    }
}
