//! Peers, as they run and as the config has them.
//!
//! Owns: putting the two side by side. Refuses: hiding that they differ.
use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::is_denied;
use crate::cli::live;
use crate::config::{Config, MediaPolicy, Peer, Word};
use crate::dataplane::{Instance, PeerStats, RunningPeer};
use crate::report::number::grouped;
use crate::report::summary::{limits, words};
use crate::report::table::{pairs, table};
use crate::report::text::{listed, plain, shorten};

/// A peer on one interface, or in the config.
struct Seen {
    iface: Option<String>,
    name: String,
    prefixes: Vec<String>,
    passed: Option<u64>,
    dropped: Option<u64>,
}

pub(super) fn list(context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let seen = seen(&config, context)?;
    if context.out.is_json() {
        context.out.json(&seen.iter().map(|s| json(s, config_peer(&config, &s.name))).collect::<Vec<_>>())?;
    } else if seen.is_empty() {
        context.out.line("there are no peers; `sipfw peer add` adds one")?;
    } else {
        context.out.line(rows(&seen, &config))?;
    }
    Ok(Exit::Yes)
}

pub(super) fn one(name: &str, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let mut seen = seen(&config, context)?;
    seen.retain(|s| s.name == name);
    let peer = config_peer(&config, name);
    if seen.is_empty() && peer.is_none() {
        bail!("there is no peer {name}: `sipfw peer list` shows those that there are");
    }
    if context.out.is_json() {
        context.out.json(&seen.iter().map(|s| json(s, peer)).collect::<Vec<_>>())?;
        return Ok(Exit::Yes);
    }
    if let Some(peer) = peer {
        context.out.text(pairs(&described(peer)))?;
    }
    for seen in seen.iter().filter(|s| s.iface.is_some()) {
        context.out.line(running(seen, peer))?;
    }
    Ok(Exit::Yes)
}

/// The peers of every instance; those of the config where none is loaded.
fn seen(config: &Config, context: &Context) -> Result<Vec<Seen>> {
    let mut all = Vec::new();
    let instances = live::instances(config, context.global.iface.as_deref()).or_else(|error| {
        // What is in the config needs no rights to be shown.
        if is_denied(&error) { Ok(Vec::new()) } else { Err(error) }
    })?;
    for instance in &instances {
        all.extend(running_peers(instance)?);
    }
    if instances.is_empty() {
        all.extend(config.peers().iter().map(|peer| Seen {
            iface: None,
            name: peer.name.to_string(),
            prefixes: peer.prefixes.as_slice().iter().map(ToString::to_string).collect(),
            passed: None,
            dropped: None,
        }));
    }
    Ok(all)
}

fn running_peers(instance: &Instance) -> Result<Vec<Seen>> {
    let stats = instance.stats()?.peers;
    let of = |peer: &RunningPeer| {
        let counter = stats.iter().find(|s: &&PeerStats| s.id == peer.id).map(|s| s.counter);
        Seen {
            iface: Some(instance.iface().to_owned()),
            name: peer.name.clone(),
            prefixes: peer.prefixes.clone(),
            passed: counter.map(|c| c.passed),
            dropped: counter.map(|c| c.dropped),
        }
    };
    Ok(instance.policy()?.peers.iter().map(of).collect())
}

fn config_peer<'a>(config: &'a Config, name: &str) -> Option<&'a Peer> {
    config.peers().iter().find(|peer| peer.name.as_str() == name)
}

fn rows(seen: &[Seen], config: &Config) -> comfy_table::Table {
    let mut table = table(&["PEER", "ON", "TRANSPORTS", ">PASSED", ">DROPPED", "PREFIXES"]);
    for s in seen {
        let peer = config_peer(config, &s.name);
        table.add_row([
            plain(&s.name),
            s.iface.clone().unwrap_or_else(|| "(config)".to_owned()),
            peer.map_or_else(|| "?".to_owned(), |peer| words(peer.transports.iter())),
            number(s.passed),
            number(s.dropped),
            shorten(&s.prefixes.join(", "), 60),
        ]);
    }
    table
}

fn number(n: Option<u64>) -> String {
    n.map_or_else(|| "-".to_owned(), grouped)
}

fn json(seen: &Seen, peer: Option<&Peer>) -> Value {
    json!({
        "name": seen.name, "iface": seen.iface, "prefixes": seen.prefixes,
        "passed": seen.passed, "dropped": seen.dropped,
        "transports": peer.map(|p| p.transports.iter().map(Word::word).collect::<Vec<_>>()),
        "methods": peer.map(|p| p.methods.iter().map(Word::word).collect::<Vec<_>>()),
        "media": peer.map(|p| p.media.word()),
        "comment": peer.map(|p| p.comment.as_str()),
    })
}

fn described(peer: &Peer) -> Vec<(&'static str, String)> {
    let prefixes: Vec<String> = peer.prefixes.as_slice().iter().map(ToString::to_string).collect();
    let mut lines = vec![
        ("peer", plain(peer.name.as_str())),
        ("prefixes", listed(&prefixes)),
        ("transports", words(peer.transports.iter())),
        ("methods", if peer.methods == crate::config::Set::all() { "all".into() } else { words(peer.methods.iter()) }),
        ("limits", limits(&peer.limits)),
    ];
    if peer.media != MediaPolicy::None {
        lines.push(("media", peer.media.word().to_owned()));
    }
    if !peer.comment.as_str().is_empty() {
        lines.push(("comment", plain(peer.comment.as_str())));
    }
    lines
}

fn running(seen: &Seen, peer: Option<&Peer>) -> String {
    let iface = seen.iface.as_deref().unwrap_or("?");
    let same =
        peer.is_some_and(|p| p.prefixes.as_slice().iter().map(ToString::to_string).eq(seen.prefixes.iter().cloned()));
    let differs =
        if same { "" } else { "; it runs with other prefixes than the config has: `sipfw reload` applies the config" };
    format!("on {iface}: {} passed, {} dropped{differs}", number(seen.passed), number(seen.dropped))
}
