//! What would happen to a call.
//!
//! Owns: which policy and which lists hold for it. Refuses: an own idea of what follows (see [`crate::numbers::Judge`]).
use anyhow::Result;
use clap::Args;
use firewall_common::number::{Outcome, of_uri};
use serde_json::json;

use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::config::Config;
use crate::config::Word as _;
use crate::dataplane::clock;
use crate::numbers::{Judged, NumberWord as _, Side, country, judge, number_text};
use crate::report::number_list::sentence;
use crate::report::text::plain;
use crate::store::Store;

/// What to ask.
#[derive(Args)]
pub(super) struct TestArgs {
    /// The number as it is dialled, or a sip: or tel: URI
    number: String,
    /// Called by this peer; without it, by a registrant or a stranger
    #[arg(long, value_name = "NAME", conflicts_with = "to_peer")]
    from_peer: Option<String>,
    /// Called by our side, at this peer
    #[arg(long, value_name = "NAME")]
    to_peer: Option<String>,
}

pub(super) fn perform(args: &TestArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let side = side(args, &config)?;
    let store = context::store(&config)?;
    let dialled = of_uri(uri(&args.number).as_bytes());
    if dialled.digits.len == 0 {
        return Err(wrong(format!("{:?} has no digits: it is a name, and no list of numbers decides", args.number)));
    }
    let judged = judge(&config, &store, side, dialled, clock::now())?;
    let entry = if judged.id == 0 { None } else { store.number(judged.id)? };
    if context.out.is_json() {
        context.out.json(&json!({
            "number": number_text(judged.number),
            "country": country(judged.number),
            "passes": judged.passes(),
            "reason": judged.reason().map(|reason| reason.word()),
            "action": judged.action.word(),
            "class": judged.class,
            "prefix": judged.prefix.map(number_text),
            "policy": judged.policy.word(),
            "code": judged.code.map(|opens| if opens { "right" } else { "wrong" }),
            "entry": entry,
        }))?;
    } else {
        context.out.line(said(&judged, &store, &config)?)?;
    }
    Ok(Exit::of(judged.passes()))
}

fn side<'a>(args: &'a TestArgs, config: &Config) -> Result<Side<'a>> {
    super::add::known_peer(args.from_peer.as_deref().or(args.to_peer.as_deref()), config)?;
    Ok(match (&args.from_peer, &args.to_peer) {
        (Some(peer), _) => Side::FromPeer(peer),
        (None, Some(peer)) => Side::ToPeer(peer),
        (None, None) => Side::FromAnybody,
    })
}

/// What is typed without a scheme is a number; the scanner of messages wants a URI.
fn uri(text: &str) -> String {
    let has_scheme = ["sip:", "sips:", "tel:"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if has_scheme { text.to_owned() } else { format!("tel:{}", text.replace([' ', '(', ')', '/'], "")) }
}

fn said(judged: &Judged, store: &Store, config: &Config) -> Result<String> {
    let place = country(judged.number).map_or_else(String::new, |country| format!(" ({country})"));
    let outcome = match judged.reason() {
        None => "passes".to_owned(),
        Some(reason) => format!("is refused: {}", reason.word()),
    };
    let why = why(judged, store, config)?;
    Ok(format!("{}{place} {outcome}\n  {why}", number_text(judged.number)))
}

fn why(judged: &Judged, store: &Store, config: &Config) -> Result<String> {
    let policy = format!("{} is \"{}\"", judged.key, judged.policy.word());
    let Some(prefix) = judged.prefix else {
        let max = config.numbers().extension_max.get();
        return Ok(match judged.outcome {
            Outcome::Pass if judged.is_extension => format!("numbers of up to {max} digits are of the house; {policy}"),
            _ => format!("no entry says anything of it, and {policy}"),
        });
    };
    let entry = if judged.id == 0 { None } else { store.number(judged.id)? };
    let by = match entry {
        Some(entry) => sentence(&entry, clock::now().wall_ms),
        None => {
            let class = judged.class.as_deref().map_or_else(String::new, |class| format!(", list {}", plain(class)));
            format!("{} of {} by the config (ready-made{class})", judged.action.word(), number_text(prefix))
        }
    };
    let code = match judged.code {
        Some(true) => "; dialled with a code that opens it",
        Some(false) => "; dialled with a code that does not open it",
        None => "",
    };
    Ok(format!("{by}{code}; {policy}"))
}
