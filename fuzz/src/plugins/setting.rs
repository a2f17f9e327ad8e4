//! Of which server and database an input's messages are, and how they are taken in.

use pg_cdc_core::Decoder;
use pg_cdc_decoders::decoderbufs::MoneyFormat;
use pg_cdc_decoders::wal2json::FormatVersion;
use pg_cdc_decoders::{DecoderBufs, InvalidText, TestDecoding, TextEncoding, Wal2Json, WalMiner};

use super::facts::tables;

/// Whose messages they are: a target each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// `test_decoding`, as servers of several versions print it.
    TestDecoding,
    /// `wal2json`, of both format versions.
    Wal2Json,
    /// `decoderbufs`
    DecoderBufs,
    /// walminer's statements, of versions 1 and 3.
    WalMiner,
}

/// The encodings of databases, UTF-8 first.
const ENCODINGS: [&str; 32] = [
    "UTF8",
    "SQL_ASCII",
    "LATIN1",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "WIN1252",
    "LATIN5",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN866",
    "WIN874",
    "WIN1250",
    "WIN1251",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1256",
    "WIN1257",
    "WIN1258",
    "KOI8R",
    "KOI8U",
];

/// What servers of several locales print of money.
const MONEY: [(&str, &str); 5] = [
    ("$1,234,567.00", "-$1,234,567.00"),
    ("1.234.567,00 €", "-1.234.567,00 €"),
    ("¥1,234,567", "(¥1,234,567)"),
    ("CHF 1’234’567.00", "CHF-1’234’567.00"),
    ("1 234 567,000 د.ت", "1 234 567,000- د.ت"),
];

/// Versions of servers that `test_decoding` prints differently.
const VERSIONS: [u32; 4] = [180_000, 100_000, 110_000, 120_000];

impl Plugin {
    /// The name of its target.
    #[must_use]
    pub fn target(self) -> &'static str {
        match self {
            Self::TestDecoding => "test_decoding",
            Self::Wal2Json => "wal2json",
            Self::DecoderBufs => "decoderbufs",
            Self::WalMiner => "walminer",
        }
    }

    pub(super) fn decoder(self, setting: Setting) -> Box<dyn Decoder> {
        let text = setting.text();
        let known = || tables().iter().filter(|_| setting.knows).cloned();
        let which = usize::from(setting.which);
        match self {
            Self::TestDecoding => {
                Box::new(TestDecoding::with_versions(VERSIONS[which % VERSIONS.len()], text, known()))
            }
            Self::Wal2Json => {
                let format = if which & 1 == 0 { FormatVersion::V2 } else { FormatVersion::V1 };
                let decoder = Wal2Json::with_versions(format, text, known());
                Box::new(if which & 2 == 0 { decoder } else { decoder.only_local() })
            }
            Self::DecoderBufs => {
                let decoder = DecoderBufs::with_versions(text, known());
                match MONEY.get(which % (MONEY.len() + 1)) {
                    Some((positive, negative)) => {
                        let format = MoneyFormat::from_samples(positive, negative);
                        Box::new(decoder.with_money(format.expect("a server prints it")))
                    }
                    None => Box::new(decoder),
                }
            }
            Self::WalMiner => Box::new(WalMiner::with_versions(known()).with_text(text)),
        }
    }
}

/// What an input's first byte says of its messages, and the two bytes before the catalog's answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setting {
    /// They are routed, and kept where they are told to be.
    pub routes: bool,
    /// There is a catalog to ask.
    pub asks: bool,
    /// Some transactions are passed over.
    pub passes: bool,
    /// What follows an error is taken for a connection that starts behind what was handed out; and reading all of it again
    /// from any change on comes to the rest.
    pub resumes: bool,
    /// The versions in use are those that there are.
    pub knows: bool,
    /// Batches are handed out while transactions are open.
    pub hands_out: bool,
    /// `wal2json`'s format version and whether it is asked for local changes alone, how `decoderbufs`' money is printed,
    /// the version of `test_decoding`'s server.
    pub which: u8,
    /// The database's encoding, and above it what is done with bytes that are none of its text.
    pub text: u8,
}

impl Setting {
    /// The first byte, and what stands before the catalog's `answers`.
    #[must_use]
    pub fn to_bytes(self, answers: &[u8]) -> (u8, Vec<u8>) {
        let first = u8::from(self.routes) << 1
            | u8::from(self.asks) << 2
            | u8::from(self.passes) << 3
            | u8::from(self.resumes) << 4
            | u8::from(self.knows) << 5
            | u8::from(self.hands_out) << 6;
        (first, [&[self.text, self.which], answers].concat())
    }

    /// What they say, and the catalog's answers.
    pub(super) fn from_bytes(first: u8, answers: &[u8]) -> (Self, &[u8]) {
        let (text, which, answers) = match answers {
            [text, which, answers @ ..] => (*text, *which, answers),
            short => (0, 0, short),
        };
        let is = |bit: u8| first >> bit & 1 != 0;
        let setting = Self {
            routes: is(1),
            asks: is(2),
            passes: is(3),
            resumes: is(4),
            knows: is(5),
            hands_out: is(6),
            which,
            text,
        };
        (setting, answers)
    }

    fn text(self) -> TextEncoding {
        let name = ENCODINGS[usize::from(self.text) % ENCODINGS.len()];
        let invalid = match self.text >> 5 & 3 {
            1 => InvalidText::Replace,
            2 => InvalidText::Base64,
            _ => InvalidText::Error,
        };
        TextEncoding::new(name).expect("it is supported").with_invalid_text(invalid)
    }
}
