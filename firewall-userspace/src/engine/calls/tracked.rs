//! One call: its legs, and what of it is told.
//!
//! Owns: which leg a message belongs to; the call's record; pinholes that were there before the daemon. Refuses: other calls.
use firewall_common::media::{FLOW_REFUSED, Flow};
use firewall_common::number::{self, Dialled};
use firewall_common::sip::Method;

use super::super::call::{self, Call, Decided, Identity, State};
use super::super::clock::Moment;
use super::heard::{Exchange, Heard, Side};
use super::leg::{Around, Leg};
use super::log::Log;
use super::parties::Told;
use super::party::{NAME, agent, name};
use super::refusal;
use super::stir::Metered;

/// Legs of one call.
pub(super) const LEGS: usize = 8;
/// Bytes of all names of a call at most: a byte may become a character of three.
pub(super) const NAMES: usize = 4 * 3 * NAME;

/// A call.
#[derive(Debug, Default)]
pub(super) struct Tracked {
    pub(super) id: u64,
    pub(super) legs: Vec<Leg>,
    /// Whether somebody besides a stranger has made it more than an attempt: only then it is told.
    pub(super) counts: bool,
    /// The hash of the record that was told; 0: none.
    pub(super) told: u64,
    /// The hash of the pinholes that hold, and their number.
    pub(super) pinholes: (u64, u32),
    /// Whether the kernel did not take all of them.
    pub(super) is_unset: bool,
    /// The hash of its Call-ID under the kernel's key; 0 where it is not known.
    pub(super) dialog: u64,
    /// The tag of whoever began it.
    pub(super) first: u64,
    /// What the kernel was told of its parties.
    pub(super) parties: Told,
    /// The number that it is for.
    pub(super) dialled: Dialled,
    /// How it is counted.
    pub(super) metered: Metered,
    /// What refused it.
    pub(super) decided: Option<Decided>,
    /// Its last message, and the last word of its media.
    pub(super) touched: Moment,
    pub(super) media: Moment,
    /// Bytes that were counted for it.
    pub(super) weight: usize,
    started: i64,
    answered: Option<i64>,
    ended: Option<i64>,
    from: String,
    to: String,
    agent: String,
    /// What only the log is interested in.
    pub(super) log: Log,
    /// Whether the book has noted that it is over.
    pub(super) is_done: bool,
    /// What its signature says, and what became of it.
    pub(super) signature: Signature,
    adopted: Adopted,
}

/// The signature of a call.
#[derive(Debug, Default)]
pub(super) struct Signature {
    /// The hash of the last claim, and how many there were.
    pub(super) claim: u64,
    pub(super) claims: u32,
    /// What is known of the last one.
    pub(super) identity: Option<Identity>,
    /// Whether a claim does not hold, and the call therefore gets no media.
    pub(super) is_refused: bool,
}

impl Signature {
    /// What it decided about the call.
    fn decided(&self) -> Option<Decided> {
        self.is_refused.then(|| Decided { by: "identity".to_owned(), status: None, enforced: true })
    }
}

/// What was there before the daemon.
#[derive(Debug, Default)]
struct Adopted {
    flows: Vec<Flow>,
    legs: Vec<call::Leg>,
    bye: Option<Exchange>,
    state: Option<State>,
}

impl Tracked {
    /// One that begins with this message, and `counts` or is an attempt; `dialog` as the field.
    pub(super) fn new(heard: &Heard<'_>, counts: bool, dialog: u64) -> Self {
        let message = heard.message;
        Self {
            id: heard.call,
            counts,
            dialog,
            dialled: heard.uri.map(|uri| number::of_uri(uri.raw)).unwrap_or_default(),
            first: if heard.is_in() { heard.remote_tag } else { heard.our_tag },
            started: heard.wall,
            from: name(&message.from.uri),
            to: heard.uri.as_ref().map(name).unwrap_or_default(),
            agent: agent(message),
            touched: heard.now,
            ..Self::default()
        }
    }

