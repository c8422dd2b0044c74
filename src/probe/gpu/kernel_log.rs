//! The kernel's log, as far as it is about NVIDIA's GPUs: Xid errors.
//!
//! `/dev/kmsg` gives one record for each read, from the oldest it still has, and never blocks here.
//! Many systems let only root read it: then the reason is told. A regular file in the same form does as
//! well. A GPU that is in trouble may write thousands of lines: what is kept is one entry for each code.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use crate::model::gpu::xid::{self, Xid};
use crate::model::reading::{Reading, Why};
use crate::model::unit::Seconds;

/// Where Linux has it.
pub(super) const PLACE: &str = "/dev/kmsg";
/// Most records read at once; what is left is read the next time.
const MOST_RECORDS: usize = 8192;
/// Room for one record; the kernel's longest is far shorter.
const RECORD: usize = 16 << 10;
/// Most GPUs, and codes of one GPU, kept.
const MOST: usize = 64;

/// The log, and what was found in it.
#[derive(Debug)]
pub(super) struct KernelLog {
    path: PathBuf,
    /// Opened when it is first needed; then the file, or why it cannot be read.
    file: Option<Result<File, Why>>,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    found: BTreeMap<String, Vec<Xid>>,
}

impl KernelLog {
    /// Nothing is opened yet.
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, file: None, rest: Vec::new(), found: BTreeMap::new() }
    }

    /// Reads what has come since the last time.
    pub(super) fn refresh(&mut self) {
        let path = &self.path;
        let Ok(file) = self.file.get_or_insert_with(|| open(path)) else { return };
        let mut record = vec![0; RECORD];
        for _ in 0..MOST_RECORDS {
            let length = match file.read(&mut record) {
                Ok(0) => break,
                Ok(length) => length,
                // Records that were overwritten before they were read: the next one is there.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => continue,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.file = Some(Err(Why::from(&error)));
                    break;
                }
            };
            self.rest.extend(record.iter().take(length));
            for line in whole_lines(&mut self.rest) {
                note(&mut self.found, &line);
            }
        }
    }

    /// Errors of the GPU at `pci`, with its function (`0000:3b:00.0`).
    pub(super) fn of(&self, pci: &str) -> Reading<Vec<Xid>> {
        let device = pci.rsplit_once('.').map_or(pci, |(device, _)| device);
        match (self.found.get(device), &self.file) {
            (Some(found), _) => Reading::Known(found.clone()),
            (None, Some(Err(why))) => Reading::Missing(why.clone()),
            (None, Some(Ok(_))) => Reading::Known(Vec::new()),
            (None, None) => Reading::Missing(Why::NotYet),
        }
    }
}

fn open(path: &PathBuf) -> Result<File, Why> {
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = File::options().read(true).custom_flags(flags).open(path);
    opened.map_err(|error| Why::from(&error))
}

/// Takes the lines that have ended out of `held`; a line without an end that is too long is let go.
fn whole_lines(held: &mut Vec<u8>) -> Vec<String> {
    let Some(end) = held.iter().rposition(|byte| *byte == b'\n') else {
        if held.len() > RECORD {
            held.clear();
        }
        return Vec::new();
    };
    let rest = held.split_off(end + 1);
    let whole = std::mem::replace(held, rest);
    String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
}

/// `4,1234,98765432,-;NVRM: Xid (PCI:…): 79, …`: facts about the record, µs since boot third.
fn note(found: &mut BTreeMap<String, Vec<Xid>>, line: &str) {
    let Some((facts, message)) = line.split_once(';') else { return };
    let Some(error) = xid::parse(message) else { return };
    let microseconds = facts.split(',').nth(2).and_then(|text| text.parse::<u64>().ok());
    let seconds = microseconds.map(|at| Seconds(at as f64 / 1e6));
    if found.len() >= MOST && !found.contains_key(&error.pci) {
        return;
    }
    let known = found.entry(error.pci).or_default();
    let before = known.iter().position(|known| known.code == error.code);
    let count = before.map_or(0, |at| known.remove(at).count);
    if known.len() < MOST {
        known.push(Xid {
            code: error.code,
            count: count.saturating_add(1),
            last_uptime_seconds: Reading::from_option(seconds, Why::NotSupported),
            message: error.message,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "6,1,100,-;Linux version 6\n\
        4,2,5000000,-;NVRM: Xid (PCI:0000:3b:00): 31, pid=7, name=train, Ch 00000010\n\
        \u{20}SUBSYSTEM=pci\n\
        4,3,6000000,-;NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\n\
        4,4,7000000,-;NVRM: Xid (PCI:0000:3b:00): 31, pid=8, name=train, Ch 00000011\n\
        4,5,8000000,-;NVRM: Xid (PCI:0000:5e:00): 48, DBE\n\
        4,6,9000000,-;NVRM: Xid (PCI:0000:5e:0";

    #[test]
    fn errors_are_counted_by_code_and_the_latest_stands_last() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("kmsg");
        std::fs::write(&path, LOG).unwrap();
        let mut log = KernelLog::new(path.clone());
        assert_eq!(log.of("0000:3b:00.0"), Reading::Missing(Why::NotYet));
        log.refresh();
        let found = log.of("0000:3b:00.0");
        let rows: Vec<_> = found.known().unwrap().iter().map(|xid| (xid.code, xid.count)).collect();
        assert_eq!(rows, [(79, 1), (31, 2)]);
        let last = &found.known().unwrap()[1];
        assert_eq!(last.last_uptime_seconds, Reading::Known(Seconds(7.0)));
        assert!(last.message.as_str().starts_with("pid=8"));
        assert_eq!(log.of("0000:5e:00.0").known().map(Vec::len), Some(1));
        assert_eq!(log.of("0000:00:00.0"), Reading::Known(Vec::new()));
        let more = format!("{LOG}0): 63, row remapped\n");
        std::fs::write(&path, more).unwrap();
        log.refresh();
        assert_eq!(log.of("0000:5e:00.0").known().map(Vec::len), Some(2), "a line may come in two");
    }

    #[test]
    fn a_log_that_may_not_be_read_says_so() {
        let mut log = KernelLog::new(PathBuf::from("/nonexistent/kmsg"));
        log.refresh();
        assert_eq!(log.of("0000:3b:00.0"), Reading::Missing(Why::NotSupported));
    }

    #[test]
    fn a_flood_is_bounded() {
        let mut found = BTreeMap::new();
        for code in 0..1000 {
            note(
                &mut found,
                &format!("4,1,1,-;NVRM: Xid (PCI:0000:{:02x}:00): {code}, x", code % 256),
            );
            note(&mut found, &format!("4,1,1,-;NVRM: Xid (PCI:0000:00:00): {code}, x"));
        }
        assert_eq!(found.len(), MOST);
        assert!(found.values().all(|known| known.len() <= MOST));
        let mut endless = vec![b'x'; RECORD + 1];
        assert!(whole_lines(&mut endless).is_empty() && endless.is_empty());
    }
}
