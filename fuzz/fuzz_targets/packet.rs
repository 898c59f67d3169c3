//! libFuzzer's entry to [`firewall_fuzz::packet`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::packet::check(data));
