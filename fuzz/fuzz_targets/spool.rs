//! What is done to a spool, and to its files.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pg_cdc_fuzz::spool::check(input));
