//! `isomon completions` and `isomon man`.

use clap::CommandFactory;

use super::args::Args;
use super::print;
use super::{Exit, Outcome};

pub(super) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "isomon", &mut script);
    print::out(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Good)
}

pub(super) fn man() -> Outcome {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut page)?;
    print::out(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Good)
}
