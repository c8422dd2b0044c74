//! `isomon sync`: a workflow's runs, copied by rclone to where its file says.

use std::path::PathBuf;
use std::process::Command;

use color_eyre::eyre::{WrapErr, eyre};

use super::advice::Advise;
use super::run::check;
use super::{Exit, Outcome, print};

/// Of which workflow.
#[derive(Clone, Debug, clap::Args)]
pub struct SyncArgs {
    /// The workflow's file: its `benchmark.sync` says where to
    #[arg(value_name = "FILE", default_value = "benchmark.yaml")]
    file: PathBuf,
    /// Print the command and do not run it
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(super) fn run(wish: &SyncArgs) -> Outcome {
    let workflow = check::read(&wish.file)?.workflow;
    let Some(sync) = &workflow.sync else {
        return Err(eyre!("{} does not say where to", wish.file.display())
            .advise("set `remote` under `benchmark.sync`: a remote of `rclone listremotes`"));
    };
    if sync.remote.contains("://") {
        return Err(eyre!(
            "`{}` is no remote of rclone",
            crate::model::text::SafeText::new(&sync.remote)
        )
        .advise("name one as `remote:path`; `isomon push` brings runs of benchmarks to buckets"));
    }
    let mut words = vec!["sync".to_owned()];
    words.extend(sync.args.iter().cloned());
    words.extend(["--".to_owned(), workflow.output_dir.clone(), sync.remote.clone()]);
    if wish.dry_run {
        print::out(&format!("rclone {}\n", shell_words::join(&words)))?;
        return Ok(Exit::Good);
    }
    let done = Command::new("rclone").args(&words).status();
    let status =
        done.wrap_err("cannot start rclone").advise("install it: apt-get install rclone")?;
    Ok(if status.success() { Exit::Good } else { Exit::Bad })
}
