//! The cases of pg-cdc-core's tests, which a real server gave, alone and within containers.

use std::fs;
use std::path::{Path, PathBuf};

use pg_cdc_fuzz::{choose, first, type_of};

use crate::{Corpus, Result, unhex};

pub(crate) fn write(corpus: &Corpus, root: &Path) -> Result<()> {
    let mut families: Vec<PathBuf> = fs::read_dir(root.join("pg-cdc-core/src/types/testdata"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    families.retain(|path| path.extension().is_some_and(|extension| extension == "tsv"));
    for family in families {
        let stem = family.file_stem().and_then(|stem| stem.to_str()).ok_or("a name that is not UTF-8")?;
        for (line, case) in fs::read_to_string(&family)?.lines().enumerate() {
            let (name, text, binary) = match case.split('\t').collect::<Vec<_>>()[..] {
                [name, text, binary, _] => (name, text, binary),
                // Geometries are told by what PostGIS made of them: their text is their binary form in hexadecimal.
                [geometry, _, _, _, _, _] => ("geometry", geometry, geometry),
                _ => return Err(format!("{} line {}", family.display(), line + 1).into()),
            };
            let Some(choice) = choose(name) else { return Err(format!("no type {name}").into()) };
            let (text, binary) = (unescape(text), unhex(binary)?);
            add(corpus, &format!("{stem}-{line}"), &choice, &text, &binary)?;
            // A few within others: the containers are what is tried there.
            if line % 8 == 0 && text.len() < 64 {
                contained(corpus, &format!("{stem}-{line}"), choice, &text, &binary)?;
            }
        }
    }
    Ok(())
}

/// Both encodings of a value.
fn add(corpus: &Corpus, name: &str, choice: &[u8], text: &[u8], binary: &[u8]) -> std::io::Result<()> {
    corpus.add("types_text", name, &[choice, text].concat())?;
    corpus.add("types_binary", name, &[choice, binary].concat())
}

/// The value within an array, a range, a multirange, a domain and a composite.
fn contained(
    corpus: &Corpus,
    name: &str,
    choice: [u8; 2],
    text: &[u8],
    binary: &[u8],
) -> std::io::Result<()> {
    let of = |container: &[u8]| [container, &choice].concat();
    let oid = type_of(&choice).0.oid.to_be_bytes();
    let length = u32::try_from(binary.len()).unwrap_or_default().to_be_bytes();
    let quoted = quote(text);
    let one = 1_u32.to_be_bytes();

    let array = [&one, &one, &oid, &[0, 0, 0, 2], &one, &length, binary, &[0xff; 4]].concat();
    let text_array = [b"{", &*quoted, b",NULL}"].concat();
    add(corpus, &format!("{name}-array"), &of(&[first::ARRAY]), &text_array, &array)?;

    let range = [&[2_u8] as &[u8], &length, binary, &length, binary].concat();
    let text_range = [b"[", &*quoted, b",", &quoted, b")"].concat();
    add(corpus, &format!("{name}-range"), &of(&[first::RANGE]), &text_range, &range)?;

    let range_length = u32::try_from(range.len()).unwrap_or_default().to_be_bytes();
    let multirange = [&one as &[u8], &range_length, &range].concat();
    let text_multirange = [b"{", &*text_range, b"}"].concat();
    add(corpus, &format!("{name}-multirange"), &of(&[first::MULTIRANGE]), &text_multirange, &multirange)?;

    add(corpus, &format!("{name}-domain"), &of(&[first::DOMAIN]), text, binary)?;

    let composite = [&one as &[u8], &oid, &length, binary].concat();
    let text_composite = [b"(", &*quoted, b")"].concat();
    add(corpus, &format!("{name}-composite"), &of(&[first::COMPOSITE, 1]), &text_composite, &composite)
}

/// Quoted as arrays, ranges and composites all take it.
fn quote(text: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    quoted
}

/// Undoes COPY's escapes.
fn unescape(field: &str) -> Vec<u8> {
    let mut text = Vec::new();
    let mut bytes = field.bytes();
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'b') => 8,
                Some(b'f') => 0xc,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 0xb,
                Some(other) => other,
                None => b'\\',
            },
            other => other,
        });
    }
    text
}
