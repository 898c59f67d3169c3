//! One side of a call, between our side and one remote party: its dialogs, offers and answers (RFC 3261, RFC 3264, RFC 3311,
//! RFC 3262, RFC 6337).
//!
//! Owns: what has been agreed on in which dialog, and how the leg ends. Refuses: which messages belong to it, and other legs.
mod branch;
mod exchange;
mod setup;

use std::net::SocketAddr;

use firewall_common::addr::Addr;
use firewall_common::copy::Kind;
use firewall_common::sip::Method;

use super::super::call::{Demand, How, Refusal, State, Transport, socket};
use super::super::clock::Moment;
use super::agree::Session;
use super::heard::{Exchange, Heard, Side};
use super::judge::Fault;
use super::rules::Rules;
use branch::{Branch, Offer};

/// Dialogs of one leg: branches of a forked call.
pub(super) const BRANCHES: usize = 8;
/// Bytes of a dialog of which nothing is kept.
pub(super) const DIALOG: usize = size_of::<Branch>();
/// INVITEs of one leg that are under way at once.
pub(super) const FORKS: usize = 8;
/// Seconds for which a request is repeated: 64 × T1, and a little.
pub(super) const TRANSACTION: u32 = 36;
/// Seconds for which nothing but 100 may come: what a proxy waits at least (RFC 3261 §16.6, timer C), and a little.
const PROCEEDING: u32 = 240;
/// Seconds that a call may ring. Proxies give up after three minutes (RFC 3261 §16.6, timer C), and whoever wants more says so
/// every minute.
const RINGING: u32 = 600;

/// A leg.
#[derive(Debug)]
pub(super) struct Leg {
    /// Whether the remote party sent the INVITE.
    pub(super) inbound: bool,
    /// The hash of the tag of whoever sent it.
    pub(super) tag: u64,
    /// Where the remote party's signalling comes from.
    pub(super) remote: Addr,
    /// Where our side sends requests inside a dialog to, if not there.
    pub(super) also: Addr,
    /// The remote peer; 0 for none.
    pub(super) peer: u32,
    /// Whether the number of its pinholes is not limited.
    pub(super) is_trusted: bool,
    /// Whether the remote party is neither one whom the operator trusts nor a registrant.
    pub(super) is_stranger: bool,
    /// The hash of the remote party's source.
    pub(super) source: u64,
    /// How many pinholes it has.
    pub(super) pinholes: u32,
    /// How many places they take, with those that are closed because there are too many.
    pub(super) places: u32,
    /// Whether all of them are closed because its source, or strangers together, have too many.
    pub(super) is_left_out: bool,
    /// Why it was refused, or would have been.
    pub(super) refusal: Option<Refusal>,
    place: SocketAddr,
    transport: Transport,
    demand: Demand,
    stage: Stage,
    /// When the stage was last heard of.
    since: Moment,
    /// The latest INVITE's number outside of dialogs.
    cseq: Option<u32>,
    cancelled: bool,
    /// INVITEs outside of dialogs.
    offers: Vec<Offer>,
    branches: Vec<Branch>,
}

/// How far a leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// An INVITE.
    Calling,
    /// Asked for credentials.
    Challenged(u16),
    /// Somebody on the way has taken it over (100).
    Proceeding,
    /// Its callee was reached.
    Early,
    /// Answered.
    Up,
    /// Over.
    Over(State),
}

/// What else has to be known of a leg's call.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) rules: &'a Rules,
    pub(super) call: u64,
    /// Whether there is room for one more description or dialog.
    pub(super) has_room: bool,
}

impl Leg {
    /// One that begins with this INVITE.
    pub(super) fn new(heard: &Heard<'_>, source: u64, rules: &Rules) -> Self {
        let (flow, inbound) = (heard.flow, heard.exchange.by == Side::Remote);
        Self {
            inbound,
            tag: if inbound { heard.remote_tag } else { heard.our_tag },
            remote: flow.remote,
            also: Addr::NONE,
            peer: flow.peer,
            is_trusted: flow.kind.is_trusted(),
            is_stranger: matches!(flow.kind, Kind::Stranger | Kind::Known),
            source,
            pinholes: 0,
            places: 0,
            is_left_out: false,
            refusal: None,
            place: socket(flow.remote, flow.remote_port),
            transport: flow.via.into(),
            demand: rules.demand(flow.peer),
            stage: Stage::Calling,
            since: heard.now,
            cseq: None,
            cancelled: false,
            offers: Vec::new(),
            branches: Vec::new(),
        }
    }

