//! libFuzzer's entry to [`firewall_fuzz::number`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::number::check(data));
