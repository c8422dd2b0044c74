//! Whether to use colours, and how a panic looks.

use std::io::{self, IsTerminal};

use color_eyre::config::{HookBuilder, Theme};

use super::args::{Args, Color};

/// Whether standard output takes colours.
pub(super) fn of_stdout(wish: Color) -> bool {
    decide(wish, io::stdout().is_terminal())
}

/// Whether standard error takes colours.
pub(super) fn of_stderr(wish: Color) -> bool {
    decide(wish, io::stderr().is_terminal())
}

/// A flag goes before `NO_COLOR`, and that before what the terminal can do.
fn decide(wish: Color, terminal: bool) -> bool {
    match wish {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            terminal && !dumb && !set("NO_COLOR")
        }
    }
}

/// A panic is told in a few words, with where it happened.
pub(super) fn install_panic_report(args: &Args) {
    let theme =
        if of_stderr(args.color.unwrap_or_default()) { Theme::dark() } else { Theme::new() };
    let hooks = HookBuilder::blank()
        .theme(theme)
        .display_env_section(false)
        .panic_section("this is a fault of isomon; please report it with what you did");
    // Only fails when hooks are installed already, which is as good.
    hooks.install().ok();
}
