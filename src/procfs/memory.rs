//! Memory and swap, from the text of `/proc/meminfo`.

use crate::model::node::Memory;
use crate::model::unit::Bytes;

/// Memory; `None` without a total.
///
/// Kernels before 3.14 have no `MemAvailable`: free memory and page cache stand in for it there.
pub fn parse(text: &str) -> Option<Memory> {
    let (mut total, mut available) = (None, None);
    let (mut free, mut cached, mut swap_total, mut swap_free) = (0, 0, 0, 0);
    for line in text.lines() {
        let Some((name, bytes)) = entry(line) else {
            continue;
        };
        match name {
            "MemTotal" => total = Some(bytes),
            "MemAvailable" => available = Some(bytes),
            "MemFree" => free = bytes,
            "Cached" | "Buffers" => cached = bytes.saturating_add(cached),
            "SwapTotal" => swap_total = bytes,
            "SwapFree" => swap_free = bytes,
            _ => {}
        }
    }
    Some(Memory {
        total_bytes: Bytes(total?),
        available_bytes: Bytes(available.unwrap_or_else(|| free.saturating_add(cached))),
        cached_bytes: Bytes(cached),
        swap_total_bytes: Bytes(swap_total),
        swap_used_bytes: Bytes(swap_total.saturating_sub(swap_free)),
    })
}

/// `MemTotal:  24684092 kB` as a name and bytes.
fn entry(line: &str) -> Option<(&str, u64)> {
    let (name, rest) = line.split_once(':')?;
    let kibibytes: u64 = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some((name, kibibytes.saturating_mul(1024)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_kibibytes_and_survives_odd_lines() {
        let memory = parse(
            "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\nodd\nHuge: x kB\n\
             Buffers: 10 kB\nCached: 200 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n",
        )
        .unwrap();
        assert_eq!(memory.used_bytes(), Bytes(600 * 1024));
        assert_eq!(memory.cached_bytes, Bytes(210 * 1024));
        assert_eq!(memory.swap_used_bytes, Bytes(30 * 1024));
    }

    #[test]
    fn an_old_kernel_has_an_estimate_and_no_total_is_no_memory() {
        let old = parse("MemTotal: 1000 kB\nMemFree: 100 kB\nCached: 200 kB\n").unwrap();
        assert_eq!(old.available_bytes, Bytes(300 * 1024));
        assert_eq!(parse("MemFree: 1 kB\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(MemTotal|Cached|SwapFree|: |[0-9]{0,22}|\\PC|\n){0,40}") {
            let _ = parse(&text);
        }
    }
}
