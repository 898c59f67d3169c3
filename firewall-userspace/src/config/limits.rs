//! Limits by class, for each kind of source.
//!
//! Owns: the keys of a table of limits, and the built-in ones. docs/limits.md argues them; the tests here hold its
//! arithmetic. Refuses: enforcing anything.
use firewall_common::policy;
use firewall_common::sip::method::{CLASS_SLOTS, Class};

use super::rate::{Rate, Unit};
use super::section::section;

section! {
    /// How much one source may send of each class. A rate is "COUNT/TIME burst N": N at once, and after that one every
    /// TIME ÷ COUNT. TIME is s, min, h or d, or several of them, as in "50/10s". Without "burst N", N is COUNT (but
    /// at least 2). "none" sets no limit.
    Limits {
        /// REGISTER requests.
        pub register: Rate = Rate::NONE;
        /// INVITE requests.
        pub invite: Rate = Rate::NONE;
        /// OPTIONS requests.
        pub options: Rate = Rate::NONE;
        /// SUBSCRIBE requests.
        pub subscribe: Rate = Rate::NONE;
        /// MESSAGE requests.
        pub message: Rate = Rate::NONE;
        /// All other requests: ACK, BYE, CANCEL, NOTIFY, REFER, PUBLISH, UPDATE, PRACK, INFO, extensions.
        pub other: Rate = Rate::NONE;
        /// Responses.
        pub response: Rate = Rate::NONE;
        /// Keep-alives and STUN binding requests.
        pub keepalive: Rate = Rate::NONE;
        /// TCP connection attempts.
        pub connect: Rate = Rate::NONE;
    }
}

impl Limits {
    /// One stranger.
    pub const STRANGER: Self = Self {
        register: Rate::per(20, Unit::Minute, 40),
        invite: Rate::per(30, Unit::Minute, 20),
        options: Rate::per(30, Unit::Minute, 20),
        subscribe: Rate::per(20, Unit::Minute, 20),
        message: Rate::per(10, Unit::Minute, 10),
        other: Rate::per(10, Unit::Second, 50),
        response: Rate::per(20, Unit::Second, 100),
        keepalive: Rate::per(10, Unit::Second, 50),
        connect: Rate::per(2, Unit::Second, 60),
    };

    /// One registrant, which may be an office of 2,000 phones behind one address.
    pub const REGISTRANT: Self = Self {
        register: Rate::per(100, Unit::Second, 3_000),
        invite: Rate::per(20, Unit::Second, 100),
        options: Rate::per(100, Unit::Second, 500),
        subscribe: Rate::per(200, Unit::Second, 2_000),
        message: Rate::per(20, Unit::Second, 200),
        other: Rate::per(200, Unit::Second, 1_000),
        response: Rate::per(500, Unit::Second, 2_000),
        keepalive: Rate::per(300, Unit::Second, 1_000),
        connect: Rate::per(100, Unit::Second, 1_000),
    };

    /// All strangers together.
    pub const TOTAL: Rate = Rate::per(2_000, Unit::Second, 2_000);

    /// All sources together that were registrants lately: 10,000 phones that register anew when a server is back.
    pub const KNOWN_TOTAL: Rate = Rate::per(1_000, Unit::Second, 10_000);

    /// One source or account that is held.
    pub const HOLD: Rate = Rate::per(4, Unit::Minute, 4);

    /// The limit of one class.
    pub fn of(&self, class: Class) -> Rate {
        match class {
            Class::Register => self.register,
            Class::Invite => self.invite,
            Class::Options => self.options,
            Class::Subscribe => self.subscribe,
            Class::Message => self.message,
            Class::Other => self.other,
            Class::Response => self.response,
            Class::Keepalive => self.keepalive,
            Class::Connect => self.connect,
        }
    }

