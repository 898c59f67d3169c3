//! What the engine's commands are carried out with.
//!
//! Owns: which command goes to the kernel's maps and which to the network, and what is done there each second. Refuses:
//! deciding, and writing down (the keeper does).
use firewall_common::limiter::HashKey;
use firewall_common::sip::account;
use tracing::warn;

use super::disconnect;
use super::responder::{self, Responder};
use super::verifier::Verifier;
use crate::clock::Clock;
use crate::config::Config;
use crate::dataplane::{self, Dialogs, Enforcer, Instance, Pinholes};
use crate::engine::command::{Ban, Command, Hold};

/// Flows of which it is looked in a second when they were last seen: all that there are by default, within four.
const LOOKS: usize = 4_096;

/// What belongs to one generation of the kernel program.
pub(super) struct OfGeneration {
    pub(super) enforcer: Enforcer,
    pub(super) pinholes: Pinholes,
    pub(super) dialogs: Dialogs,
    /// By which the kernel knows the tags of our refusals.
    pub(super) hash_key: HashKey,
}

impl OfGeneration {
    /// Of the active one.
    pub(super) fn open(instance: &Instance) -> dataplane::Result<Self> {
        let (enforcer, pinholes) = (instance.enforcer()?, instance.pinholes()?);
        Ok(Self { enforcer, pinholes, dialogs: instance.dialogs()?, hash_key: instance.hash_key()? })
    }
}

/// The kernel's maps and the sockets.
pub(super) struct Hands {
    pub(super) enforcer: Enforcer,
    pinholes: Pinholes,
    dialogs: Dialogs,
    responder: Responder,
    verifier: Verifier,
}

impl Hands {
    pub(super) fn new(of_generation: OfGeneration, verifier: Verifier, now: Clock) -> Self {
        let OfGeneration { enforcer, pinholes, dialogs, .. } = of_generation;
        let responder = Responder::open();
        responder.warning().iter().for_each(|warning| warn!("{warning}"));
        let mut hands = Self { enforcer, pinholes, dialogs, responder, verifier };
        told(hands.pinholes.alive(now.mono_ns));
        hands
    }

    /// Goes on with another generation.
    pub(super) fn reopen(&mut self, of_generation: OfGeneration, now: Clock) {
        let OfGeneration { enforcer, pinholes, dialogs, .. } = of_generation;
        let old = std::mem::replace(&mut self.pinholes, pinholes);
        (self.enforcer, self.dialogs) = (enforcer, dialogs);
        told(self.pinholes.take_over(old, now.mono_ns));
    }

    /// Does what a command says, before anything more is read.
    pub(super) fn carry_out(&mut self, command: &Command, clock: Clock) -> anyhow::Result<()> {
        match command {
            Command::Ban(Ban { source, until, .. }) => self.enforcer.ban(*source, clock.deadline(*until)).map(drop)?,
            Command::Hold(Hold { source, account, until, .. }) => {
                self.enforcer.hold(*source, account.as_deref().map(account::hash), clock.deadline(*until))?;
            }
            Command::Promote(one) => {
                self.enforcer.promote(
                    one.source,
                    clock.deadline(one.trusted_until),
                    clock.deadline(one.known_until),
                )?;
            }
            Command::Demote(one) => self.enforcer.demote(one.source, clock.deadline(one.until)).map(drop)?,
            Command::Pinholes(wanted) => self.pinholes.set(wanted, clock.mono_ns)?,
            Command::Disconnect(one) => disconnect::end(one).map(drop)?,
            Command::Dialog(dialog) => self.dialogs.set(dialog, clock.deadline(dialog.until), clock.mono_ns)?,
            Command::Answer(answer) => self.responder.send(answer).map_err(|error| unanswered(answer.to, &error))?,
            Command::BlockPrefix(one) => self.enforcer.block(one.source, one.prefix, clock.deadline(one.until))?,
            Command::Verify(verify) => self.verifier.verify(verify)?,
            Command::Alarm(_) | Command::Call(_) | Command::Device(_) => {}
        }
        Ok(())
    }

    /// Goes on with another config.
    pub(super) fn reconfigure(&self, config: &Config) {
        self.verifier.configure(config);
    }

    /// Tells the kernel that the daemon is there; of some calls, when their media was last seen.
    pub(super) fn second(&mut self, now: Clock) -> Vec<(u64, u64)> {
        told(self.pinholes.alive(now.mono_ns));
        self.pinholes.seen(LOOKS).unwrap_or_else(|error| {
            warn!("{error}");
            Vec::new()
        })
    }

    pub(super) fn answer_counts(&self) -> responder::Counts {
        self.responder.counts()
    }
}

fn told(result: dataplane::Result<()>) {
    result.err().iter().for_each(|error| warn!("{error}"));
}

fn unanswered((to, port): (firewall_common::addr::Addr, u16), error: &std::io::Error) -> anyhow::Error {
    let to = crate::engine::call::socket(to, port);
    anyhow::anyhow!("no answer could be sent to {to}, whose call was refused: {error}")
}
