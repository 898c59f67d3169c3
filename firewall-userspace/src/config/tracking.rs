//! How much the slow path remembers.
//!
//! Owns: the keys of `[tracking]` and their defaults. Refuses: memory that grows.
use super::number::PowerOfTwo;
use super::section::section;

/// The size of a table.
type Size = PowerOfTwo<1_024, 4_194_304>;

section! {
    /// The tables of the daemon, in entries. They do not grow: when one is full, what is not proven goes first, and then
    /// what is oldest. With these sizes all of them together take 52 MiB at most, and calls, where they are followed, 64 MiB
    /// more.
    Tracking {
        /// Sources with something against them.
        pub sources: Size = Size::of(131_072);
        /// Sources that are being watched for scanning.
        pub probes: Size = Size::of(16_384);
        /// Accounts that failed.
        pub accounts: Size = Size::of(4_096);
        /// Accounts that failed at one source.
        pub pairs: Size = Size::of(32_768);
        /// Transactions.
        pub transactions: Size = Size::of(16_384);
        /// Nonces that the server has sent.
        pub nonces: Size = Size::of(131_072);
        /// Registrations, and those that have ended lately.
        pub registrations: Size = Size::of(65_536);
        /// Incidents that are kept as evidence.
        pub incidents: Size = Size::of(8_192);
        /// Accounts, sources and classes whose calls are counted for [fraud].
        pub meters: Size = Size::of(8_192);
        /// Calls, of 4 KiB each, followed where something judges them or [calls] has a log. Those that have just ended are among
        /// them and go first, then attempts of strangers.
        pub calls: PowerOfTwo<1_024, 262_144> = PowerOfTwo::of(16_384);
    }
}
