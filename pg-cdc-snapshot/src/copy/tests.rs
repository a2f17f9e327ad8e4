use bytes::Bytes;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::wire::CopyFormat;
use pg_cdc_core::{Column, ColumnType, Datum, ErrorKind, Lsn, ReplicaIdentity, Table, TableName};
use proptest::prelude::*;
use std::sync::Arc;

use super::*;

type Value = Option<Vec<u8>>;

fn name() -> TableName {
    TableName::new("public", "t")
}

/// Reads messages, each one's payload framed as in a block; gives the rows.
fn decode(
    format: CopyFormat,
    encodings: &[Encoding],
    messages: &[Vec<u8>],
) -> Result<Vec<Vec<(bool, Value)>>, Error> {
    let columns = encodings.iter().map(|_| Column::new("c", ColumnType::new(0, -1, ""))).collect();
    let table = Arc::new(Table::new(1, name(), columns, ReplicaIdentity::Default));
    let (mut framed, mut payloads) = (Vec::new(), Vec::new());
    for message in messages {
        framed.extend_from_slice(&[b'd', 0, 0, 0, 0]);
        payloads.push(framed.len()..framed.len() + message.len());
        framed.extend_from_slice(message);
    }
    let framed = Bytes::from(framed);
    let mut decoder = CopyDecoder::new(name(), format, encodings.into());
    let mut batch = ChangeBatch::new();
    let (buffer, handle) = (batch.attach(&framed), batch.table(&table, None));
    batch.enter(&pg_cdc_core::batch::Transaction::new(None, Lsn::new(7), 0));
    for payload in payloads {
        let before = batch.len();
        let target = Target { batch: &mut batch, buffer, table: handle, point: Lsn::new(7) };
        decoder.message(&framed, payload, target).map_err(|trouble| match trouble {
            NotARow::Malformed(error) => {
                assert_eq!(batch.len(), before);
                error
            }
            NotARow::Full => panic!("the batch is not full"),
        })?;
    }
    assert_eq!(decoder.finish()?, batch.len() as u64);
    let value = |datum: Datum<'_>| match datum {
        Datum::Null => (false, None),
        Datum::Text(text) => (false, Some(text.to_vec())),
        Datum::Binary(binary) => (true, Some(binary.to_vec())),
        other => panic!("{other:?}"),
    };
    let rows = batch.changes().map(|change| {
        let row = change.after().unwrap();
        assert_eq!(row.len(), encodings.len());
        (0..row.len()).map(|at| value(row.datum(at))).collect()
    });
    Ok(rows.collect())
}

/// As `CopyAttributeOutText` of the server writes a row.
fn text_line(row: &[Value]) -> Vec<u8> {
    let mut line = Vec::new();
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            line.push(b'\t');
        }
        let Some(value) = value else {
            line.extend_from_slice(br"\N");
            continue;
        };
        for &byte in value {
            let code = match byte {
                8 => b'b',
                9 => b't',
                10 => b'n',
                11 => b'v',
                12 => b'f',
                13 => b'r',
                b'\\' => b'\\',
                byte => {
                    line.push(byte);
                    continue;
                }
            };
            line.extend_from_slice(&[b'\\', code]);
        }
    }
    line.push(b'\n');
    line
}

fn header() -> Vec<u8> {
    b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec()
}

fn binary_row(row: &[Value]) -> Vec<u8> {
    let mut out = (row.len() as u16).to_be_bytes().to_vec();
    for value in row {
        match value {
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
            Some(value) => {
                out.extend_from_slice(&(value.len() as i32).to_be_bytes());
                out.extend_from_slice(value);
            }
        }
    }
    out
}

/// The messages of a binary COPY, the header in front of the first row or alone.
fn binary_messages(rows: &[Vec<Value>], header_alone: bool) -> Vec<Vec<u8>> {
    let mut messages: Vec<_> = rows.iter().map(|row| binary_row(row)).collect();
    messages.push(vec![0xff, 0xff]);
    if header_alone {
        messages.insert(0, header());
    } else {
        messages[0] = [header(), messages[0].clone()].concat();
    }
    messages
}