    /// One whose pinholes the kernel holds already, and whose record the database has, perhaps.
    pub(super) fn adopt(id: u64, flows: Vec<Flow>, record: Option<&Call>, now: Moment, wall: i64) -> Self {
        let mut new = Self { id, counts: true, started: wall, touched: now, media: now, ..Self::default() };
        new.adopted = Adopted { flows, state: Some(State::Up), ..Adopted::default() };
        if let Some(record) = record {
            (new.started, new.answered) = (record.started, record.answered);
            (new.from, new.to, new.agent) = (record.from.clone(), record.to.clone(), record.agent.clone());
            new.adopted.legs.clone_from(&record.legs);
            new.signature.identity.clone_from(&record.identity);
            new.signature.is_refused = record.decided.as_ref().is_some_and(|decided| decided.by == "identity");
            new.adopted.state = Some(record.state);
            new.log = Log::of(record);
        }
        new
    }

    /// The leg that a message belongs to. What the remote side says belongs to none when somebody else is the leg's remote
    /// party; but for an INVITE inside of its dialog, which means nothing before our side has accepted it. Where our side goes
    /// on with a dialog, its remote party is.
    pub(super) fn leg(&mut self, heard: &Heard<'_>) -> Belongs {
        let by_remote = |leg: &Leg| leg.inbound && heard.remote_tag != 0 && leg.tag == heard.remote_tag;
        let by_ours = |leg: &Leg| !leg.inbound && heard.our_tag != 0 && leg.tag == heard.our_tag;
        let is_remote = self.legs.iter().any(by_remote);
        let is_named = |leg: &Leg| if is_remote { by_remote(leg) } else { by_ours(leg) };
        let find = |is: &dyn Fn(&Leg) -> bool| self.legs.iter().position(|leg| is_named(leg) && is(leg));
        if let Some(at) = find(&|leg| leg.is_with(heard)) {
            return Belongs::To(at);
        }
        let elsewhere = find(&|leg| leg.has_dialog(heard));
        match elsewhere {
            Some(at) if heard.is_in() && heard.changes() => Belongs::To(at),
            Some(at) if !heard.is_in() && heard.goes_on() => {
                self.legs[at].follow(heard);
                Belongs::To(at)
            }
            _ if heard.is_in() && find(&|leg| leg.outcome().is_none()).is_some() => Belongs::Forged,
            _ => Belongs::Nowhere,
        }
    }

    /// Adds a leg, in the place of one that is over if there are too many. Tells where.
    pub(super) fn add(&mut self, leg: Leg) -> Option<usize> {
        if self.legs.len() < LEGS {
            self.legs.push(leg);
            return Some(self.legs.len() - 1);
        }
        let over = self.legs.iter().position(|leg| leg.outcome().is_some())?;
        self.legs.remove(over);
        self.legs.push(leg);
        Some(LEGS - 1)
    }

    /// Notes a message of one of its legs for the log.
    pub(super) fn note(&mut self, at: usize, heard: &Heard<'_>) {
        if let Some(leg) = self.legs.get(at) {
            self.log.hear(at, leg.inbound, heard, self.started);
        }
    }

