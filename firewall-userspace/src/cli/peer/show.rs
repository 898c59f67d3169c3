//! Peers, as they run and as the config has them.
//!
//! Owns: putting the two side by side. Refuses: hiding that they differ.
use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::is_denied;
use crate::cli::live;
use crate::config::{Config, HostName, Loaded, Peer, PeerMedia, Word};
use crate::dataplane::{Instance, PeerStats, RunningPeer, clock};
use crate::entries::prefix_text;
use crate::names::{Book, cache};
use crate::report::number::grouped;
use crate::report::summary::{limits, words};
use crate::report::table::{pairs, table};
use crate::report::text::{listed, plain, shorten};
use crate::report::time::span;

/// A peer on one interface, or in the config.
struct Seen {
    iface: Option<String>,
    name: String,
    prefixes: Vec<String>,
    passed: Option<u64>,
    dropped: Option<u64>,
}

pub(super) fn list(context: &mut Context) -> Result<Exit> {
    let loaded = context.load()?;
    let config = &loaded.config;
    let seen = seen(&loaded, context)?;
    let known = cache::read(config.paths().state.as_path());
    if context.out.is_json() {
        context.out.json(&seen.iter().map(|s| json(s, config_peer(config, &s.name), &known)).collect::<Vec<_>>())?;
    } else if seen.is_empty() {
        context.out.line("there are no peers; `sipfw peer add` adds one")?;
    } else {
        context.out.line(rows(&seen, config))?;
        let names = config.peers().iter().flat_map(|peer| peer.names.as_slice());
        let now = clock::now().wall_ms;
        names.filter_map(|name| trouble(name, &known, now)).try_for_each(|line| context.out.line(line))?;
    }
    Ok(Exit::Yes)
}

pub(super) fn one(name: &str, context: &mut Context) -> Result<Exit> {
    let loaded = context.load()?;
    let mut seen = seen(&loaded, context)?;
    seen.retain(|s| s.name == name);
    let peer = config_peer(&loaded.config, name);
    let known = cache::read(loaded.config.paths().state.as_path());
    if seen.is_empty() && peer.is_none() {
        bail!("there is no peer {name}: `sipfw peer list` shows those that there are");
    }
    if context.out.is_json() {
        context.out.json(&seen.iter().map(|s| json(s, peer, &known)).collect::<Vec<_>>())?;
        return Ok(Exit::Yes);
    }
    if let Some(peer) = peer {
        context.out.text(pairs(&described(peer, &known)))?;
    }
    for seen in seen.iter().filter(|s| s.iface.is_some()) {
        context.out.line(running(seen, peer, &loaded))?;
    }
    Ok(Exit::Yes)
}

/// The peers of every instance; those of the config where none is loaded.
fn seen(loaded: &Loaded, context: &Context) -> Result<Vec<Seen>> {
    let config = &loaded.config;
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
            prefixes: prefix_texts(peer, loaded),
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

fn json(seen: &Seen, peer: Option<&Peer>, known: &Book) -> Value {
    json!({
        "name": seen.name, "iface": seen.iface, "prefixes": seen.prefixes,
        "passed": seen.passed, "dropped": seen.dropped,
        "transports": peer.map(|p| p.transports.iter().map(Word::word).collect::<Vec<_>>()),
        "methods": peer.map(|p| p.methods.iter().map(Word::word).collect::<Vec<_>>()),
        "names": peer.map(|p| p.names.as_slice().iter().map(|name| name_json(name, known)).collect::<Vec<_>>()),
        "media": peer.map(|p| p.media.word()),
        "comment": peer.map(|p| p.comment.as_str()),
    })
}

fn described(peer: &Peer, known: &Book) -> Vec<(&'static str, String)> {
    let prefixes: Vec<String> = peer.prefixes.as_slice().iter().map(ToString::to_string).collect();
    let now = clock::now().wall_ms;
    let mut lines = vec![("peer", plain(peer.name.as_str()))];
    if !prefixes.is_empty() {
        lines.push(("prefixes", listed(&prefixes)));
    }
    lines.extend(peer.names.as_slice().iter().map(|name| ("name", named(name, known, now))));
    lines.extend([
        ("transports", words(peer.transports.iter())),
        ("methods", if peer.methods == crate::config::Set::all() { "all".into() } else { words(peer.methods.iter()) }),
        ("limits", limits(&peer.limits)),
    ]);
    if peer.media != PeerMedia::Default {
        lines.push(("media", peer.media.word().to_owned()));
    }
    if !peer.comment.as_str().is_empty() {
        lines.push(("comment", plain(peer.comment.as_str())));
    }
    lines
}

fn running(seen: &Seen, peer: Option<&Peer>, loaded: &Loaded) -> String {
    let iface = seen.iface.as_deref().unwrap_or("?");
    let same = peer.is_some_and(|p| prefix_texts(p, loaded) == seen.prefixes);
    let differs =
        if same { "" } else { "; it runs with other prefixes than the config has: `sipfw reload` applies the config" };
    format!("on {iface}: {} passed, {} dropped{differs}", number(seen.passed), number(seen.dropped))
}

/// A peer's prefixes and the addresses of its names, as the running policy has them.
fn prefix_texts(peer: &Peer, loaded: &Loaded) -> Vec<String> {
    peer.all_prefixes(&loaded.resolved).into_iter().map(prefix_text).collect()
}

/// A name, its addresses, how long they are believed, and what is wrong.
fn named(name: &HostName, known: &Book, now: i64) -> String {
    let Some(state) = known.get(name.as_str()).filter(|state| state.answered.is_some() || state.failures > 0) else {
        return format!("{name}: not resolved yet; the daemon does it");
    };
    let address = |(ip, missing): (&std::net::IpAddr, &Option<i64>)| match missing {
        Some(since) => format!("{ip} (missing for {})", span(now - since)),
        None => ip.to_string(),
    };
    let addresses: Vec<String> = state.addresses.iter().map(address).collect();
    let addresses = if addresses.is_empty() { "no address".to_owned() } else { listed(&addresses) };
    let trouble = state.trouble.as_ref().map_or_else(String::new, |why| format!("; {}", plain(why)));
    format!("{name}: {addresses}; next look in {}{trouble}", span((state.next - now).max(0)))
}

fn trouble(name: &HostName, known: &Book, now: i64) -> Option<String> {
    let troubled = known.get(name.as_str()).is_some_and(|state| state.trouble.is_some());
    troubled.then(|| named(name, known, now))
}

fn name_json(name: &HostName, known: &Book) -> Value {
    json!({ "name": name.as_str(), "known": known.get(name.as_str()) })
}