fn values() -> impl Strategy<Value = Value> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..20),
        proptest::collection::vec(proptest::sample::select(br"\tnN.x01".to_vec()), 0..8),
        proptest::collection::vec(proptest::sample::select(b"\t\n\r\\ab".to_vec()), 0..8),
    ];
    proptest::option::weighted(0.8, bytes)
}

fn tables() -> impl Strategy<Value = (usize, Vec<Vec<Value>>)> {
    (0_usize..6).prop_flat_map(|columns| {
        let row = proptest::collection::vec(values(), columns..=columns);
        (Just(columns), proptest::collection::vec(row, 0..5))
    })
}

proptest! {
    #[test]
    fn text_goes_there_and_back((columns, rows) in tables()) {
        let messages: Vec<_> = rows.iter().map(|row| text_line(row)).collect();
        let decoded = decode(CopyFormat::Text, &vec![Encoding::Text; columns], &messages).unwrap();
        let decoded: Vec<Vec<Value>> =
            decoded.into_iter().map(|row| row.into_iter().map(|(_, value)| value).collect()).collect();
        prop_assert_eq!(decoded, rows);
    }

    #[test]
    fn binary_goes_there_and_back((columns, rows) in tables(), header_alone: bool, binary: [bool; 6]) {
        let encodings: Vec<_> = binary[..columns]
            .iter()
            .map(|binary| if *binary { Encoding::Binary } else { Encoding::Text })
            .collect();
        let decoded = decode(CopyFormat::Binary, &encodings, &binary_messages(&rows, header_alone)).unwrap();
        let expected: Vec<Vec<(bool, Value)>> = rows
            .into_iter()
            .map(|row| {
                let value = |(value, binary): (Value, &bool)| (*binary && value.is_some(), value);
                row.into_iter().zip(&binary).map(value).collect()
            })
            .collect();
        prop_assert_eq!(decoded, expected);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
        columns in 0_usize..4,
        with_header: bool,
    ) {
        let encodings = vec![Encoding::Binary; columns];
        let first = if with_header { [header(), bytes.clone()].concat() } else { bytes.clone() };
        let _ = decode(CopyFormat::Binary, &encodings, &[first, bytes.clone()]);
        let _ = decode(CopyFormat::Text, &encodings, &[bytes.clone(), [bytes, b"\n".to_vec()].concat()]);
    }

    #[test]
    fn a_message_cut_short_is_no_row(row in proptest::collection::vec(values(), 1..4), cut in 1_usize..60) {
        let encodings = vec![Encoding::Binary; row.len()];
        let mut message = binary_row(&row);
        message.truncate(message.len().saturating_sub(cut));
        prop_assume!(message != [0xff, 0xff]);
        let error = decode(CopyFormat::Binary, &encodings, &[header(), message, vec![0xff, 0xff]]).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Protocol);
    }
}

fn text_value(raw: &[u8]) -> Result<Value, String> {
    let line = [raw, b"\n"].concat();
    let decoded = decode(CopyFormat::Text, &[Encoding::Text], &[line]).map_err(|error| error.to_string())?;
    Ok(decoded[0][0].1.clone())
}

