//! When a source is banned, and for how long.
//!
//! Owns: the keys of `[bans]` and their defaults; docs/bans.md argues them. Refuses: counting anything.
use super::number::Number;
use super::rate::Unit;
use super::section::section;
use super::span::{Allowance, Ladder, Span};

/// The most failures within the short time that a source's record holds.
pub(crate) const FAILURES_MAX: u32 = 10;
/// The most within the long time.
pub(crate) const SLOW_MAX: u32 = 255;
/// The most failures that an account's record holds.
pub(crate) const ACCOUNT_MAX: u32 = 32;
/// The most users that a source's record holds.
pub(crate) const USERS_MAX: u32 = 16;

section! {
    /// Bans that the firewall makes by itself. A rule is "COUNT/TIME": that many within that time are too many; "none" turns
    /// it off. Only what a source can be proven to have done counts towards a ban: docs/bans.md says how, and why these.
    Bans {
        /// Failed authentications of a source.
        pub failures: Allowance<FAILURES_MAX> = Allowance::of(5, 10, Unit::Minute);
        /// Failed authentications of a source that guesses slowly.
        pub slow_failures: Allowance<SLOW_MAX> = Allowance::of(20, 24, Unit::Hour);
        /// Failed authentications of one account over all sources. When there were as many, one more bans any source that
        /// has never authenticated for that account.
        pub account: Allowance<ACCOUNT_MAX> = Allowance::of(10, 1, Unit::Hour);
        /// From how many sources they must have come.
        pub account_sources: Number<2, ACCOUNT_MAX> = Number::of(4);
        /// Different users that a source tried and the server refused.
        pub scanning: Allowance<USERS_MAX> = Allowance::of(10, 10, Unit::Minute);
        /// Requests of a source that the server refused as malformed.
        pub malformed: Allowance<1_000> = Allowance::of(20, 10, Unit::Minute);
        /// Calls that a source began one after the other and left when it was asked for credentials.
        pub invite_spray: Allowance<1_000> = Allowance::of(20, 10, Unit::Minute);
        /// Failed authentications of an account at a source where it has authenticated before, after which its requests
        /// from there are held. A phone may send a mistyped password many times.
        pub account_failures: Allowance<1_000> = Allowance::of(20, 10, Unit::Minute);
        /// Different accounts of a registrant's source that must fail within the time of failures before the source itself
        /// is banned, and not only these accounts held; at least one in ten of the accounts registered there.
        pub registrant_accounts: Number<2, 1_000> = Number::of(10);
        /// How long each ban of a source lasts, one after the other. After the last step, bans are as long as that.
        pub ladder: Ladder = Ladder::of(&[
            Span::of(10, Unit::Minute),
            Span::of(1, Unit::Hour),
            Span::of(1, Unit::Day),
            Span::of(7, Unit::Day),
        ]);
        /// A source comes down one step of the ladder for each such time after its last ban's end.
        pub decay: Span = Span::of(7, Unit::Day);
        /// Failures that nothing proves, after which a stranger is held to a trickle.
        pub unproven: Allowance<1_000> = Allowance::of(5, 10, Unit::Minute);
        /// How long a source, or an account at a registrant's source, is held.
        pub hold: Span = Span::of(10, Unit::Minute);
        /// A peer's failures raise one alarm in this time.
        pub alarm: Span = Span::of(10, Unit::Minute);
    }
}
