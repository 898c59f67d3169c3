//! libFuzzer's entry to [`firewall_fuzz::blocklist`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::blocklist::check(data));
