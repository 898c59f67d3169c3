//! Signatures of callers: whose are verified, by which roots, and what follows.
//!
//! Owns: the keys of `[stir]` and their defaults. Refuses: verifying (see [`crate::stir`]).
use super::name::Directory;
use super::number::Number;
use super::rate::Unit;
use super::section::section;
use super::span::Span;
use super::word::{Word, vocabulary};
use crate::stir::{Limits, Permitted, Rules};

vocabulary! {
    /// What is done about signatures.
    StirPolicy {
        /// They are not looked at.
        Off = "off",
        /// What they come to stands in the call's record.
        Log = "log",
        /// One of a peer that does not hold raises an alarm besides.
        Flag = "flag",
        /// A call whose signature does not hold gets no media besides, and counts against its source.
        Refuse = "refuse",
    }
}

vocabulary! {
    /// What is done about a peer's.
    PeerStir {
        /// What `[stir]` says.
        Default = "default",
        /// They are not looked at.
        Off = "off",
        /// What they come to stands in the call's record.
        Log = "log",
        /// One that does not hold raises an alarm besides.
        Flag = "flag",
        /// Its call gets no media besides.
        Refuse = "refuse",
    }
}

impl PeerStir {
    /// What holds, when `[stir]` says `default`.
    pub fn or(self, default: StirPolicy) -> StirPolicy {
        match self {
            Self::Default => default,
            Self::Off => StirPolicy::Off,
            Self::Log => StirPolicy::Log,
            Self::Flag => StirPolicy::Flag,
            Self::Refuse => StirPolicy::Refuse,
        }
    }
}

section! {
    /// Who is calling, as a signature says it (STIR/SHAKEN): Identity headers of calls that come in. docs/stir.md says what
    /// is verified, and what "refuse" can do about a call that has passed already.
    Stir {
        /// "off" looks at none; "log" writes into the call's record what came of it; "flag" raises an alarm besides when a
        /// peer's does not hold; "refuse" besides gives such a call no media, and counts it against its source.
        pub policy: StirPolicy = StirPolicy::Off;
        /// The directory of the roots that are trusted: .pem and .crt files. Without any, no signature holds.
        pub roots: Directory = Directory::of("/etc/sipfw/stir/roots");
        /// The directory of certificates that were fetched, or put there: PEM files whose first line is "# " and the
        /// address.
        pub cache: Directory = Directory::of("/var/lib/sipfw/certificates");
        /// Whether certificates are fetched from where headers say they are; otherwise they must be in the directory.
        pub fetch: bool = true;
        /// How far the time of a signature may be from now, and from the Date header.
        pub freshness: Span<1, 3_600> = Span::of(1, Unit::Minute);
        /// How long a certificate is used before it is fetched anew. When that fails, it is used until it expires.
        pub keep: Span<60> = Span::of(1, Unit::Day);
        /// How many fetches are begun in a minute at most: callers say where to.
        pub fetches_per_minute: Number<1, 6_000> = Number::of(60);
        /// Whether certificates may come without TLS.
        pub allow_http: bool = false;
        /// Whether they may come from private, loopback and link-local addresses, and from any port. Whoever calls could
        /// make the daemon knock at doors inside by them.
        pub allow_private: bool = false;
    }
}

impl Stir {
    /// What is verified.
    pub fn rules(&self) -> Rules {
        Rules { freshness: i64::from(self.freshness.seconds()) }
    }

    /// How much is fetched.
    pub fn limits(&self) -> Limits {
        let (keep, per_minute) = (i64::from(self.keep.seconds()), self.fetches_per_minute.get());
        Limits { fetch: self.fetch, keep, per_minute, ..Limits::default() }
    }

    /// Where fetches may go.
    pub fn permitted(&self) -> Permitted {
        Permitted { http: self.allow_http, private: self.allow_private }
    }
}
