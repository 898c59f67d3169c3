//! libFuzzer's entry to [`firewall_fuzz::feed`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::feed::check(data));
