//! Fuzzes the target `transaction` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::ledger::transaction(bytes));
