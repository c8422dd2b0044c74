//! A small machine whose power can be cut: a guest of QEMU that starts this program again.
//!
//! Its disk is an image with ext4; what only its memory has when QEMU is killed is gone, as it is when
//! the power goes. It says on its serial line what it acknowledges. What the image has is read by
//! `e2fsck`, which replays the journal as a start would, and `debugfs`; nothing is mounted here. Its
//! instructions are translated: it comes up on every machine, those without KVM among them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Programs that are needed, and where Debian has them.
const TOOLS: [(&str, &str); 7] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("cpio", "cpio"),
    ("mkfs.ext4", "e2fsprogs"),
    ("e2fsck", "e2fsprogs"),
    ("debugfs", "e2fsprogs"),
    ("setpriv", "util-linux"),
];

/// How the guest begins: its disk is there, then it becomes the victim.
const INIT: &str = "#!/busybox sh
b=/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
for pass in 1 2 3; do for module in $($b cat /modules); do $b insmod $module; done; done 2>/dev/null
for try in 1 2 3 4 5 6 7 8 9; do [ -b /dev/vda ] && break; $b sleep 1; done
$b mount -t ext4 /dev/vda /disk 2>/dev/ttyS0 || exec $b poweroff -f
exec /victim victim --exact --ignored >/dev/null 2>/dev/ttyS0
";

/// What every start of the guest needs.
pub(crate) struct Ground {
    kernel: PathBuf,
    initrd: PathBuf,
    home: tempfile::TempDir,
}

/// A guest that goes on; its power is cut when it is dropped.
pub(crate) struct Guest {
    child: Child,
    serial: PathBuf,
}

fn path() -> String {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");
    format!("{}:{tools}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", path()).stdin(Stdio::null());
    command
}

/// Where `name` is, if it is anywhere.
fn find(name: &str) -> Option<PathBuf> {
    path().split(':').map(|dir| Path::new(dir).join(name)).find(|path| path.is_file())
}

fn good(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A kernel with its modules: what is installed, or what `.ci/install` unpacked.
fn kernel() -> Option<(PathBuf, PathBuf)> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
    let installed = (PathBuf::from("/boot"), PathBuf::from("/lib/modules"));
    let roots = [installed, (tools.join("boot"), tools.join("modules"))];
    let of = |(boot, modules): &(PathBuf, PathBuf)| {
        let mut found: Vec<_> = fs::read_dir(boot)
            .ok()?
            .flatten()
            .filter_map(|entry| {
                let version = entry.file_name().to_str()?.strip_prefix("vmlinuz-")?.to_owned();
                let modules = modules.join(version);
                let readable = fs::File::open(entry.path()).is_ok();
                (readable && modules.is_dir()).then(|| (entry.path(), modules))
            })
            .collect();
        found.sort();
        found.pop()
    };
    roots.iter().find_map(of)
}

/// The files of the modules that a disk needs; what the kernel has built in has none. Which needs which
/// is not asked: each is tried again after the others.
fn modules(dir: &Path) -> Vec<PathBuf> {
    let mut wanted = Vec::new();
    for name in [
        "virtio_ring",
        "virtio",
        "virtio_pci_legacy_dev",
        "virtio_pci_modern_dev",
        "virtio_pci",
        "virtio_blk",
        "crc16",
        "crc32c_generic",
        "libcrc32c",
        "mbcache",
        "jbd2",
        "ext4",
    ] {
        wanted.extend(below(dir, name));
    }
    wanted
}

/// The module `name` somewhere below `dir`.
fn below(dir: &Path, name: &str) -> Option<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(dir).ok()?.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    entries.iter().find_map(|entry| {
        let path = entry.path();
        if entry.file_type().ok()?.is_dir() {
            return below(&path, name);
        }
        let file = entry.file_name();
        let known = [".ko", ".ko.xz"].map(|end| format!("{name}{end}"));
        known.iter().any(|known| file == **known).then_some(path)
    })
}

