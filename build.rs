//! Makes what is built into isomon and is no Rust of its own.
//!
//! The guest, a program for a machine without a kernel, with the compiler that compiles isomon: same
//! work, and nothing more to install. Elsewhere than on x86-64 there is none. And the terminal for
//! browsers, xterm.js, where `make web` has brought it from npm; else isomon is built without it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything the guest is made of.
const SOURCES: [&str; 2] = ["assets/guest", "src/backend/payload/kernel.rs"];
/// How its code is made. Nothing is made into vectors: a KVM that translates instructions, as one
/// inside a virtual machine may, does not know them all.
const CODE: [&str; 8] = [
    "opt-level=3",
    "panic=abort",
    "lto=fat",
    "codegen-units=1",
    "strip=symbols",
    "relocation-model=static",
    "no-vectorize-loops",
    "no-vectorize-slp",
];

/// Where `make web` puts the terminal, unless the variable names another place.
const WEB: &str = "target/web/node_modules";
/// That variable.
const WEB_ELSEWHERE: &str = "ISOMON_WEB";
/// Always there, and touched by `make web`: a file that is not there would mean building each time.
const WEB_MARK: &str = "assets/screen/package-lock.json";
/// Its files: where each is, and as what it is built in.
const WEB_FILES: [(&str, &str); 3] = [
    ("@xterm/xterm/lib/xterm.mjs", "xterm.js"),
    ("@xterm/addon-fit/lib/addon-fit.mjs", "fit.js"),
    ("@xterm/xterm/css/xterm.css", "xterm.css"),
];

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    web();
    let out = variable("OUT_DIR").join("guest.elf");
    if variable("CARGO_CFG_TARGET_ARCH") == Path::new("x86_64") {
        compile(&out);
    } else {
        std::fs::write(&out, []).expect("OUT_DIR is writable");
    }
}

fn compile(out: &Path) {
    let root = variable("CARGO_MANIFEST_DIR").join("assets/guest");
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--crate-name", "isomon_guest", "--crate-type", "bin", "--edition", "2024"]);
    if variable("HOST") != variable("TARGET") {
        rustc.arg("--target").arg(variable("TARGET"));
    }
    for option in CODE {
        rustc.args(["-C", option]);
    }
    for option in ["-nostartfiles", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none"] {
        rustc.args(["-C", &format!("link-arg={option}")]);
    }
    let script = root.join("link.ld");
    rustc.arg("-C").arg(format!("link-arg=-Wl,-z,max-page-size=4096,-T,{}", script.display()));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", Path::new(&linker).display()));
    }
    let compiled = rustc.arg("-o").arg(out).arg(root.join("main.rs")).status();
    assert!(compiled.is_ok_and(|status| status.success()), "isomon's guest does not compile");
}

/// Says by `cfg(web)` whether the terminal for browsers is there, and brings its files to `OUT_DIR`.
fn web() {
    println!("cargo::rustc-check-cfg=cfg(web)");
    println!("cargo::rerun-if-env-changed={WEB_ELSEWHERE}");
    println!("cargo::rerun-if-changed={WEB_MARK}");
    let own = || variable("CARGO_MANIFEST_DIR").join(WEB);
    let from = env::var_os(WEB_ELSEWHERE).map_or_else(own, PathBuf::from);
    let files = WEB_FILES.map(|(file, name)| (from.join(file), name));
    if !files.iter().all(|(file, _)| file.is_file()) {
        return;
    }
    for (file, name) in files {
        println!("cargo::rerun-if-changed={}", file.display());
        let text = std::fs::read_to_string(&file).expect("a file of xterm.js is text");
        // What maps it to its source is not built in, so it is not named.
        let lines = text.lines().filter(|line| !line.starts_with("//# sourceMappingURL="));
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        std::fs::write(variable("OUT_DIR").join(name), text).expect("OUT_DIR is writable");
    }
    println!("cargo::rustc-cfg=web");
}

fn variable(name: &str) -> PathBuf {
    env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}")).into()
}