    /// Whether a message's sender or receiver is its remote party.
    pub(super) fn is_with(&self, heard: &Heard<'_>) -> bool {
        let flow = heard.flow;
        [self.remote, self.also].contains(&flow.remote) || self.peer != 0 && self.peer == flow.peer
    }

    /// Our side goes on with the dialog elsewhere: it sends a request there, or accepts one from there, as of a phone that has
    /// moved to another network.
    pub(super) fn follow(&mut self, heard: &Heard<'_>) {
        if heard.is_request() {
            self.also = heard.flow.remote;
        } else {
            (self.remote, self.place) = (heard.flow.remote, socket(heard.flow.remote, heard.flow.remote_port));
        }
    }

    /// Whether a message belongs to one of its dialogs.
    pub(super) fn has_dialog(&self, heard: &Heard<'_>) -> bool {
        let tag = self.branch_tag(heard);
        self.branches.iter().any(|branch| branch.tag == tag)
    }

    /// Whether an exchange is an INVITE of it outside of dialogs that waits for its answer.
    pub(super) fn asked(&self, exchange: Exchange) -> bool {
        self.offers.iter().any(|offer| offer.exchange == exchange)
    }

    /// Whether it has any dialog, be it an early one.
    pub(super) fn has_dialogs(&self) -> bool {
        !self.branches.is_empty()
    }

    /// What has become of it, if it is over.
    pub(super) const fn outcome(&self) -> Option<State> {
        match self.stage {
            Stage::Over(state) => Some(state),
            _ => None,
        }
    }

    /// Whether it is answered.
    pub(super) fn is_up(&self) -> bool {
        self.stage == Stage::Up
    }

    /// When its stage was last heard of.
    pub(super) const fn since(&self) -> Moment {
        self.since
    }

