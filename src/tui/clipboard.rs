//! The clipboard, which the terminal holds (OSC 52); works over SSH and asks for no program.

/// Most base64 letters sent: what xterm and tmux take.
const LONGEST: usize = 74_994;
/// The 64 letters.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What puts `text` on the clipboard; `None` if it is too long to be taken.
pub(super) fn sequence(text: &str) -> Option<String> {
    let letters = base64(text.as_bytes());
    (letters.len() <= LONGEST).then(|| format!("\x1b]52;c;{letters}\x1b\\"))
}

fn base64(bytes: &[u8]) -> String {
    bytes.chunks(3).flat_map(four_letters).collect()
}

/// Four letters for up to three bytes.
fn four_letters(bytes: &[u8]) -> [char; 4] {
    let byte = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    [(0, 18), (1, 12), (2, 6), (3, 0)].map(|(at, shift)| {
        let index = (bits >> shift) & 63;
        if at > bytes.len() { '=' } else { char::from(LETTERS[index as usize]) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4648_come_out() {
        let rows =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (text, wanted) in rows {
            assert_eq!(base64(text.as_bytes()), wanted);
        }
    }

    #[test]
    fn what_is_too_long_is_not_sent() {
        assert!(sequence(&"x".repeat(56_244)).is_some());
        assert!(sequence(&"x".repeat(60_000)).is_none());
    }
}
