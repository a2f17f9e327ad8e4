//! Databases in other encodings than UTF-8: text and names are the database's, and PostgreSQL's own conversion is the
//! measure.

use bytes::Bytes;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::{Datum, DecodeError, Lsn};
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{InvalidText, TestDecoding, TextEncoding};
use pg_cdc_testkit::{Cluster, Keeper, Version};

use crate::support::{Case, refused, routed};

const SINGLE: &[&str] = &[
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
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
    "WIN1252",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1256",
    "WIN1257",
    "WIN1258",
    "KOI8R",
    "KOI8U",
];
const SEVERAL: &[&str] = &["EUC_JP", "EUC_CN", "EUC_KR"];

/// What each of `characters` is in UTF-8, NULL where it is none.
fn sql(encoding: &str, characters: &str) -> String {
    format!("SELECT b, pg_temp.read(b, '{encoding}') FROM ({characters}) c (b)")
}

/// Decodes inserts of one text each; gives what each is, `None` where it is none of the encoding's.
fn read(encoding: &str, texts: &[Vec<u8>]) -> Vec<Option<String>> {
    texts
        .iter()
        .map(|text| {
            let encoding = TextEncoding::new(encoding).unwrap();
            let batch = insert(TestDecoding::new(150_000, encoding), text).ok()?;
            let change = batch.changes().next().unwrap();
            let Datum::Text(text) = change.after().unwrap().datum(0) else { panic!("no text") };
            Some(String::from_utf8(text.to_vec()).unwrap())
        })
        .collect()
}

fn insert(decoder: TestDecoding, text: &[u8]) -> Result<ChangeBatch, DecodeError> {
    let mut keeper = Keeper::new(decoder);
    let mut line = b"table public.t: INSERT: a[text]:'".to_vec();
    line.extend_from_slice(text);
    line.push(b'\'');
    for line in [Bytes::from_static(b"BEGIN 7"), line.into(), Bytes::from_static(b"COMMIT 7")] {
        keeper.take(Lsn::new(1), &line)?;
    }
    Ok(keeper.batch)
}

#[tokio::test]
async fn characters_are_what_postgresql_makes_of_them() {
    // Its tables are the same in all versions.
    let version = *Version::under_test().last().unwrap();
    let client = Cluster::shared(version).await.unwrap().connect("postgres").await.unwrap();
    client
        .batch_execute(
            "CREATE FUNCTION pg_temp.read(b bytea, e text) RETURNS text LANGUAGE plpgsql AS \
             'BEGIN RETURN convert_from(b, e); EXCEPTION WHEN OTHERS THEN RETURN NULL; END'",
        )
        .await
        .unwrap();
    let one = "SELECT set_byte('\\x00'::bytea, 0, i) FROM generate_series(128, 255) i";
    let two = "SELECT set_byte(set_byte('\\x0000'::bytea, 0, i), 1, j) \
               FROM generate_series(142, 254) i, generate_series(161, 254) j";
    let three = "SELECT set_byte(set_byte('\\x8f0000'::bytea, 1, i), 2, j) \
                 FROM generate_series(161, 254) i, generate_series(161, 254) j";
    let mut cases: Vec<(&str, &str)> = SINGLE.iter().map(|encoding| (*encoding, one)).collect();
    cases.extend(SEVERAL.iter().map(|encoding| (*encoding, two)));
    cases.push(("EUC_JP", three));
    for (encoding, characters) in cases {
        let rows = client.query(&sql(encoding, characters), &[]).await.unwrap();
        let bytes: Vec<Vec<u8>> = rows.iter().map(|row| row.get(0)).collect();
        for (row, (bytes, ours)) in rows.iter().zip(bytes.iter().zip(read(encoding, &bytes))) {
            let theirs: Option<String> = row.get(1);
            // We know some that it does not (5BA of WIN1255, some of EUC), but never a control in place of nothing.
            match theirs {
                Some(_) => assert_eq!(ours, theirs, "{encoding}: {bytes:02x?}"),
                None => assert!(
                    ours.as_deref().is_none_or(|ours| !ours.contains(char::is_control)),
                    "{encoding}: {bytes:02x?}, {ours:?}"
                ),
            }
        }
    }
}

#[tokio::test]
async fn a_database_in_another_encoding_is_read_in_utf_8() {
    for version in Version::under_test() {
        for (encoding, name, text) in [
            ("LATIN1", "Größe", "ÿ naïve ''quoted''"),
            ("WIN1252", "preis_€", "€ – “x”"),
            ("EUC_JP", "表", "日本語のテキスト ''ｱｲｳ''"),
            ("SQL_ASCII", "größe", "naïve"),
            ("UTF8", "größe", "日本 €"),
        ] {
            let schema =
                format!("CREATE TABLE public.\"{name}\" (id int PRIMARY KEY, \"{name}2\" text, e text)");
            let mut case = Case::with_encoding(version, encoding, &schema).await;
            let slot = case.slot("test_decoding").await;
            case.run([format!("INSERT INTO public.\"{name}\" VALUES (1, '{text}', 'ascii')")]).await;
            let frames = case.peek(&slot, &options()).await;
            let batch = routed(decoder(&case, encoding), case.tables(&[]).await, &frames);
            let change = batch.changes().next().unwrap();
            assert_eq!(&*change.table().name.name, name, "{encoding}");
            assert_eq!(&*change.table().columns[1].name, format!("{name}2"), "{encoding}");
            let row = change.after().unwrap();
            assert_eq!(row.datum(1), Datum::Text(text.replace("''", "'").as_bytes()), "{encoding}");
            assert_eq!(row.datum(2), Datum::Text(b"ascii"), "{encoding}");
            case.end().await;
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_dealt_with_as_was_asked() {
    let version = *Version::under_test().last().unwrap();
    let schema = "CREATE TABLE public.t (id int PRIMARY KEY, v text)";
    let mut case = Case::with_encoding(version, "SQL_ASCII", schema).await;
    let slot = case.slot("test_decoding").await;
    case.run([r"INSERT INTO public.t VALUES (1, E'a\xFFb')"]).await;
    let frames = case.peek(&slot, &options()).await;
    let decoder = |encoding| TestDecoding::new(case.cluster.version_num(), encoding);
    let ascii = TextEncoding::new("SQL_ASCII").unwrap();
    for (invalid, text) in [(InvalidText::Replace, "a\u{FFFD}b"), (InvalidText::Base64, "Yf9i")] {
        let ascii = ascii.with_invalid_text(invalid);
        let batch = routed(decoder(ascii), case.tables(&[]).await, &frames);
        let row = batch.changes().next().unwrap().after().unwrap();
        assert_eq!(row.datum(1), Datum::Text(text.as_bytes()));
    }
    let error = refused(decoder(ascii), case.tables(&[]).await, &frames);
    assert!(error.contains("table public.t, column v") && error.contains("SQL_ASCII"), "{error}");
    case.end().await;
}

/// The server is not to convert what it prints.
fn options() -> Vec<(&'static str, &'static str)> {
    OPTIONS.iter().copied().chain([("force-binary", "on")]).collect()
}

fn decoder(case: &Case, encoding: &str) -> TestDecoding {
    TestDecoding::new(case.cluster.version_num(), TextEncoding::new(encoding).unwrap())
}
