//! What is wrong between values that are each right.
//!
//! Owns: contradictions between keys (errors), and what probably does not do what was meant (warnings). Refuses: looking
//! at keys that were wrong by themselves: what they would have meant is unknown.
use std::collections::HashMap;

use firewall_common::sip::method::Class;
use firewall_common::sip::signature::MAX_SIGNATURES;

use super::Config;
use super::limits::Limits;
use super::ports::PortList;
use super::problem::{Fault, Severity};
use super::reader::{Findings, join};
use super::word::Mode;

mod blocklists;
mod feeds;
mod media;
mod numbers;
mod peers;

/// Checks a config whose keys have all been read.
pub(super) fn whole(config: &Config, findings: &mut Findings) {
    ports(config, findings);
    signatures(config, findings);
    strangers(config, findings);
    reading(config, findings);
    bursts(config, findings);
    media::check(config, findings);
    numbers::check(config, findings);
    peers::check(config, findings);
    dns(config, findings);
    blocklists::check(config, findings);
    feeds::check(config, findings);
}

fn ports(config: &Config, findings: &mut Findings) {
    let (sip, media) = (&config.ports, &config.media);
    disjoint(("ports.udp", &sip.udp), ("media.ports", &media.ports), "UDP", findings);
    disjoint(("ports.tcp", &sip.tcp), ("ports.tls", &sip.tls), "TCP", findings);
    if findings.is_sound("ports") && [&sip.udp, &sip.tcp, &sip.tls].iter().all(|list| list.is_empty()) {
        let fault = Fault::new("no port is protected", "name at least one port that SIP is spoken on");
        findings.add(Severity::Warning, "ports.udp", fault);
    }
}

/// A port has one class in each transport.
fn disjoint(a: (&str, &PortList), b: (&str, &PortList), transport: &str, findings: &mut Findings) {
    let pairs = a.1.ranges().iter().flat_map(|x| b.1.ranges().iter().map(move |y| x.overlap(*y)));
    let Some(port) = pairs.flatten().next() else { return };
    if !findings.is_sound(a.0) || !findings.is_sound(b.0) {
        return;
    }
    // Whoever wrote only one of the two can only change that one.
    let (here, there) = if findings.is_given(b.0) { (b.0, a.0) } else { (a.0, b.0) };
    let message = format!("{transport} port {port} is also in {there} ({})", findings.place(there));
    findings.add(Severity::Error, here, Fault::new(message, "a port has one class: leave it out of one of them"));
}

fn signatures(config: &Config, findings: &mut Findings) {
    let own = config.signature.len();
    let builtin = config.signatures().len() - own;
    if builtin + own > MAX_SIGNATURES {
        let message = format!("is one signature too many: there are {own}, and {builtin} built in");
        let path = format!("signature[{}]", MAX_SIGNATURES - builtin + 1);
        findings.add(Severity::Error, &path, Fault::new(message, format!("keep {MAX_SIGNATURES} in all")));
    }
    let mut seen = HashMap::new();
    for (index, signature) in config.signatures().iter().enumerate() {
        let path = format!("signature[{}].token", (index + 1).saturating_sub(builtin));
        let token = signature.token.as_str();
        let first = seen.insert((signature.field, token.to_ascii_lowercase()), index);
        if first.is_some() && !token.is_empty() {
            let message = format!("is a signature of {} already", signature.field.word());
            findings.add(Severity::Warning, &path, Fault::new(message, "leave it out"));
        }
    }
}

fn strangers(config: &Config, findings: &mut Findings) {
    let mut warn = |path, message: &str, hint| findings.add(Severity::Warning, path, Fault::new(message, hint));
    if config.mode == Mode::Trunk && config.peer.is_empty() {
        warn("mode", "there is no peer, so nobody may speak SIP", "name peers, or write \"open\"");
    }
    if config.strangers.v6_prefix.get() > 64 {
        let message = "a host with a /64 evades limits and bans by changing its address inside it";
        warn("strangers.v6_prefix", message, "write 64 or less");
    }
}

fn reading(config: &Config, findings: &mut Findings) {
    let (start, scan) = (config.sip.start_line_max.get(), config.sip.scan_max.get());
    if scan != 0 && scan <= start {
        let message = format!("a start line of {start} bytes (sip.start_line_max) leaves nothing to search");
        let path = if findings.is_given("sip.scan_max") { "sip.scan_max" } else { "sip.start_line_max" };
        findings.add(Severity::Warning, path, Fault::new(message, "write a larger scan_max, or 0 for no search"));
    }
}

fn dns(config: &Config, findings: &mut Findings) {
    let (min, max) = (config.dns.ttl_min, config.dns.ttl_max);
    if max < min {
        let path = if findings.is_given("dns.ttl_max") { "dns.ttl_max" } else { "dns.ttl_min" };
        let message = format!("dns.ttl_max ({max}) is shorter than dns.ttl_min ({min})");
        findings.add(Severity::Error, path, Fault::new(message, "write a shorter ttl_min or a longer ttl_max"));
    }
}

/// Warns of bursts of one.
fn bursts(config: &Config, findings: &mut Findings) {
    let peers = (1..).zip(&config.peer).map(|(n, peer)| (format!("peer[{n}].limits"), &peer.limits));
    let others = [("strangers.limits", &config.strangers.limits), ("registrants.limits", &config.registrants.limits)];
    let tables: Vec<(String, &Limits)> =
        others.map(|(path, limits)| (path.to_owned(), limits)).into_iter().chain(peers).collect();
    let limits = tables.iter().flat_map(|(path, l)| Class::ALL.map(|c| (join(path, c.word()), l.of(c))));
    for (path, rate) in limits.chain([("strangers.total".to_owned(), config.strangers.total)]) {
        if rate.burst() == Some(1) {
            let message = "a burst of 1 asks for perfect spacing: of two packets close together, one is dropped";
            findings.add(Severity::Warning, &path, Fault::new(message, "write a burst of at least 2"));
        }
    }
}
