//! Fuzzes the target `reports` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::replica::reports(bytes));
