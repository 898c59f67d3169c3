//! One side of a call, between our side and one remote party: its dialogs, offers and answers (RFC 3261, RFC 3264, RFC 3311,
//! RFC 3262, RFC 6337).
//!
//! Owns: what has been agreed on in which dialog, and how the leg ends. Refuses: which messages belong to it, and other legs.
use std::net::SocketAddr;

use firewall_common::addr::Addr;
use firewall_common::sip::Method;

use super::super::call::{Demand, How, Refusal, State, Transport, socket};
use super::super::clock::Moment;
use super::agree::{Meeting, Session};
use super::heard::{Exchange, Heard, Said, Side};
use super::judge::Fault;
use super::rules::Rules;

/// Dialogs of one leg: branches of a forked call.
pub(super) const BRANCHES: usize = 8;
/// INVITEs of one leg that are under way at once.
pub(super) const FORKS: usize = 4;
/// Offers of one dialog that are under way at once: one of each side, when they meet (RFC 3261 §14.1).
const PENDING: usize = 2;
/// Seconds for which a request is repeated: 64 × T1, and a little.
pub(super) const TRANSACTION: u32 = 36;
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
    /// The hash of the remote party's source.
    pub(super) source: u64,
    /// How many pinholes it has.
    pub(super) pinholes: u32,
    /// Whether it has none because its source has too many.
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
    /// Its callee was reached.
    Early,
    /// Answered.
    Up,
    /// Over.
    Over(State),
}

/// An offer under way, or an INVITE that has none, so that its answer will offer.
#[derive(Debug)]
struct Offer {
    exchange: Exchange,
    /// Who offers.
    by: Side,
    /// Whether it stands in a response, so that a later request answers it.
    delayed: bool,
    said: Said,
}

/// A dialog (RFC 3261 §12).
#[derive(Debug)]
struct Branch {
    /// The hash of the tag of whoever was called.
    tag: u64,
    /// Whether a 2xx has confirmed it.
    up: bool,
    session: Option<(Exchange, Session)>,
    offers: Vec<Offer>,
    /// An INVITE whose offer is answered, and whose further descriptions mean nothing (RFC 6337 §3.1.1).
    settled: Option<Exchange>,
    /// The request to end it, and when it came.
    bye: Option<(Exchange, Moment)>,
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
            source,
            pinholes: 0,
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

    /// Whether a message belongs to one of its dialogs.
    pub(super) fn has_dialog(&self, heard: &Heard<'_>) -> bool {
        let tag = self.branch_tag(heard);
        self.branches.iter().any(|branch| branch.tag == tag)
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
        let offer = |offer: &Offer| match &offer.said {
            Said::Description(description) => size_of::<Offer>() + description.lines.len() * LINE,
            _ => size_of::<Offer>(),
        };
        let session = |session: &Session| session.streams.len() * STREAM + session.flows.len() * FLOW;
        let branches: usize = self
            .branches
            .iter()
            .map(|branch| {
                let agreed = branch.session.as_ref().map_or(0, |(_, it)| session(it));
                size_of::<Branch>() + agreed + branch.offers.iter().map(offer).sum::<usize>()
            })
            .sum();
        size_of::<Self>() + branches + self.offers.iter().map(offer).sum::<usize>()
    }

    /// Takes in a message that belongs to it.
    pub(super) fn hear(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        match (heard.is_request(), heard.exchange.method) {
            (true, Method::Invite) if heard.begins() => self.begin(heard, around),
            (true, Method::Invite | Method::Update | Method::Prack) => self.offered(heard, around),
            (true, Method::Ack) => self.answered(heard, around),
            (true, Method::Bye) => self.leave(heard),
            (true, Method::Cancel) => self.cancel(heard),
            (false, Method::Invite) => self.invited(heard, around),
            (false, Method::Update | Method::Prack) => self.replied(heard, around),
            (false, Method::Bye) => self.left(heard),
            _ => {}
        }
    }

