//! Packs the first file system of a guest: the work and what it needs, and isomon in a directory of
//! its own, with its own loader and libraries, so that neither disturbs the other.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::chore::{self, Chore};
use super::cpio::Archive;
use super::{INIT, LIBRARIES, LOADER, library, refused};
use crate::backend::Error;
use crate::backend::kind::Errand;
use crate::backend::site::Site;
use crate::backend::trial::Work;
use crate::backend::view::JOB;
use crate::backend::wire::Input;
use crate::model::job::Job;

/// A root directory that is packed whole may have this much.
const ROOT_LIMIT: u64 = 512 << 20;
/// Bytes that a file, directory or link counts, beside its content.
const ENTRY: u64 = 1 << 10;
/// What of a root is not packed: every guest has its own.
const LEFT_OUT: [&str; 6] = ["proc", "sys", "dev", "tmp", "job", ".isomon"];
/// Small programs for shell scripts.
const APPLETS: [&str; 33] = [
    "awk", "cat", "chmod", "cp", "cut", "date", "dd", "df", "echo", "env", "expr", "false", "free",
    "grep", "head", "id", "ls", "mkdir", "mount", "mv", "ps", "rm", "sed", "seq", "sleep", "sort",
    "tail", "tr", "true", "uname", "wc", "xargs", "yes",
];

/// Packs a file system with the work of `errand`.
pub(super) fn packed(site: &Site, errand: &Errand<'_>) -> Result<PathBuf, Error> {
    let path = site.place.join(format!("initrd-{}", errand.lot));
    // Never written to while a sandbox may still read it.
    fs::remove_file(&path).ok();
    let file = File::create(&path).map_err(|source| Error::io("create", &path, source))?;
    let mut archive = Archive::new(BufWriter::new(file));
    if let Work::Job(job) = &errand.task.work {
        pack_job(&mut archive, errand, job)?;
    }
    pack_own(&mut archive, site, errand)
        .and_then(|()| archive.finish())
        .map_err(|source| Error::io("write", &path, source))?;
    Ok(path)
}

/// `theirs`, a file system of the user's, with `ours` after it: the kernel unpacks one after the
/// other.
pub(super) fn joined(theirs: &Path, ours: &Path) -> Result<PathBuf, Error> {
    let path = ours.with_extension("joined");
    fs::remove_file(&path).ok();
    let write = || -> io::Result<()> {
        let mut out = File::create(&path)?;
        let length = io::copy(&mut File::open(theirs)?, &mut out)?;
        out.write_all(&[0; 4][..usize::try_from((4 - length % 4) % 4).unwrap_or(0)])?;
        io::copy(&mut File::open(ours)?, &mut out)?;
        Ok(())
    };
    write().map_err(|error| refused(&format!("cannot use {}: {error}", theirs.display())))?;
    Ok(path)
}

/// isomon, what it needs, and what it has to do.
fn pack_own(archive: &mut Archive<impl Write>, site: &Site, errand: &Errand<'_>) -> io::Result<()> {
    let exe = &site.settings.exe;
    let own = library::loaded(fs::read(exe)?);
    archive.program(Path::new(INIT), &library::loaded_by(own, LOADER))?;
    if let Some(loader) = library::loader(exe) {
        archive.program(Path::new(LOADER), &library::loaded(fs::read(loader)?))?;
    }
    for file in library::needed(exe).iter().skip(1) {
        let inside = Path::new(LIBRARIES).join(file.file_name().unwrap_or_default());
        archive.program(&inside, &library::loaded(fs::read(file)?))?;
    }
    archive.device(Path::new("dev/console"), (5, 1))?;
    if let Input::File(path) = &errand.input {
        archive.file(Path::new(chore::INPUT), 0o600, &fs::read(path)?)?;
    }
    archive.file(Path::new(chore::PLACE), 0o600, &chore(errand).encode()?)
}

/// What is done inside.
fn chore(errand: &Errand<'_>) -> Chore {
    let (nonce, pids) = (errand.task.nonce, errand.task.limits.pids);
    if let Work::Job(_) = &errand.task.work {
        let (argv, env) = (errand.inside.clone(), errand.env.clone());
        return Chore { nonce, argv, env, pids, framed: true };
    }
    let argv = std::iter::once(INIT.to_owned()).chain(errand.inside.iter().cloned()).collect();
    let env = vec![("LD_LIBRARY_PATH".to_owned(), LIBRARIES.to_owned())];
    Chore { nonce, argv, env, pids, framed: false }
}

