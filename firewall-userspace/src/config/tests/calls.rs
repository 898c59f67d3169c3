//! The call log: what turns it on, every key, and what is wrong with one.
use firewall_common::limiter::HashKey;
use firewall_common::policy::{FLAG_CALLS, FLAG_DIALOGS};

use super::{config, each_is_told};
use crate::config::{Mask, compile};
use crate::names::Resolved;

#[test]
fn a_log_follows_calls_whatever_media_demands() {
    let logged = config("calls.log = true");
    assert!(logged.follows_calls());
    let policy = compile(&logged, &Resolved::default(), HashKey([1, 2]), 7).policy;
    assert_eq!((policy.flags, policy.media), (FLAG_CALLS | FLAG_DIALOGS, 0), "nobody's calls are judged");
}

#[test]
fn every_key_is_read() {
    let text = "[calls]\nkeep_calls = 100\nkeep_for = \"12h\"\nmax_size = 64\nmask_numbers = \"last 3\"\nrates = \"/etc/r.csv\"";
    let config = config(text);
    let calls = config.calls();
    assert_eq!((calls.keep_calls.get(), calls.keep_for.seconds(), calls.max_size.get()), (100, 43_200, 64));
    assert_eq!((calls.mask_numbers, calls.rates.as_str(), calls.log), (Mask::Last(3), "/etc/r.csv", false));
}

#[test]
fn what_is_wrong_with_a_key_is_told() {
    each_is_told(&[
        ("calls.keep_calls = 0", "t.toml:1:20: calls.keep_calls: 0: ", "1 to 10000000"),
        ("calls.keep_for = \"5s\"", "t.toml:1:18: calls.keep_for: \"5s\": is out of range", "1min"),
        ("calls.max_size = 0", "t.toml:1:18: calls.max_size: 0: ", "1 to 65536"),
        ("calls.mask_numbers = \"3\"", "t.toml:1:22: calls.mask_numbers: \"3\": masks no digits", "last 3"),
        ("calls.mask_numbers = \"last 16\"", "t.toml:1:22: calls.mask_numbers: ", "1 to 15"),
        ("calls.log = 1", "t.toml:1:13: calls.log: 1: is an integer", "true or false"),
        ("[media]\nkeep_calls = 100", "t.toml:2:1: media.keep_calls: no such key", "keep_calls belongs into [calls]"),
        ("[media]\nkeep_for = \"7d\"", "t.toml:2:1: media.keep_for: no such key", "keep_for belongs into [calls]"),
    ]);
}
