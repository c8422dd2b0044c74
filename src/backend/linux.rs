//! A Linux kernel for backends that are virtual machines, and a first file system that isomon packs
//! for it: isomon itself as `/init`, the libraries it needs, and the work.
//!
//! With it the phases reach `init` (the first process runs) and the first execution, and any
//! command runs in a machine of its own. Nothing is downloaded: the kernel is one the user names, or
//! one of the host's own distribution.

mod chore;
mod cpio;
pub(super) mod init;
mod library;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chore::Chore;
use cpio::Archive;

use super::kind::Errand;
use super::site::Site;
use super::trial::Work;
use super::{Error, payload};
use crate::model::job::{Job, Kernel, Runtime, What};
use crate::model::text::SafeText;

/// Where the host's kernels are.
const KERNELS: &str = "/boot";
/// Memory that a distribution's kernel takes before anything runs; measured, and rounded up.
const KERNEL_MIB: u64 = 96;
/// isomon inside.
const INIT: &str = "/init";
/// A root directory that is packed whole may have this much.
const ROOT_LIMIT: u64 = 512 << 20;
/// Small programs that a static busybox stands for, where the host has one.
const APPLETS: [&str; 24] = [
    "cat", "chmod", "cp", "cut", "date", "dd", "df", "echo", "env", "free", "grep", "head", "id",
    "ls", "mkdir", "mount", "ps", "rm", "sed", "sleep", "sort", "tail", "uname", "wc",
];

/// What a virtual machine is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boot {
    /// The kernel.
    pub kernel: PathBuf,
    /// Its first file system.
    pub initrd: PathBuf,
    /// Its command line.
    pub command_line: String,
}

/// Whether `errand` needs a Linux kernel: a user's work does, and whoever names a kernel wants it.
pub(super) fn is_wanted(errand: &Errand<'_>) -> bool {
    errand.task.kernel.is_some() || matches!(errand.task.work, Work::Job(_))
}

/// What the guest must have for `boot`, in MiB: the kernel itself, and the file system both as it
/// was given and as it is unpacked.
pub(super) fn memory_mib(boot: &Boot) -> u64 {
    let length = fs::metadata(&boot.initrd).map_or(0, |data| data.len());
    KERNEL_MIB + 2 * length.div_ceil(1 << 20)
}

/// The kernel and the file system for `errand`; the file system is packed anew for each, since the
/// work is in it.
pub(super) fn boot(site: &Site, errand: &Errand<'_>) -> Result<Boot, Error> {
    let named = errand.task.kernel.as_deref();
    let kernel = match named {
        Some(named) => named.image.clone(),
        None => newest(Path::new(KERNELS))?,
    };
    let initrd = match named.and_then(|named| named.initrd.clone()) {
        Some(initrd) => joined(site, errand, &initrd)?,
        None => packed(site, errand)?,
    };
    Ok(Boot { kernel, initrd, command_line: COMMAND_LINE.to_owned() })
}

/// Quiet, on the serial port, and a machine that is reset when it panics or ends.
const COMMAND_LINE: &str =
    "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t tsc=reliable i8042.noaux rdinit=/init";

/// The distribution's kernel for virtual machines, the newest; any other only if there is none.
fn newest(directory: &Path) -> Result<PathBuf, Error> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let kernels = names.filter(|name| name.starts_with("vmlinuz-"));
    let best = kernels.max_by_key(|name| (name.contains("cloud"), numbers(name)));
    let why = "no Linux kernel in /boot; name one with --kernel, or: apt-get install linux-image-cloud-amd64";
    let missing = || Error::Refused { why: SafeText::new(why) };
    best.map(|name| directory.join(name)).ok_or_else(missing)
}

