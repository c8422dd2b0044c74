//! Compiles isomon's guest, a program for a machine without a kernel, with the compiler that
//! compiles isomon: same work, and nothing more to install. Elsewhere than on x86-64 there is none.

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

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
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

fn variable(name: &str) -> PathBuf {
    env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}")).into()
}
