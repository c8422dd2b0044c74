//! What a package is made of: every command has its page, every shell its completions, and the unit stands.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a test program")]

use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use isomon::cli::args::Args;

#[test]
fn a_package_has_the_program_its_pages_completions_and_unit() {
    let to = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let laid = Command::new(root.join("packaging/stage.sh"))
        .args([env!("CARGO_BIN_EXE_isomon"), to.path().to_str().unwrap(), "/opt/isomon"])
        .status()
        .unwrap();
    assert!(laid.success());
    let at = to.path().join("opt/isomon");
    let pages = at.join("share/man/man1");
    for verb in Args::command().get_subcommands() {
        let page = pages.join(format!("isomon-{}.1.gz", verb.get_name()));
        assert!(page.metadata().is_ok_and(|page| page.len() > 200), "{}", page.display());
    }
    let count = std::fs::read_dir(&pages).unwrap().count();
    assert_eq!(count, Args::command().get_subcommands().count() + 1, "and its own");
    for file in [
        "bin/isomon",
        "share/bash-completion/completions/isomon",
        "share/zsh/vendor-completions/_isomon",
        "share/fish/vendor_completions.d/isomon.fish",
        "share/doc/isomon/examples/isomon.toml",
    ] {
        assert!(at.join(file).metadata().is_ok_and(|file| file.len() > 500), "{file}");
    }
    let unit = std::fs::read_to_string(at.join("lib/systemd/system/isomon.service")).unwrap();
    assert!(unit.contains("ExecStart=/opt/isomon/bin/isomon serve --no-check"), "{unit}");
}

#[test]
fn systemd_takes_the_unit_and_finds_it_well_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let unit = dir.path().join("isomon.service");
    let text = include_str!("../assets/systemd/isomon.service");
    // Where the package is not installed, its program and its manual page are not there.
    let text = text.replace("/usr/bin/isomon", env!("CARGO_BIN_EXE_isomon"));
    let text = text.replace("Documentation=man:isomon-serve(1)\n", "");
    std::fs::write(&unit, text).unwrap();
    let ask = |words: &[&str]| Command::new("systemd-analyze").args(words).arg(&unit).output();
    let Ok(verified) = ask(&["verify"]) else {
        let why = "no systemd-analyze (apt-get install systemd)";
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
        eprintln!("passed over: {why}");
        return;
    };
    let told = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && told.is_empty(), "{told}");
    // In tenths: 18 is what the README says.
    let bounded = ask(&["security", "--offline=true", "--threshold=18", "--no-pager"]).unwrap();
    assert!(bounded.status.success(), "{}", String::from_utf8_lossy(&bounded.stdout));
}