/// The numbers in a name, to tell 6.10 from 6.9.
fn numbers(name: &str) -> Vec<u32> {
    name.split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

/// Packs a file system with the work of `errand`.
fn packed(site: &Site, errand: &Errand<'_>) -> Result<PathBuf, Error> {
    let path = site.place.join(format!("initrd-{}", errand.lot));
    let file = File::create(&path).map_err(|source| Error::io("create", &path, source))?;
    let write = || -> io::Result<()> {
        let mut archive = Archive::new(BufWriter::new(file));
        if let Work::Job(job) = &errand.task.work {
            pack_job(&mut archive, job)?;
        }
        pack_own(&mut archive, site, errand)?;
        archive.finish().map(|_| ())
    };
    write().map_err(|source| Error::io("write", &path, source))?;
    Ok(path)
}

/// The user's file system with isomon and the work after it: the kernel unpacks one after the
/// other.
fn joined(site: &Site, errand: &Errand<'_>, theirs: &Path) -> Result<PathBuf, Error> {
    let ours = packed(site, errand)?;
    let path = site.place.join(format!("initrd-{}-joined", errand.lot));
    let write = || -> io::Result<()> {
        let mut out = File::create(&path)?;
        let length = io::copy(&mut File::open(theirs)?, &mut out)?;
        out.write_all(&[0; 4][..usize::try_from((4 - length % 4) % 4).unwrap_or(0)])?;
        io::copy(&mut File::open(&ours)?, &mut out)?;
        Ok(())
    };
    write().map_err(|source| Error::io("join", theirs, source))?;
    Ok(path)
}

/// isomon, what it needs, the devices and places it uses, and what it has to do.
fn pack_own(archive: &mut Archive<impl Write>, site: &Site, errand: &Errand<'_>) -> io::Result<()> {
    let exe = &site.settings.exe;
    archive.file(Path::new(INIT), &library::loaded(fs::read(exe)?))?;
    archive.link(Path::new(super::view::PROGRAM), Path::new(INIT))?;
    for file in library::needed(exe).iter().skip(1) {
        archive.file(file, &library::loaded(fs::read(file)?))?;
    }
    for name in ["proc", "sys", "dev", "tmp", "run"] {
        archive.directory(Path::new(name))?;
    }
    archive.device(Path::new("dev/console"), (5, 1))?;
    archive.file(Path::new(chore::PLACE), &chore(errand).encode()?)
}

/// What is done inside.
fn chore(errand: &Errand<'_>) -> Chore {
    let nonce = errand.task.nonce;
    match &errand.task.work {
        Work::Job(job) => Chore {
            nonce,
            argv: command(job),
            env: job.env.clone(),
            input: job.input.as_ref().map(ToString::to_string),
            framed: true,
        },
        Work::Payload(_) | Work::Look => {
            let own = std::iter::once(super::view::PROGRAM.to_owned());
            let argv = own.chain(payload::inside(errand.task)).collect();
            Chore { nonce, argv, ..Chore::default() }
        }
    }
}

/// Where the code of a job lies inside.
const CODE: &str = "/job/code";

fn command(job: &Job) -> Vec<String> {
    match &job.what {
        What::Command(argv) => argv.clone(),
        What::Code { runtime, .. } => {
            vec![interpreter(*runtime).to_owned(), CODE.to_owned()]
        }
    }
}

const fn interpreter(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Python => "python3",
        Runtime::Node | Runtime::Js => "node",
        _ => "sh",
    }
}

/// The user's root directory if one is named; else the programs that the work names, with what they
/// need. A language's own library is not found this way: for that a root directory is needed.
fn pack_job(archive: &mut Archive<impl Write>, job: &Job) -> io::Result<()> {
    if let What::Code { code, .. } = &job.what {
        archive.file(Path::new(CODE), code)?;
    }
    if let Some(root) = &job.root {
        let mut left = ROOT_LIMIT;
        return pack_tree(archive, root, Path::new("/"), &mut left);
    }
    let programs = command(job).into_iter().take(1).chain(["sh".to_owned()]);
    for program in programs.filter_map(|name| found(&name)) {
        for file in library::needed(&program) {
            archive.file(&file, &library::loaded(fs::read(&file)?))?;
        }
    }
    let busybox = Path::new("/bin/busybox");
    if busybox.is_file() {
        archive.file(busybox, &fs::read(busybox)?)?;
        for applet in APPLETS {
            archive.link(&Path::new("/bin").join(applet), busybox)?;
        }
    }
    Ok(())
}

/// The program called `name` on the host, as a path that is the same inside.
fn found(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let dirs = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
    dirs.into_iter().map(|dir| Path::new(dir).join(name)).find(|path| path.is_file())
}

fn pack_tree(
    archive: &mut Archive<impl Write>,
    from: &Path,
    to: &Path,
    left: &mut u64,
) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, inside) = (entry.path(), to.join(entry.file_name()));
        let data = fs::symlink_metadata(&path)?;
        if data.is_symlink() {
            archive.link(&inside, &fs::read_link(&path)?)?;
        } else if data.is_dir() {
            archive.directory(&inside)?;
            pack_tree(archive, &path, &inside, left)?;
        } else if data.is_file() {
            *left = left.checked_sub(data.len()).ok_or(io::ErrorKind::FileTooLarge)?;
            archive.file(&inside, &fs::read(&path)?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kernel_for_machines_like_these_is_taken() {
        let boot = tempfile::tempdir().unwrap();
        for name in
            ["vmlinuz-6.9.1-cloud-amd64", "vmlinuz-6.10.0-cloud-amd64", "vmlinuz-7.1.0-amd64"]
        {
            fs::write(boot.path().join(name), "").unwrap();
        }
        assert!(newest(boot.path()).unwrap().ends_with("vmlinuz-6.10.0-cloud-amd64"));
        let none = newest(Path::new("/nonexistent")).unwrap_err().to_string();
        assert!(none.contains("--kernel"), "{none}");
    }

    #[test]
    fn a_root_that_is_too_large_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), [0; 100]).unwrap();
        let pack = |mut left| {
            let mut archive = Archive::new(Vec::new());
            pack_tree(&mut archive, root.path(), Path::new("/"), &mut left)
        };
        assert!(pack(100).is_ok());
        assert_eq!(pack(99).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
