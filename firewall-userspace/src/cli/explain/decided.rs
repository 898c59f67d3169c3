//! What decided, by name.
//!
//! Owns: the way from the kernel's numbers to names: of entries, peers, signatures and limits. Refuses: guessing: a
//! number whose name is gone stays a number.
use anyhow::Result;
use firewall_common::policy::{ALLOWED_PEER, KNOWN_TOTAL};
use firewall_common::reason::{Reason, Stage};
use firewall_common::sip::Class;

use crate::config::{Config, Mode, Rate, Word as _};
use crate::dataplane::Instance;
use crate::dataplane::clock;
use crate::dataplane::probe::Judgement;
use crate::entries::list_row;
use crate::report::number_list::sentence;
use crate::report::summary::words;
use crate::report::verdict::Decided;
use crate::store::Store;

/// What decided about a frame.
pub(super) fn by(j: &Judgement, config: &Config, instance: Option<&Instance>, store: &Store) -> Result<Decided> {
    Ok(match j.reason {
        Reason::Denied | Reason::Banned | Reason::Allowed => entry(j.detail, store)?,
        Reason::Peer | Reason::Method => peer(j.detail, config, instance),
        Reason::Signature => signature(j.detail, config, instance),
        Reason::NotPeer => Decided::Rule(format!("mode {}", Mode::Trunk.word())),
        Reason::Transport => transport(j, config, instance),
        Reason::RateTotal if j.detail == KNOWN_TOTAL => {
            limit("all known sources together", None, config.trust().known_total)
        }
        Reason::RateTotal => limit("all strangers together", None, config.strangers().total),
        Reason::RateOffender => limit("a held source", None, config.slow_path().hold),
        Reason::RateAccount => limit("a held account", None, config.slow_path().hold),
        Reason::UnsolicitedResponse => Decided::Rule(format!(
            "strangers may respond for {} s after a request of our side",
            config.slow_path().called_for.get()
        )),
        Reason::Stranger | Reason::Known | Reason::Registrant => source_limit(j, config, instance),
        reason if matches!(reason.stage(), Stage::Number | Stage::Caller) => number(j, config, instance, store)?,
        reason if reason.stage() == Stage::Sdp => media(j, config, instance),
        reason if reason.stage() == Stage::Media => {
            Decided::Rule("media ports let in what a call has negotiated, and whom our side sends media to".to_owned())
        }
        reason if reason.stage() == Stage::Limit => source_limit(j, config, instance),
        _ => Decided::Nothing,
    })
}

fn entry(id: u32, store: &Store) -> Result<Decided> {
    if let Some(row) = list_row(id) {
        let name = store.blocklist_name(row)?.unwrap_or_else(|| format!("number {row}, which is gone"));
        return Ok(Decided::List { id: row, name });
    }
    Ok(store.entry(id)?.map_or(Decided::LostEntry(id), |entry| Decided::Entry(Box::new(entry))))
}

fn name(id: u32, config: &Config, instance: Option<&Instance>) -> String {
    let running = instance.and_then(|instance| instance.policy().ok()?.peer(id).map(str::to_owned));
    let written = || config.peer(id).map(|peer| peer.name.to_string());
    running.or_else(|| if instance.is_none() { written() } else { None }).unwrap_or_else(|| format!("number {id}"))
}

fn peer(id: u32, config: &Config, instance: Option<&Instance>) -> Decided {
    Decided::Peer { id, name: name(id, config, instance) }
}

fn signature(id: u32, config: &Config, instance: Option<&Instance>) -> Decided {
    let place = usize::try_from(id).unwrap_or(usize::MAX);
    let text = match instance.and_then(|instance| instance.policy().ok()) {
        Some(policy) => policy.signatures.get(place).cloned(),
        None => config.signatures().get(place).map(|s| format!("{} {}", s.field.word(), s.token)),
    };
    Decided::Signature { id, text: text.unwrap_or_else(|| format!("number {id}")) }
}

fn transport(j: &Judgement, config: &Config, instance: Option<&Instance>) -> Decided {
    match j.peer.filter(|id| *id != ALLOWED_PEER) {
        Some(id) => peer(id, config, instance),
        None => Decided::Rule(format!("strangers may use {}", words(config.strangers().transports.iter()))),
    }
}

/// The entry of a number list, or the policy of whoever sent it.
fn number(j: &Judgement, config: &Config, instance: Option<&Instance>, store: &Store) -> Result<Decided> {
    if let Some(entry) = if j.detail == 0 { None } else { store.number(j.detail)? } {
        return Ok(Decided::Rule(sentence(&entry, clock::now().wall_ms)));
    }
    let key = if j.reason.stage() == Stage::Number { "numbers" } else { "callers" };
    Ok(Decided::Rule(match j.peer.filter(|id| *id != ALLOWED_PEER) {
        Some(id) => format!("the {key} policy of peer {}, or a list that the config makes", name(id, config, instance)),
        None => format!("[{key}] of the config"),
    }))
}

/// The media policy of whoever sent it.
fn media(j: &Judgement, config: &Config, instance: Option<&Instance>) -> Decided {
    match j.peer.filter(|id| *id != ALLOWED_PEER) {
        Some(id) => Decided::Rule(format!("the media policy of peer {}", name(id, config, instance))),
        None => Decided::Rule("media.policy".to_owned()),
    }
}

/// The limit of whoever sent it, for what was sent.
fn source_limit(j: &Judgement, config: &Config, instance: Option<&Instance>) -> Decided {
    let Some(class) = j.class else { return Decided::Nothing };
    let own = |id: u32| config.peers().iter().find(|p| p.name.as_str() == name(id, config, instance));
    match j.peer {
        Some(id) => {
            let rate = own(id).map_or(Rate::NONE, |peer| peer.limits.of(class));
            limit(&format!("peer {}", name(id, config, instance)), Some(class), rate)
        }
        None if j.reason == Reason::Registrant => {
            limit("a registrant", Some(class), config.registrants().limits.of(class))
        }
        None => limit("a stranger", Some(class), config.strangers().limits.of(class)),
    }
}

fn limit(whose: &str, class: Option<Class>, rate: Rate) -> Decided {
    Decided::Limit { whose: whose.to_owned(), class: class.map(Class::word), rate: rate.to_string() }
}
