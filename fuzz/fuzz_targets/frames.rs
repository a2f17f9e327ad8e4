//! What a server sends, in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pg_cdc_fuzz::frames::check(input));
