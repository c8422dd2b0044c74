//! How far a benchmark is, on standard error: a bar on a terminal, else a line now and then.

use super::print;
use crate::model::bench::Progress;
use crate::report::run_progress::progress as words;

/// Time between two lines where nothing can be written over.
const LINE_EVERY_SECONDS: f64 = 10.0;
const BAR: usize = 24;

/// Shows progress.
#[derive(Debug)]
pub(super) struct Meter {
    overwrite: bool,
    next_line_seconds: f64,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { overwrite: print::can_over(), next_line_seconds: LINE_EVERY_SECONDS }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        if self.overwrite {
            print::over(&bar(progress));
        } else if progress.elapsed_seconds.0 >= self.next_line_seconds {
            self.next_line_seconds = progress.elapsed_seconds.0 + LINE_EVERY_SECONDS;
            print::err(&words(progress));
        }
    }

    /// Says something that stays.
    pub(super) fn say(&self, sentence: &str) {
        if self.overwrite {
            print::over("");
        }
        print::err(sentence);
    }

    /// Whether one line can be written over again and again.
    pub(super) const fn is_over(&self) -> bool {
        self.overwrite
    }

    /// Writes over the present line.
    pub(super) fn over(&self, line: &str) {
        if self.overwrite {
            print::over(line);
        }
    }

    /// Leaves the line empty.
    pub(super) fn clear(&self) {
        if self.overwrite {
            print::over("");
        }
    }
}

fn bar(progress: &Progress) -> String {
    let done = u64::from(progress.completed) + u64::from(progress.failed);
    let all = (done + u64::from(progress.remaining)).max(1);
    let filled = usize::try_from(done * BAR as u64 / all).unwrap_or(BAR).min(BAR);
    let (filled, blank) = ("#".repeat(filled), ".".repeat(BAR - filled));
    format!("[{filled}{blank}] {}", words(progress))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Seconds;

    #[test]
    fn a_bar_is_never_longer_than_its_room() {
        let mut progress = Progress {
            completed: 30,
            failed: 10,
            remaining: 40,
            elapsed_seconds: Seconds(12.0),
            left_seconds: Some(Seconds(12.0)),
            ..Progress::default()
        };
        let wanted =
            "[############............] 40 of 80 samples, 10 failed, 12.0 s, about 12.0 s left";
        assert_eq!(bar(&progress), wanted);
        progress = Progress::default();
        assert!(bar(&progress).starts_with("[........................] 0 of 0 samples"));
        progress.completed = u32::MAX / 2;
        assert!(bar(&progress).starts_with("[########################]"));
    }
}
