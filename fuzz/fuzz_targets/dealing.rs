//! Fuzzes the target `dealing` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::sealed::dealing(bytes));
