//! Text of plugins that send it in the database's encoding, names included, whatever `client_encoding` says.

use encoding_rs::{DecoderResult, Encoding};
use pg_cdc_core::InvalidText;

/// The encoding of a database (`pg_database.encoding`), and what is done with bytes that are none of its text.
///
/// pgoutput has its text converted by the server. The other plugins have not: what they send is turned into UTF-8 here,
/// each byte or character into what PostgreSQL's own conversions (`src/backend/utils/mb/Unicode`) make of it.
///
/// ```
/// use pg_cdc_decoders::TextEncoding;
///
/// assert!(TextEncoding::new("LATIN1").is_ok() && TextEncoding::new("UTF8").is_ok());
/// let error = TextEncoding::new("MULE_INTERNAL").unwrap_err();
/// assert!(error.to_string().contains("MULE_INTERNAL"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TextEncoding {
    name: &'static str,
    way: Way,
    invalid: InvalidText,
}

/// An encoding that can't be turned into UTF-8 here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "text of a database in {0} can't be converted: only pgoutput has it converted by the server; supported are UTF8, \
     SQL_ASCII, LATIN1 to LATIN10, ISO_8859_5 to ISO_8859_8, the WIN code pages, KOI8R, KOI8U, EUC_JP, EUC_CN and EUC_KR"
)]
pub struct UnsupportedEncoding(String);

#[derive(Debug, Clone, Copy)]
enum Way {
    /// It is UTF-8, as the server made sure.
    Utf8,
    /// The server took whatever it was given.
    Unchecked,
    /// ISO 8859-1 (`Latin1`) or 8859-9, in which 0x80 to 0x9F are controls: what the web calls by these names differs.
    Latin(&'static [(u8, char)]),
    /// As the web's encoding, but for these.
    Web { encoding: &'static Encoding, own: Own, has_controls: bool },
}

/// Characters that PostgreSQL converts otherwise than the web's encoding of the same name, by their bytes.
type Own = fn(&[u8]) -> Option<(usize, char)>;

/// What became of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Converted {
    /// All of it was text.
    Whole,
    /// It was not, and was dealt with.
    Mended,
}

/// Bytes that are none of an encoding's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotText;

impl Default for TextEncoding {
    fn default() -> Self {
        Self { name: "UTF8", way: Way::Utf8, invalid: InvalidText::Error }
    }
}

impl TextEncoding {
    /// The encoding that PostgreSQL calls `name` (`pg_encoding_to_char`).
    ///
    /// # Errors
    ///
    /// Where it can't be turned into UTF-8 here: `MULE_INTERNAL`, `EUC_TW`, `EUC_JIS_2004`.
    pub fn new(name: &str) -> Result<Self, UnsupportedEncoding> {
        let supported = SUPPORTED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (name, way) = *supported.ok_or_else(|| UnsupportedEncoding(name.to_owned()))?;
        Ok(Self { name, way, invalid: InvalidText::Error })
    }

    /// The same, with `invalid` done to bytes that are none of its text.
    #[must_use]
    pub fn with_invalid_text(mut self, invalid: InvalidText) -> Self {
        self.invalid = invalid;
        self
    }

    /// PostgreSQL's name for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether `bytes` are UTF-8 as they stand.
    #[inline]
    pub(crate) fn is_plain(&self, bytes: &[u8]) -> bool {
        matches!(self.way, Way::Utf8) || self.is_plain_elsewhere(bytes)
    }

    fn is_plain_elsewhere(&self, bytes: &[u8]) -> bool {
        bytes.is_ascii() || (matches!(self.way, Way::Unchecked) && std::str::from_utf8(bytes).is_ok())
    }

    /// Whether nothing ever needs to be converted.
    #[inline]
    pub(crate) fn is_utf8(&self) -> bool {
        matches!(self.way, Way::Utf8)
    }

    /// Whether the server took whatever it was given.
    pub(crate) fn is_unchecked(&self) -> bool {
        matches!(self.way, Way::Unchecked)
    }

