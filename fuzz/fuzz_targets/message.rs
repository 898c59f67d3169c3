//! libFuzzer's entry to [`firewall_fuzz::message`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firewall_fuzz::message::check(data));
