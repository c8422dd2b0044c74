//! The empty root file system that containers are made from: directories, files and links for mounts
//! to cover, as a tar.

use std::path::Path;

use super::super::view::{PROGRAM, View};

/// Size of a tar's records.
const BLOCK: usize = 512;

/// What an entry of the tar is, by its letter.
#[derive(Clone, Copy)]
enum Entry<'a> {
    File,
    Directory,
    /// A directory that all may write to.
    Open,
    Link(&'a str),
}

/// The tar of an empty root with a place for everything that `view` shows.
pub(super) fn tar(view: &View) -> Vec<u8> {
    let mut tar = Vec::new();
    let directories = view.directories.iter().map(String::as_str);
    for name in directories.chain(["proc", "dev", "sys", "etc"]) {
        put(&mut tar, name, Entry::Directory);
    }
    // runc gives a tmpfs the mode of the directory below it, whatever its options say.
    put(&mut tar, "tmp", Entry::Open);
    for (name, target) in &view.links {
        put(&mut tar, name, Entry::Link(&target.to_string_lossy()));
    }
    let program = Path::new(PROGRAM).file_name().unwrap_or_default().to_string_lossy();
    for name in view.files.iter().map(String::as_str).chain([program.as_ref()]) {
        put(&mut tar, name, Entry::File);
    }
    tar.resize(tar.len() + 2 * BLOCK, 0);
    tar
}

/// Adds the head of an entry, which has no content. A target that is too long is cut, as the format
/// has no room for it; those of a system's directories are short.
fn put(tar: &mut Vec<u8>, name: &str, entry: Entry<'_>) {
    let (kind, mode, target) = match entry {
        Entry::File => (b'0', "0000644", ""),
        Entry::Directory => (b'5', "0000755", ""),
        Entry::Open => (b'5', "0001777", ""),
        Entry::Link(target) => (b'2', "0000777", target),
    };
    let mut head = [0; BLOCK];
    let mut write = |at: usize, text: &[u8], room: usize| {
        let places = head.iter_mut().skip(at).take(room);
        places.zip(text).for_each(|(place, byte)| *place = *byte);
    };
    write(0, name.as_bytes(), 100);
    write(100, mode.as_bytes(), 7);
    write(108, b"0000000", 7);
    write(116, b"0000000", 7);
    write(124, b"00000000000", 11);
    write(136, b"00000000000", 11);
    write(148, b"        ", 8);
    write(156, &[kind], 1);
    write(157, target.as_bytes(), 100);
    write(257, b"ustar\x0000", 8);
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    head.iter_mut().skip(148).zip(sum.bytes()).for_each(|(place, byte)| *place = byte);
    tar.extend(head);
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_system_s_tar_unpacks_it() {
        let view = View {
            base: "/".into(),
            directories: vec!["usr".into()],
            links: vec![("bin".into(), "usr/bin".into())],
            files: vec!["etc/ld.so.cache".into()],
        };
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("tar");
        command.args(["-x", "-p", "-f", "-", "-C"]).arg(dir.path()).stdin(Stdio::piped());
        let mut unpacking = command.spawn().unwrap();
        unpacking.stdin.take().unwrap().write_all(&tar(&view)).unwrap();
        assert!(unpacking.wait().unwrap().success());
        assert!(dir.path().join("usr").is_dir() && dir.path().join("tmp").is_dir());
        let open = std::fs::metadata(dir.path().join("tmp")).unwrap().permissions();
        assert_eq!(open.mode() & 0o7777, 0o1777);
        assert_eq!(std::fs::read_link(dir.path().join("bin")).unwrap(), Path::new("usr/bin"));
        assert!(
            dir.path().join("etc/ld.so.cache").is_file() && dir.path().join("isomon").is_file()
        );
    }
}
