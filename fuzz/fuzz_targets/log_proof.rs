//! Fuzzes the target `log_proof` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::proofs::log_proof(bytes));
