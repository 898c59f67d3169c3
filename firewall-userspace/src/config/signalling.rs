//! What else is made of signalling: who may go on with a call, and what is worth a word.
//!
//! Owns: the keys of `[signalling]`, their words and defaults; docs/fraud.md argues them. Refuses: judging.
use super::rate::Unit;
use super::section::section;
use super::span::Span;
use super::word::{Word, vocabulary};

vocabulary! {
    /// What becomes of requests inside of dialogs from whoever is no party to them.
    Intruders {
        /// They are dropped.
        Drop = "drop",
        /// Nobody looks.
        Off = "off",
    }
}

vocabulary! {
    /// What follows from a sign.
    Sign {
        /// Nothing.
        Off = "off",
        /// An alarm.
        Alarm = "alarm",
    }
}

vocabulary! {
    /// The lowest version of TLS that a connection may begin with.
    TlsMin {
        /// Any.
        Any = "any",
        /// TLS 1.2.
        V12 = "1.2",
    }
}

section! {
    /// Signs that somebody takes over calls or accounts, or listens on the way. What is said of calls holds where calls are
    /// followed. An alarm is a line of `sipfw alarm` and of the log, and stops nothing.
    Signalling {
        /// What becomes of a BYE, a re-INVITE or another request inside of a call from a stranger's address that is no party
        /// to the call, and of a CANCEL of it: "drop" or "off".
        pub dialog_intruders: Intruders = Intruders::Drop;
        /// The same of a peer or a registrant, which is not dropped: "alarm" or "off".
        pub foreign_requests: Sign = Sign::Alarm;
        /// An account registers from another network while its registration from elsewhere is alive. Phones do so that move
        /// between networks.
        pub moved_registrations: Sign = Sign::Off;
        /// A call or a registration of a stranger or a registrant whose Contact is neither its own address nor the one in its
        /// Via, nor a private one. Phones that know their public address by STUN name it in both.
        pub foreign_contact: Sign = Sign::Alarm;
        /// Keys of SRTP in a session description (a=crypto) over UDP or TCP in the clear, where whoever is on the way can read
        /// them.
        pub plain_keys: Sign = Sign::Alarm;
        /// The same sign of the same source raises one alarm in this time.
        pub again: Span = Span::of(1, Unit::Hour);
        /// The lowest version of TLS: "1.2" drops connections to TLS ports that begin with an older one; "any".
        pub tls_min: TlsMin = TlsMin::Any;
    }
}
