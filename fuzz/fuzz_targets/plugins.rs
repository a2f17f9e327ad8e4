//! Messages of the plugins that name tables, and of walminer.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pg_cdc_fuzz::{mutate, plugins};

fuzz_target!(|input: &[u8]| plugins::check(input));

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    mutate(data, size, most, seed, fuzzer_mutate)
});
