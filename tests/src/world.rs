//! A small world in network namespaces: a server, its carrier, its phones and an attacker on one bridge.
//!
//! Owns: making it under names of its own, and removing all of it, also after a panic or an interrupt. Refuses: touching
//! anything outside: the namespaces have no way to the host's network, and pins, files and locks lie in places of the
//! world's own. Needs root.
//!
//! ```text
//!   itsp 192.0.2.10      phones 198.51.100.20,     attacker 203.0.113.66, 203.0.113.0/24, 2001:db8:bad::/48,
//!        │               100.64.0.0/16,            │ and all of 198.18.0.0/15 (spoofed)
//!        │               2001:db8:20::/48          │
//!        └───────────────────┴─────── bridge ──────┘
//!                                       │
//!                      edge 192.0.2.1, 2001:db8:1::1: the server; XDP attaches to its one interface
//! ```
pub mod address;
pub mod annex;
pub mod attack;
pub mod baresip;
pub mod call;
pub mod carrier;
mod certificate;
pub mod counter;
pub mod crowd;
pub mod dialler;
pub mod digest;
pub mod fail2ban;
pub mod flood;
pub mod forger;
pub mod frame;
pub mod fraud;
pub mod guesser;
pub mod interrupt;
pub mod kamailio;
mod layout;
pub mod learned;
pub mod media;
pub mod netns;
pub mod phone;
pub mod process;
pub mod rtpengine;
pub mod shaken;
pub mod shield;
pub mod sipp;
pub mod tunnel;
pub mod wait;

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, bail};

pub use layout::Driver;
use netns::Netns;

/// Worlds of one process have numbers, so that tests can run side by side.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The namespaces of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The server.
    Edge,
    /// The carrier, a peer.
    Itsp,
    /// The phones, strangers until they register.
    Phones,
    /// The attacker.
    Attacker,
    /// A host behind the server; see [`World::with_inside`].
    Inside,
    /// A home behind the phones' address; see [`World::with_home`].
    Home,
}

/// A world; dropping it removes it.
pub struct World {
    number: u32,
    iface: String,
    pins: PathBuf,
    // Fields are dropped in this order: the namespaces with what runs in them, then the files.
    inside: OnceLock<Netns>,
    home: OnceLock<Netns>,
    edge: Netns,
    itsp: Netns,
    phones: Netns,
    attacker: Netns,
    switch: Netns,
    dir: tempfile::TempDir,
}

impl World {
    /// Makes a world. `program` is what runs as `sipfw`: a binary that behaves as the command when it is called so.
    pub fn new(program: &Path, driver: Driver) -> Result<Self> {
        need_root()?;
        netns::sweep();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        let prefix = format!("{}{pid}-{number}-", netns::PREFIX);
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir().context("no temporary directory")?;
        std::os::unix::fs::symlink(program, dir.path().join("sipfw")).context("the link to sipfw")?;
        let make = |role| Netns::new(number, role);
        let world = Self {
            number,
            inside: OnceLock::new(),
            home: OnceLock::new(),
            iface: format!("e{pid}x{number}"),
            pins: PathBuf::from(format!("{}/{}{pid}-{number}", netns::BPF, netns::PREFIX)),
            edge: make("edge")?,
            itsp: make("itsp")?,
            phones: make("phones")?,
            attacker: make("attacker")?,
            switch: make("switch")?,
            dir,
        };
        layout::build(&world, driver)?;
        Ok(world)
    }

    /// The server's interface. Its name is no other world's.
    pub fn iface(&self) -> &str {
        &self.iface
    }

    /// A namespace.
    pub fn netns(&self, place: Place) -> &Netns {
        match place {
            Place::Edge => &self.edge,
            Place::Itsp => &self.itsp,
            Place::Phones => &self.phones,
            Place::Attacker => &self.attacker,
            Place::Inside => self.inside.get().expect("a world with a host inside"),
            Place::Home => self.home.get().expect("a world with a home"),
        }
    }

    pub(crate) fn switch(&self) -> &Netns {
        &self.switch
    }

    /// A directory that lasts as long as the world.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Where this world's firewall pins its maps.
    pub fn pins(&self) -> &Path {
        &self.pins
    }

    /// Gives the server a second interface, with nobody on it.
    pub fn add_interface(&self) -> Result<String> {
        let name = format!("{}b", self.iface);
        layout::add_interface(self, &name)?;
        Ok(name)
    }

    /// A UDP socket in a namespace.
    pub fn udp(&self, place: Place, addr: impl Into<SocketAddr>) -> Result<UdpSocket> {
        let addr = addr.into();
        self.netns(place).within(move || UdpSocket::bind(addr))?.with_context(|| format!("bind {addr} at {place:?}"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.edge.end_processes();
        self.unload();
        // What a failed unload leaves: pins hold programs, so they must not outlive the world.
        let _ = std::fs::remove_dir_all(&self.pins);
    }
}

fn need_root() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("this makes network namespaces and loads programs into the kernel: run it as root");
    }
    Ok(())
}
