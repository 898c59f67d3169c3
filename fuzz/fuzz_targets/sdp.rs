//! libFuzzer's entry to [`firewall_fuzz::sdp`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::sdp::check(data));
