//! Fuzzes the target `delegation` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::certificates::delegation(bytes));
