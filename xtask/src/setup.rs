//! What the machine must have, by purpose: building, testing, checking a change, fuzzing.
//!
//! Owns: the lists and their order. Refuses: to install what is there already; a second call only looks, in well under a
//! second.
mod host;
mod kernel_image;
mod linker;
mod toolchain;

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::apt::{self, Package};
use crate::cmd;

pub(crate) use kernel_image::find_or_fetch as kernel_image;

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also what the tests need (SIP servers and clients, rivals, a virtual machine)
    #[arg(long)]
    tests: bool,
    /// Also what `cargo xtask ci` needs
    #[arg(long)]
    ci: bool,
}

/// `cargo xtask setup`.
pub(crate) fn verb(args: &Args) -> Result<()> {
    let build = build()?;
    println!("building: ready, kernel programs by {}", build.way());
    if args.tests {
        tests()?;
        println!("testing: ready");
    }
    if args.ci {
        ci()?;
        println!("checking: ready");
    }
    Ok(())
}

/// How the kernel crate is built on this machine.
pub(crate) struct Build {
    compiler: toolchain::Compiler,
}

impl Build {
    /// For people.
    pub(crate) fn way(&self) -> &'static str {
        self.compiler.name()
    }

    /// Tells userspace's build script, through a cargo command's environment, what to build the kernel crate with.
    pub(crate) fn inform(&self, cargo: &mut Command) {
        cargo.envs(self.compiler.environment());
    }

    /// The rustup toolchain that has nightly's tools, if there is one.
    pub(crate) fn nightly(&self) -> Option<&'static str> {
        self.compiler.nightly()
    }
}

/// Makes sure that everything can be built, and loaded once it is.
pub(crate) fn build() -> Result<Build> {
    host::check_kernel();
    if cmd::find("cc").is_none() {
        apt::ensure(&[
            Package { name: "gcc", program: "cc", why: "compiles the database library and links programs" },
            Package { name: "libc6-dev", program: "", why: "the C library's headers" },
        ])?;
    }
    let linker = linker::ensure()?;
    let compiler = toolchain::ensure(linker)?;
    host::mount_bpffs()?;
    Ok(Build { compiler })
}

const TESTS: &[Package] = &[
    Package { name: "kamailio", program: "kamailio", why: "the SIP server that live tests protect" },
    Package { name: "kamailio-tls-modules", program: "", why: "SIP over TLS in live tests" },
    Package { name: "sip-tester", program: "sipp", why: "SIP users, legal ones and floods" },
    Package {
        name: "baresip-core",
        program: "baresip",
        why: "phones that register by themselves, with SRTP by SDES and DTLS",
    },
    Package { name: "rtpengine-daemon", program: "rtpengine", why: "the server's relay of media" },
    Package { name: "sipvicious", program: "svmap", why: "the scanner that live tests stop" },
    Package { name: "nmap", program: "nmap", why: "the other scanner" },
    Package { name: "socat", program: "socat", why: "TLS for sipp, which has none" },
    Package { name: "openssl", program: "openssl", why: "makes the test server's certificate" },
    Package { name: "fail2ban", program: "fail2ban-server", why: "the rival that reads logs" },
    Package { name: "python3-pyinotify", program: "", why: "lets fail2ban read a log as soon as it grows" },
    Package { name: "nftables", program: "nft", why: "the rival that the bench measures" },
    Package { name: "xdp-tools", program: "xdp-filter", why: "the other rival" },
    Package { name: "iproute2", program: "ip", why: "network namespaces" },
    Package { name: "ethtool", program: "ethtool", why: "switches offloads of test interfaces" },
    Package { name: "unbound", program: "unbound", why: "answers DNS questions about peers in tests" },
    Package { name: "tcpdump", program: "tcpdump", why: "captures what passed" },
    Package { name: "libbpf-dev", program: "", why: "loads the rivals' programs" },
    Package { name: "openssl", program: "openssl", why: "serves block lists over HTTPS in tests" },
    Package { name: "procps", program: "sysctl", why: "sets test namespaces' network options" },
];

/// Packages that start a service of their name.
const SERVICES: &[&str] = &["kamailio", "rtpengine-daemon", "fail2ban", "unbound"];

/// Makes sure that every ring of tests but the oldest kernel's can run.
pub(crate) fn tests() -> Result<()> {
    let installed = apt::ensure(TESTS)?;
    for service in SERVICES.iter().filter(|service| installed.contains(service)) {
        host::keep_from_starting(service)?;
    }
    Ok(())
}

/// Makes sure that the oldest kernel can be booted.
pub(crate) fn virtual_machine() -> Result<()> {
    let qemu = if cfg!(target_arch = "x86_64") {
        Package { name: "qemu-system-x86", program: "qemu-system-x86_64", why: "boots the oldest kernel" }
    } else {
        Package { name: "qemu-system-arm", program: "qemu-system-aarch64", why: "boots the oldest kernel" }
    };
    apt::ensure(&[qemu]).map(drop)
}

/// Makes sure that a change can be checked.
pub(crate) fn ci() -> Result<()> {
    for (verb, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !cmd::succeeds(cmd::cargo().args([verb, "--version"])) {
            println!("{component} is missing: checks the code; installing with: rustup component add {component}");
            cmd::run(cmd::command("rustup").args(["component", "add", component]))
                .with_context(|| format!("{component} is needed: install it beside the compiler"))?;
        }
    }
    cargo_tool("cargo-deny", "0.20.2", "checks the dependencies' licences and sources")
}

/// Installs a cargo subcommand from source, if no version of it is there.
pub(crate) fn cargo_tool(name: &str, version: &str, why: &str) -> Result<()> {
    if cmd::find(name).is_some() {
        return Ok(());
    }
    let mut install = cmd::cargo();
    install.args(["install", "--locked", name, "--version", version]);
    println!("{name} is missing: {why}; installing with: {} (some minutes)", cmd::shown(&install));
    cmd::run(&mut install)
}
