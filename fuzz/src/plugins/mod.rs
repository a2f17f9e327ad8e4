//! Messages of the plugins that name tables and tell no OIDs of them, and of walminer.

mod facts;
mod keeper;

use bytes::Bytes;
use pg_cdc_core::{Decoder, Frame, Lsn};
use pg_cdc_decoders::decoderbufs::MoneyFormat;
use pg_cdc_decoders::wal2json::FormatVersion;
use pg_cdc_decoders::{DecoderBufs, TestDecoding, TextEncoding, Wal2Json, WalMiner};

use crate::events;
use crate::framing::{answers, next};
use facts::Facts;
pub use facts::tables;
use keeper::Keeper;

/// What a byte of a message can become: of a column a name, a type and a label, in several versions of its table, all of
/// which the batch holds; of a change that names a known table, all that is known of it.
const FACTOR: usize = 2_000;
const OWN: usize = 256 << 10;

/// Whose messages they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// `test_decoding`
    TestDecoding,
    /// `wal2json`, format version 2.
    Wal2Json2,
    /// `wal2json`, format version 1.
    Wal2Json1,
    /// `decoderbufs`
    DecoderBufs,
    /// walminer's statements.
    WalMiner,
}

impl Plugin {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::TestDecoding, Self::Wal2Json2, Self::Wal2Json1, Self::DecoderBufs, Self::WalMiner];

    fn decoder(self, is_old: bool) -> Box<dyn Decoder> {
        let text = TextEncoding::new(if is_old { "EUC_JP" } else { "UTF8" }).expect("it is supported");
        match self {
            Self::TestDecoding => Box::new(TestDecoding::new(if is_old { 100_000 } else { 180_000 }, text)),
            Self::Wal2Json2 if is_old => Box::new(Wal2Json::new(FormatVersion::V2, text).only_local()),
            Self::Wal2Json2 => Box::new(Wal2Json::new(FormatVersion::V2, text)),
            Self::Wal2Json1 => Box::new(Wal2Json::new(FormatVersion::V1, text)),
            Self::DecoderBufs => {
                let decoder = DecoderBufs::new(text);
                match MoneyFormat::from_samples("$12,345.67", "-$12,345.67").filter(|_| is_old) {
                    Some(format) => Box::new(decoder.with_money(format)),
                    None => Box::new(decoder),
                }
            }
            Self::WalMiner => Box::new(WalMiner::new().with_text(text)),
        }
    }
}

/// What an input's first byte says of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Whose they are.
    pub plugin: Plugin,
    /// They are routed, and kept where they are told to be.
    pub routes: bool,
    /// There is a catalog to ask.
    pub asks: bool,
    /// The database is of an old server, and its text is not UTF-8.
    pub is_old: bool,
    /// Some transactions are passed over.
    pub passes: bool,
}

impl Setting {
    /// The byte that says so.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        let plugin = Plugin::ALL.iter().position(|plugin| *plugin == self.plugin).unwrap_or_default();
        u8::from(self.routes) << 1
            | u8::from(self.asks) << 2
            | u8::from(self.is_old) << 3
            | u8::from(self.passes) << 4
            | (plugin as u8) << 5
    }

    fn from_byte(byte: u8) -> Self {
        Self {
            plugin: Plugin::ALL[usize::from(byte >> 5) % Plugin::ALL.len()],
            routes: byte & 2 != 0,
            asks: byte & 4 != 0,
            is_old: byte & 8 != 0,
            passes: byte & 16 != 0,
        }
    }
}

/// Checks all that is promised of the messages that `input` holds.
///
/// # Panics
///
/// Where a promise is broken.
pub fn check(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let setting = Setting::from_byte(first);
    let (answers, rest) = answers(rest);
    let buffer = Bytes::copy_from_slice(rest);
    let facts = setting.asks.then(|| Facts::new(answers));
    let mut keeper = Keeper::new(setting.plugin.decoder(setting.is_old), facts, setting.passes);
    let counted = allocation_counter::measure(|| run(&mut keeper, &buffer, setting.routes));
    let most = OWN + FACTOR * (rest.len() + answers.len());
    assert!(counted.bytes_max <= most as u64, "{} bytes held for {}", counted.bytes_max, rest.len());
    events::read(&keeper.batch);
}

fn run(keeper: &mut Keeper<'_>, buffer: &Bytes, routes: bool) {
    let (mut at, mut lsn) = (0, 0_u64);
    while let Some((step, range)) = next(buffer, &mut at) {
        lsn += u64::from(step);
        let frame = Frame::new(Lsn::new(lsn), buffer, range);
        let taken = if routes { keeper.take(frame) } else { keeper.decode(frame) };
        if taken.is_err() {
            // The stream can't go on: what follows is taken for that of the next connection.
            keeper.restart();
        }
    }
}
