//! What would happen to a caller.
//!
//! Owns: the answer in words. Refuses: an own idea of what follows (see [`crate::numbers::judge_caller`]).
use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::cli::number::add::known_peer;
use crate::dataplane::clock;
use crate::numbers::{Caller, JudgedCaller, NumberWord as _, country, judge_caller, number_text, parse_number};
use crate::report::number_list::sentence;
use crate::store::Store;

/// What to ask.
#[derive(Args)]
pub(super) struct TestArgs {
    /// The caller's number, or the word anonymous
    number: String,
    /// The call comes from this peer; without it, from a registrant or a stranger
    #[arg(long, value_name = "NAME")]
    from_peer: Option<String>,
}

pub(super) fn perform(args: &TestArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    known_peer(args.from_peer.as_deref(), &config)?;
    let caller = match args.number.as_str() {
        word if word.eq_ignore_ascii_case("anonymous") => Caller::Anonymous,
        text => Caller::Number(
            parse_number(text, &config.numbers().plan()).map_err(|error| wrong(format!("{error}, or `anonymous`")))?,
        ),
    };
    let store = context::store(&config)?;
    let judged = judge_caller(&config, &store, args.from_peer.as_deref(), caller, clock::now())?;
    let entry = if judged.id == 0 { None } else { store.number(judged.id)? };
    if context.out.is_json() {
        let number = number(caller);
        context.out.json(&json!({
            "number": number.as_ref().map(|(text, _)| text),
            "country": number.and_then(|(_, country)| country),
            "passes": judged.reason.is_none(),
            "reason": judged.reason.map(|reason| reason.word()),
            "action": judged.action.word(),
            "prefix": judged.prefix.map(number_text),
            "entry": entry,
        }))?;
    } else {
        context.out.line(said(caller, &judged, &store)?)?;
    }
    Ok(Exit::of(judged.reason.is_none()))
}

fn number(caller: Caller) -> Option<(String, Option<&'static str>)> {
    match caller {
        Caller::Anonymous => None,
        Caller::Number(number) => Some((number_text(number), country(number))),
    }
}

fn said(caller: Caller, judged: &JudgedCaller, store: &Store) -> Result<String> {
    let who = match number(caller) {
        None => "an anonymous caller".to_owned(),
        Some((text, None)) => text,
        Some((text, Some(country))) => format!("{text} ({country})"),
    };
    let outcome = judged.reason.map_or_else(|| "passes".to_owned(), |reason| format!("is refused: {}", reason.word()));
    let entry = if judged.id == 0 { None } else { store.number(judged.id)? };
    let by = match (entry, judged.prefix) {
        (Some(entry), _) => sentence(&entry, clock::now().wall_ms),
        (None, Some(prefix)) => format!("{} of {} by the config", judged.action.word(), number_text(prefix)),
        (None, None) => "no entry says anything of it".to_owned(),
    };
    Ok(format!("{who} {outcome}\n  {by}; {}", judged.policy))
}
