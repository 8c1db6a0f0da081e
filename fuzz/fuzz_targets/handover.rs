//! Fuzzes the target `handover` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::sealed::handover(bytes));
