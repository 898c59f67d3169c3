//! libFuzzer's entry to [`firewall_fuzz::rtp`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::rtp::check(data));
