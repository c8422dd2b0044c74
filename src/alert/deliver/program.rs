//! A program that is told: its arguments are those of the file, what is told comes on its standard
//! input and nowhere else, and it has ten seconds. Whatever it started is ended with it, and all of it with
//! isomon, however that ends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::{End, Feed, feed};
use crate::model::text::SafeText;

/// Time it has.
const TIME: Duration = Duration::from_secs(10);
/// Variables that it sees; no other, since secrets are kept in those.
const VARIABLES: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"];

/// Why it did not take a message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started.
    #[error("{program}: {source}")]
    Start {
        /// Which one.
        program: SafeText,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It did not end in time.
    #[error("it did not end within 10 s, and was ended")]
    Late,
    /// It failed.
    #[error("it ended with {0}")]
    Failed(String),
}

/// A program and its arguments.
#[derive(Clone, Debug)]
pub struct Program {
    argv: Vec<String>,
    isomon: PathBuf,
}

impl Program {
    /// The program that `argv` names.
    pub fn new(argv: &[String]) -> Self {
        Self { argv: argv.to_vec(), isomon: Path::new("/proc/self/exe").to_owned() }
    }

    /// The same, watched over by the isomon at `isomon` in place of this one.
    #[must_use]
    pub fn kept_by(self, isomon: &Path) -> Self {
        Self { isomon: isomon.to_owned(), ..self }
    }

    /// Runs it with `body` on its standard input.
    pub async fn run(&self, body: &[u8]) -> Result<(), Error> {
        let known: Vec<_> =
            VARIABLES.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))).collect();
        let (isomon, argv) = (self.isomon.as_path(), self.argv.as_slice());
        let ended = feed(&Feed { isomon, argv, env: &known, input: body, time: TIME }).await;
        let program = || SafeText::new(self.argv.first().map_or("", String::as_str));
        match ended.map_err(|source| Error::Start { program: program(), source })? {
            None => Err(Error::Late),
            Some(End { exit: Some(0), .. }) => Ok(()),
            Some(end) => Err(Error::Failed(words(&end))),
        }
    }
}

fn words(end: &End) -> String {
    match (end.exit, end.signal, &end.lost) {
        (Some(status), ..) => format!("exit status {status}"),
        (_, Some(signal), _) => format!("signal {signal}"),
        (_, _, lost) => lost.as_ref().map_or_else(String::new, ToString::to_string),
    }
}
