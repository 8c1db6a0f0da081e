//! Fuzzes the target `elements` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::sealed::elements(bytes));
