#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| acr_sync::fuzz::commands(data));
