//! The numbers that the engine works with.
//!
//! Owns: taking them from a config. Refuses: changing the size of a table while it is in use.
use firewall_common::addr::Addr;
use firewall_common::limiter::Limit;

use super::tally::Rate;
use crate::config::{Allowance, Config, Tracking};

/// A config as the engine takes it; times in seconds.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) v6_mask: Addr,
    pub(super) failures: Rate,
    pub(super) slow: Rate,
    pub(super) account: Rate,
    pub(super) account_sources: u32,
    /// For strangers' failures at accounts with a weak password; none: as for any other.
    pub(super) weak: Option<Rate>,
    pub(super) scanning: Rate,
    pub(super) malformed: Rate,
    pub(super) spray: Rate,
    pub(super) unproven: Rate,
    pub(super) own_account: Rate,
    pub(super) registrant_accounts: u32,
    pub(super) ladder: Vec<u32>,
    pub(super) decay: u32,
    pub(super) hold: u32,
    /// How many failures of one account the kernel's hold lets through at most in the time of `failures`, several times over.
    pub(super) held_most: u32,
    pub(super) alarm: u32,
    pub(super) grace: u32,
    pub(super) longest: u32,
    pub(super) told_for: u32,
    pub(super) known_for: u32,
    pub(super) sources_per_account: usize,
    pub(super) code_digits: u32,
}

impl Settings {
    /// The numbers of a config.
    pub(super) fn of(config: &Config) -> Self {
        let (bans, trust) = (config.bans(), config.trust());
        let v6_bits = u8::try_from(config.strangers().v6_prefix.get()).unwrap_or(64);
        Self {
            v6_mask: Addr::mask(v6_bits),
            failures: rate(bans.failures),
            slow: rate(bans.slow_failures),
            account: rate(bans.account),
            account_sources: bans.account_sources.get(),
            weak: weak(config),
            scanning: rate(bans.scanning),
            malformed: rate(bans.malformed),
            spray: rate(bans.invite_spray),
            unproven: rate(bans.unproven),
            own_account: rate(bans.account_failures),
            registrant_accounts: bans.registrant_accounts.get(),
            ladder: bans.ladder.seconds(),
            decay: bans.decay.seconds(),
            hold: bans.hold.seconds(),
            held_most: held_most(rate(bans.failures), config.slow_path().hold.limit()),
            alarm: bans.alarm.seconds(),
            grace: trust.grace.seconds(),
            longest: trust.longest.seconds(),
            told_for: trust.told_for.seconds(),
            known_for: trust.known_for.seconds(),
            sources_per_account: trust.sources_per_account.get() as usize,
            code_digits: config.dial_plan().code_digits,
        }
    }

    /// Seconds of a step of the ladder, counted from 1; the last step's for those behind it.
    pub(super) fn step(&self, step: u32) -> u32 {
        let index = (step.max(1) as usize - 1).min(self.ladder.len().saturating_sub(1));
        self.ladder.get(index).copied().unwrap_or(0)
    }
}

/// How many times what a hold lets through shows that it doesn't hold: whoever sends several requests in a segment gets some
/// by without meaning to.
const LEAKS: u64 = 4;

fn held_most(failures: Rate, hold: Limit) -> u32 {
    let Some(burst) = hold.tolerance.checked_div(hold.interval) else { return u32::MAX };
    let passing = u64::from(failures.within) * 1_000_000_000 / hold.interval + burst + 1;
    u32::try_from((u64::from(failures.count) + passing).saturating_mul(LEAKS)).unwrap_or(u32::MAX)
}

fn weak(config: &Config) -> Option<Rate> {
    let passwords = config.passwords();
    let within = rate(config.bans().failures).within;
    passwords.tightens().then(|| Rate { count: passwords.failures.get(), within })
}

/// One that is off has a count of 0, and some time.
fn rate<const MAX: u32>(allowance: Allowance<MAX>) -> Rate {
    let (count, within) = allowance.get().unwrap_or((0, 600));
    Rate { count, within }
}

/// The sizes of the tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) sources: u32,
    pub(super) probes: u32,
    pub(super) accounts: u32,
    pub(super) pairs: u32,
    pub(super) transactions: u32,
    pub(super) nonces: u32,
    pub(super) registrations: usize,
    pub(super) incidents: u32,
    pub(super) calls: u32,
    pub(super) meters: u32,
}

impl Sizes {
    /// The sizes of a config.
    pub(super) fn of(tracking: &Tracking) -> Self {
        Self {
            sources: tracking.sources.get(),
            probes: tracking.probes.get(),
            accounts: tracking.accounts.get(),
            pairs: tracking.pairs.get(),
            transactions: tracking.transactions.get(),
            nonces: tracking.nonces.get(),
            registrations: tracking.registrations.get() as usize,
            incidents: tracking.incidents.get(),
            calls: tracking.calls.get(),
            meters: tracking.meters.get(),
        }
    }
}
