//! Xid errors: what NVIDIA's driver writes to the kernel's log when a GPU is in trouble.
//!
//! Pure. The words are ours; what the codes stand for is NVIDIA's "XID Errors" document. The line has
//! changed over the years and is not promised: whatever does not read as one is none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::reading::Reading;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;

/// Longest message kept, in characters.
const LONGEST: usize = 120;

/// One kind of error of one GPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Xid {
    /// NVIDIA's number for it.
    pub code: u32,
    /// How often it was seen; 1 where the reader tells of the last one only.
    pub count: u64,
    /// When it was last seen, in seconds since boot.
    pub last_uptime_seconds: Reading<Seconds>,
    /// What the driver said with it the last time.
    pub message: SafeText,
}

impl Xid {
    /// What it means in a few words, and what is to be done.
    pub fn meaning(&self) -> Meaning {
        meaning(self.code)
    }
}

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// In a few words.
    pub words: &'static str,
    /// What mends it.
    pub remedy: &'static str,
    /// Whether the GPU does not work until somebody acts; else one program was hit.
    pub is_grave: bool,
}

const UNKNOWN: Meaning = Meaning {
    words: "unknown to isomon",
    remedy: "look the code up in NVIDIA's list of Xid errors",
    is_grave: false,
};

const RESET: &str = "drain it and reset it (nvidia-smi -r), or restart the machine";
const PROGRAM: &str = "look for the fault in that program first";
const REPLACE: &str = "restart the machine; if it comes back, have the GPU or its board replaced";

/// Codes that are well known: what each means, what mends it, whether it is grave.
const CODES: [(u32, &str, &str, bool); 23] = [
    (8, "the GPU stopped processing", PROGRAM, false),
    (13, "a program went outside its memory, or its code is bad", PROGRAM, false),
    (31, "a program used an address that is not its own (page fault)", PROGRAM, false),
    (32, "commands sent to the GPU were corrupt", "check the PCIe slot and cables", false),
    (38, "the driver's firmware failed", "update the driver", false),
    (43, "a program on the GPU was ended", PROGRAM, false),
    (45, "a program ended while it used the GPU", "nothing, if it was stopped on purpose", false),
    (46, "the GPU did not stop when it should", RESET, true),
    (48, "memory error that cannot be corrected (double bit)", RESET, true),
    (61, "the GPU's own controller halted", RESET, true),
    (62, "the GPU's own controller halted", RESET, true),
    (63, "a bad memory row was put out of use", "reset it when it is idle", false),
    (64, "a bad memory row could not be put out of use", REPLACE, true),
    (68, "the video processor failed", "update the driver", false),
    (69, "the graphics engine failed", PROGRAM, false),
    (74, "an NVLink connection failed", "check the bridge or the fabric, then reset it", true),
    (79, "the GPU fell off the bus", REPLACE, true),
    (92, "many memory errors were corrected", "watch it; have it checked if they go on", false),
    (94, "a memory error hit one program and was contained", "start that program again", false),
    (95, "a memory error was not contained", RESET, true),
    (119, "the GPU's system processor did not answer", RESET, true),
    (120, "the GPU's system processor failed", RESET, true),
    (140, "a memory error was not recovered from", RESET, true),
];

/// What `code` means.
pub fn meaning(code: u32) -> Meaning {
    let known = CODES.iter().find(|(known, ..)| *known == code);
    known.map_or(UNKNOWN, |(_, words, remedy, is_grave)| Meaning {
        words,
        remedy,
        is_grave: *is_grave,
    })
}

/// An error as one line of the log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The GPU's PCI address without the function, as the kernel writes it: `0000:3b:00`.
    pub pci: String,
    /// NVIDIA's number.
    pub code: u32,
    /// The rest of the line.
    pub message: SafeText,
}

/// Reads `NVRM: Xid (PCI:0000:3b:00): 79, pid=77, GPU has fallen off the bus.`; `None` for any other
/// message. It must begin so: anybody may have a program of that name, which the kernel then names.
pub fn parse(message: &str) -> Option<Line> {
    let rest = message.strip_prefix("NVRM: Xid (")?;
    let (place, rest) = rest.split_once("): ")?;
    let place = place.strip_prefix("PCI:").unwrap_or(place);
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (code, message) = rest.split_at_checked(digits)?;
    Some(Line {
        pci: address(place.split_whitespace().next()?)?,
        code: code.parse().ok()?,
        message: SafeText::within(message.trim_start_matches([',', ' ']).trim(), LONGEST),
    })
}

/// `domain:bus:device` in the kernel's hand, whatever the width of the domain.
fn address(place: &str) -> Option<String> {
    let mut parts = place.split(':').map(|part| {
        let part = part.split('.').next().unwrap_or(part);
        u32::from_str_radix(part, 16).ok()
    });
    let (domain, bus, device) = (parts.next()??, parts.next()??, parts.next()??);
    Some(format!("{domain:04x}:{bus:02x}:{device:02x}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_line_of_each_driver_is_read() {
        let rows = [
            (
                "NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
                ("0000:3b:00", 79),
            ),
            ("NVRM: Xid (PCI:0000:3B:00): 79, GPU has fallen off the bus.", ("0000:3b:00", 79)),
            ("NVRM: Xid (0000:03:00): 31, Ch 00000010", ("0000:03:00", 31)),
            ("NVRM: Xid (PCI:00000018:01:00.0): 145, RLW_REMAP Nonfatal", ("0018:01:00", 145)),
            ("NVRM: Xid (PCI:0000:0a:00 GPU-I:05): 94, pid=7", ("0000:0a:00", 94)),
            ("NVRM: Xid (PCI:0000:0a:00): 63", ("0000:0a:00", 63)),
        ];
        for (line, (pci, code)) in rows {
            let read = parse(line).unwrap();
            assert_eq!((read.pci.as_str(), read.code), (pci, code), "{line}");
        }
        let message = parse(rows[1].0).unwrap().message;
        assert_eq!(message.as_str(), "GPU has fallen off the bus.");
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            "",
            "NVRM: GPU at PCI:0000:3b:00: GPU-aaa",
            "nvidia-nvswitch0: SXid (PCI:0000:c1:00.0): 24007, Fatal, Link 46",
            "NVRM: Xid (PCI:0000:3b:00): x, odd",
            "NVRM: Xid (PCI:zz): 79, odd",
            "NVRM: Xid (PCI:0000:3b:00): 99999999999, odd",
            "NVRM: Xid (",
            "NVRM: Xid (PCI:[7]: segfault at 0 ip 0",
            "odd[7]: NVRM: Xid (PCI:0000:3b:00): 79, a program's name is no message of the driver",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_code_nobody_knows_says_where_to_look() {
        assert!(meaning(79).is_grave && meaning(79).words.contains("fell off the bus"));
        assert!(!meaning(31).is_grave);
        assert!(meaning(9999).remedy.contains("NVIDIA's list"));
        assert!(CODES.is_sorted_by_key(|(code, ..)| *code));
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_a_panic(place: String, rest: String) {
            let _ = parse(&format!("NVRM: Xid ({place}): {rest}"));
            let _ = parse(&format!("NVRM: Xid (PCI:0000:3b:00): 79{rest}"));
        }
    }
}
