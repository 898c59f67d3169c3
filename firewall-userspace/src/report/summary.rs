//! What a config means, in a few lines.
//!
//! Owns: the words. Refuses: every key (the config file has them).
use firewall_common::sip::Class;
use serde_json::{Value, json};

use super::number::bytes;
use super::text::{counted, listed};
use crate::cli::memory;
use crate::config::{Config, Interface, Limits, MediaPolicy, Mode, Peer, PortList, Rate, Word};

/// Names and values for people.
pub(crate) fn lines(config: &Config) -> Vec<(&'static str, String)> {
    let strangers = config.strangers();
    let of_strangers = format!("{}; all together {}", limits(&strangers.limits), strangers.total);
    vec![
        ("interface", interface(config)),
        ("mode", format!("{}: {}", config.mode().word(), mode(config.mode()))),
        ("monitored", monitored(config)),
        ("SIP ports", sip_ports(config)),
        ("media ports", ports(&config.media().ports)),
        ("media", media(config)),
        ("peers", peers(config)),
        ("strangers use", words(strangers.transports.iter())),
        ("a stranger's limits", of_strangers),
        ("a registrant's limits", limits(&config.registrants().limits)),
        ("signatures", config.signatures().len().to_string()),
        ("kernel memory", format!("about {}", bytes(memory::total(config)))),
        ("database", config.paths().state.as_path().display().to_string()),
    ]
}

/// The same for programs.
pub(crate) fn json(config: &Config) -> Value {
    let strangers = config.strangers();
    json!({
        "interface": match config.interface() { Interface::Auto => None, Interface::Named(name) => Some(name) },
        "mode": config.mode().word(),
        "monitor": config.monitor().stages().map(Word::word).collect::<Vec<_>>(),
        "ports": {
            "udp": port_texts(&config.ports().udp), "tcp": port_texts(&config.ports().tcp),
            "tls": port_texts(&config.ports().tls), "media": port_texts(&config.media().ports),
        },
        "media": {
            "policy": config.media().policy.word(),
            "keys": config.media().keys.iter().map(Word::word).collect::<Vec<_>>(),
            "suites": config.media().suites.iter().map(Word::word).collect::<Vec<_>>(),
        },
        "peers": config.peers().iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        "strangers": {
            "transports": strangers.transports.iter().map(Word::word).collect::<Vec<_>>(),
            "limits": limits_json(&strangers.limits), "total": strangers.total.to_string(),
        },
        "registrants": { "limits": limits_json(&config.registrants().limits) },
        "signatures": config.signatures().len(),
        "memory": memory::total(config),
    })
}

fn interface(config: &Config) -> String {
    match config.interface() {
        Interface::Auto => "that of the default route".to_owned(),
        Interface::Named(name) => name.clone(),
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Open => "strangers may speak SIP, inside limits",
        Mode::Trunk => "only peers may speak SIP",
    }
}

fn monitored(config: &Config) -> String {
    if config.monitor().is_all() {
        return "everything: nothing is dropped".to_owned();
    }
    let stages: Vec<&str> = config.monitor().stages().map(Word::word).collect();
    if stages.is_empty() { "nothing: what is judged is enforced".to_owned() } else { listed(&stages) }
}

fn sip_ports(config: &Config) -> String {
    let sip = config.ports();
    let lists = [("udp", &sip.udp), ("tcp", &sip.tcp), ("tls", &sip.tls)];
    let shown = lists.iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| format!("{name} {}", ports(list)));
    shown.collect::<Vec<_>>().join("; ")
}

/// `srtp-only: calls without SRTP are refused; keys by sdes and dtls; other policies for itsp (off)`.
fn media(config: &Config) -> String {
    let media = config.media();
    let of_all = match media.policy {
        MediaPolicy::Off => "nobody looks",
        MediaPolicy::Prefer => "calls without SRTP are told, and pass",
        MediaPolicy::SrtpOnly => "calls without SRTP are refused",
    };
    let keys = if config.judges_media() { format!("; keys by {}", words(media.keys.iter())) } else { String::new() };
    let own = config.peers().iter().filter(|peer| peer.media.or(media.policy) != media.policy);
    let own: Vec<String> = own.map(|peer| format!("{} ({})", peer.name, peer.media.word())).collect();
    let own = if own.is_empty() { String::new() } else { format!("; other policies for {}", listed(&own)) };
    format!("{}: {of_all}{keys}{own}", media.policy.word())
}

fn ports(list: &PortList) -> String {
    if list.is_empty() { "none".to_owned() } else { port_texts(list).join(", ") }
}

fn port_texts(list: &PortList) -> Vec<String> {
    list.ranges().iter().map(ToString::to_string).collect()
}

fn peers(config: &Config) -> String {
    let peer = |p: &Peer| format!("{} ({})", p.name, listed(&places(std::slice::from_ref(p))));
    let peers = config.peers();
    match peers.len() {
        0 => "none".to_owned(),
        n if n > 8 => format!("{n}, with {}", listed(&places(peers))),
        _ => listed(&peers.iter().map(peer).collect::<Vec<_>>()),
    }
}

/// How many prefixes and names peers have.
fn places(peers: &[Peer]) -> Vec<String> {
    let prefixes: usize = peers.iter().map(|p| p.prefixes.as_slice().len()).sum();
    let names: usize = peers.iter().map(|p| p.names.as_slice().len()).sum();
    let prefixes = (prefixes > 0 || names == 0).then(|| counted(prefixes, "prefix", "prefixes"));
    let names = (names > 0).then(|| counted(names, "name", "names"));
    prefixes.into_iter().chain(names).collect()
}

/// Words of a set.
pub(crate) fn words<T: Word>(set: impl Iterator<Item = T>) -> String {
    listed(&set.map(Word::word).collect::<Vec<_>>())
}

/// The limits that are set, by class.
pub(crate) fn limits(limits: &Limits) -> String {
    let set = Class::ALL.iter().filter(|class| limits.of(**class) != Rate::NONE);
    let texts: Vec<String> = set.map(|class| format!("{} {}", class.word(), limits.of(*class))).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

fn limits_json(limits: &Limits) -> Value {
    Class::ALL.iter().map(|class| (class.word().to_owned(), Value::from(limits.of(*class).to_string()))).collect()
}