impl Ground {
    /// What is needed for guests that run this program; else why there can be none.
    pub(crate) fn lay() -> Result<Self, String> {
        let missing = TOOLS.iter().find(|(name, _)| find(name).is_none());
        if let Some((name, package)) = missing {
            return Err(format!("{name} is missing (Debian: {package})"));
        }
        let none = "no kernel with its modules is here (Debian: linux-image-cloud-amd64)";
        let (kernel, modules) = kernel().ok_or(none)?;
        let home = tempfile::tempdir().unwrap();
        let initrd = home.path().join("initrd");
        pack(&home.path().join("root"), &modules, &initrd);
        Ok(Self { kernel, initrd, home })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A disk with nothing on it.
    pub(crate) fn disk(&self) -> PathBuf {
        let disk = self.at("disk");
        fs::File::create(&disk).unwrap().set_len(256 << 20).unwrap();
        good(tool("mkfs.ext4").arg("-q").arg("-F").arg(&disk).output().unwrap());
        disk
    }

    /// Switches a guest on, with `words` for its program's environment.
    pub(crate) fn start(&self, disk: &Path, words: &[String]) -> Guest {
        let serial = self.at("serial");
        fs::write(&serial, "").unwrap();
        let line =
            format!("console=ttyS0 quiet panic=-1 mitigations=off nokaslr {}", words.join(" "));
        let child = tool("setpriv")
            .args(["--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults", "-no-user-config"])
            .args(["-display", "none", "-no-reboot", "-M", "q35,accel=tcg", "-cpu", "max"])
            .args(["-m", "512", "-append", &line, "-serial"])
            .arg(format!("file:{}", serial.display()))
            .arg("-kernel")
            .arg(&self.kernel)
            .arg("-initrd")
            .arg(&self.initrd)
            .arg("-drive")
            .arg(format!("if=none,id=disk,format=raw,cache=writeback,file={}", disk.display()))
            .args(["-device", "virtio-blk-pci,drive=disk"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.at("qemu")).unwrap())
            .spawn()
            .unwrap();
        Guest { child, serial }
    }

    /// What the next start would find in `folder` of the disk.
    pub(crate) fn found(&self, disk: &Path, folder: &str) -> tempfile::TempDir {
        let copy = self.at("copy");
        good(tool("cp").arg("--sparse=always").arg(disk).arg(&copy).output().unwrap());
        let checked = tool("e2fsck").arg("-fy").arg(&copy).output().unwrap();
        // 1: the journal was replayed, and that is all.
        let text = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.code().is_some_and(|code| code <= 1), "{text}");
        let to = tempfile::tempdir().unwrap();
        let wish = format!("rdump {folder} {}", to.path().display());
        good(tool("debugfs").arg("-R").arg(&wish).arg(&copy).output().unwrap());
        fs::remove_file(&copy).unwrap();
        to
    }

    /// What QEMU has said.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.at("qemu")).unwrap_or_default()
    }
}

/// Packs what the guest begins with: this program with the libraries it is linked to.
fn pack(root: &Path, modules_dir: &Path, initrd: &Path) {
    for dir in ["proc", "dev", "disk", "tmp", "module"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    fs::copy(find("busybox").unwrap(), root.join("busybox")).unwrap();
    let (own, victim) = (std::env::current_exe().unwrap(), root.join("victim"));
    let stripped = tool("strip").arg("-o").arg(&victim).arg(&own).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(&own, &victim).unwrap();
    }
    let listed = good(tool("ldd").arg(&own).output().unwrap());
    let listed = String::from_utf8(listed).unwrap();
    let libraries: BTreeSet<&str> =
        listed.split_whitespace().filter(|word| word.starts_with('/')).collect();
    for library in libraries {
        let to = root.join(library.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(library, to).unwrap();
    }
    let mut names = String::new();
    for module in modules(modules_dir) {
        let packed = module.extension().is_some_and(|end| end == "xz");
        let name = if packed { module.file_stem() } else { module.file_name() };
        let name = format!("/module/{}", name.unwrap().to_str().unwrap());
        let to = root.join(name.trim_start_matches('/'));
        if packed {
            fs::write(to, good(tool("xz").arg("-dc").arg(&module).output().unwrap())).unwrap();
        } else {
            fs::copy(&module, to).unwrap();
        }
        names += &(name + "\n");
    }
    fs::write(root.join("modules"), names).unwrap();
    fs::write(root.join("init"), INIT).unwrap();
    good(tool("chmod").arg("755").arg(root.join("init")).output().unwrap());
    let files = good(tool("find").arg(".").current_dir(root).output().unwrap());
    let mut packing = tool("cpio")
        .args(["-o", "-H", "newc", "--quiet"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(fs::File::create(initrd).unwrap())
        .spawn()
        .unwrap();
    packing.stdin.take().unwrap().write_all(&files).unwrap();
    assert!(packing.wait().unwrap().success());
    fs::remove_dir_all(root).unwrap();
}

impl Guest {
    /// What it has said so far.
    pub(crate) fn heard(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.serial).unwrap_or_default()).into_owned()
    }

    /// Whether it goes on.
    pub(crate) fn is_up(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Cuts the power; what it had said.
    pub(crate) fn cut(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.heard()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Whoever was cut is gone already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
