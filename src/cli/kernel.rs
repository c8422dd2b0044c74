//! The Linux kernel that a command line names, for backends that are virtual machines.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};

use super::advice::Advise;
use crate::backend;
use crate::model::job::Kernel;
use crate::model::unit::Bytes;

/// Memory of a sandbox with Linux in it, where none is said.
pub(super) const MEMORY: Bytes = Bytes(512 << 20);
/// Seconds it may take, where none are said: without KVM Linux boots in seconds.
pub(super) const SECONDS: f64 = 30.0;
/// The word for the newest of the host's.
const AUTO: &str = "auto";

/// The kernel called `image`, with the file system called `initrd`; `None` where none is named.
pub(super) fn named(image: Option<&Path>, initrd: Option<&Path>) -> Result<Option<Kernel>> {
    let Some(image) = image else { return Ok(None) };
    let image = if image == Path::new(AUTO) { newest()? } else { absolute(image)? };
    let initrd = initrd.map(absolute).transpose()?;
    let mut named = std::iter::once(&image).chain(&initrd);
    if let Some(file) = named.find(|file| !file.is_file()) {
        return Err(eyre!("{} is no file", file.display())
            .advise("--kernel takes a kernel's image, or auto; --initrd a file system for it"));
    }
    Ok(Some(Kernel { image, initrd }))
}

fn newest() -> Result<PathBuf> {
    backend::host_kernel().map_err(|error| {
        let why = error.to_string();
        let remedy = backend::remedy_words(crate::model::backend::BackendId::QemuTcg, &why);
        eyre!("{why}").advise(remedy.as_str())
    })
}

/// The same path from the root.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).wrap_err_with(|| format!("cannot tell where {} is", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_a_file_that_is_there() {
        assert_eq!(named(None, None).unwrap(), None);
        let own = std::env::current_exe().unwrap();
        let kernel = named(Some(&own), None).unwrap().unwrap();
        assert_eq!((kernel.image, kernel.initrd), (own.clone(), None));
        let none = Path::new("/nonexistent");
        for (image, initrd) in [(none, None), (&own, Some(none))] {
            let error = named(Some(image), initrd).unwrap_err();
            assert_eq!(error.root_cause().to_string(), "/nonexistent is no file");
        }
    }
}
