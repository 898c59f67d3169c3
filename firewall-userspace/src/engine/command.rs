//! What the engine wants done.
//!
//! Owns: the closed list of commands. Refuses: doing them.
use std::net::IpAddr;

use firewall_common::addr::Addr;
use firewall_common::media::Flow;
use firewall_common::number::Number;

use super::call::Call;
use super::evidence::{Evidence, Rule};
use super::input::{Signed, Via};
use crate::stir::Claim;

/// One thing to do, at once, before more input is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Drop everything that a source sends to SIP and media ports.
    Ban(Ban),
    /// Hold a source, or one account's attempts from it, to a trickle.
    Hold(Hold),
    /// A source has proved itself.
    Promote(Promote),
    /// A registration has ended.
    Demote(Demote),
    /// A source may not call numbers that begin so.
    BlockPrefix(Block),
    /// A peer did what a stranger would have been banned for, or anybody did what somebody should know.
    Alarm(Alarm),
    /// The pinholes of a call are these, and no others.
    Pinholes(Pinholes),
    /// Answer a request in our server's place.
    Answer(Answer),
    /// End a TCP connection of which a segment was dropped: it would be sent again without end, and nothing behind it would get
    /// through.
    Disconnect(Connection),
    /// The remote parties of a call are these.
    Dialog(Dialog),
    /// Verify the signature of a call, and tell what came of it.
    Verify(Box<Verify>),
    /// Something has changed about a call.
    Call(Box<Call>),
    /// A device has registered, or has left.
    Device(Box<Device>),
}

/// A TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Our address and port.
    pub local: (Addr, u16),
    /// The remote address and port.
    pub remote: (Addr, u16),
}

/// Who is party to the calls of one Call-ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// [`firewall_common::dialog::hash`] of the Call-ID, under the kernel's key.
    pub call: u64,
    /// The remote parties, at their whole addresses; none: nobody is held to it any more.
    pub parties: Vec<Addr>,
    /// Unix milliseconds after which nobody is held to it, unless it is said again.
    pub until: i64,
}

/// A signature to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verify {
    /// Whose it is; comes back with the result.
    pub signed: Signed,
    /// What is claimed.
    pub claim: Claim,
    /// Unix seconds of the message.
    pub at: i64,
}

/// The pinholes of a call, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinholes {
    /// The call: [`Flow::call`].
    pub call: u64,
    /// What may pass. Of each flow only the part that the daemon writes says something.
    pub flows: Vec<Flow>,
}

/// A datagram to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// From our server's address and port.
    pub from: (Addr, u16),
    /// To whoever sent the request.
    pub to: (Addr, u16),
    /// The response.
    pub bytes: Vec<u8>,
}

/// A ban.
#[derive(Clone, Debug, PartialEq)]
pub struct Ban {
    /// Whom, at a source's width.
    pub source: Addr,
    /// Unix milliseconds of its end.
    pub until: i64,
    /// The step of the ladder, from 1.
    pub step: u32,
    /// Why.
    pub evidence: Evidence,
}

/// A limit far below the usual one, on evidence that does not suffice for a ban.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Whom, at a source's width.
    pub source: Addr,
    /// Only requests whose From has this user; none: all requests of the source while it is a stranger.
    pub account: Option<Vec<u8>>,
    /// Unix milliseconds of its end.
    pub until: i64,
    /// Why.
    pub evidence: Evidence,
}

/// A prefix that is blocked for a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Whose calls, at a source's width.
    pub source: Addr,
    /// Numbers that begin so.
    pub prefix: Number,
    /// Unix milliseconds of its end.
    pub until: i64,
    /// Why.
    pub evidence: Evidence,
}

/// A registration that our server accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promote {
    /// Whose, at a source's width.
    pub source: Addr,
    /// The account that registered.
    pub account: String,
    /// Unix milliseconds of the end of this registration, grace included.
    pub until: i64,
    /// Unix milliseconds of the end of the source's trust: of its longest registration.
    pub trusted_until: i64,
    /// Unix milliseconds until which the source is [`firewall_common::copy::Kind::Known`].
    pub known_until: i64,
}

/// A registration that has ended before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demote {
    /// Whose, at a source's width.
    pub source: Addr,
    /// The account whose registration ended; none: every account of the source.
    pub account: Option<String>,
    /// Unix milliseconds to which the source's trust is cut: the end of its other registrations, or now.
    pub until: i64,
}

/// Something about a peer, or by some rules about anybody, that an operator should look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The peer's id; 0 for a source that is none.
    pub peer: u32,
    /// The source, at a source's width.
    pub source: Addr,
    /// Unix milliseconds.
    pub time: i64,
    /// What it did.
    pub evidence: Evidence,
}

/// A device that registered, or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// By which account.
    pub account: String,
    /// The user of From as it stands on the wire, by which the kernel knows its requests.
    pub user: Vec<u8>,
    /// The instance that it names (RFC 5626); empty for none.
    pub instance: String,
    /// What it calls itself.
    pub agent: String,
    /// Its address, whole.
    pub address: Addr,
    /// Its port.
    pub port: u16,
    /// The transport.
    pub via: Via,
    /// Unix milliseconds of its registration's end; not after the time of the command if it has left.
    pub until: i64,
}

impl Device {
    /// By what it is told from other devices of its account.
    pub fn identity(&self) -> String {
        if self.instance.is_empty() {
            return format!("{} {}", IpAddr::from(self.address), self.agent);
        }
        self.instance.clone()
    }

    /// By what it is told from all other devices.
    pub fn key(&self) -> String {
        format!("{} {}", self.account, self.identity())
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        // Whoever keeps it by its key has that three times.
        size_of::<Self>() + 4 * (self.account.len() + self.instance.len() + self.agent.len()) + self.user.len()
    }
}

impl Command {
    /// The rule behind it, if there is one.
    pub fn rule(&self) -> Option<Rule> {
        match self {
            Self::Ban(ban) => Some(ban.evidence.rule),
            Self::Hold(hold) => Some(hold.evidence.rule),
            Self::Alarm(alarm) => Some(alarm.evidence.rule),
            Self::BlockPrefix(block) => Some(block.evidence.rule),
            Self::Promote(_)
            | Self::Demote(_)
            | Self::Pinholes(_)
            | Self::Answer(_)
            | Self::Disconnect(_)
            | Self::Dialog(_)
            | Self::Call(_)
            | Self::Device(_)
            | Self::Verify(_) => None,
        }
    }
}
