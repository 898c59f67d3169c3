//! One message, as whoever follows its call looks at it.
//!
//! Owns: whose it is: which call, whose tag is whose, which exchange; and what session description it has. Refuses: what
//! follows from that.
use std::sync::Arc;

use firewall_common::reason::Reason;
use firewall_common::sdp::Accepted;
use firewall_common::sip::Method;
use firewall_common::sip::message::{Message, Start, Uri};

use super::super::clock::Moment;
use super::super::input::{Direction, Flow, Seen};
use super::super::saved::Key;
use super::body::{self, Found};
use super::closed::{self, Place};
use super::description::Description;
use super::judge::{self, Fault};
use crate::clock::Clock;

/// Places of a description for which there is no room: RTP and RTCP of one line.
pub(super) const FEW: usize = 2;

/// One of the two sides of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The remote party.
    Remote,
    /// Ours.
    Ours,
}

impl Side {
    /// The other one.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Remote => Self::Ours,
            Self::Ours => Self::Remote,
        }
    }
}

/// A request and its responses (RFC 3261 §17.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    /// Who asked.
    pub(super) by: Side,
    /// What.
    pub(super) method: Method,
    /// Its number in the sequence.
    pub(super) cseq: u32,
    /// The hash of the topmost Via's branch.
    pub(super) via: u64,
}

/// What a message says about media.
#[derive(Clone, Debug)]
pub(super) enum Said {
    /// Nothing.
    Nothing,
    /// Something that cannot be read, but for these places of our side.
    Unreadable(Arc<[Place]>),
    /// This.
    Description(Arc<Description>),
}

impl Said {
    /// A description for which there is no room says nothing that can be read, but for a few places of our side.
    pub(super) fn fit(self, has_room: bool, by: Side) -> Self {
        match self {
            said @ Self::Description(_) if !has_room => {
                let places = if by == Side::Ours { said.places() } else { Vec::new() };
                Self::Unreadable(places.into_iter().take(FEW).collect())
            }
            said => said,
        }
    }

    /// The places that it names.
    pub(super) fn places(&self) -> Vec<Place> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Unreadable(places) => places.to_vec(),
            Self::Description(description) => closed::of(description),
        }
    }
}

/// A message.
pub(super) struct Heard<'a> {
    pub(super) message: &'a Message<'a>,
    pub(super) flow: &'a Flow,
    /// Its bytes, for as long as they were copied.
    pub(super) bytes: &'a [u8],
    /// Why the kernel dropped it, if it did.
    pub(super) refused: Option<Reason>,
    /// The call's hash.
    pub(super) call: u64,
    /// The hash of the remote party's tag; 0 for none.
    pub(super) remote_tag: u64,
    /// The hash of our side's tag; 0 for none.
    pub(super) our_tag: u64,
    pub(super) exchange: Exchange,
    /// The Request-URI, of a request.
    pub(super) uri: Option<Uri<'a>>,
    /// 0 for a request.
    pub(super) status: u16,
    pub(super) now: Moment,
    /// Unix milliseconds.
    pub(super) wall: i64,
}

impl<'a> Heard<'a> {
    /// Nothing for what belongs to no call.
    pub(super) fn of(message: &'a Message<'a>, seen: &'a Seen<'a>, key: Key, clock: Clock) -> Option<Self> {
        let method = message.cseq.method;
        let is_call = matches!(
            method,
            Method::Invite
                | Method::Ack
                | Method::Bye
                | Method::Cancel
                | Method::Prack
                | Method::Update
                | Method::Refer
        );
        let (uri, status) = match message.start {
            Start::Request { uri, .. } => (Some(uri), 0),
            Start::Response { status, .. } => (None, status),
        };
        let is_in = seen.flow.direction == Direction::In;
        let by = if uri.is_some() == is_in { Side::Remote } else { Side::Ours };
        let tag = |tag: Option<&[u8]>| tag.map_or(0, |tag| key.of(&[b"tag", tag]).max(1));
        let (from, to) = (tag(message.from.tag), tag(message.to.tag));
        let (remote_tag, our_tag) = if by == Side::Remote { (from, to) } else { (to, from) };
        let via = key.of(&[b"via", message.via.branch.unwrap_or_default()]);
        is_call.then(|| Self {
            message,
            flow: &seen.flow,
            bytes: seen.bytes,
            refused: seen.refused,
            call: key.of(&[b"call", message.call_id]),
            remote_tag,
            our_tag,
            exchange: Exchange { by, method, cseq: message.cseq.number, via },
            uri,
            status,
            now: clock.now(),
            wall: clock.wall_ms,
        })
    }

    /// Whether it is a request.
    pub(super) const fn is_request(&self) -> bool {
        self.uri.is_some()
    }

    /// Whether it begins a call: an INVITE outside of any dialog (RFC 3261 §12.2).
    pub(super) fn begins(&self) -> bool {
        self.is_invite() && self.message.to.tag.is_none()
    }

    /// Whether it is an INVITE.
    pub(super) fn is_invite(&self) -> bool {
        self.is_request() && self.exchange.method == Method::Invite
    }

    /// Whether it changes a call: an INVITE inside of a dialog.
    pub(super) fn changes(&self) -> bool {
        self.is_invite() && !self.begins()
    }

    /// Whether it goes on with a call: a request inside of its dialog, or the 2xx to one that changes it.
    pub(super) fn goes_on(&self) -> bool {
        match self.status {
            0 => !self.begins(),
            status => (200..300).contains(&status) && self.exchange.method == Method::Invite,
        }
    }

    /// Whether the remote party sent it.
    pub(super) fn is_in(&self) -> bool {
        self.flow.direction == Direction::In
    }

    /// What it says about media.
    pub(super) fn said(&self) -> Said {
        self.judged(Accepted::USUAL).0
    }

    /// The same, and whether that can lead to SRTP if it is an offer. Of several descriptions, the first one is it, and each
    /// of them must be good: which one a server reads is its own affair.
    pub(super) fn judged(&self, accepted: Accepted) -> (Said, Result<(), Fault>) {
        let found = match body::find(self.message) {
            Found::Nothing => return (Said::Nothing, Ok(())),
            Found::Unreadable => return (self.unreadable(), Err(Fault::unreadable())),
            Found::Descriptions(found) => found,
        };
        let Some(all) = found.iter().map(|bytes| Description::read(bytes)).collect::<Option<Vec<_>>>() else {
            return (self.unreadable(), Err(Fault::unreadable()));
        };
        let verdict = all.iter().try_for_each(|one| judge::offer(one, accepted));
        let first = all.into_iter().next().unwrap_or_default();
        (Said::Description(Arc::new(first)), verdict)
    }

    /// Whatever it says, these ports of our side it names.
    fn unreadable(&self) -> Said {
        let places = if self.is_in() { Vec::new() } else { closed::scan(self.message.body) };
        Said::Unreadable(places.into())
    }
}
