//! Writing results where the user wants them.
//!
//! A plain file is replaced as a whole, so that no half of an export is ever there; a link stays a
//! link, and anything else (a device, a pipe) is written into and stays what it is. What is written
//! first has a name nobody else has, and is never opened if it is there already.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::Error;

/// Whether `path` could be written now.
pub fn check(path: &Path) -> Result<(), Error> {
    writable(path).map_err(Error::at(path))
}

/// Writes `what` to `path`.
pub fn write(path: &Path, what: impl AsRef<[u8]>) -> Result<(), Error> {
    put(path, what.as_ref()).map_err(Error::at(path))
}

/// The file called `name` in `dir`; where that is there, with the first number from 2 on of which there is
/// none, so that nothing is written over.
pub fn free(dir: &Path, name: &str) -> PathBuf {
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    let dot = if end.is_empty() { "" } else { "." };
    let mut others = (2_u32..).map(|number| dir.join(format!("{stem}-{number}{dot}{end}")));
    let first = dir.join(name);
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    if is_free(&first) { first } else { others.find(is_free).unwrap_or(first) }
}

/// Writes what `say` writes to `path`, which is replaced as a whole when it has done so. An error of
/// `say` leaves what was there.
pub fn stream<T, E: From<Error>>(
    path: &Path,
    say: impl FnOnce(&mut dyn io::Write) -> Result<T, E>,
) -> Result<T, E> {
    let at = || Error::at(path);
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => {
            let mut file = OpenOptions::new().write(true).open(path).map_err(at())?;
            return say(&mut file);
        }
        _ => {}
    }
    self::beside(path, |beside| {
        let mut file = io::BufWriter::new(File::create_new(beside).map_err(at())?);
        let value = say(&mut file)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error).map_err(at())?;
        file.sync_all().map_err(at())?;
        Ok(value)
    })
}

/// Has `fill` make a file beside `path`, which is replaced by it as a whole. An error leaves what was
/// there.
pub fn beside<T, E: From<Error>>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    let made = fill(&beside).and_then(|value| {
        fs::rename(&beside, path).map_err(Error::at(path))?;
        Ok(value)
    });
    if made.is_err() {
        // It may never have been there.
        fs::remove_file(&beside).ok();
    }
    made
}

/// Makes the directory `path` where it is not there.
pub fn directory(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(Error::at(path))
}

fn writable(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => Ok(access(path, Access::WRITE_OK)?),
        _ => Ok(access(parent(path), Access::WRITE_OK | Access::EXEC_OK)?),
    }
}

fn parent(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new("."))
}

fn put(path: &Path, what: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => OpenOptions::new().write(true).open(path)?.write_all(what),
        Ok(_) => replace(&path.canonicalize()?, what),
        Err(_) => replace(path, what),
    }
}

/// Writes beside the file and renames, so that no half of an export is ever there.
fn replace(path: &Path, what: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut file = File::create_new(&beside)?;
    let written = file
        .write_all(what)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        fs::remove_file(&beside).ok();
    }
    written
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::{FileTypeExt as _, symlink};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn a_pipe_is_written_into_and_stays_a_pipe() {
        let home = tempfile::tempdir().expect("a directory");
        let pipe = home.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        let from = pipe.clone();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            File::open(from).and_then(|mut file| file.read_to_string(&mut text)).map(|_| text)
        });
        assert!(writable(&pipe).is_ok());
        write(&pipe, "x").expect("is written");
        assert_eq!(reader.join().expect("ends").expect("is read"), "x");
        assert!(fs::metadata(&pipe).expect("is there").file_type().is_fifo());
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let home = tempfile::tempdir().expect("a directory");
        let mut seen = Vec::new();
        for _ in 0..3 {
            let path = free(home.path(), "isomon-7.json");
            write(&path, "1").expect("is written");
            seen.push(path);
        }
        let wanted = ["isomon-7.json", "isomon-7-2.json", "isomon-7-3.json"];
        assert_eq!(seen, wanted.map(|name| home.path().join(name)));
    }

    #[test]
    fn a_link_stays_a_link_and_nothing_else_is_left() {
        let home = tempfile::tempdir().expect("a directory");
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        fs::write(&file, "old").expect("is written");
        symlink(&file, &link).expect("a link");
        write(&link, "new").expect("is written");
        assert_eq!(fs::read_to_string(&file).expect("is read"), "new");
        assert!(fs::symlink_metadata(&link).expect("is there").is_symlink());
        assert_eq!(fs::read_dir(home.path()).expect("is read").count(), 2);
    }

    #[test]
    fn what_cannot_be_written_is_known_before_the_run() {
        let home = tempfile::tempdir().expect("a directory");
        assert!(writable(home.path()).is_err(), "a directory");
        assert!(writable(&home.path().join("no/file")).is_err(), "no directory");
        assert!(writable(&home.path().join("file")).is_ok());
        assert!(writable(Path::new("file")).is_ok());
    }
}
