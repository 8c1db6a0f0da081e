//! Fuzzes the target `shares` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::sealed::shares(bytes));
