//! Whom a registration makes trusted, and for how long.
//!
//! Owns: the keys of `[trust]` and their defaults. Refuses: what a registrant may do (`[registrants]` has that).
use super::limits::Limits;
use super::number::Number;
use super::rate::{Rate, Unit};
use super::section::section;
use super::span::Span;

section! {
    /// Trust in strangers whose REGISTER with digest credentials the server answered 200.
    Trust {
        /// How long a source stays a registrant after its registration's end, since a phone that renews it in the last
        /// second may have to send its request for 32 s (RFC 3261's Timer F).
        pub grace: Span<1, 3_600> = Span::of(1, Unit::Minute);
        /// The longest that one registration makes a source a registrant, however long the server granted.
        pub longest: Span<60> = Span::of(1, Unit::Day);
        /// How long a success that a feed tells makes its source a registrant: a feed does not say what the server granted.
        pub told_for: Span = Span::of(1, Unit::Hour);
        /// How long a source that was a registrant is known, and has priority over strangers that never were.
        pub known_for: Span = Span::of(7, Unit::Day);
        /// What all known sources together may send, as a rate; they do not share the strangers' total.
        pub known_total: Rate = Limits::KNOWN_TOTAL;
        /// From how many sources one account may be registered at a time. One more ends the trust of the one that was
        /// renewed longest ago.
        pub sources_per_account: Number<1, 1_000> = Number::of(16);
    }
}