    /// The limits as the kernel's records hold them.
    pub fn compiled(&self) -> policy::Limits {
        let mut limits: policy::Limits = [firewall_common::limiter::Limit::NONE; CLASS_SLOTS];
        for class in Class::ALL {
            limits[class.slot()] = self.of(class).limit();
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Section;
    use super::*;
    use proptest::prelude::*;

    const SECOND: f64 = 1e9;

    /// How many packets, at the given seconds, a limit lets pass.
    fn passed(rate: Rate, mut times: Vec<f64>) -> usize {
        times.sort_by(f64::total_cmp);
        let (limit, mut tat) = (rate.limit(), 0);
        let mut admit = |t: &f64| {
            let now = ((3_600.0 + t) * SECOND) as u64;
            let pass = limit.admits(tat, now);
            if pass {
                tat = limit.charged(tat, now);
            }
            pass
        };
        times.iter().filter(|t| admit(t)).count()
    }

    fn every(step: f64, seconds: f64) -> Vec<f64> {
        (0..(seconds / step) as usize).map(|i| i as f64 * step).collect()
    }

    #[test]
    fn keys_are_the_classes() {
        let keys: Vec<_> = Limits::default().entries().iter().map(|e| e.key).collect();
        assert_eq!(keys, Class::ALL.map(Class::word));
    }

    #[test]
    fn a_guesser_of_ten_a_second_is_stopped() {
        // 40 at once and one every 3 s: 59 of the first minute's 600, and then 20 a minute.
        assert_eq!(passed(Limits::STRANGER.register, every(0.1, 60.0)), 59);
        let later = passed(Limits::STRANGER.register, every(0.1, 3_600.0));
        assert!((1_230..=1_240).contains(&later), "{later} of 36,000");
    }

    #[test]
    fn the_first_minute_of_ordinary_strangers_passes() {
        // Ten phones behind one address begin within a second: two REGISTERs each, and a few lost ones sent again.
        assert_eq!(passed(Limits::STRANGER.register, every(0.03, 1.0)), 33);
        // Three phones with a wrong password that try again every 30 s, for an hour: 3 × 2 × 2 a minute.
        assert_eq!(passed(Limits::STRANGER.register, every(5.0, 3_600.0)), 720);
    }

    #[test]
    fn an_office_at_its_steady_pace_passes() {
        // 2,000 phones that refresh every minute and are challenged each time; keep-alives every 15 s; OPTIONS every 30.
        for (rate, a_second) in [
            (Limits::REGISTRANT.register, 2_000.0 * 2.0 / 60.0),
            (Limits::REGISTRANT.keepalive, 2_000.0 / 15.0),
            (Limits::REGISTRANT.options, 2_000.0 / 30.0),
            (Limits::REGISTRANT.invite, 10.0),
        ] {
            let times = every(1.0 / a_second, 600.0);
            assert_eq!(passed(rate, times.clone()), times.len(), "{rate}");
        }
    }

    #[test]
    fn ten_thousand_known_phones_that_register_anew_pass() {
        // A server comes back; each phone behind its own address registers within ten seconds, is challenged, and again.
        let times: Vec<f64> = every(0.001, 10.0).into_iter().flat_map(|t| [t, t + 0.1]).collect();
        assert_eq!(passed(Limits::KNOWN_TOTAL, times), 20_000);
    }

    #[test]
    fn a_held_source_may_try_twice_a_minute() {
        // A try is a request, its challenge, and the request again.
        assert_eq!(passed(Limits::HOLD, every(0.1, 600.0)) / 2, 21);
    }

    proptest! {
        #[test]
        fn an_office_that_registers_anew_passes(at in prop::collection::vec(0.0f64..60.0, 2_000), answer in 0.01f64..0.5) {
            // Each phone sends REGISTER, is challenged, and sends it again.
            let times: Vec<f64> = at.iter().flat_map(|t| [*t, t + answer]).collect();
            prop_assert_eq!(passed(Limits::REGISTRANT.register, times), 4_000);
        }

        #[test]
        fn an_office_that_starts_within_twenty_seconds_passes(at in prop::collection::vec(0.0f64..20.0, 2_000)) {
            let times: Vec<f64> = at.iter().flat_map(|t| [*t, t + 0.1]).collect();
            prop_assert_eq!(passed(Limits::REGISTRANT.register, times), 4_000);
        }
    }
}
