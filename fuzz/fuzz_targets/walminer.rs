//! walminer's statements, of versions 1 and 3.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pg_cdc_fuzz::mutate;
use pg_cdc_fuzz::plugins::{Plugin, check};

fuzz_target!(|input: &[u8]| check(Plugin::WalMiner, input));

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    mutate(data, size, most, seed, fuzzer_mutate)
});
