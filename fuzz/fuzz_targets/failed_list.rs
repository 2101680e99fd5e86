#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dinggate_fuzz::failed_list::check(data));
