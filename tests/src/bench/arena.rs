//! A network namespace of the bench's own, with a pair of interfaces and traffic between them.
//!
//! Owns: the namespace (of one thread, gone with it), attaching there, generators, and counting arrivals. Refuses: any
//! packet or pin outside of it.
use std::fs;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::thread::{CpuSet, UnshareFlags, sched_setaffinity, unshare_unsafe};

use super::tiny::{self, Generator, Guest, Sources};
use super::{bpf, frame};

/// The end that frames are sent into.
const FAR: &str = "far";
/// The end where they arrive: the server's interface.
pub(super) const NEAR: &str = "near";
/// Interfaces without traffic.
pub(super) const SPARES: [&str; 4] = ["spare0", "spare1", "spare2", "spare3"];

/// The namespace of the calling thread.
pub(super) struct Arena {
    far: u32,
    near: u32,
}

impl Arena {
    /// Moves the calling thread into new network and mount namespaces, with a BPF file system and interfaces of their
    /// own. What the thread starts is there too.
    pub(super) fn enter() -> Result<Self> {
        // SAFETY: the thread shares no file descriptor table away; it only gets namespaces of its own.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET | UnshareFlags::NEWNS) }.context("leaving the namespaces")?;
        run("mount", &["--make-rprivate", "/"])?;
        run("mount", &["-t", "bpf", "bpf", "/sys/fs/bpf"])?;
        fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").context("switching IPv6 off")?;
        add_pair(FAR, NEAR)?;
        add_pair(SPARES[0], SPARES[1])?;
        add_pair(SPARES[2], SPARES[3])?;
        make_server()?;
        Ok(Self { far: index(FAR)?, near: index(NEAR)? })
    }

    /// Attaches a program where frames arrive, until the link is dropped.
    pub(super) fn defend(&self, program: RawFd) -> Result<OwnedFd> {
        bpf::attach(program, self.near)
    }

    /// Somebody who sends `frame` from random sources.
    pub(super) fn attacker(
        &self,
        frame: &[u8],
        sources: Sources,
        guest: Option<Guest>,
        spare: &str,
    ) -> Result<Attacker> {
        let generator = tiny::generator(sources, guest, frame::partial_checksum(frame), self.far)?;
        // An attached program is not patched into the kernel anew for every call of BPF_PROG_TEST_RUN.
        let held = bpf::attach(generator.program.as_raw_fd(), index(spare)?)?;
        Ok(Attacker { generator, frame: frame.to_vec(), _held: held })
    }
}

/// A source of frames.
pub(super) struct Attacker {
    generator: Generator,
    frame: Vec<u8>,
    _held: OwnedFd,
}

/// What came of an attack.
pub(super) struct Outcome {
    /// Frames sent.
    pub(super) sent: u64,
    /// Frames that arrived.
    pub(super) arrived: u64,
    /// How long it took.
    pub(super) seconds: f64,
}

impl Outcome {
    /// Millions of frames that arrived in a second.
    pub(super) fn rate(&self) -> f64 {
        self.arrived as f64 / self.seconds / 1e6
    }
}

/// Frames of one call.
const CALL: u32 = 1 << 15;

impl Attacker {
    /// Sends as fast as the processor can.
    pub(super) fn attack(&self, time: Duration) -> Result<Outcome> {
        let (sent, arrived, start) = (self.generator.sent()?, arrivals()?, Instant::now());
        while start.elapsed() < time {
            bpf::run_live(&self.generator.program, &self.frame, CALL)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        Ok(Outcome { sent: self.generator.sent()? - sent, arrived: arrivals()? - arrived, seconds })
    }
}

/// Keeps the calling thread on a processor.
pub(super) fn pin(processor: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(processor);
    sched_setaffinity(None, &set).context("choosing a processor")
}

/// Frames that have arrived at the server, whatever became of them.
fn arrivals() -> Result<u64> {
    let table = fs::read_to_string("/proc/thread-self/net/dev").context("reading the interfaces' counters")?;
    let line = table.lines().find_map(|line| line.trim().strip_prefix(NEAR)?.strip_prefix(':'));
    let packets = line.and_then(|line| line.split_whitespace().nth(1)).context("the interface has no counters")?;
    Ok(packets.parse()?)
}

fn add_pair(one: &str, other: &str) -> Result<()> {
    let queues = ["numtxqueues", "2", "numrxqueues", "2"];
    let add = [&["link", "add", one], &queues[..], &["type", "veth", "peer", "name", other], &queues[..]].concat();
    run("ip", &add)?;
    for name in [one, other] {
        run("ip", &["link", "set", name, "up"])?;
    }
    Ok(())
}

/// The address, a way to answer, and NAPI on arrival also without an XDP program.
fn make_server() -> Result<()> {
    let [a, b, c, d, e, f] = frame::SERVER_MAC;
    run("ip", &["link", "set", NEAR, "address", &format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")])?;
    let [a, b, c, _] = frame::SERVER.octets();
    let gateway = Ipv4Addr::new(a, b, c, 254).to_string();
    run("ip", &["address", "add", &format!("{}/24", frame::SERVER), "dev", NEAR])?;
    run("ip", &["neigh", "add", &gateway, "lladdr", "02:00:00:00:00:02", "dev", NEAR])?;
    run("ip", &["route", "add", "default", "via", &gateway])?;
    run("ethtool", &["-K", NEAR, "gro", "on"])?;
    for name in ["all", NEAR] {
        fs::write(Path::new("/proc/sys/net/ipv4/conf").join(name).join("rp_filter"), "0")?;
    }
    Ok(())
}

/// An interface's number.
pub(super) fn index(name: &str) -> Result<u32> {
    let links: serde_json::Value = serde_json::from_str(&read("ip", &["-j", "link", "show", "dev", name])?)?;
    let number = links[0]["ifindex"].as_u64().with_context(|| format!("interface {name} has no number"))?;
    Ok(u32::try_from(number)?)
}

/// Runs a command in the namespace.
pub(super) fn run(program: &str, arguments: &[&str]) -> Result<()> {
    read(program, arguments).map(drop)
}

/// Runs a command in the namespace; what it prints.
pub(super) fn read(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("running {program}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {}", arguments.join(" "), errors.trim());
    Ok(String::from_utf8(output.stdout)?)
}
