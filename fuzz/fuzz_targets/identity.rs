//! libFuzzer's entry to [`firewall_fuzz::identity`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::identity::check(data));
