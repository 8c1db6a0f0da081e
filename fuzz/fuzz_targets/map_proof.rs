//! Fuzzes the target `map_proof` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::proofs::map_proof(bytes));
