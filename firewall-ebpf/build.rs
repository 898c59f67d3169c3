//! Passes to bpf-linker what the code relies on: unaligned loads are legal on every architecture that sipfw supports,
//! and a packet's fields then take one instruction each instead of one a byte.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("bpf") {
        println!("cargo:rustc-link-arg=--cpu-features=+alu32,+allows-misaligned-mem-access");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
