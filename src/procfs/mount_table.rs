//! Which mounts have storage behind them, from `/proc/self/mountinfo`.
//!
//! A device may be mounted in many places (binds, containers): it is shown once, where its own root
//! is mounted, else at its shortest path. A mount covered by another at the same path is not shown.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// Most mounts shown.
const MOST: usize = 256;

/// File systems without a device of their own that hold data all the same.
const WITHOUT_DEVICE: [&str; 20] = [
    "9p",
    "afs",
    "bcachefs",
    "beegfs",
    "btrfs",
    "ceph",
    "cifs",
    "fuse",
    "fuseblk",
    "glusterfs",
    "gpfs",
    "lustre",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "smb3",
    "virtiofs",
    "wekafs",
    "zfs",
];
/// FUSE file systems that only show other things.
const FUSE_VIEWS: [&str; 5] =
    ["fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fuse.snapfuse", "fuse.archivemount"];

/// One mount, as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// What is mounted.
    pub device: OsString,
    /// File system type.
    pub kind: String,
    number: String,
    is_root: bool,
}

/// The mounts worth showing, in mount order.
pub fn parse(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut by_path: HashMap<PathBuf, usize> = HashMap::new();
    for entry in text.lines().filter_map(entry) {
        if let Some(&covered) = by_path.get(&entry.path) {
            entries[covered] = entry;
        } else {
            by_path.insert(entry.path.clone(), entries.len());
            entries.push(entry);
        }
    }
    entries.retain(has_storage);
    once_each(entries)
}

fn once_each(entries: Vec<Entry>) -> Vec<Entry> {
    let rank = |entry: &Entry| (!entry.is_root, entry.path.as_os_str().len());
    let mut best: HashMap<String, (bool, usize)> = HashMap::new();
    for entry in &entries {
        let mine = rank(entry);
        let kept = best.entry(entry.number.clone()).or_insert(mine);
        *kept = mine.min(*kept);
    }
    entries
        .into_iter()
        .filter(|entry| {
            best.get(&entry.number) == Some(&rank(entry)) && best.remove(&entry.number).is_some()
        })
        .take(MOST)
        .collect()
}

fn has_storage(entry: &Entry) -> bool {
    let kind = entry.kind.as_str();
    match kind {
        "squashfs" | "devtmpfs" => false,
        "overlay" | "rootfs" => entry.path.as_os_str() == "/",
        _ if kind.starts_with("fuse.") => !FUSE_VIEWS.contains(&kind),
        _ => {
            WITHOUT_DEVICE.contains(&kind) || entry.device.as_encoded_bytes().starts_with(b"/dev/")
        }
    }
}

/// `36 35 98:0 /root /mnt rw,noatime master:1 - ext4 /dev/sda1 rw`; the optional fields before the
/// dash are any number, and none.
fn entry(line: &str) -> Option<Entry> {
    let (place, what) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(2);
    let (number, root, path) = (place.next()?, place.next()?, place.next()?);
    let mut what = what.split(' ');
    let (kind, device) = (what.next()?, what.next()?);
    Some(Entry {
        path: unescape(path).into(),
        device: unescape(device),
        kind: kind.to_owned(),
        number: number.to_owned(),
        is_root: root == "/",
    })
}

/// The kernel writes space, tab, newline and backslash as three octal digits: `\040`.
fn unescape(text: &str) -> OsString {
    let raw = text.as_bytes();
    let mut plain = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        match raw.get(at + 1..at + 4).and_then(octal) {
            Some(escaped) if byte == b'\\' => {
                plain.push(escaped);
                at += 4;
            }
            _ => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    OsString::from_vec(plain)
}

fn octal(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &str = "\
21 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
22 21 0:20 / /proc rw shared:5 - proc proc rw
23 21 0:21 / /run rw - tmpfs tmpfs rw
24 21 254:1 /srv/data /data rw - ext4 /dev/vda1 rw
25 21 254:2 /sub /long/first rw - xfs /dev/vdb rw
26 21 254:2 / /much/longer/second rw - xfs /dev/vdb rw
27 21 0:44 / /mnt/with\\040space rw master:1 shared:2 - nfs4 server:/export rw
28 21 7:1 / /snap/x ro - squashfs /dev/loop1 ro
29 21 0:50 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
30 21 0:51 / /mnt/cover rw - fuse.sshfs host:/ rw
31 30 0:52 / /mnt/cover rw - tmpfs tmpfs rw
odd
32 21 0:53 / - ext4
";

    #[test]
    fn shows_storage_once() {
        let shown: Vec<String> = parse(TABLE)
            .iter()
            .map(|entry| format!("{} {}", entry.path.display(), entry.kind))
            .collect();
        assert_eq!(shown, ["/ ext4", "/much/longer/second xfs", "/mnt/with space nfs4"]);
    }

    #[test]
    fn octal_escapes_and_things_like_them() {
        let rows = [
            (r"a\040b", "a b"),
            (r"\134", "\\"),
            (r"\9", r"\9"),
            (r"\+07", r"\+07"),
            (r"a\", r"a\"),
        ];
        for (written, meant) in rows {
            assert_eq!(unescape(written), OsString::from(meant));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(1 2 3:4 / /a rw - ext4 /dev/x\n|\\\\|[0-7]{0,4}| - |/| |\\PC|\n){0,40}") {
            let _ = parse(&text);
        }
    }
}
