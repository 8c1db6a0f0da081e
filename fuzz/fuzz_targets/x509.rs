//! Fuzzes the target `x509` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::certificates::x509(bytes));