    /// Appends `bytes` to `out` as UTF-8; what is none of its text as it was said to be dealt with.
    #[cold]
    pub(crate) fn convert(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Converted, NotText> {
        let start = out.len();
        if self.strictly(bytes, out).is_ok() {
            return Ok(Converted::Whole);
        }
        out.truncate(start);
        match self.invalid {
            InvalidText::Replace if !self.is_utf8_if_text() => self.leniently(bytes, out),
            invalid => {
                if !invalid.append(bytes, out) {
                    return Err(NotText);
                }
            }
        }
        Ok(Converted::Mended)
    }

    /// Whether what is text stands in UTF-8 already.
    fn is_utf8_if_text(&self) -> bool {
        matches!(self.way, Way::Utf8 | Way::Unchecked)
    }

    /// A name, which is always text or an error.
    pub(crate) fn name_of(&self, bytes: &[u8]) -> Result<String, NotText> {
        let mut out = Vec::with_capacity(bytes.len());
        match self.invalid {
            // A name in base64 would be another's.
            InvalidText::Replace => self.leniently(bytes, &mut out),
            _ => self.strictly(bytes, &mut out)?,
        }
        String::from_utf8(out).map_err(|_| NotText)
    }

    /// Up to what is none of its text.
    fn strictly(&self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), NotText> {
        match self.way {
            Way::Utf8 | Way::Unchecked => match std::str::from_utf8(bytes) {
                Ok(text) => out.extend_from_slice(text.as_bytes()),
                Err(_) => return Err(NotText),
            },
            Way::Latin(own) => bytes.iter().for_each(|&byte| {
                let own = own.iter().find(|(known, _)| *known == byte);
                push(out, own.map_or(char::from(byte), |(_, character)| *character));
            }),
            Way::Web { encoding, own, has_controls } => loop {
                let next = characters(encoding, bytes).find_map(|at| Some((at, own(bytes.get(at..)?)?)));
                let (plain, rest) = bytes.split_at(next.map_or(bytes.len(), |(at, _)| at));
                web(encoding, plain, out, has_controls)?;
                let Some((_, (length, character))) = next else { return Ok(()) };
                push(out, character);
                bytes = rest.get(length..).unwrap_or_default();
            },
        }
        Ok(())
    }

    /// Each byte that is none of its text is replaced.
    fn leniently(&self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.is_utf8_if_text() {
            // It is no error.
            let _ = InvalidText::Replace.append(bytes, out);
            return;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let start = out.len();
            // A character has three bytes at most.
            let length = (1..=rest.len().min(3)).find(|&length| {
                let character = rest.get(..length).unwrap_or_default();
                let is_one = self.strictly(character, out).is_ok();
                if !is_one {
                    out.truncate(start);
                }
                is_one
            });
            if length.is_none() {
                push(out, char::REPLACEMENT_CHARACTER);
            }
            rest = rest.get(length.unwrap_or(1)..).unwrap_or_default();
        }
    }
}

/// Where the characters start.
fn characters(encoding: &'static Encoding, bytes: &[u8]) -> impl Iterator<Item = usize> {
    let is_single = encoding.is_single_byte();
    std::iter::successors(Some(0), move |&at| {
        Some(
            at + match bytes.get(at)? {
                // Of EUC_JP alone: in the others it is no lead byte.
                0x8F if !is_single => 3,
                0x80.. if !is_single => 2,
                _ => 1,
            },
        )
    })
    .take_while(|at| *at < bytes.len())
}

fn push(out: &mut Vec<u8>, character: char) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn web(
    encoding: &'static Encoding,
    bytes: &[u8],
    out: &mut Vec<u8>,
    has_controls: bool,
) -> Result<(), NotText> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let start = out.len();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).ok_or(NotText)?;
    out.resize(start + room, 0);
    let (result, read, written) =
        decoder.decode_to_utf8_without_replacement(bytes, out.get_mut(start..).unwrap_or_default(), true);
    out.truncate(start + written);
    if result != DecoderResult::InputEmpty || read != bytes.len() {
        return Err(NotText);
    }
    // Where a code page has nothing the web has a control, PostgreSQL nothing. U+0080 to U+009F begin with C2 80.
    let text = out.get(start..).unwrap_or_default();
    let is_control = |pair: &[u8]| matches!(pair, [0xC2, 0x80..=0x9F]);
    if !has_controls && text.windows(2).any(is_control) { Err(NotText) } else { Ok(()) }
}

const LATIN1: Way = Way::Latin(&[]);
const LATIN5: Way =
    Way::Latin(&[(0xD0, 'Ğ'), (0xDD, 'İ'), (0xDE, 'Ş'), (0xF0, 'ğ'), (0xFD, 'ı'), (0xFE, 'ş')]);

