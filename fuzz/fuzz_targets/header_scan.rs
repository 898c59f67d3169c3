//! libFuzzer's entry to [`firewall_fuzz::header_scan`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::header_scan::check(data));
