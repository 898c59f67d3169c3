//! The human side of the running policy, kept in a file beside it.
//!
//! Owns: the file's content and its writing in one step. Refuses: deciding by it; the kernel has what is enforced.
use serde::{Deserialize, Serialize};

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
    /// Stages that are only monitored.
    pub monitor: Vec<String>,
    /// Whether packets in several buffers are taken.
    pub frags: bool,
    /// Whether it ends with its daemon.
    pub ephemeral: bool,
    /// Bits of an IPv6 address that make a source.
    pub v6_prefix: u8,
    /// Events a second and reason.
    pub events_per_second: u32,
    /// The state directory, where the database is.
    pub state_dir: String,
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
    /// Its prefixes.
    pub prefixes: Vec<String>,
    /// Packets that earlier generations let pass.
    pub passed_before: u64,
    /// Packets that earlier generations dropped.
    pub dropped_before: u64,
}

impl RunningPolicy {
    /// The name of a peer by its id.
    pub fn peer(&self, id: u32) -> Option<&str> {
        self.peers.iter().find(|peer| peer.id == id).map(|peer| peer.name.as_str())
    }
}
