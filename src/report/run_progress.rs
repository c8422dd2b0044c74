//! How far a run is, in one line for standard error.

use crate::model::bench::Progress;

/// `42 of 120 samples, 1 failed, 12.0 s, about 22.3 s left`.
pub fn progress(at: &Progress) -> String {
    let done = at.completed + at.failed;
    let failed = match at.failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    let left = at.left_seconds.filter(|left| left.0 > 0.0);
    let left = left.map_or_else(String::new, |left| format!(", about {left} left"));
    format!("{done} of {} samples{failed}, {}{left}", done + at.remaining, at.elapsed_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Seconds;

    #[test]
    fn it_says_only_what_is_known() {
        let mut at = Progress { submitted: 3, completed: 2, remaining: 10, ..Progress::default() };
        assert_eq!(progress(&at), "2 of 12 samples, 0 s");
        at.failed = 1;
        at.left_seconds = Some(Seconds(22.34));
        assert_eq!(progress(&at), "3 of 13 samples, 1 failed, 0 s, about 22.3 s left");
    }
}
