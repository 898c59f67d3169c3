//! bpf-linker, which makes one kernel object of the compiler's output.
//!
//! Owns: finding it, building it, and which LLVM it reads. Refuses: versions older than the one we build with.
use anyhow::{Context as _, Result, bail};

use crate::apt::{self, Package};
use crate::cmd;

/// What is installed when none is there, and the oldest that is used.
const VERSION: (u32, u32, u32) = (0, 13, 0);

/// The LLVM versions it can be built with, the preferred one first.
const LLVM: [Llvm; 2] = [
    Llvm {
        major: 22,
        packages: [
            Package { name: "llvm-22-dev", program: "", why: LIBRARY },
            Package { name: "libpolly-22-dev", program: "", why: LIBRARY },
        ],
    },
    Llvm {
        major: 23,
        packages: [
            Package { name: "llvm-23-dev", program: "", why: LIBRARY },
            Package { name: "libpolly-23-dev", program: "", why: LIBRARY },
        ],
    },
];

const LIBRARY: &str = "the compiler library that bpf-linker is built with";

struct Llvm {
    major: u32,
    packages: [Package; 2],
}

/// Makes sure of a linker. Returns the newest LLVM whose output it reads; `None` if it does not say.
pub(super) fn ensure() -> Result<Option<u32>> {
    match present() {
        Some(text) if is_new_enough(&text) => return Ok(linked_llvm()),
        Some(text) => println!("{} is too old: it links the kernel programs", text.trim()),
        None => println!("bpf-linker is missing: it links the kernel programs"),
    }
    let llvm = install()?;
    if !present().is_some_and(|text| is_new_enough(&text)) {
        bail!(
            "bpf-linker was installed, but an older one stands before cargo's bin directory in the PATH: remove that"
        );
    }
    Ok(Some(llvm))
}

/// What it says of itself.
fn present() -> Option<String> {
    cmd::output(cmd::command("bpf-linker").arg("--version"))
}

fn is_new_enough(text: &str) -> bool {
    version(text).is_some_and(|version| version >= VERSION)
}

/// Where ready ones are.
const RELEASES: &str = "https://github.com/aya-rs/bpf-linker/releases";

fn install() -> Result<u32> {
    if !apt::is_here() {
        bail!(
            "without apt-get its libraries cannot be installed here: put a ready one (0.13.0 or later, {RELEASES}) on the \
             PATH, then run this again"
        );
    }
    let names = |llvm: &Llvm| llvm.packages.map(|p| p.name);
    let installed = LLVM.iter().find(|llvm| apt::all_installed(&names(llvm)));
    let listed = || LLVM.iter().find(|llvm| apt::all_listed(&names(llvm)));
    let [preferred, ..] = &LLVM;
    let llvm = installed.or_else(listed).unwrap_or(preferred);
    let mut packages = llvm.packages.to_vec();
    packages.push(Package { name: "libzstd-dev", program: "", why: "a library that LLVM is linked with" });
    packages.push(Package { name: "g++", program: "c++", why: "compiles bpf-linker's bridge to LLVM" });
    apt::ensure(&packages)?;
    let (major, minor, patch) = VERSION;
    let mut install = cmd::cargo();
    install.args(["install", "--locked", "--force", "bpf-linker", "--version", &format!("{major}.{minor}.{patch}")]);
    install.args(["--no-default-features", "--features", &format!("llvm-{}", llvm.major)]);
    install.env("LLVM_PREFIX", format!("/usr/lib/llvm-{}", llvm.major));
    println!("installing with: {} (about three minutes)", cmd::shown(&install));
    cmd::run(&mut install).with_context(|| {
        format!("bpf-linker could not be built: put a ready one on the PATH ({RELEASES}), then run this again")
    })?;
    Ok(llvm.major)
}

fn linked_llvm() -> Option<u32> {
    let linker = cmd::find("bpf-linker")?;
    llvm_of(&cmd::output(cmd::command("ldd").arg(linker))?)
}

/// The major version in `libLLVM.so.22.1` or `libLLVM-22.so`.
fn llvm_of(libraries: &str) -> Option<u32> {
    let (_, rest) = libraries.split_once("libLLVM")?;
    let digits: String =
        rest.trim_start_matches(|c: char| !c.is_ascii_digit()).chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split_whitespace().nth(1)?.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(version("bpf-linker 0.13.0\n"), Some(VERSION));
        assert!(version("bpf-linker 0.9.15").unwrap() < VERSION);
        assert!(version("bpf-linker 0.14.0-rc1").unwrap() > VERSION);
        assert_eq!(version("something else"), None);
    }

    #[test]
    fn the_llvm_is_read_from_the_library_s_name() {
        assert_eq!(llvm_of("\tlibLLVM.so.22.1 => /usr/lib/llvm-22/lib/libLLVM.so.22.1 (0x0)\n"), Some(22));
        assert_eq!(llvm_of("\tlibLLVM-21.so.1 => /lib/libLLVM-21.so.1\n"), Some(21));
        assert_eq!(llvm_of("\tlibc.so.6 => /lib/libc.so.6\n"), None);
    }
}
