//! `sipfw explain`: would this packet pass, and why?
//!
//! Owns: the verb. Refuses: an own idea of the policy: the kernel's program is asked.
mod decided;
mod frame;
mod message;

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{ValueEnum, ValueHint};
use firewall_common::sip::Method;

use super::context::{self, Context};
use super::exit::Exit;
use super::{judge, live};
use crate::config::Loaded;
use crate::dataplane::Instance;
use crate::dataplane::clock;
use crate::dataplane::probe::Judgement;
use crate::numbers::Wanted;
use crate::report::verdict::Explanation;
use crate::store::Store;

pub(super) use frame::described;

const EXAMPLES: &str = "\
Examples:
  sipfw explain --from 198.51.100.7 --method REGISTER
  sipfw explain --from 2001:db8::7 --method INVITE --transport tcp --user-agent friendly-scanner
  sipfw explain --from 198.51.100.7 --payload odd.bin
  sipfw explain --from 198.51.100.7 --transport tls   a connection attempt; the rest is encrypted
  sipfw explain --frame packet.pcap --json
  sipfw explain --from 198.51.100.7 --config new.toml --fresh

The packet runs through the program that is loaded, or, with --fresh or where none is, through one
of the config and the database. It leaves no trace: nothing is counted or charged. A limit decides
by what its source has sent until now. Exit code 0 if the packet passes, 1 if it is dropped.";

/// Say whether a packet would pass, and what decides
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The source address
    #[arg(long, value_name = "ADDRESS", required_unless_present = "frame")]
    from: Option<IpAddr>,
    /// The destination address; no rule looks at it
    #[arg(long, value_name = "ADDRESS")]
    to: Option<IpAddr>,
    /// A request of this method; without it, OPTIONS over udp, and a connection attempt over tcp
    #[arg(long, value_name = "METHOD", value_parser = methods(), ignore_case = true)]
    method: Option<String>,
    /// What carries it
    #[arg(long, value_enum, default_value_t = Carrier::Udp)]
    transport: Carrier,
    /// The destination port; without it, the first one of the transport in the config
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The request's User-Agent
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// The Request-URI
    #[arg(long, value_name = "URI")]
    uri: Option<String>,
    /// The bytes to send instead of a request that is made
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["method", "user_agent", "uri"])]
    payload: Option<PathBuf>,
    /// An Ethernet frame instead: raw, in hexadecimal digits, or the first one of a capture
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
          conflicts_with_all = ["from", "to", "method", "transport", "port", "user_agent", "uri", "payload"])]
    frame: Option<PathBuf>,
    /// Judge by the config and the database, not by what is loaded
    #[arg(long)]
    fresh: bool,
}

/// What carries SIP.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Carrier {
    Udp,
    Tcp,
    Tls,
}

fn methods() -> PossibleValuesParser {
    PossibleValuesParser::new(Method::ALL.iter().filter(|m| **m != Method::Extension).map(|m| m.name()))
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let loaded = context.load()?;
    let config = &loaded.config;
    let frame = frame::of(args, config)?;
    let store = context::store(config)?;
    let instance = if args.fresh { None } else { live::one(config, context.global.iface.as_deref())? };
    let judgement = judged(&frame, instance.as_ref(), &loaded, &store)?;
    let explanation = Explanation {
        packet: described(&frame),
        decided: decided::by(&judgement, config, instance.as_ref(), &store)?,
        by: by(instance.as_ref(), context),
        judgement,
    };
    if context.out.is_json() {
        context.out.json(&explanation.json())?;
    } else {
        context.out.text(explanation.text(clock::now().wall_ms))?;
    }
    Ok(Exit::of(!judgement.drops()))
}

fn judged(frame: &[u8], instance: Option<&Instance>, loaded: &Loaded, store: &Store) -> Result<Judgement> {
    if let Some(instance) = instance {
        return judge::by_instance(instance, frame);
    }
    let clock = clock::now();
    let entries = judge::entries(store, loaded, clock)?;
    let mut rehearsal = judge::rehearsal(loaded, &entries)?;
    rehearsal.learn(&Wanted::read(&loaded.config, store, clock)?.rules)?;
    rehearsal.judge(frame, clock.mono_ns, false)
}

fn by(instance: Option<&Instance>, context: &Context) -> String {
    match instance {
        Some(instance) => format!("what is loaded on {}", instance.iface()),
        None => match context.config_path() {
            Some(path) => format!("the config {} and its database; nothing of this packet's history", path.display()),
            None => "the config and its database; nothing of this packet's history".to_owned(),
        },
    }
}
