//! What is wrong between peers.
//!
//! Owns: names and prefixes that two peers claim, and prefixes inside one another. Refuses: judging a peer by itself.
use std::collections::{HashMap, HashSet};

use firewall_common::addr::Prefix;
use firewall_common::policy::PeerRule;

use super::super::Config;
use super::super::network::Network;
use super::super::peer::Peer;
use super::super::problem::{Fault, Severity};
use super::super::reader::Findings;

/// Checks all peers.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    names(&config.peer, findings);
    places(&config.peer, findings);
    let mut claims = claims(&config.peer);
    wide(&claims, findings);
    capacity(&claims, config.capacity.peer_prefixes.get(), findings);
    room(config, claims.len(), findings);
    nesting(&mut claims, config, findings);
}

/// A prefix, who claims it, and which of the peer's prefixes it is; both count from 0.
#[derive(Clone, Copy)]
struct Claim {
    network: Network,
    prefix: Prefix,
    peer: usize,
    index: usize,
}

impl Claim {
    fn path(&self) -> String {
        format!("peer[{}].prefixes[{}]", self.peer + 1, self.index + 1)
    }
}

fn claims(peers: &[Peer]) -> Vec<Claim> {
    let of_peer = |(peer, p): (usize, &Peer)| -> Vec<Claim> {
        let networks = p.prefixes.as_slice().iter().enumerate();
        networks.map(|(index, network)| Claim { network: *network, prefix: network.prefix(), peer, index }).collect()
    };
    peers.iter().enumerate().flat_map(of_peer).collect()
}

fn names(peers: &[Peer], findings: &mut Findings) {
    let mut seen = HashMap::new();
    for (number, peer) in (1..).zip(peers).filter(|(_, p)| !p.name.as_str().is_empty()) {
        let path = format!("peer[{number}].name");
        let Some(first) = seen.insert(peer.name.as_str().to_lowercase(), path.clone()) else {
            continue;
        };
        let message = format!("another peer has this name ({})", findings.place(&first));
        findings.add(Severity::Error, &path, Fault::new(message, "give each peer a name of its own"));
    }
}

/// A peer has to send from somewhere.
fn places(peers: &[Peer], findings: &mut Findings) {
    for (number, peer) in (1..).zip(peers) {
        let path = format!("peer[{number}]");
        let nowhere = peer.prefixes.as_slice().is_empty() && peer.names.as_slice().is_empty();
        if nowhere && findings.is_sound(&path) {
            let hint = "add a line prefixes = [\"198.51.100.0/24\"] or names = [\"sip.itsp.example\"]";
            findings.add(Severity::Error, &path, Fault::new("the peer has neither prefixes nor names", hint));
        }
    }
}

/// Warns when names could lead to more addresses than there is room for: then a generation of the program would fail.
fn room(config: &Config, written: usize, findings: &mut Findings) {
    // While a name changes its servers, it may stand for twice as many as an answer may have.
    let most = config.peer_names().len() * 2 * config.dns.max_addresses.get() as usize;
    let capacity = config.capacity.peer_prefixes.get() as usize;
    if most > 0 && written + most > capacity {
        let message =
            format!("the peers' names may lead to {most} addresses, and there is room for {capacity} prefixes");
        let hint = "write a larger capacity.peer_prefixes, or a smaller dns.max_addresses";
        findings.add(Severity::Error, "capacity.peer_prefixes", Fault::new(message, hint));
    }
}

/// Warns of prefixes that make a peer of half the world.
fn wide(claims: &[Claim], findings: &mut Findings) {
    for claim in claims.iter().filter(|c| c.network.net().prefix_len() < 8) {
        let message = format!("every host in {} is this peer, and no limit of strangers holds for it", claim.network);
        findings.add(Severity::Warning, &claim.path(), Fault::new(message, "write the peer's own networks"));
    }
}

fn capacity(claims: &[Claim], capacity: u32, findings: &mut Findings) {
    if let Some(first) = claims.get(capacity as usize) {
        let message = format!("is one prefix too many: capacity.peer_prefixes is {capacity}");
        let hint = format!("peers have {} prefixes: make it at least that", claims.len());
        findings.add(Severity::Error, &first.path(), Fault::new(message, hint));
    }
}

/// Equal and nested prefixes. In the order of addresses, wide before narrow, all prefixes that a prefix lies in are on
/// the stack when its turn comes.
fn nesting(claims: &mut [Claim], config: &Config, findings: &mut Findings) {
    let peers = &config.peer;
    claims.sort_by_key(|c| (c.prefix.addr, { c.prefix.bits }, c.peer, c.index));
    let mut around: Vec<Claim> = Vec::new();
    let mut told = HashSet::new();
    for claim in claims {
        while around.last().is_some_and(|outer| !outer.prefix.contains(claim.prefix)) {
            around.pop();
        }
        match around.last() {
            Some(outer) if outer.prefix == claim.prefix => equal(outer, claim, peers, findings),
            // One sentence for each two peers: an office's hundred prefixes inside its carrier's are one decision.
            Some(outer) if differ(outer, claim, config) && told.insert((outer.peer, claim.peer)) => {
                nested(outer, claim, peers, findings);
            }
            _ => {}
        }
        around.push(*claim);
    }
}

/// Whether it matters which of the two peers a packet is counted for.
fn differ(a: &Claim, b: &Claim, config: &Config) -> bool {
    let (one, other) = (&config.peer[a.peer], &config.peer[b.peer]);
    // Lists are by name, and peers without entries of their own have the same.
    let rule = |peer: &Peer| (PeerRule { list: 0, ..peer.rule(config) }, peer.media);
    a.peer != b.peer && rule(one) != rule(other)
}

fn equal(first: &Claim, second: &Claim, peers: &[Peer], findings: &mut Findings) {
    let place = findings.place(&first.path());
    let (severity, fault) = if first.peer == second.peer {
        (Severity::Warning, Fault::new(format!("is in the list twice ({place})"), "leave one out"))
    } else {
        let message = format!("is also a prefix of peer \"{}\" ({place})", peers[first.peer].name);
        (Severity::Error, Fault::new(message, "a prefix belongs to one peer: leave it out of one of them"))
    };
    findings.add(severity, &second.path(), fault);
}

fn nested(outer: &Claim, inner: &Claim, peers: &[Peer], findings: &mut Findings) {
    let (around, within) = (&peers[outer.peer].name, &peers[inner.peer].name);
    let place = findings.place(&outer.path());
    let message = format!("lies inside {} of peer \"{around}\" ({place}), whose rules differ", outer.network);
    let hint = format!("the longer prefix decides, so the rules of \"{within}\" hold here");
    findings.add(Severity::Warning, &inner.path(), Fault::new(message, hint));
}
