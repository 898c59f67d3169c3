//! Whether accepted digests are tried for weak passwords, and what follows for accounts that have one.
//!
//! Owns: the keys of `[passwords]` and their defaults; docs/passwords.md explains them. Refuses: trying anything.
use super::feed::Given;
use super::name::Directory;
use super::number::Number;
use super::rate::Unit;
use super::section::section;
use super::span::Span;
use super::word::{Set, Word, vocabulary};
use crate::audit::Kinds;

vocabulary! {
    /// What follows for an account with a weak password.
    WeakPolicy {
        /// An alarm.
        Alarm = "alarm",
        /// An alarm, and strangers have fewer tries at it.
        Tighten = "tighten",
    }
}

vocabulary! {
    /// A kind of guess.
    GuessKind {
        /// The account's name, and what it leads to.
        Account = "account",
        /// Numbers.
        Patterns = "patterns",
        /// Years.
        Years = "years",
        /// The realm, and what it leads to.
        Realm = "realm",
        /// Devices' and servers' defaults.
        Vendors = "vendors",
    }
}

section! {
    /// Weak passwords: of a REGISTER that the server accepted, the daemon tries the likeliest passwords against its digest,
    /// when nobody else needs the processor. It reports accounts, never a password; neither a digest nor a guess that fitted
    /// is kept. docs/passwords.md says what is tried.
    Passwords {
        /// Whether this is done at all.
        pub audit: bool = false;
        /// What follows: "alarm", or "tighten": besides the alarm, strangers have fewer tries at such an account.
        pub weak: WeakPolicy = WeakPolicy::Alarm;
        /// With "tighten", so many failed authentications at such an account within the time of bans.failures are too many
        /// for a source that never authenticated for it.
        pub failures: Number<1, 10> = Number::of(2);
        /// What is tried: "account" (its name, reversed, repeated, with what people put around it), "patterns" (PINs,
        /// dates, walks on a keypad), "years", "realm", "vendors" (what devices and servers come with).
        pub guesses: Set<GuessKind> = Set::all();
        /// A file of words to try besides, one a line; of those longer than 64 bytes none is tried.
        pub words: Given<Directory> = Given::NOT;
        /// How many passwords are tried at an account at most. 100,000 take about half a second of a processor.
        pub most: Number<100, 1_000_000> = Number::of(100_000);
        /// When an account is tried again. One whose password is weak is tried again after a day, if that is sooner.
        pub again: Span<3_600> = Span::of(30, Unit::Day);
    }
}

impl Passwords {
    /// The kinds of guesses, as the audit takes them.
    pub fn kinds(&self) -> Kinds {
        let has = |kind| self.guesses.contains(kind);
        Kinds {
            account: has(GuessKind::Account),
            patterns: has(GuessKind::Patterns),
            years: has(GuessKind::Years),
            realm: has(GuessKind::Realm),
            vendors: has(GuessKind::Vendors),
        }
    }

    /// Whether strangers have fewer tries at accounts with a weak password.
    pub fn tightens(&self) -> bool {
        self.audit && self.weak == WeakPolicy::Tighten
    }
}
