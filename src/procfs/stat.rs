//! One line of `/proc/PID/stat`.
//!
//! The name may hold anything, also `)`, spaces and newlines: it ends at the last `)` of the line.

/// What a process's line tells; see `proc_pid_stat(5)` for the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat<'a> {
    /// Short name, at most 15 bytes for programs and 63 for kernel threads.
    pub name: &'a [u8],
    /// State letter.
    pub state: char,
    /// Parent's id.
    pub parent: u32,
    /// Whether it is a thread of the kernel.
    pub is_kernel: bool,
    /// User and kernel time together, in ticks.
    pub ticks: u64,
    /// Threads.
    pub threads: u32,
    /// When it began, in ticks since boot: with the pid, what tells it from all others.
    pub began: u64,
    /// Resident pages.
    pub pages: u64,
}

/// Flag of kernel threads (`PF_KTHREAD`).
const KERNEL_THREAD: u64 = 0x0020_0000;

impl<'a> Stat<'a> {
    /// Reads a line; `None` if it is cut short or none at all.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let opening = line.iter().position(|&byte| byte == b'(')?;
        let closing = line.iter().rposition(|&byte| byte == b')')?;
        let name = line.get(opening + 1..closing)?;
        let rest = std::str::from_utf8(line.get(closing + 1..)?).ok()?;
        let mut columns = rest.split_ascii_whitespace();
        let state = columns.next()?.chars().next()?;
        let parent = columns.next()?.parse().ok()?;
        let flags: u64 = columns.nth(4)?.parse().ok()?;
        let user: u64 = columns.nth(4)?.parse().ok()?;
        let kernel: u64 = columns.next()?.parse().ok()?;
        let threads = columns.nth(4)?.parse().ok()?;
        let began = columns.nth(1)?.parse().ok()?;
        let pages: i64 = columns.nth(1)?.parse().ok()?;
        Some(Self {
            name,
            state,
            parent,
            is_kernel: flags & KERNEL_THREAD != 0,
            ticks: user.saturating_add(kernel),
            threads,
            began,
            pages: u64::try_from(pages).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(name: &str) -> String {
        format!(
            "42 ({name}) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 5 0 9000 1000000 300 0 0"
        )
    }

    #[test]
    fn a_name_may_hold_anything() {
        for name in ["sh", "a) R 1 (b", ")\n(", "", "x y"] {
            let line = line(name);
            let stat = Stat::parse(line.as_bytes()).unwrap();
            let wanted = Stat {
                name: name.as_bytes(),
                state: 'S',
                parent: 7,
                is_kernel: false,
                ticks: 200,
                threads: 5,
                began: 9000,
                pages: 300,
            };
            assert_eq!(stat, wanted);
        }
    }

    #[test]
    fn a_line_cut_short_is_none() {
        let line = line("sh");
        for length in 0..line.rfind(" 300").unwrap() {
            assert_eq!(Stat::parse(&line.as_bytes()[..length]), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Stat::parse(&bytes);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9]{1,3} \\(\\PC{0,16}\\) S( -?[0-9]{1,21}){0,30}") {
            let _ = Stat::parse(text.as_bytes());
        }
    }
}
