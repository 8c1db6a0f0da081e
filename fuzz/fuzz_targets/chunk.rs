//! Fuzzes the target `chunk` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::snapshots::chunk(bytes));
