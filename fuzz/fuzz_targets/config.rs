//! libFuzzer's entry to [`firewall_fuzz::config`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::config::check(data));