const fn iso(encoding: &'static Encoding) -> Way {
    Way::Web { encoding, own: none, has_controls: true }
}

const fn page(encoding: &'static Encoding) -> Way {
    Way::Web { encoding, own: none, has_controls: false }
}

const fn with(encoding: &'static Encoding, own: Own) -> Way {
    Way::Web { encoding, own, has_controls: true }
}

fn none(_: &[u8]) -> Option<(usize, char)> {
    None
}

fn koi8u(bytes: &[u8]) -> Option<(usize, char)> {
    match bytes {
        [0xAE, ..] => Some((1, '╝')),
        [0xBE, ..] => Some((1, '╬')),
        _ => None,
    }
}

fn euc_cn(bytes: &[u8]) -> Option<(usize, char)> {
    match bytes {
        [0xA1, 0xA4, ..] => Some((2, '・')),
        [0xA1, 0xAA, ..] => Some((2, '―')),
        _ => None,
    }
}

fn euc_kr(bytes: &[u8]) -> Option<(usize, char)> {
    matches!(bytes, [0xA2, 0xE8, ..]).then_some((2, '㉾'))
}

/// IBM's extensions, 8F F3 F3 to 8F F4 FE: the web has them at other places only.
const IBM: &str = "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤﨎咊坙﨏塚增寬峵嵓\
    﨑德悅愠敎昻晥晴朗栁﨓﨔橫櫢淸淲瀨凞猪甁皂皞益礰礼神祥福竧靖精綠緖羽荢\
    﨟薰蘒﨡蠇諸譿賴赶﨣﨤逸郞都鄕﨧﨨閒隆﨩霻靍靑飯飼館馞髙魲鶴黑";

fn euc_jp(bytes: &[u8]) -> Option<(usize, char)> {
    let character = match bytes {
        [0x8F, 0xA2, 0xC3, ..] => '￤',
        [0x8F, 0xF3, trail @ 0xF3..=0xFE, ..] => IBM.chars().nth(usize::from(trail - 0xF3))?,
        [0x8F, 0xF4, trail @ 0xA1..=0xFE, ..] => IBM.chars().nth(usize::from(trail - 0xA1) + 12)?,
        _ => return None,
    };
    Some((3, character))
}

