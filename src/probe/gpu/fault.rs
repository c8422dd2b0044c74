//! What can go wrong between isomon and its GPU reader.

use std::path::PathBuf;

/// Why the GPU reader gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The reader's process could not be made.
    #[error("could not start the GPU reader {}: {source}", program.display())]
    Spawn {
        /// What was to be run.
        program: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The pipe to the reader broke.
    #[error("the pipe to the GPU reader broke: {source}")]
    Pipe {
        /// The system's reason.
        source: std::io::Error,
    },
    /// The reader ended, most often because the library crashed in it.
    #[error("the GPU library crashed its reader ({how})")]
    Died {
        /// Signal or exit status, in words.
        how: String,
    },
    /// No answer within the watchdog's time.
    #[error("no answer from the GPU library within {seconds} s")]
    Hung {
        /// The watchdog's time.
        seconds: u64,
    },
    /// The answer is not one of ours.
    #[error("the GPU reader said something that is not an answer: {what}")]
    Garbage {
        /// What is wrong with it.
        what: String,
    },
    /// Killed readers that do not go away: stuck in the kernel.
    #[error("{count} GPU readers are stuck in the kernel and cannot be killed")]
    Stuck {
        /// How many.
        count: usize,
    },
    /// Still waiting, within the watchdog's time.
    #[error("the GPU library has been thinking for {seconds} s")]
    Pending {
        /// Since it was asked.
        seconds: u64,
    },
}
