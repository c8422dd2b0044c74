//! The arguments. Flags are spelled as users of other tools know them.

use std::path::PathBuf;

use super::advice::Advise;
use clap::{Args as ClapArgs, Parser, Subcommand};
use color_eyre::eyre::eyre;

pub use super::alerts::AlertsVerb;
pub use super::annotate::AnnotateArgs;
pub use super::baseline::BaselineVerb;
pub use super::bench::BenchArgs;
pub use super::compare::CompareArgs;
pub use super::configure::ConfigVerb;
pub use super::doctor::DoctorArgs;
pub use super::exec::ExecArgs;
pub use super::history::HistoryVerb;
pub use super::init::InitArgs;
pub use super::list::ListArgs;
pub use super::plot::PlotArgs;
pub use super::pull::PullArgs;
pub use super::push::PushArgs;
pub use super::record::RecordArgs;
pub use super::replay::ReplayArgs;
pub use super::run::RunArgs;
pub use super::serve::ServeArgs;
pub use super::show::ShowArgs;
pub use super::snapshot::SnapshotArgs;
pub use super::sources::SourceArgs;
pub use super::sync::SyncArgs;
pub use super::verify::VerifyArgs;
pub use crate::config::Color;
use crate::config::Interval;
use crate::config::place::Place;

/// Watch this machine, its GPUs and sandboxes, and measure what isolation costs on it.
///
/// Without a command the screen opens; `?` shows its keys.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "isomon",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Exit status: 0 good, 1 what was measured failed, 2 usage or isomon itself, 128 + n signal n.\n\
                  ISOMON_LOG=debug (or a file: ISOMON_LOG=debug,/tmp/isomon.log) tells more."
)]
pub struct Args {
    /// What to do; the screen if nothing.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// How the screen looks and listens.
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// Print one snapshot and leave, like `isomon snapshot`
    #[arg(long)]
    pub once: bool,
    /// Print one snapshot as JSON and leave
    #[arg(long)]
    pub json: bool,
    /// Settings file; the default is `isomon config path`
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// When to use colours: auto, always, never
    #[arg(long, value_name = "WHEN", global = true, hide_possible_values = true)]
    pub color: Option<Color>,
}

/// How the screen looks and listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct ScreenArgs {
    /// Time between two samples: 2, 500ms, 1m
    #[arg(short, long, value_name = "TIME")]
    pub interval: Option<Interval>,
    /// Theme by name
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with plain ASCII letters
    #[arg(long)]
    pub ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,
    /// Hide and refuse what acts: no benchmark can be started or cancelled
    #[arg(long)]
    pub readonly: bool,
    /// A bucket whose runs are shown too: `s3://bucket/prefix`, `gs://…`, `file:///directory`; repeat for more
    #[arg(long, value_name = "PLACE")]
    pub runs: Vec<Place>,
    /// Keep what happens in this file, for `isomon replay`
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write over that file if it is there
    #[arg(long, requires = "record")]
    pub force: bool,
    /// Keep no history; what is kept already can be looked back at
    #[arg(long)]
    pub no_history: bool,
    /// Judge no rules: no alert fires here
    #[arg(long)]
    pub no_alerts: bool,
    /// Other nodes to watch.
    #[command(flatten)]
    pub sources: SourceArgs,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Print how this machine is doing
    Snapshot(SnapshotArgs),
    /// Measure isolation backends and print what they cost
    Bench(Box<BenchArgs>),
    /// Run a command or a program of yours in a sandbox
    #[command(after_help = super::exec::AFTER_HELP)]
    Exec(Box<ExecArgs>),
    /// Run a workflow: stages on this machine and on others, and keep what came of them
    #[command(after_help = super::run::AFTER_HELP)]
    Run(Box<RunArgs>),
    /// Write a workflow to begin with
    Init(InitArgs),
    /// List the runs kept on this machine, in a bucket, or a directory of results
    List(ListArgs),
    /// Print a run
    Show(ShowArgs),
    /// Set runs beside each other: which figures changed, and how sure that is
    Compare(CompareArgs),
    /// Say something of a workflow's run, to find it by
    Annotate(AnnotateArgs),
    /// Copy a workflow's runs to where its file says
    #[command(after_help = super::sync::AFTER_HELP)]
    Sync(SyncArgs),
    /// Make every figure of a run again from its samples, and say where it is another
    Verify(VerifyArgs),
    /// Keep runs under a name, to set later ones beside them
    #[command(subcommand)]
    Baseline(BaselineVerb),
    /// Bring runs of this machine to a bucket or a shared directory
    #[command(after_help = super::push::AFTER_HELP)]
    Push(PushArgs),
    /// Bring runs from a bucket to this machine
    #[command(after_help = super::pull::AFTER_HELP)]
    Pull(PullArgs),
    /// Draw a run: pictures, or one page with everything
    Plot(PlotArgs),
    /// Say what works here, what does not, why, and what mends it
    Doctor(DoctorArgs),
    /// Make this machine readable by another isomon, over HTTP
    #[command(after_help = super::serve::AFTER_HELP)]
    Serve(Box<ServeArgs>),
    /// Keep what happens in a file, to be played later
    #[command(after_help = super::record::AFTER_HELP)]
    Record(Box<RecordArgs>),
    /// Play a recording on the screen
    #[command(after_help = super::replay::AFTER_HELP)]
    Replay(ReplayArgs),
    /// Rules and alerts: try them on a recording, list what fired, send a test message
    #[command(subcommand)]
    Alerts(AlertsVerb),
    /// Look back: how nodes, GPUs and models were doing
    #[command(subcommand)]
    History(HistoryVerb),
    /// Clear up what runs that were killed left behind
    Gc {
        /// Only say what would be cleared up
        #[arg(short = 'n', long)]
        dry_run: bool,
        /// Forget what may be in container engines that give no answer any more
        #[arg(long, conflicts_with = "dry_run")]
        forget: bool,
    },
    /// Make, print and check the settings
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Print shell completions
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Of this command; of isomon if none
        command: Option<String>,
    },
}

impl Args {
    /// A flag of the screen means nothing to a command, and is not passed over in silence.
    pub(super) fn refuse_what_means_nothing(&self) -> color_eyre::Result<()> {
        let screen = self.screen != ScreenArgs::default();
        if self.verb.is_some() && (screen || self.once || self.json) {
            return Err(eyre!("a flag before the command is for the screen only")
                .advise("put the command's own flags after it; `isomon COMMAND --help`"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_flag_that_means_nothing_is_refused() {
        let parse = |line: &str| Args::try_parse_from(line.split(' ')).expect("parses");
        let refused = |line| parse(line).refuse_what_means_nothing().is_err();
        assert!(refused("isomon -i 2 doctor"));
        assert!(refused("isomon --json doctor"));
        assert!(!refused("isomon doctor --json"));
        assert!(!refused("isomon -c x --color never doctor"));
        assert!(!refused("isomon -i 2 --ascii"));
    }
}