const SUPPORTED: &[(&str, Way)] = &[
    ("UTF8", Way::Utf8),
    ("SQL_ASCII", Way::Unchecked),
    ("LATIN1", LATIN1),
    ("LATIN2", iso(encoding_rs::ISO_8859_2)),
    ("LATIN3", iso(encoding_rs::ISO_8859_3)),
    ("LATIN4", iso(encoding_rs::ISO_8859_4)),
    ("LATIN5", LATIN5),
    ("LATIN6", iso(encoding_rs::ISO_8859_10)),
    ("LATIN7", iso(encoding_rs::ISO_8859_13)),
    ("LATIN8", iso(encoding_rs::ISO_8859_14)),
    ("LATIN9", iso(encoding_rs::ISO_8859_15)),
    ("LATIN10", iso(encoding_rs::ISO_8859_16)),
    ("ISO_8859_5", iso(encoding_rs::ISO_8859_5)),
    ("ISO_8859_6", iso(encoding_rs::ISO_8859_6)),
    ("ISO_8859_7", iso(encoding_rs::ISO_8859_7)),
    ("ISO_8859_8", iso(encoding_rs::ISO_8859_8)),
    ("WIN866", page(encoding_rs::IBM866)),
    ("WIN874", page(encoding_rs::WINDOWS_874)),
    ("WIN1250", page(encoding_rs::WINDOWS_1250)),
    ("WIN1251", page(encoding_rs::WINDOWS_1251)),
    ("WIN1252", page(encoding_rs::WINDOWS_1252)),
    ("WIN1253", page(encoding_rs::WINDOWS_1253)),
    ("WIN1254", page(encoding_rs::WINDOWS_1254)),
    ("WIN1255", page(encoding_rs::WINDOWS_1255)),
    ("WIN1256", page(encoding_rs::WINDOWS_1256)),
    ("WIN1257", page(encoding_rs::WINDOWS_1257)),
    ("WIN1258", page(encoding_rs::WINDOWS_1258)),
    ("KOI8R", iso(encoding_rs::KOI8_R)),
    ("KOI8U", with(encoding_rs::KOI8_U, koi8u)),
    ("EUC_JP", with(encoding_rs::EUC_JP, euc_jp)),
    ("EUC_CN", with(encoding_rs::GBK, euc_cn)),
    ("EUC_KR", with(encoding_rs::EUC_KR, euc_kr)),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(encoding: &str, bytes: &[u8]) -> Result<String, NotText> {
        let mut out = Vec::new();
        TextEncoding::new(encoding).unwrap().convert(bytes, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn controls_of_latin1_are_no_characters_of_the_web_s_code_page() {
        assert_eq!(read("LATIN1", b"caf\xE9 \x80\x9F\xFF").unwrap(), "café \u{80}\u{9F}ÿ");
        assert_eq!(read("LATIN5", b"\xD0\xDD\xDE\xF0\xFD\xFE\x80\xE9").unwrap(), "ĞİŞğış\u{80}é");
        assert_eq!(read("WIN1252", b"\x80\xE9").unwrap(), "€é");
    }

    #[test]
    fn what_postgresql_has_no_character_for_is_none() {
        for (encoding, bytes) in [
            ("WIN1252", &b"a\x81"[..]),
            ("WIN1250", b"\x88"),
            ("LATIN3", b"\xA5"),
            ("EUC_JP", b"\xA1"),
            ("EUC_KR", b"\xB0\x20"),
            ("SQL_ASCII", b"\xFF"),
        ] {
            assert_eq!(read(encoding, bytes), Err(NotText), "{encoding}");
        }
    }

    #[test]
    fn characters_of_several_bytes_are_read_as_postgresql_reads_them() {
        assert_eq!(
            read("EUC_JP", b"\xA4\xA2a\x8F\xA2\xC3\x8F\xF3\xF3\x8F\xF4\xFE\x8E\xB1").unwrap(),
            "あa￤ⅰ黑ｱ"
        );
        assert_eq!(read("EUC_CN", b"\xB0\xA1\xA1\xA4\xA1\xAA").unwrap(), "啊・―");
        assert_eq!(read("EUC_KR", b"\xB0\xA1\xA2\xE8").unwrap(), "가㉾");
        assert_eq!(read("KOI8U", b"\xAE\xBE\xA4").unwrap(), "╝╬є");
        // The end of one character and the start of the next are not one of those.
        assert_eq!(read("EUC_CN", b"\xB0\xA1\xA4\xA1").unwrap(), "啊ぁ");
    }

    #[test]
    fn what_is_no_text_is_dealt_with_as_was_asked() {
        let mut out = b"before ".to_vec();
        let replacing = |name| TextEncoding::new(name).unwrap().with_invalid_text(InvalidText::Replace);
        replacing("WIN1252").convert(b"\xE9\x81b", &mut out).unwrap();
        replacing("SQL_ASCII").convert(b"\xC3\xA9\xFF", &mut out).unwrap();
        replacing("EUC_JP").convert(b"\xA4\xA2\xFF\xA4\xA2", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "before é\u{FFFD}bé\u{FFFD}あ\u{FFFD}あ");
        let mut out = Vec::new();
        let base64 = TextEncoding::new("SQL_ASCII").unwrap().with_invalid_text(InvalidText::Base64);
        base64.convert(b"\xFF\xFE", &mut out).unwrap();
        assert_eq!(out, b"//4=");
        assert_eq!(base64.name_of(b"\xFF"), Err(NotText), "a name in base64 would be another's");
    }

    #[test]
    fn text_that_is_utf_8_as_it_stands_is_left_alone() {
        let encoding = |name| TextEncoding::new(name).unwrap();
        assert!(encoding("UTF8").is_plain(b"\xC3\xA9") && encoding("latin1").is_plain(b"abc"));
        assert!(
            encoding("SQL_ASCII").is_plain("é".as_bytes()) && !encoding("LATIN1").is_plain("é".as_bytes())
        );
        assert_eq!(encoding("latin1").name(), "LATIN1");
    }

    #[test]
    fn encodings_that_can_t_be_converted_are_refused_by_name() {
        for name in ["MULE_INTERNAL", "EUC_TW", "EUC_JIS_2004", "SJIS", ""] {
            let error = TextEncoding::new(name).unwrap_err().to_string();
            assert!(error.contains(&format!("a database in {name} can't")), "{error}");
        }
    }
}
