//! A network namespace, directories and a pin root of one test's own.
//!
//! Owns: making them and taking them away. Refuses: touching anything of the host.
use std::cell::Cell;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use aya::programs::{SchedClassifier, TcAttachType};
use firewall_common::addr::{Addr, Prefix};
use firewall_common::maps::LAYOUT;
use firewall_common::reason::Reason;
use firewall_userspace::config::{Loaded, Paths, parse_str};
use firewall_userspace::dataplane::netdev;
use firewall_userspace::dataplane::{AttachMode, Instance, InstanceInfo, Result, StartOptions, Started, clock, probe};
use firewall_userspace::entries::{Kind, NewEntry, Scope};
use firewall_userspace::store::Store;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The world of one test; the test's thread lives in its namespace.
pub(crate) struct World {
    name: String,
    /// The namespace that the test's thread came from.
    home: File,
    dir: tempfile::TempDir,
    veths: Cell<u32>,
}

impl World {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sfd-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        run("ip", &["netns", "add", &name]);
        let home = File::open("/proc/thread-self/ns/net").unwrap();
        let world = Self { home, dir: tempfile::tempdir().unwrap(), veths: Cell::new(0), name };
        enter(&Path::new("/run/netns").join(&world.name));
        world.ip(&["link", "set", "lo", "up"]);
        world
    }

    /// The namespace's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A veth pair; the name of the end to protect.
    pub(crate) fn veth(&self) -> String {
        let name = format!("sfd{}", self.veths.replace(self.veths.get() + 1));
        self.add_veth(&name, &peer_of(&name));
        name
    }

    pub(crate) fn add_veth(&self, name: &str, peer: &str) {
        self.ip(&["link", "add", name, "type", "veth", "peer", "name", peer]);
        self.ip(&["link", "set", name, "up"]);
        self.ip(&["link", "set", peer, "up"]);
    }

    /// Deletes an interface and makes another one of the same name.
    pub(crate) fn remake(&self, name: &str) {
        self.ip(&["link", "del", name]);
        self.add_veth(name, &peer_of(name));
    }

    pub(crate) fn ip(&self, args: &[&str]) {
        run("ip", args);
    }

    /// The XDP program of an interface.
    pub(crate) fn xdp(&self, name: &str) -> Option<(AttachMode, u32)> {
        netdev::find(name).unwrap().unwrap().xdp.map(|xdp| (xdp.mode, xdp.program_id))
    }

    /// The ids and names of the programs that see what an interface sends, in their order.
    pub(crate) fn egress(&self, name: &str) -> Vec<(u32, String)> {
        let (_, programs) = SchedClassifier::query_tcx(name, TcAttachType::Egress).unwrap();
        programs.iter().map(|info| (info.id(), info.name_as_str().unwrap_or("").to_owned())).collect()
    }

    pub(crate) fn config(&self, text: &str) -> Loaded {
        self.parse(text, &self.bpf_dir())
    }

    pub(crate) fn config_with_pins_in(&self, dir: &str) -> Loaded {
        self.parse("", Path::new(dir))
    }

    fn parse(&self, text: &str, bpf: &Path) -> Loaded {
        parse_str("test", &self.text(text, bpf)).unwrap()
    }

    /// A config's text with this world's directories.
    pub(crate) fn config_text(&self, text: &str) -> String {
        self.text(text, &self.bpf_dir())
    }

    fn text(&self, text: &str, bpf: &Path) -> String {
        let dirs = [&self.state_dir(), &self.run_dir(), bpf].map(|dir| dir.display().to_string());
        format!("{text}\n[paths]\nstate = {:?}\nrun = {:?}\nbpf = {:?}\n", dirs[0], dirs[1], dirs[2])
    }

    pub(crate) fn start(&self, iface: &str, config: &str) -> (Instance, Started) {
        self.try_start(iface, config, false).unwrap()
    }

    pub(crate) fn try_start(&self, iface: &str, config: &str, ephemeral: bool) -> Result<(Instance, Started)> {
        Instance::start(&self.config(config), &StartOptions { iface: Some(iface.to_owned()), ephemeral })
    }

    pub(crate) fn try_start_auto(&self) -> Result<(Instance, Started)> {
        Instance::start(&self.config(""), &StartOptions::default())
    }

    pub(crate) fn start_with(&self, iface: &str, config: &Loaded) -> Result<(Instance, Started)> {
        Instance::start(config, &StartOptions { iface: Some(iface.to_owned()), ..StartOptions::default() })
    }

    pub(crate) fn open(&self, iface: &str) -> Result<Instance> {
        Instance::open(&self.paths(), iface)
    }

    pub(crate) fn unload(&self, iface: &str) -> Result<()> {
        Instance::unload(&self.paths(), iface)
    }

    pub(crate) fn list(&self) -> Vec<InstanceInfo> {
        Instance::list(&self.paths()).unwrap()
    }

    fn paths(&self) -> Paths {
        self.config("").config.paths().clone()
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.state_dir()).unwrap()
    }

    pub(crate) fn add(&self, entries: &[NewEntry]) {
        self.store().add(entries, clock::now().wall_ms).unwrap();
    }

    pub(crate) fn now(&self) -> u64 {
        clock::now().mono_ns
    }

    pub(crate) fn wall(&self) -> i64 {
        clock::now().wall_ms
    }

    /// What the loaded program says of an OPTIONS from `source`, without a trace.
    pub(crate) fn judge(&self, instance: &Instance, source: &str) -> Reason {
        probe::judge(&instance.probe().unwrap(), &frame(source), self.now(), false).unwrap().reason
    }

    pub(crate) fn bpf_dir(&self) -> PathBuf {
        Path::new("/sys/fs/bpf").join(&self.name)
    }

    pub(crate) fn pins(&self, iface: &str) -> PathBuf {
        self.bpf_dir().join(format!("v{LAYOUT}")).join(iface)
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.dir.path().join("run")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.bpf_dir());
        let _ = move_into_link_name_space(self.home.as_fd(), Some(LinkNameSpaceType::Network));
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// The other end of a veth pair.
pub(crate) fn peer_of(name: &str) -> String {
    format!("{name}p")
}

/// A permanent deny entry for one source.
pub(crate) fn deny(source: &str) -> NewEntry {
    let prefix = Prefix::host(Addr::from(source.parse::<Ipv4Addr>().unwrap()));
    NewEntry { kind: Kind::Deny, prefix, scope: Scope::Sip, expires: None, comment: None, author: None }
}

/// An OPTIONS over UDP to port 5060, to everyone on the wire.
pub(crate) fn frame(source: &str) -> Vec<u8> {
    frame_of(source, b"OPTIONS sip:a@203.0.113.1 SIP/2.0\r\nCall-ID: 1\r\n\r\n")
}

/// The same with any payload.
pub(crate) fn frame_of(source: &str, payload: &[u8]) -> Vec<u8> {
    let (udp, ip) = (8 + payload.len() as u16, 28 + payload.len() as u16);
    let mut frame = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
    frame.extend(ip.to_be_bytes());
    frame.extend([0, 1, 0, 0, 64, 17, 0, 0]);
    frame.extend(source.parse::<Ipv4Addr>().unwrap().octets());
    frame.extend([203, 0, 113, 1]);
    frame.extend(5061u16.to_be_bytes());
    frame.extend(5060u16.to_be_bytes());
    frame.extend(udp.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(payload);
    frame
}

fn enter(namespace: &Path) {
    let file = File::open(namespace).unwrap();
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {said}");
}
