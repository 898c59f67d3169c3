//! Who is calling, as a signature says it: STIR and SHAKEN (RFC 8224, 8225, 8226, 8588, 8946).
//!
//! Owns: what an Identity header claims, whether that is so, and the certificates that it takes. Refuses: what follows from it
//! for a call (the engine decides), and waiting: who verifies is told what is missing, and asks again when it has come.
//!
//! The way of a claim: [`claim`] reads the message, [`token`] the header, [`passport`] what was signed; [`verify`] compares, and
//! asks [`cache`] for the [`certificate`], whose [`authority`] says for which numbers it may speak.
mod authority;
mod cache;
mod certificate;
mod claim;
mod clerk;
mod fetch;
mod passport;
mod person;
mod token;
mod url;
mod verify;

pub use cache::{Cache, Cached, Held, certificates, chain};
pub use certificate::{Certificate, Roots};
pub use claim::{Claim, claim};
pub use clerk::{Clerk, Done, Limits, Order};
pub use fetch::{Fetcher, Permitted};
pub use person::Person;
pub use verify::{Finding, Rules, answer, verify};
