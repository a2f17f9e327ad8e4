use super::*;
use proptest::prelude::*;

fn read(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut json = Json::new(text);
    let read = (|| {
        let string = json.string("a string")?;
        let mut out = Vec::new();
        json.unescape(string, &mut out)?;
        assert_eq!(string.is_escaped, out != json.raw(string));
        json.end()?;
        Ok(out)
    })();
    read.map_err(|fault: Fault| fault.what().to_string())
}

fn passes_over(text: &str) -> bool {
    let mut json = Json::new(text.as_bytes());
    json.pass_over().and_then(|()| json.end()).is_ok()
}

#[test]
fn every_escape_is_read() {
    let text = br#""\"\\\/\b\f\n\r\t\u0001\u001f\u00e4\u20AC\uD83D\uDE00x""#;
    let read = String::from_utf8(read(text).unwrap()).unwrap();
    assert_eq!(read, "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}ä€😀x");
}

#[test]
fn what_is_no_string_is_refused() {
    let wrong: [&[u8]; 15] = [
        b"",
        b"x",
        b"\"",
        b"\"a",
        b"\"\\",
        b"\"\\\"",
        b"\"\\x\"",
        b"\"\\u12\"",
        b"\"\\u12g4\"",
        b"\"\\u0000\"",
        b"\"\\ud800\"",
        b"\"\\ud800\\u0041\"",
        b"\"\\udc00\"",
        b"\"a\nb\"",
        b"\"a\"b",
    ];
    for text in wrong {
        assert!(read(text).is_err(), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn numbers_are_json_numbers() {
    for (text, is_number) in [
        ("0", true),
        ("-0", true),
        ("12.50", true),
        ("1e+20", true),
        ("-1.5E-7", true),
        ("01", false),
        ("1.", false),
        (".5", false),
        ("+1", false),
        ("1e", false),
        ("-", false),
        ("NaN", false),
        ("0x1", false),
    ] {
        assert_eq!(passes_over(text), is_number, "{text}");
        let mut json = Json::new(text.as_bytes());
        let scalar = json.scalar("a value").and_then(|scalar| json.end().map(|()| scalar)).ok();
        assert_eq!(scalar, is_number.then_some(Scalar::Number(0, text.len())), "{text}");
    }
}

#[test]
fn nesting_is_bounded_and_costs_no_stack() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(passes_over(&nested(64)));
    assert!(!passes_over(&nested(65)));
    assert!(!passes_over(&"{\"a\":[".repeat(1_000_000)));
}

#[test]
fn values_are_passed_over_whole() {
    for text in [
        "{}",
        "[]",
        " { \"a\" : [ 1 , { \"b\" : null } , \"]}\" ] , \"c\" : { } }\n",
        "[[],{},[{}],true,false,null,\"\",0]",
    ] {
        assert!(passes_over(text), "{text}");
        for cut in 0..text.trim_end().len() {
            assert!(!passes_over(&text[..cut]), "{}", &text[..cut]);
        }
    }
    for text in ["{,}", "[,]", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1 2]", "{1:2}", "]", "[}"] {
        assert!(!passes_over(text), "{text}");
    }
}

#[test]
fn integers_are_bounded() {
    let read = |text: &str| Json::new(text.as_bytes()).integer("a number").ok();
    assert_eq!(read("-2147483648"), Some(Some(-2_147_483_648)));
    assert_eq!(read("4294967295"), Some(Some(4_294_967_295)));
    assert_eq!(read("null"), Some(None));
    for text in ["123456789012", "1.5", "\"1\"", "true", "1e3", ""] {
        assert_eq!(read(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn plain_bytes_are_found_as_one_by_one(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
        // Few special bytes among many, so that every length is met.
        let bytes: Vec<u8> = bytes.iter().enumerate()
            .map(|(at, &byte)| if at < cut && is_special(byte) { b'x' } else { byte })
            .collect();
        let expected = bytes.iter().position(|&byte| is_special(byte)).unwrap_or(bytes.len());
        prop_assert_eq!(plain(&bytes), expected);
    }

    #[test]
    fn any_text_reads_as_serde_json_wrote_it(text: String) {
        let text = text.replace('\0', "");
        let written = serde_json::to_vec(&text).unwrap();
        prop_assert_eq!(read(&written).unwrap(), text.as_bytes());
    }

    #[test]
    fn passes_over_what_serde_json_reads(text in r#"[\[\]{}",:0-9a\\ntrue.e+\- ]{0,24}"#) {
        prop_assume!(!text.contains("u0000"));
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(passes_over(&text), is_json, "{}", text);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut json = Json::new(&bytes);
        let _ = json.pass_over();
        let _ = Json::new(&bytes).scalar("a value");
    }
}
