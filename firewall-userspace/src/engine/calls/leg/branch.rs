//! Dialogs of a leg, and offers under way (RFC 3261 §12, RFC 3264 §4).
//!
//! Owns: what is kept of them, and how much it takes. Refuses: what messages do to them.
use firewall_common::media::FLOW_REFUSED;

use super::super::super::call::Stream;
use super::super::super::clock::Moment;
use super::super::agree::Session;
use super::super::closed;
use super::super::description::Line;
use super::super::heard::{Exchange, Said, Side};
use super::Around;

/// Offers of one dialog that are under way at once: one of each side, when they meet (RFC 3261 §14.1).
const PENDING: usize = 2;
/// Bytes of a media line of an offer, of a stream of a record and of a flow, with what belongs to them.
const LINE: usize = size_of::<Line>() + 384;
const STREAM: usize = size_of::<Stream>() + 96;
const FLOW: usize = size_of::<firewall_common::media::Flow>();

/// An offer under way, or an INVITE that has none, so that its answer will offer.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) exchange: Exchange,
    /// Who offers.
    pub(super) by: Side,
    /// Whether it stands in a response, so that a later request answers it.
    pub(super) delayed: bool,
    pub(super) said: Said,
}

/// A dialog (RFC 3261 §12).
#[derive(Debug)]
pub(super) struct Branch {
    /// The hash of the tag of whoever was called.
    pub(super) tag: u64,
    /// Whether a 2xx has confirmed it.
    pub(super) up: bool,
    pub(super) session: Option<(Exchange, Session)>,
    pub(super) offers: Vec<Offer>,
    /// An INVITE whose offer is answered, and whose further descriptions mean nothing (RFC 6337 §3.1.1).
    pub(super) settled: Option<Exchange>,
    /// The request to end it, and when it came.
    pub(super) bye: Option<(Exchange, Moment)>,
}

impl Offer {
    /// One of a request, which says this about media. For what there is no room says nothing that can be read.
    pub(super) fn new(exchange: Exchange, said: Said, around: Around<'_>) -> Self {
        Self { exchange, by: exchange.by, delayed: false, said: said.fit(around.has_room, exchange.by) }
    }

    /// Bytes that it takes, nearly.
    pub(super) fn weight(&self) -> usize {
        let said = match &self.said {
            Said::Nothing => 0,
            Said::Unreadable(places) => size_of_val(&**places),
            Said::Description(description) => description.lines.len() * LINE,
        };
        size_of::<Self>() + said
    }
}

impl Branch {
    /// One of which nothing is known.
    pub(super) const fn new(tag: u64) -> Self {
        Self { tag, up: false, session: None, offers: Vec::new(), settled: None, bye: None }
    }

    /// Adds an offer in the place of an earlier one of the same side.
    pub(super) fn push(&mut self, offer: Offer) {
        self.offers.retain(|known| known.by != offer.by || known.delayed != offer.delayed);
        if self.offers.len() >= PENDING {
            self.offers.remove(0);
        }
        self.offers.push(offer);
    }

    /// Keeps of its pinholes only those that let nothing pass; `all` become such ones. Tells whether there are any.
    pub(super) fn refuse_all(&mut self, all: bool) -> bool {
        let Some((_, session)) = &mut self.session else { return false };
        if all {
            session.flows.iter_mut().for_each(|flow| *flow = closed::refused(flow));
        }
        session.flows.retain(|flow| flow.flags & FLOW_REFUSED != 0);
        !session.flows.is_empty()
    }

    /// Bytes that it takes, nearly.
    pub(super) fn weight(&self) -> usize {
        let session = self.session.as_ref().map_or(0, |(_, it)| it.streams.len() * STREAM + it.flows.len() * FLOW);
        size_of::<Self>() + session + self.offers.iter().map(Offer::weight).sum::<usize>()
    }
}
