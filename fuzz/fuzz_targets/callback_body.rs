#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dinggate_fuzz::callback_body::check(data));
