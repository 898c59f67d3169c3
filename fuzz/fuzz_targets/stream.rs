//! libFuzzer's entry to [`firewall_fuzz::stream`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::stream::check(data));
