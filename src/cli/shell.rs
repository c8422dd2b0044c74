//! `isomon completions` and `isomon man`.

use clap::CommandFactory;

use color_eyre::eyre::eyre;

use super::advice::Advise;
use super::args::Args;
use super::print;
use super::{Exit, Outcome};

pub(super) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "isomon", &mut script);
    print::out(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Good)
}

/// The page of isomon, or of the command `name`.
pub(super) fn man(name: Option<&str>) -> Outcome {
    let mut whole = Args::command();
    whole.build();
    let command = match name {
        Some(name) => whole.find_subcommand(name).cloned(),
        None => Some(whole),
    };
    let command = command.ok_or_else(|| {
        eyre!("there is no command `{}`", name.unwrap_or_default())
            .advise("`isomon --help` lists the commands")
    })?;
    let title = command.get_display_name().unwrap_or("isomon").to_owned();
    let mut page = Vec::new();
    let source = concat!("isomon ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(command).title(title).source(source).render(&mut page)?;
    print::out(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Good)
}
