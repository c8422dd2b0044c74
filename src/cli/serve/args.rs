//! The flags of `isomon serve`.

use std::path::PathBuf;

use crate::config::Interval;

/// What is served, where, and to whom.
#[derive(Clone, Debug, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct ServeArgs {
    /// Where to listen: an address, a port, or both; may be given several times
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070", conflicts_with = "stdio")]
    pub(super) listen: Vec<String>,
    /// The token that lets others in, in a file that only you can read
    #[arg(long, value_name = "FILE", conflicts_with = "token_env")]
    pub(super) token_file: Option<PathBuf>,
    /// The same in a variable of the environment
    #[arg(long, value_name = "VAR")]
    pub(super) token_env: Option<String>,
    /// Certificate, in PEM, its chain after it
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "tls_self")]
    pub(super) tls_cert: Option<PathBuf>,
    /// Key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// TLS with a certificate of an authority that isomon makes and keeps
    #[arg(long)]
    pub(super) tls_self: bool,
    /// Let benchmarks be started and ended
    #[arg(long)]
    pub(super) allow_bench: bool,
    /// Let programs that are sent be run; needs a token
    #[arg(long)]
    pub(super) allow_exec: bool,
    /// Show the screen in a browser, at /screen, where it only looks
    #[arg(long, conflicts_with = "stdio")]
    pub(super) web: bool,
    /// Let who sends the token act on that screen, as you would at a terminal
    #[arg(long, requires = "web")]
    pub(super) allow_screen: bool,
    /// Let every user of this machine act without a token
    #[arg(long, conflicts_with_all = ["token_file", "token_env"])]
    pub(super) trust_local: bool,
    /// Programs that are sent run so many at a time; as many as there are processors unless set
    #[arg(long, value_name = "NUMBER", requires = "allow_exec",
        value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(super) at_once: Option<u32>,
    /// A name by which the server is reached too, as in `Host`; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) allow_host: Vec<String>,
    /// A directory with results of workflows, as `output_dir` names it: runs of isomon and of benchctl; may
    /// be given several times
    #[arg(long, value_name = "DIR", conflicts_with = "stdio")]
    pub(super) results: Vec<PathBuf>,
    /// Time between two samples: 2, 500ms, 1m
    #[arg(short, long, value_name = "TIME")]
    pub(super) interval: Option<Interval>,
    /// Do not try the backends at the start; what needs to know waits for that the first time
    #[arg(long)]
    pub(super) no_check: bool,
    /// Keep no history
    #[arg(long)]
    pub(super) no_history: bool,
    /// Judge no rules: no alert fires here
    #[arg(long)]
    pub(super) no_alerts: bool,
    /// Keep what happens in this file, for `isomon replay`
    #[arg(long, value_name = "FILE", conflicts_with = "stdio")]
    pub(super) record: Option<PathBuf>,
    /// Write over that file if it is there
    #[arg(long, requires = "record")]
    pub(super) force: bool,
    /// Speak on standard input and output, as another isomon does by SSH
    #[arg(
        long,
        conflicts_with_all =
            ["token_file", "token_env", "trust_local", "tls_cert", "tls_self", "allow_host"]
    )]
    pub(super) stdio: bool,
}

impl ServeArgs {
    /// Whether it is to speak TLS.
    pub(super) const fn has_tls(&self) -> bool {
        self.tls_self || self.tls_cert.is_some()
    }

    /// Whether it holds a token or a key.
    pub(super) const fn has_secrets(&self) -> bool {
        self.token_file.is_some() || self.token_env.is_some() || self.has_tls()
    }
}
