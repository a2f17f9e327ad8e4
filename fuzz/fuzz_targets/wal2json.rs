//! Messages of `wal2json`, of both format versions.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pg_cdc_fuzz::mutate;
use pg_cdc_fuzz::plugins::{Plugin, check};

fuzz_target!(|input: &[u8]| check(Plugin::Wal2Json, input));

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    mutate(data, size, most, seed, fuzzer_mutate)
});
