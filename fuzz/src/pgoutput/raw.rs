//! Messages as they come: a server's, or nobody's.

use bytes::Bytes;
use pg_cdc_core::{Frame, Lsn};

use super::Setting;
use super::catalog::Catalog;
use super::driver::Driver;
use crate::events;
use crate::framing::{answers, next};

/// What a byte of a message can become: of a column of a Relation message a name and a type, in several versions, all of
/// which the batch holds; of a change of one byte a column these versions again, where its composites fit none.
const FACTOR: usize = 2_000;
/// A Relation message may have as many columns as a table, and room is made for them at once.
const OWN: usize = 256 << 10;

pub(super) fn check(mode: u8, rest: &[u8]) {
    let setting = Setting::from_byte(mode);
    let (answers, rest) = answers(rest);
    let buffer = Bytes::copy_from_slice(rest);
    let catalog = setting.asks.then(|| Catalog::new(answers));
    let mut driver = Driver::new(catalog, setting.cuts).passing(setting.passes);
    let counted = allocation_counter::measure(|| run(&mut driver, &buffer, setting.routes));
    let most = OWN + FACTOR * (rest.len() + answers.len());
    assert!(counted.bytes_max <= most as u64, "{} bytes held for {}", counted.bytes_max, rest.len());
    events::read(&driver.batch);
}

fn run(driver: &mut Driver<'_>, buffer: &Bytes, routes: bool) {
    let (mut at, mut lsn) = (0, 0_u64);
    while let Some((step, range)) = next(buffer, &mut at) {
        lsn += u64::from(step);
        let frame = Frame::new(Lsn::new(lsn), buffer, range);
        let taken = if routes { driver.take(frame) } else { driver.decode(frame) };
        if taken.is_err() || driver.unclear().is_some() {
            // The stream can't go on, or must be had in another way: what follows is taken for that of the next connection.
            driver.restart(None);
        }
    }
}