    /// Everything that was agreed on and holds.
    pub(super) fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.branches.iter().filter_map(|branch| branch.session.as_ref()).map(|(_, session)| session)
    }

    /// For the record.
    pub(super) fn record(&self) -> super::super::call::Leg {
        let of =
            |up: bool| self.branches.iter().filter(move |branch| branch.up == up).find_map(|it| it.session.as_ref());
        let mut streams = of(true).or_else(|| of(false)).map(|(_, it)| it.streams.clone()).unwrap_or_default();
        streams.iter_mut().for_each(|stream| stream.open &= !self.is_left_out);
        super::super::call::Leg {
            inbound: self.inbound,
            remote: self.place,
            peer: self.peer,
            transport: self.transport,
            policy: self.demand,
            refusal: self.refusal.clone(),
            streams,
        }
    }

    /// Bytes that it takes, nearly.
    pub(super) fn weight(&self) -> usize {
        let branches = self.branches.iter().map(Branch::weight).sum::<usize>();
        size_of::<Self>() + branches + self.offers.iter().map(Offer::weight).sum::<usize>()
    }

    /// Takes in a message that belongs to it.
    pub(super) fn hear(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        match (heard.is_request(), heard.exchange.method) {
            (true, Method::Invite) if heard.begins() => self.begin(heard, around),
            (true, Method::Invite | Method::Update | Method::Prack) => self.offered(heard, around),
            (true, Method::Ack) => self.answered(heard, around),
            (true, Method::Bye) => self.leave(heard),
            (true, Method::Cancel) if !self.inbound => self.cancel(heard),
            // The remote party's may be one that our side knows nothing to cancel for.
            (false, Method::Cancel) if self.inbound && (200..300).contains(&heard.status) => self.cancel(heard),
            (false, Method::Invite) => self.invited(heard, around),
            (false, Method::Update | Method::Prack) => self.replied(heard, around),
            (false, Method::Bye) => self.left(heard),
            _ => {}
        }
    }

    /// Notes what is wrong with it. Tells whether that is new.
    fn object(&mut self, how: How, enforced: bool, fault: &Fault, time: i64) -> bool {
        if self.demand == Demand::Off {
            return false;
        }
        let enforced = enforced && self.demand == Demand::SrtpOnly;
        let Fault { line, why } = fault;
        let new = Refusal { time, enforced, how, line: line.to_string(), why: *why };
        let is_known = self.refusal.as_ref().is_some_and(|known| *known == Refusal { time: known.time, ..new.clone() });
        if !is_known {
            self.refusal = Some(new);
        }
        !is_known
    }

    fn leave(&mut self, heard: &Heard<'_>) {
        if let Some(branch) = self.branch(self.branch_tag(heard), false) {
            branch.bye.get_or_insert((heard.exchange, heard.now)).0 = heard.exchange;
        }
    }

    /// A response to a BYE. Who is asked for credentials asks again; who is unknown there has ended, nearly.
    fn left(&mut self, heard: &Heard<'_>) {
        let tag = self.branch_tag(heard);
        let Some(branch) = self.branch(tag, false).filter(|it| it.bye.is_some_and(|bye| bye.0 == heard.exchange))
        else {
            return;
        };
        match heard.status {
            100..200 => {}
            200..300 => self.close(tag, heard.now),
            408 | 481 => self.give_up(tag, heard.now),
            _ => branch.bye = None,
        }
    }

    /// A BYE was not accepted, or not answered. The remote party's may have been one that our side could not take: then the
    /// call goes on there, and what is refused in it must stay so.
    fn give_up(&mut self, tag: u64, now: Moment) {
        let is_left_out = self.is_left_out;
        let Some(branch) = self.branches.iter_mut().find(|branch| branch.tag == tag) else { return };
        if branch.bye.is_some_and(|(exchange, _)| exchange.by == Side::Remote) && branch.refuse_all(is_left_out) {
            branch.bye = None;
        } else {
            self.close(tag, now);
        }
    }

    fn close(&mut self, tag: u64, now: Moment) {
        self.branches.retain(|branch| branch.tag != tag);
        if self.branches.is_empty() && (self.is_up() || self.offers.is_empty()) {
            self.end(State::Ended, now);
        }
    }

    /// Ends it.
    pub(super) fn end(&mut self, state: State, now: Moment) {
        if self.outcome().is_none() {
            (self.stage, self.since) = (Stage::Over(state), now);
        }
        self.branches.clear();
        self.offers.clear();
    }

    /// What the passing of time brings about. Tells whether anything has changed.
    pub(super) fn age(&mut self, now: Moment) -> bool {
        let (age, before) = (now.since(self.since), (self.stage, self.branches.len()));
        let gone = |branch: &Branch| branch.bye.is_some_and(|(_, at)| now.since(at) >= TRANSACTION);
        let has_gone = self.branches.iter().any(gone);
        while let Some(tag) = self.branches.iter().find(|branch| gone(branch)).map(|branch| branch.tag) {
            self.give_up(tag, now);
        }
        match self.stage {
            Stage::Calling | Stage::Proceeding | Stage::Early if self.cancelled && age >= TRANSACTION => {
                self.end(State::Cancelled, now)
            }
            Stage::Calling if age >= TRANSACTION => self.end(State::Failed(408), now),
            Stage::Challenged(status) if age >= TRANSACTION => self.end(State::Failed(status), now),
            Stage::Proceeding if age >= PROCEEDING => self.end(State::Failed(408), now),
            Stage::Early if age >= RINGING => self.end(State::Failed(408), now),
            // No further 2xx comes.
            Stage::Up if age >= TRANSACTION => self.offers.clear(),
            _ => {}
        }
        has_gone || before != (self.stage, self.branches.len())
    }

    /// The tag of whoever was called.
    const fn branch_tag(&self, heard: &Heard<'_>) -> u64 {
        if self.inbound { heard.our_tag } else { heard.remote_tag }
    }

    fn branch(&mut self, tag: u64, new: bool) -> Option<&mut Branch> {
        if tag == 0 {
            return None;
        }
        let at = match self.branches.iter().position(|branch| branch.tag == tag) {
            Some(at) => at,
            None if new && self.branches.len() < BRANCHES => {
                self.branches.push(Branch::new(tag));
                self.branches.len() - 1
            }
            None => return None,
        };
        self.branches.get_mut(at)
    }
}
