//! Why an NVIDIA GPU's clocks are lower than they could be, in words.
//!
//! NVML, DCGM and `nvidia-smi` tell it as the same bits.

use super::super::text::SafeText;

/// Idle is no hindrance: the GPU is slow because nobody wants it fast.
const IDLE: u64 = 0x1;

/// Bits of `nvmlDeviceGetCurrentClocksThrottleReasons` (`nvml.h`) and what each means to people.
const REASONS: [(u64, &str); 8] = [
    (0x2, "clocks set by the user"),
    (0x4, "power limit"),
    (0x8, "hardware slowdown"),
    (0x10, "held back by another GPU (sync boost)"),
    (0x20, "too hot"),
    (0x40, "too hot (hardware)"),
    (0x80, "power brake"),
    (0x100, "display clocks"),
];

/// The reasons in `bits`, empty when nothing holds the GPU back.
pub fn words(bits: u64) -> Vec<SafeText> {
    let known = REASONS.iter().filter(|(bit, _)| bits & bit != 0);
    let mut words: Vec<SafeText> = known.map(|(_, word)| SafeText::from(*word)).collect();
    let rest = REASONS.iter().fold(bits & !IDLE, |rest, (bit, _)| rest & !bit);
    if rest != 0 {
        words.push(SafeText::from(format!("unknown reason {rest:#x}")));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_holds_nothing_back_and_new_reasons_are_not_lost() {
        assert!(words(0).is_empty());
        assert!(words(IDLE).is_empty());
        assert_eq!(words(0x44), ["power limit", "too hot (hardware)"].map(SafeText::from));
        assert_eq!(words(0x1001), [SafeText::from("unknown reason 0x1000")]);
    }
}
