//! Fuzzes the target `link` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::snapshots::link(bytes));
