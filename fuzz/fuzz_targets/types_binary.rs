//! A type, then the binary form of a value of it.
#![no_main]

use pg_cdc_core::types::Format;

libfuzzer_sys::fuzz_target!(|input: &[u8]| pg_cdc_fuzz::check(Format::Binary, input));
