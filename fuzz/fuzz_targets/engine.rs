//! libFuzzer's entry to [`firewall_fuzz::engine`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::engine::check(data));
