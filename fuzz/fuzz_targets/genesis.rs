//! Fuzzes the target `genesis` of `scenarios::targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scenarios::targets::files::genesis(bytes));