    /// An INVITE outside of any dialog.
    fn begin(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        let exchange = heard.exchange;
        let (is_known, cseq) = (self.offers.iter().any(|offer| offer.exchange == exchange), Some(exchange.cseq));
        let is_old = cseq < self.cseq || self.outcome().is_some() && cseq == self.cseq && !self.forks();
        if is_known || is_old || self.is_up() || self.offers.len() >= FORKS {
            return;
        }
        if cseq > self.cseq {
            self.offers.clear();
            self.refusal = None;
        }
        if self.stage != Stage::Early {
            (self.stage, self.cancelled) = (Stage::Calling, false);
        }
        (self.cseq, self.since) = (cseq, heard.now);
        let (said, verdict) = heard.judged(around.rules.accepted);
        if let Err(fault) = verdict {
            let enforced = around.rules.drops_media;
            // What the kernel would have done, had the policy said so.
            let would = if self.inbound { How::Answered } else { How::OwnOffer };
            let how = if self.demand == Demand::SrtpOnly { How::NoMedia } else { would };
            self.object(how, enforced, &fault, heard.wall);
        }
        self.offers.push(Offer { exchange, by: exchange.by, delayed: false, said: fit(said, around) });
    }

    /// Whether its INVITEs may come from several branches of one request.
    const fn forks(&self) -> bool {
        !self.inbound && !matches!(self.stage, Stage::Over(State::Refused))
    }