/// The files of the job, and the user's root directory if one is named; else, unless the user
/// brings a file system, the program that is run with what it needs, a shell, and small tools. A
/// language's own library is not found this way: for that a root directory is needed.
fn pack_job(
    archive: &mut Archive<impl Write>,
    errand: &Errand<'_>,
    job: &Job,
) -> Result<(), Error> {
    let mut left = ROOT_LIMIT;
    for shown in &errand.shown {
        let host = Path::new(&shown.host);
        pack_tree(archive, (host, Path::new(&shown.inside)), &[], &mut left)
            .map_err(|error| unfit(host, &error))?;
    }
    if let Some(root) = &job.root {
        return pack_tree(archive, (root, Path::new("/")), &LEFT_OUT, &mut left)
            .map_err(|error| unfit(root, &error));
    }
    if errand.task.kernel.as_ref().is_some_and(|kernel| kernel.initrd.is_some()) {
        return Ok(());
    }
    pack_programs(archive, errand).map_err(|source| Error::io("pack", Path::new("/"), source))
}

fn unfit(root: &Path, error: &io::Error) -> Error {
    let name = root.display();
    if error.kind() == io::ErrorKind::FileTooLarge {
        return refused(&format!("the root file system has more than 512 MiB: {name}"));
    }
    refused(&format!("cannot pack {name}: {error}"))
}

fn pack_programs(archive: &mut Archive<impl Write>, errand: &Errand<'_>) -> io::Result<()> {
    let first = errand.inside.first().map(String::as_str).unwrap_or_default();
    if let Some(copied) = copied(errand, first) {
        pack_files(archive, &library::needed(&copied)[1..])?;
    } else if let Some(program) = found(first) {
        pack_files(archive, &library::needed(&program))?;
    }
    for name in APPLETS.into_iter().chain(["sh"]) {
        if let Some(program) = found(name) {
            pack_files(archive, &library::needed(&program))?;
        }
    }
    pack_files(archive, &[PathBuf::from("/etc/ld.so.cache")])
}

/// The host's copy of a program that is in the job's directory.
fn copied(errand: &Errand<'_>, program: &str) -> Option<PathBuf> {
    let name = Path::new(program).strip_prefix(JOB).ok()?;
    let dir = errand.shown.iter().find(|shown| shown.inside == JOB)?;
    Some(Path::new(&dir.host).join(name)).filter(|path| path.is_file())
}

/// Files of the host, where they are; what is not there is left out.
fn pack_files(archive: &mut Archive<impl Write>, files: &[PathBuf]) -> io::Result<()> {
    for file in files.iter().filter(|file| file.is_file()) {
        archive.file(file, mode(&fs::metadata(file)?), &library::loaded(fs::read(file)?))?;
    }
    Ok(())
}

fn mode(data: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&data.permissions())
}

/// The program called `name` on the host, as a path that is the same inside.
fn found(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let dirs = crate::backend::PATH.split(':').map(Path::new);
    dirs.map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// Packs what is in the first of two directories as the second, but for names to leave out.
fn pack_tree(
    archive: &mut Archive<impl Write>,
    (from, to): (&Path, &Path),
    without: &[&str],
    left: &mut u64,
) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        // A name that is no text could not be said to any other backend either.
        if name.to_str().is_none_or(|name| without.contains(&name)) {
            continue;
        }
        let (path, inside) = (entry.path(), to.join(&name));
        let data = fs::symlink_metadata(&path)?;
        let takes = ENTRY + if data.is_file() { data.len() } else { 0 };
        *left = left.checked_sub(takes).ok_or(io::ErrorKind::FileTooLarge)?;
        if data.is_symlink() {
            archive.link(&inside, &fs::read_link(&path)?)?;
        } else if data.is_dir() {
            archive.directory(&inside, mode(&data))?;
            pack_tree(archive, (&path, &inside), &[], left)?;
        } else if data.is_file() {
            archive.file(&inside, mode(&data), &fs::read(&path)?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(root: &Path, mut left: u64) -> io::Result<Vec<u8>> {
        let mut archive = Archive::new(Vec::new());
        pack_tree(&mut archive, (root, Path::new("/")), &LEFT_OUT, &mut left)?;
        archive.finish()
    }

    #[test]
    fn a_root_that_is_too_large_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), [0; 100]).unwrap();
        assert!(pack(root.path(), ENTRY + 100).is_ok());
        let error = pack(root.path(), ENTRY + 99).unwrap_err();
        assert!(unfit(root.path(), &error).to_string().contains("more than 512 MiB"));
    }

    #[test]
    fn what_a_guest_has_of_its_own_is_not_packed() {
        let root = tempfile::tempdir().unwrap();
        for name in ["dev", "tmp", ".isomon", "etc"] {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::write(root.path().join(name).join("inner"), "").unwrap();
        }
        let bytes = pack(root.path(), ROOT_LIMIT).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("etc/inner") && text.matches("inner").count() == 1, "{text}");
        assert_eq!(Path::new(super::super::OWN), Path::new("/").join(LEFT_OUT[5]));
    }

    #[test]
    fn programs_are_found_where_sandboxes_look() {
        assert!(found("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(found("/etc/passwd"), Some(PathBuf::from("/etc/passwd")));
        assert_eq!((found("no-such-program"), found("/nonexistent")), (None, None));
    }
}
