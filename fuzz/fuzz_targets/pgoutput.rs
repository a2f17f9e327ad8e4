//! Messages of `pgoutput`, or what a model of a server is told to do.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pg_cdc_fuzz::{mutate, pgoutput};

fuzz_target!(|input: &[u8]| pgoutput::check(input));

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    mutate(data, size, most, seed, fuzzer_mutate)
});