#[test]
fn every_escape_of_the_documentation_is_read() {
    for (raw, value) in [
        (r"\b\f\n\r\t\v\\", &b"\x08\x0c\n\r\t\x0b\\"[..]),
        (r"\x41\x4g\x4\xg", b"A\x04g\x04xg"),
        (r"\101\7\18\0412", b"A\x07\x018!2"),
        (r"\a\.\N", b"a.N"),
        ("x\\Ny", b"xNy"),
    ] {
        assert_eq!(text_value(raw.as_bytes()).unwrap().as_deref(), Some(value), "{raw}");
    }
    assert_eq!(text_value(br"\N").unwrap(), None);
    assert_eq!(text_value(b"").unwrap().as_deref(), Some(&b""[..]));
    assert!(text_value(br"ab\").unwrap_err().contains("lone backslash"));
}

#[test]
fn what_is_no_text_is_what_was_asked_for_escaped_or_not() {
    let text = ColumnType::new(25, -1, "text");
    let columns = ["a", "b", "c"].map(|name| Column::new(name, text.clone())).into();
    let table = Arc::new(Table::new(1, name(), columns, ReplicaIdentity::Default));
    let line = Bytes::from_static(b"plain \xc3\xa9\t\xff\ta\\t\xff\n");
    let replaced: &[&str] = &["plain é", "\u{FFFD}", "a\t\u{FFFD}"];
    for (invalid, expected) in
        [(InvalidText::Replace, replaced), (InvalidText::Base64, &["plain é", "/w==", "YQn/"])]
    {
        let (format, encodings) = (CopyFormat::Text, Box::new([Encoding::Text; 3]));
        let mut decoder = CopyDecoder::new(name(), format, encodings).with_invalid_text(invalid, &table);
        let mut batch = ChangeBatch::new();
        let (buffer, handle) = (batch.attach(&line), batch.table(&table, None));
        batch.enter(&pg_cdc_core::batch::Transaction::new(None, Lsn::new(7), 0));
        let target = Target { batch: &mut batch, buffer, table: handle, point: Lsn::new(7) };
        decoder.message(&line, 0..line.len(), target).unwrap();
        let row = batch.changes().next().unwrap().after().unwrap();
        let texts: Vec<&str> = ["a", "b", "c"].map(|column| row.get(column).unwrap()).into();
        assert_eq!(texts, expected);
        let mended: Vec<_> = batch.mended().map(|(_, column)| &*column.name).collect();
        assert_eq!(mended, ["b", "c"]);
    }
}

#[test]
fn errors_name_the_table_and_the_row() {
    let told = |format, messages: &[&[u8]]| {
        let messages: Vec<_> = messages.iter().map(|message| message.to_vec()).collect();
        decode(format, &[Encoding::Text; 2], &messages).unwrap_err().to_string()
    };
    let text = |messages: &[&[u8]]| told(CopyFormat::Text, messages);
    assert_eq!(text(&[b"a\tb\n", b"a\n"]), "COPY of public.t, row 2: it has 1 columns, expected 2");
    assert_eq!(text(&[b"a\tb\tc\n"]), "COPY of public.t, row 1: it has 3 columns, expected 2");
    assert_eq!(text(&[b"a\tb"]), "COPY of public.t, row 1: it does not end with a line break");

    let header = header();
    let binary = |messages: &[&[u8]]| told(CopyFormat::Binary, messages);
    assert!(binary(&[b"a\tb\n"]).contains("signature"));
    assert!(binary(&[&header]).contains("the trailer is missing"));
    assert!(binary(&[&header, b"\xff\xff", b"\xff\xff"]).contains("behind the trailer"));
    assert!(binary(&[&header, b"\0\x01\0\0\0\0"]).contains("1 columns, expected 2"));
    assert!(binary(&[&header, b"\0\x02\xff\xff\xff\xff\xff\xff\xff\xfe"]).contains("length is -2"));
    assert!(binary(&[&header, b"\0\x02\0\0\0\0\0\0\0\0\0"]).contains("bytes behind"));
    let mut critical = header.clone();
    critical[12] = 1;
    assert!(binary(&[&critical]).contains("0x10000"));
    let mut extended = header;
    extended[18] = 3;
    extended.extend_from_slice(b"ext\xff\xff");
    assert_eq!(decode(CopyFormat::Binary, &[Encoding::Text; 2], &[extended]).unwrap().len(), 0);
}
