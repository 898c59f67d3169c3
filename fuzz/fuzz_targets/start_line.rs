//! libFuzzer's entry to [`firewall_fuzz::start_line`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::start_line::check(data));
