//! Fuzzes the target `stamp` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::sealed::stamp(bytes));
