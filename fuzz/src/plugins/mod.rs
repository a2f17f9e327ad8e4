//! Messages of the plugins that name tables and tell no OIDs of them, and of walminer.

mod facts;
mod keeper;
mod resume;
mod setting;

use bytes::Bytes;
use pg_cdc_core::{Frame, Lsn};

use crate::events;
use crate::framing::{answers, next};
use facts::Facts;
pub use facts::tables;
use keeper::Keeper;
pub use setting::{Plugin, Setting};

/// What a byte of a message can become: of a column a name, a type and a label, in several versions of its table, all of
/// which the batch holds; of a change that names a known table, all that is known of it.
const FACTOR: usize = 2_000;
const OWN: usize = 256 << 10;

/// Checks all that is promised of the messages of `plugin` that `input` holds.
///
/// # Panics
///
/// Where a promise is broken.
pub fn check(plugin: Plugin, input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let (answers, rest) = answers(rest);
    let (setting, answers) = Setting::from_bytes(first, answers);
    let buffer = Bytes::copy_from_slice(rest);
    let keeper = || {
        let facts = setting.asks.then(|| Facts::new(answers));
        Keeper::new(plugin.decoder(setting), facts, setting)
    };
    let mut whole = keeper();
    let counted = allocation_counter::measure(|| run(&mut whole, &buffer, setting.routes));
    let most = OWN + FACTOR * (rest.len() + answers.len());
    assert!(counted.bytes_max <= most as u64, "{} bytes held for {}", counted.bytes_max, rest.len());
    whole.batches().for_each(events::read);
    // Answers that change are given to other questions where others are asked.
    if setting.resumes && (answers.is_empty() || !setting.asks) {
        resume::check(&whole, first.wrapping_add(rest.last().copied().unwrap_or_default()), |after| {
            let mut resumed = keeper();
            resumed.restart(Some(after));
            run(&mut resumed, &buffer, setting.routes);
            resumed
        });
    }
}

fn run(keeper: &mut Keeper<'_>, buffer: &Bytes, routes: bool) {
    let (mut at, mut lsn) = (0, 0_u64);
    while let Some((step, range)) = next(buffer, &mut at) {
        lsn += u64::from(step);
        let frame = Frame::new(Lsn::new(lsn), buffer, range);
        let taken = if routes { keeper.take(frame) } else { keeper.decode(frame) };
        if taken.is_err() {
            // The stream can't go on: what follows is taken for that of the next connection.
            keeper.reconnect();
        } else if step % 4 == 3 {
            keeper.hand_out();
        }
    }
}