    /// Takes in a message of one of its legs.
    pub(super) fn hear(&mut self, at: usize, heard: &Heard<'_>, around: Around<'_>) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        if heard.begins() {
            // It is tried again, and this time it passed.
            self.decided = None;
        }
        leg.hear(heard, around);
        if leg.sessions().next().is_some() {
            let signalling = leg.remote;
            self.adopted.flows.retain(|flow| flow.signalling != signalling);
        }
        let is_answer = !heard.is_request() && heard.exchange.method == Method::Invite && heard.status > 100;
        self.counts |= is_answer && heard.status < 300;
        if is_answer && (200..300).contains(&heard.status) && leg.is_up() {
            self.answered.get_or_insert(heard.wall);
        }
    }

    /// The end of a call that is known by its pinholes only.
    pub(super) fn leave(&mut self, heard: &Heard<'_>) {
        let remote = heard.flow.remote;
        let is_party = self.adopted.flows.iter().any(|flow| flow.signalling == remote);
        if heard.exchange.method != Method::Bye || self.adopted.flows.is_empty() || heard.is_in() && !is_party {
            return;
        }
        if heard.is_request() {
            self.adopted.bye = Some(heard.exchange);
        } else if matches!(heard.status, 200..300 | 408 | 481) && self.adopted.bye == Some(heard.exchange) {
            let is_sure = heard.status < 300 || heard.exchange.by == Side::Ours;
            let stays =
                |flow: &Flow| is_party && flow.signalling != remote || !is_sure && flow.flags & FLOW_REFUSED != 0;
            self.adopted.flows.retain(stays);
            if self.adopted.flows.is_empty() {
                self.adopted.state = Some(State::Ended);
            }
        }
    }

    /// Ends it.
    pub(super) fn end(&mut self, state: State, now: Moment) {
        self.legs.iter_mut().for_each(|leg| leg.end(state, now));
        if !self.adopted.flows.is_empty() {
            self.adopted.flows.clear();
            self.adopted.state = Some(state);
        }
    }

    /// Notes its end, when it has come.
    pub(super) fn close(&mut self, wall: i64) {
        if self.is_over() {
            self.ended.get_or_insert(wall);
        } else {
            self.ended = None;
        }
    }

    /// Whether all of it is over.
    pub(super) fn is_over(&self) -> bool {
        self.adopted.flows.is_empty() && self.legs.iter().all(|leg| leg.outcome().is_some())
    }

    /// Whether nothing more than an attempt of a stranger's is lost with it.
    pub(super) fn is_cheap(&self) -> bool {
        !self.counts && self.pinholes.1 == 0
    }

    /// Pinholes that were there before the daemon.
    pub(super) fn adopted(&self) -> &[Flow] {
        &self.adopted.flows
    }

    /// For how long media may be silent: the longest that any of its pinholes may by which something can come.
    pub(super) fn silence(&self) -> Option<u64> {
        let agreed = self.legs.iter().flat_map(|leg| leg.sessions().flat_map(|session| &session.flows));
        let all = agreed.chain(&self.adopted.flows);
        all.filter(|flow| flow.flags & FLOW_REFUSED == 0).map(|flow| flow.silence).max()
    }

    /// The user agent of whoever called.
    pub(super) fn agent(&self) -> &str {
        &self.agent
    }

    /// What is known of it.
    pub(super) fn record(&self) -> Call {
        let is_new = |old: &&call::Leg| !self.legs.iter().any(|leg| leg.record().remote.ip() == old.remote.ip());
        let old = self.adopted.legs.iter().filter(is_new).cloned();
        let legs: Vec<call::Leg> = old.chain(self.legs.iter().map(Leg::record)).collect();
        let state = self.state();
        Call {
            decided: self.decided.clone().or_else(|| refusal::decided(&legs)).or_else(|| self.signature.decided()),
            started: self.started,
            answered: self.answered,
            ended: self.ended,
            from: self.from.clone(),
            to: self.to.clone(),
            agent: self.agent.clone(),
            legs,
            state,
            callee_agent: self.log.callee_agent.clone(),
            ended_by: self.log.ended_by(state),
            identity: self.signature.identity.clone(),
            ..Call::blank(self.id)
        }
    }

    /// What the call has come to is what its first leg has; while that is over and others are not, what they have.
    fn state(&self) -> State {
        if self.legs.is_empty() || !self.adopted.flows.is_empty() {
            return self.adopted.state.unwrap_or(State::Calling);
        }
        let live = self.legs.iter().find(|leg| leg.outcome().is_none());
        match live.or(self.legs.first()) {
            Some(leg) => leg.outcome().unwrap_or(if leg.is_up() { State::Up } else { State::Calling }),
            None => State::Calling,
        }
    }

    /// Bytes that it takes, nearly.
    pub(super) fn measure(&self) -> usize {
        let text = self.from.len() + self.to.len() + self.agent.len();
        let text = text + self.decided.as_ref().map_or(0, |decided| decided.by.len());
        let text = text + self.signature.identity.as_ref().map_or(0, |identity| identity.signer.len());
        let adopted = size_of_val(&*self.adopted.flows) + self.adopted.legs.len() * 2 * size_of::<call::Leg>();
        size_of::<Self>() + text + self.log.weight() + adopted + self.legs.iter().map(Leg::weight).sum::<usize>()
    }
}

/// Where a message belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belongs {
    /// To this leg.
    To(usize),
    /// To none that is known.
    Nowhere,
    /// To none, and it says that it did.
    Forged,
}
