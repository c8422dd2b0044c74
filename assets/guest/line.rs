//! Lines of output, said piece by piece: nothing is put together in memory, so nothing is copied by
//! instructions that a simple hypervisor does not know.

use crate::port;

/// Says `text`.
pub(crate) fn text(text: &str) {
    port::write(text.as_bytes());
}

/// Says `value` in 16 digits.
pub(crate) fn hex(value: u64) {
    for place in (0..16).rev() {
        let digit = (value >> (place * 4) & 15) as u8;
        port::write_byte(digit + if digit < 10 { b'0' } else { b'a' - 10 });
    }
}

/// Says `value`.
pub(crate) fn decimal(value: u64) {
    let mut power = 1;
    while value / power >= 10 {
        power *= 10;
    }
    while power > 0 {
        port::write_byte(b'0' + (value / power % 10) as u8);
        power /= 10;
    }
}
