//! What PBXs tell.
//!
//! Owns: the way of a feed's event into the same rules and ledger. Refuses: believing an address that nothing proves.
use firewall_common::addr::Addr;
use firewall_common::sip::Method;

use super::clock::Moment;
use super::command::Command;
use super::evidence::Proof;
use super::facts::Account;
use super::input::{FeedEvent, FeedWhat, Standing};
use super::ledger;
use super::reading;
use super::slow_path::Engine;
use super::text::Name;
use super::who::{Case, What, Who};
use crate::clock::Clock;

/// The most feeds that evidence can tell apart.
const FEEDS: usize = 200;

impl Engine {
    /// Takes in what a feed tells. `standing` is what the event's source is to the policy.
    pub fn feed(&mut self, event: &FeedEvent, standing: Standing, clock: Clock, out: &mut Vec<Command>) {
        self.counts.told += 1;
        let source = Addr::from(event.source).source(self.settings.v6_mask);
        let way = self.way(&event.feed);
        let who = Who::of_feed(source, standing, event.connected, way, self.key);
        let name = event.account.as_deref().unwrap_or_default().as_bytes();
        let account = reading::account(name, self.key);
        let proof = self.feeds_proof(event, &who, &account, clock.now());
        let what = match event.what {
            FeedWhat::AuthSuccess => {
                // Without proof nobody is remembered for it: who owns one account could fill the tables with forged addresses.
                if proof == Proof::None {
                    self.forgive(&who, account.hash, clock.now());
                } else {
                    self.authenticated(&who, &account, true, clock);
                    self.told_of_success(&who, &account, clock, out);
                }
                return;
            }
            FeedWhat::AuthFailure => What::Failure,
            FeedWhat::UnknownAccount => What::Refused,
            FeedWhat::Malformed => What::Malformed,
        };
        let target = if name.is_empty() { 0 } else { reading::user(name, self.key) };
        let case = Case {
            what,
            proof,
            status: 0,
            method: event.method.as_deref().map_or(Method::Extension, |name| Method::of(name.as_bytes())),
            account,
            from: Name::new(account.name.bytes()),
            target,
            agent: Name::new(event.user_agent.as_deref().unwrap_or_default().as_bytes()),
        };
        if what != What::Refused || target != 0 {
            self.incident(&who, &case, clock, out);
        }
    }

    fn feeds_proof(&self, event: &FeedEvent, who: &Who, account: &Account, now: Moment) -> Proof {
        if event.connected {
            return Proof::Connection;
        }
        let Some(nonce) = &event.nonce else { return Proof::None };
        let nonce = reading::nonce(nonce.as_bytes(), self.key);
        match self.ledger.standing(self.key, who.hash, nonce, account.hash, now) {
            ledger::Standing::Proof | ledger::Standing::Accepted => Proof::Nonce,
            _ => Proof::None,
        }
    }

    /// The number of a feed's name among the ways by which incidents come.
    fn way(&mut self, feed: &str) -> u8 {
        let known = self.ways.iter().skip(2).position(|way| way == feed).map(|index| index + 2);
        let index = known.unwrap_or_else(|| {
            if self.ways.len() < FEEDS {
                self.ways.push(feed.to_owned());
            }
            self.ways.len() - 1
        });
        u8::try_from(index).unwrap_or(u8::MAX)
    }
}
