//! The human side of the running policy, kept in a file beside it.
//!
//! Owns: the file's content and its writing in one step. Refuses: deciding by it; the kernel has what is enforced.
use std::path::{Path, PathBuf};

use firewall_common::addr::Prefix;
use firewall_common::reason::Stage;
use serde::{Deserialize, Serialize};

use super::error::{AtPath as _, Error, Result};
use super::stats::PeerStats;
use crate::config::{Loaded, Peer, Signature, Word as _};
use crate::entries::{parse_prefix, prefix_text};
use crate::names::Resolved;

/// What a generation of the program was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningPolicy {
    /// The generation's number.
    pub generation: u32,
    /// The version of sipfw that loaded it.
    pub version: String,
    /// Unix milliseconds of the loading.
    pub since: i64,
    /// The files of the config, in their order; none for the built-in one.
    pub files: Vec<String>,
    /// Mode: "open" or "trunk".
    pub mode: String,
    /// What calls must be: "off", "prefer" or "srtp-only". Peers may have others.
    #[serde(default)]
    pub media: String,
    /// Stages that are only monitored.
    pub monitor: Vec<String>,
    /// Whether packets in several buffers are taken.
    pub frags: bool,
    /// Whether what our side sends is heard.
    #[serde(default)]
    pub hears: bool,
    /// Whether it ends with its daemon.
    pub ephemeral: bool,
    /// Bits of an IPv6 address that make a source.
    pub v6_prefix: u8,
    /// Events a second and reason.
    pub events_per_second: u32,
    /// The state directory, where the database is.
    pub state_dir: PathBuf,
    /// Peers by id; the first one's id is 1.
    pub peers: Vec<RunningPeer>,
    /// Signatures by id, which begin at 0, as "field token".
    pub signatures: Vec<String>,
}

/// A peer of the running policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningPeer {
    /// The id of the kernel's records.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Its prefixes, the addresses of its names among them.
    pub prefixes: Vec<String>,
    /// Packets that earlier generations let pass.
    pub passed_before: u64,
    /// Packets that earlier generations dropped.
    pub dropped_before: u64,
}

impl RunningPolicy {
    /// Describes what a config becomes as generation `generation`.
    pub(super) fn new(loaded: &Loaded, generation: u32, ephemeral: bool, since: i64) -> Self {
        let config = &loaded.config;
        Self {
            generation,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since,
            files: loaded.files.iter().map(|file| file.display().to_string()).collect(),
            mode: config.mode().word().to_owned(),
            media: config.media().policy.word().to_owned(),
            monitor: monitored(config.monitor().bits()),
            frags: false,
            hears: false,
            ephemeral,
            v6_prefix: u8::try_from(config.strangers().v6_prefix.get()).unwrap_or(64),
            events_per_second: config.events().per_second.get(),
            state_dir: config.paths().state.as_path().to_owned(),
            peers: (1..).zip(config.peers()).map(|(id, peer)| RunningPeer::new(id, peer, &loaded.resolved)).collect(),
            signatures: config.signatures().iter().map(signature).collect(),
        }
    }

    /// The name of a peer by its id.
    pub fn peer(&self, id: u32) -> Option<&str> {
        self.peers.iter().find(|peer| peer.id == id).map(|peer| peer.name.as_str())
    }

    /// All peers' prefixes.
    pub fn peer_prefixes(&self) -> Vec<Prefix> {
        self.peers.iter().flat_map(|peer| &peer.prefixes).filter_map(|text| parse_prefix(text).ok()).collect()
    }

    /// Adds what peers of the same names have been counted before.
    pub(super) fn add_counts(&mut self, before: &[PeerStats]) {
        for peer in &mut self.peers {
            if let Some(earlier) = before.iter().find(|stats| stats.name.as_ref() == Some(&peer.name)) {
                (peer.passed_before, peer.dropped_before) = (earlier.counter.passed, earlier.counter.dropped);
            }
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let missing = || Error::NoPolicy { path: path.to_owned() };
        let bytes = std::fs::read(path).map_err(|_| missing())?;
        serde_json::from_slice(&bytes).map_err(|_| missing())
    }

    /// Writes the file in one step.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let draft = path.with_extension("json.new");
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::from).at(path)?;
        std::fs::write(&draft, text).at(&draft)?;
        std::fs::rename(&draft, path).at(path)
    }
}

impl RunningPeer {
    fn new(id: u32, peer: &Peer, resolved: &Resolved) -> Self {
        let prefixes = peer.all_prefixes(resolved).into_iter().map(prefix_text).collect();
        Self { id, name: peer.name.as_str().to_owned(), prefixes, passed_before: 0, dropped_before: 0 }
    }
}

fn monitored(bits: u64) -> Vec<String> {
    let stages = Stage::ALL.iter().filter(|stage| stage.drop_bits() != 0 && stage.drop_bits() & !bits == 0);
    stages.map(|stage| stage.word().to_owned()).collect()
}

fn signature(signature: &Signature) -> String {
    format!("{} {}", signature.field.word(), signature.token.as_str())
}
