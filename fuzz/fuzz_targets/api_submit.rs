//! Fuzzes the target `api_submit` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::api::submit(bytes));
