//! Fuzzes the target `tiles` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::proofs::tiles(bytes));
