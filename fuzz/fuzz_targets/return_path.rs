#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dinggate_fuzz::return_path::check(data));
