//! The address of a receiver, read where the user keeps it.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::model::secret::Secret;
use crate::rule::receiver::Held;

/// Longest address.
const LONGEST: u64 = 4_096;

/// The address.
///
/// # Errors
/// Where it should be and is not, in a sentence.
pub fn read(held: &Held) -> Result<Secret, String> {
    let secret = match held {
        Held::Nowhere => return Err("it has no address".to_owned()),
        Held::Here(secret) => secret.clone(),
        Held::Variable(name) => {
            let value = std::env::var(name);
            Secret::new(&value.map_err(|_| format!("the variable {name} is not set"))?)
        }
        Held::File(path) => file(Path::new(path))?,
    };
    if secret.is_empty() { Err("its address is empty".to_owned()) } else { Ok(secret) }
}

/// The first line of a file that nobody but its owner may read.
fn file(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let said = |error: std::io::Error| format!("{shown}: {error}");
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(said)?;
    let about = file.metadata().map_err(said)?;
    if !about.is_file() {
        return Err(format!("{shown} is no ordinary file"));
    }
    if about.mode() & 0o077 != 0 {
        return Err(format!("{shown} can be read by others; chmod 600 {shown}"));
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(said)?;
    Ok(Secret::new(text.lines().next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_others_read_is_not_taken() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("hook");
        std::fs::write(&path, "https://host/x\nmore").unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
        let held = Held::File(path.display().to_string());
        mode(0o644).unwrap();
        assert!(read(&held).unwrap_err().contains("chmod 600"));
        mode(0o600).unwrap();
        assert_eq!(read(&held).unwrap().reveal(), "https://host/x");
        assert!(read(&Held::Variable("ISOMON_NO_SUCH".to_owned())).is_err());
        assert!(read(&Held::Nowhere).is_err());
    }
}
