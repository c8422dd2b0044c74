//! A secret: it is used, and never shown.

use std::fmt;

use zeroize::Zeroizing;

/// A token or a password. Neither `Debug` nor `Display` nor a serialiser gives it away, and its memory
/// is cleared when it goes.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

/// What is shown in its place.
const HIDDEN: &str = "<secret>";

impl Secret {
    /// Keeps `text`, without the blanks and line ends around it.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// The secret itself, for whom it was made for.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `guess` is the secret; takes as long for every guess of a length.
    pub fn is(&self, guess: &str) -> bool {
        use subtle::ConstantTimeEq;
        self.0.as_bytes().ct_eq(guess.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown_and_known_by_its_holder() {
        let secret = Secret::new(" hunter2\n");
        assert_eq!(format!("{secret} {secret:?}"), "<secret> <secret>");
        assert!(secret.is("hunter2") && !secret.is("hunter") && !secret.is(""));
        assert_eq!(secret.reveal(), "hunter2");
    }
}
