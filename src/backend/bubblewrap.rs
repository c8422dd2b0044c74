//! The `bubblewrap` backend: namespaces through the tool that desktop sandboxes use.

use std::path::Path;

use super::view::{PROGRAM, TMP_MIB, View};

/// The arguments that make `bwrap` run `inside` with isomon bound from `program`.
pub(super) fn arguments(view: &View, program: String, inside: &[String]) -> Vec<String> {
    let mut said: Vec<String> = vec!["--unshare-all".into(), "--die-with-parent".into()];
    let mut say = |words: &[&str]| said.extend(words.iter().map(|word| (*word).to_owned()));
    say(&["--new-session", "--cap-drop", "ALL", "--hostname", "isomon"]);
    for name in view.directories.iter().chain(&view.files) {
        let path = Path::new("/").join(name);
        let path = path.to_string_lossy();
        say(&["--ro-bind", &path, &path]);
    }
    for (name, target) in &view.links {
        say(&["--symlink", &target.to_string_lossy(), &format!("/{name}")]);
    }
    say(&["--ro-bind", &program, PROGRAM, "--proc", "/proc", "--dev", "/dev"]);
    say(&["--size", &(u64::from(TMP_MIB) << 20).to_string(), "--tmpfs", "/tmp"]);
    say(&["--chdir", "/", "--", PROGRAM]);
    said.extend_from_slice(inside);
    said
}
