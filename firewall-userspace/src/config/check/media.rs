//! What is wrong between the keys of media.
//!
//! Owns: a policy that cannot take effect, and keys that say nothing beside others. Refuses: judging a policy.
use super::super::Config;
use super::super::media::KeyManagement;
use super::super::problem::{Fault, Severity};
use super::super::reader::Findings;
use super::super::word::MediaPolicy;

/// Checks `[media]`, and what peers say of it.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    ports(config, findings);
    suites(config, findings);
    silence(config, findings);
    peers(config, findings);
}

/// A policy of media has to know where media comes in.
fn ports(config: &Config, findings: &mut Findings) {
    if !config.media.ports.is_empty() || !findings.is_sound("media.ports") {
        return;
    }
    let hint = "write the UDP ports that the server takes media on, such as media.ports = [\"10000-20000\"]";
    let message = "calls are judged, but no media: there are no media.ports";
    if config.media.policy != MediaPolicy::Off {
        findings.add(Severity::Warning, "media.policy", Fault::new(message, hint));
    } else if let Some(at) = config.peer.iter().position(|peer| peer.media.or(MediaPolicy::Off) != MediaPolicy::Off) {
        findings.add(Severity::Warning, &format!("peer[{}].media", at + 1), Fault::new(message, hint));
    }
}

/// Suites are of SDES.
fn suites(config: &Config, findings: &mut Findings) {
    if findings.is_given("media.suites") && !config.media.keys.contains(KeyManagement::Sdes) {
        let fault =
            Fault::new("says nothing: media.keys does not accept \"sdes\"", "leave it out, or add \"sdes\" there");
        findings.add(Severity::Warning, "media.suites", fault);
    }
}

fn silence(config: &Config, findings: &mut Findings) {
    let (silence, hold) = (config.media.silence, config.media.hold_silence);
    let sound = findings.is_sound("media.silence") && findings.is_sound("media.hold_silence");
    if sound && hold.seconds() < silence.seconds() {
        let here = if findings.is_given("media.hold_silence") { "media.hold_silence" } else { "media.silence" };
        let message =
            format!("a call on hold closes after {hold}, sooner than one that talks (media.silence is {silence})");
        findings.add(Severity::Error, here, Fault::new(message, "make media.hold_silence the longer one"));
    }
}

/// Ports are guarded for all or for nobody: a media packet does not tell whose call it is of.
fn peers(config: &Config, findings: &mut Findings) {
    if config.media.policy != MediaPolicy::Off {
        return;
    }
    for (number, peer) in (1..).zip(&config.peer) {
        if peer.media.or(MediaPolicy::Off) == MediaPolicy::SrtpOnly && !config.media.ports.is_empty() {
            let message =
                "plain calls of this peer are refused, but media ports stay open, since media.policy is \"off\"";
            let fault = Fault::new(message, "write media.policy = \"prefer\" or \"srtp-only\" to have them judged");
            findings.add(Severity::Warning, &format!("peer[{number}].media"), fault);
        }
    }
}
