//! Fuzzes the target `era` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::snapshots::era(bytes));
