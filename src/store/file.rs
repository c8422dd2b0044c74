//! Writing a file so that it is whole or not there, and reading one without trusting it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;

/// Larger files are refused: a run of a day has a tenth of this.
const LARGEST: u64 = 512 << 20;

/// Writes `value` as indented JSON to `path`, readable by its owner alone. It goes to a file beside
/// it first, which then takes the name, so that nobody ever sees half of it.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    replace(path, |to| {
        serde_json::to_writer_pretty(&mut *to, value)?;
        to.write_all(b"\n")
    })
}

/// Writes `bytes` to `path` in the same way.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace(path, |to| to.write_all(bytes))
}

fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<(), Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = Path::new(&beside);
    let done = write_and_sync(beside, write)
        .and_then(|()| fs::rename(beside, path).map_err(Error::at(path)));
    match done {
        Ok(()) => sync_parent(path),
        Err(error) => {
            // The half file is of no use; that it cannot be removed either changes nothing.
            fs::remove_file(beside).ok();
            Err(error)
        }
    }
}

fn write_and_sync(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<(), Error> {
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let file = open.map_err(Error::at(path))?;
    let mut writer = BufWriter::new(&file);
    write(&mut writer)
        .and_then(|()| writer.flush())
        .and_then(|()| file.sync_all())
        .map_err(Error::at(path))
}

/// Makes the names in the directory of `path` survive a power cut.
pub(super) fn sync_parent(path: &Path) -> Result<(), Error> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    File::open(parent).and_then(|dir| dir.sync_all()).map_err(Error::at(parent))
}

/// Makes a directory that is not there yet, and those above it, for its owner alone.
pub(super) fn make_dir(path: &Path) -> Result<(), Error> {
    let above = path.parent().unwrap_or(path);
    let mut builder = DirBuilder::new();
    builder.mode(0o700).recursive(true).create(above).map_err(Error::at(above))?;
    builder.recursive(false).create(path).map_err(Error::at(path))
}

/// The bytes of a regular file of bounded size. A pipe or device of that name does not block.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let open = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = open.map_err(Error::at(path))?;
    let about = file.metadata().map_err(Error::at(path))?;
    if !about.is_file() {
        return Err(Error::NotARun { path: path.to_owned() });
    }
    if about.len() > LARGEST {
        return Err(Error::TooLarge { path: path.to_owned(), bytes: about.len() });
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(Error::at(path))?;
    Ok(bytes)
}

/// Reads the JSON in `bytes`; an error names `path` and the line.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Corrupt {
        path: path.to_owned(),
        line: source.line(),
        source,
    })
}