    /// The kernel dropped its INVITE. Tells whether that is new.
    pub(super) fn refuse(&mut self, heard: &Heard<'_>, how: How, fault: &Fault) -> bool {
        if !heard.begins() {
            return self.object(how, true, fault, heard.wall);
        }
        let cseq = Some(heard.exchange.cseq);
        if self.cseq >= cseq || self.is_up() || self.stage == Stage::Early {
            return false;
        }
        self.cseq = cseq;
        self.end(State::Refused, heard.now);
        self.object(how, true, fault, heard.wall)
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

    /// An offer inside a dialog, or the answer to one that stood in a response.
    fn offered(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        let (exchange, said) = (heard.exchange, heard.said());
        if exchange.method == Method::Prack && self.answer_delayed(heard, &said, around) {
            return;
        }
        if matches!(said, Said::Nothing) && exchange.method != Method::Invite {
            return;
        }
        let Some(branch) = self.branch(self.branch_tag(heard), heard.is_invite() && around.has_room) else { return };
        branch.push(Offer { exchange, by: exchange.by, delayed: false, said: fit(said, around) });
    }

    /// An ACK: it answers if a 2xx offered.
    fn answered(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        self.answer_delayed(heard, &heard.said(), around);
    }

    /// Whether a request answers an offer that stood in a response.
    fn answer_delayed(&mut self, heard: &Heard<'_>, said: &Said, around: Around<'_>) -> bool {
        let (by, cseq) = (heard.exchange.by, heard.exchange.cseq);
        let is_ack = heard.exchange.method == Method::Ack;
        let tag = self.branch_tag(heard);
        let Some(branch) = self.branch(tag, false) else { return false };
        let is_meant =
            |offer: &Offer| offer.delayed && offer.by == by.other() && (!is_ack || offer.exchange.cseq == cseq);
        let Some(at) = branch.offers.iter().position(is_meant) else { return false };
        if matches!(said, Said::Nothing) {
            return false;
        }
        let offer = branch.offers.remove(at);
        branch.settled = Some(offer.exchange);
        self.agree(tag, &offer, said, heard, around);
        true
    }

    fn leave(&mut self, heard: &Heard<'_>) {
        if let Some(branch) = self.branch(self.branch_tag(heard), false) {
            branch.bye.get_or_insert((heard.exchange, heard.now)).0 = heard.exchange;
        }
    }

    fn cancel(&mut self, heard: &Heard<'_>) {
        let is_callers = (heard.exchange.by == Side::Remote) == self.inbound;
        if is_callers && Some(heard.exchange.cseq) == self.cseq && !self.is_up() && self.outcome().is_none() {
            (self.cancelled, self.since) = (true, heard.now);
        }
    }

    /// A response to an INVITE.
    fn invited(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        let is_first = self.offers.iter().any(|offer| offer.exchange == heard.exchange);
        match heard.status {
            100 => self.since = if is_first && !self.is_up() { heard.now } else { self.since },
            101..200 => {
                if is_first && !self.is_up() {
                    (self.stage, self.since) = (Stage::Early, heard.now);
                }
                self.described(heard, is_first, around);
            }
            200..300 => self.confirmed(heard, is_first, around),
            status if is_first => self.failed(heard, status),
            _ => self.drop_offer(heard),
        }
    }

    fn confirmed(&mut self, heard: &Heard<'_>, is_first: bool, around: Around<'_>) {
        let tag = self.branch_tag(heard);
        let is_known = self.has_dialog(heard);
        if !is_first && !is_known {
            return;
        }
        if is_first && self.outcome().is_none() && !self.is_up() {
            (self.stage, self.since) = (Stage::Up, heard.now);
        }
        if self.outcome().is_some() {
            return;
        }
        self.described(heard, is_first, around);
        if let Some(branch) = self.branch(tag, around.has_room) {
            branch.up = true;
        }
        if is_first {
            // The branches that still ring have lost (RFC 3261 §13.2.2.4).
            self.branches.retain(|branch| branch.up);
        } else {
            // The leg was picked up in the middle of its dialog.
            self.stage = Stage::Up;
            self.drop_offer(heard);
        }
    }

    /// Asked for credentials, the caller begins anew.
    fn failed(&mut self, heard: &Heard<'_>, status: u16) {
        self.offers.retain(|offer| offer.exchange != heard.exchange);
        if !self.offers.is_empty() || self.is_up() {
            return;
        }
        self.branches.clear();
        match status {
            401 | 407 if !self.cancelled => (self.stage, self.since) = (Stage::Challenged(status), heard.now),
            _ => self.end(self.failure(status), heard.now),
        }
    }

    const fn failure(&self, status: u16) -> State {
        if self.cancelled { State::Cancelled } else { State::Failed(status) }
    }

    /// A description in a response to an INVITE: the answer, or an offer if the INVITE had none.
    fn described(&mut self, heard: &Heard<'_>, is_first: bool, around: Around<'_>) {
        let said = heard.said();
        let tag = self.branch_tag(heard);
        if matches!(said, Said::Nothing) || tag == 0 {
            return;
        }
        let Some(branch) = self.branch(tag, is_first && around.has_room) else { return };
        if branch.settled == Some(heard.exchange) {
            return;
        }
        let within = |offers: &mut Vec<Offer>| {
            let at = offers.iter().position(|offer| offer.exchange == heard.exchange && !offer.delayed)?;
            Some(Offer { said: offers[at].said.clone(), ..offers[at] })
        };
        let Some(offer) = (if is_first { within(&mut self.offers) } else { within(&mut branch.offers) }) else {
            return;
        };
        if matches!(offer.said, Said::Nothing) {
            let said = fit(said, around);
            if let Some(branch) = self.branch(tag, false) {
                branch.push(Offer { by: offer.by.other(), delayed: true, said, ..offer });
            }
        } else {
            self.agree(tag, &offer, &said, heard, around);
        }
    }

    /// A response to UPDATE or PRACK.
    fn replied(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        if heard.status < 200 {
            return;
        }
        let tag = self.branch_tag(heard);
        let Some(branch) = self.branch(tag, false) else { return };
        let Some(at) = branch.offers.iter().position(|offer| offer.exchange == heard.exchange) else { return };
        let offer = branch.offers.remove(at);
        let said = heard.said();
        if heard.status < 300 && !matches!(said, Said::Nothing) {
            self.agree(tag, &offer, &said, heard, around);
        }
    }

    /// What was offered inside a dialog is no longer under way.
    fn drop_offer(&mut self, heard: &Heard<'_>) {
        if let Some(branch) = self.branch(self.branch_tag(heard), false) {
            branch.offers.retain(|offer| offer.exchange != heard.exchange || offer.delayed);
        }
    }

    fn agree(&mut self, tag: u64, offer: &Offer, answer: &Said, heard: &Heard<'_>, around: Around<'_>) {
        let (demand, signalling) = (self.demand, self.remote);
        let Some(branch) = self.branch(tag, false) else { return };
        let session = match (&offer.said, answer) {
            (Said::Description(asked), Said::Description(answer)) => Meeting {
                offer: asked,
                answer,
                we_offered: offer.by == Side::Ours,
                demand,
                rules: around.rules,
                call: around.call,
                signalling,
                former: branch.session.as_ref().map(|(_, session)| session),
            }
            .session(),
            _ => Session { fault: Some(Fault::unreadable()), ..Session::default() },
        };
        let fault = session.fault.clone();
        let before = branch.session.replace((offer.exchange, session)).map(|(exchange, _)| exchange);
        if !offer.delayed {
            // What the responses of an earlier INVITE say from now on has been overtaken.
            branch.settled = before.filter(|before| *before != offer.exchange).or(branch.settled);
        }
        if let Some(fault) = fault {
            self.object(How::NoMedia, around.rules.drops_media, &fault, heard.wall);
        }
    }

    /// A response to a BYE. Who is asked for credentials asks again; who is unknown there has ended.
    fn left(&mut self, heard: &Heard<'_>) {
        let tag = self.branch_tag(heard);
        let Some(branch) = self.branch(tag, false).filter(|it| it.bye.is_some_and(|bye| bye.0 == heard.exchange))
        else {
            return;
        };
        match heard.status {
            100..200 => {}
            200..300 | 408 | 481 => self.close(tag, heard.now),
            _ => branch.bye = None,
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
        while let Some(tag) = self.branches.iter().find(|branch| gone(branch)).map(|branch| branch.tag) {
            self.close(tag, now);
        }
        match self.stage {
            Stage::Calling | Stage::Early if self.cancelled && age >= TRANSACTION => self.end(State::Cancelled, now),
            Stage::Calling if age >= TRANSACTION => self.end(State::Failed(408), now),
            Stage::Challenged(status) if age >= TRANSACTION => self.end(State::Failed(status), now),
            Stage::Early if age >= RINGING => self.end(State::Failed(408), now),
            // No further 2xx comes.
            Stage::Up if age >= TRANSACTION => self.offers.clear(),
            _ => {}
        }
        before != (self.stage, self.branches.len())
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
                let (session, offers) = (None, Vec::new());
                self.branches.push(Branch { tag, up: false, session, offers, settled: None, bye: None });
                self.branches.len() - 1
            }
            None => return None,
        };
        self.branches.get_mut(at)
    }
}

impl Branch {
    /// Adds an offer in the place of an earlier one of the same side.
    fn push(&mut self, offer: Offer) {
        self.offers.retain(|known| known.by != offer.by || known.delayed != offer.delayed);
        if self.offers.len() >= PENDING {
            self.offers.remove(0);
        }
        self.offers.push(offer);
    }
}

/// A description for which there is no room says nothing that can be read.
fn fit(said: Said, around: Around<'_>) -> Said {
    match said {
        Said::Description(_) if !around.has_room => Said::Unreadable,
        said => said,
    }
}

/// Bytes of a media line of an offer, of a stream of a record and of a flow, with what belongs to them.
const LINE: usize = size_of::<super::description::Line>() + 384;
const STREAM: usize = size_of::<super::super::call::Stream>() + 96;
const FLOW: usize = size_of::<firewall_common::media::Flow>();
