//! The types of pgvector: `DoubleVector`, `FloatVector`, `SparseDoubleVector` and `Vectors` of `io.debezium.data.vector`.

use super::float::{push_float4, push_float8_text};
use super::java_map::order;
use crate::types::{Flaw, Parsed, float, integer};

const NO_VECTOR: Flaw = Flaw::new("is not the text of a vector");

/// Appends a vector as an array of float8, each the number that its text is.
pub(super) fn push_vector(text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    push_elements(text, out, push_float8_text)
}

/// Appends a halfvec as an array of float4.
pub(super) fn push_halfvec(text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    push_elements(text, out, |element, out| {
        push_float4(float::float4_from_text(element)?, out);
        Ok(())
    })
}

fn push_elements(
    text: &[u8],
    out: &mut Vec<u8>,
    push: impl Fn(&[u8], &mut Vec<u8>) -> Parsed<()>,
) -> Parsed<()> {
    let inner = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]")).ok_or(NO_VECTOR)?;
    out.push(b'[');
    for (index, element) in inner.split(|&byte| byte == b',').enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(element, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Appends a sparsevec: `{1:1.5,3:2}/5` is `{"dimensions":5,"vector":[[1,1.5],[3,2.0]]}`.
///
/// Its keys are numbers, so that `JsonConverter` has an array of pairs for the map, in the map's order. More dimensions
/// than an `INT16` holds leave the field null.
pub(super) fn push_sparsevec(text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let text = std::str::from_utf8(text).map_err(|_| NO_VECTOR)?;
    let (elements, dimensions) = text.split_once('/').ok_or(NO_VECTOR)?;
    let dimensions: u32 = dimensions.parse().map_err(|_| NO_VECTOR)?;
    if dimensions > 0x7fff {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let inner = elements.strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or(NO_VECTOR)?;
    let mut pairs = Vec::new();
    for element in inner.split(',').filter(|_| !inner.is_empty()) {
        let (index, number) = element.split_once(':').ok_or(NO_VECTOR)?;
        pairs.push((index.parse::<i16>().map_err(|_| NO_VECTOR)?, number));
    }
    let capacity = pairs.len();
    order(&mut pairs, capacity, |&(index, _)| index.into());
    out.extend_from_slice(b"{\"dimensions\":");
    integer::write_text(dimensions.into(), out);
    out.extend_from_slice(b",\"vector\":[");
    for (place, (index, number)) in pairs.into_iter().enumerate() {
        out.extend_from_slice(if place > 0 { b",[" } else { b"[" });
        integer::write_text(index.into(), out);
        out.push(b',');
        push_float8_text(number.as_bytes(), out)?;
        out.push(b']');
    }
    out.extend_from_slice(b"]}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>) -> Parsed<()>) -> Option<String> {
        let mut out = Vec::new();
        write(&mut out).ok()?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn vectors_are_arrays_and_sparse_ones_pairs_by_bucket() {
        assert_eq!(written(|out| push_vector(b"[1,2.5,-1e+10]", out)).as_deref(), Some("[1.0,2.5,-1.0E10]"));
        assert_eq!(written(|out| push_halfvec(b"[0.1,65504]", out)).as_deref(), Some("[0.1,65504.0]"));
        for (text, json) in [
            ("{1:1.5,3:2}/5", r#"{"dimensions":5,"vector":[[1,1.5],[3,2.0]]}"#),
            ("{3:1,16:2}/25", r#"{"dimensions":25,"vector":[[16,2.0],[3,1.0]]}"#),
            ("{}/5", r#"{"dimensions":5,"vector":[]}"#),
            ("{1:1}/40000", "null"),
        ] {
            assert_eq!(written(|out| push_sparsevec(text.as_bytes(), out)).as_deref(), Some(json), "{text}");
        }
        for bad in ["", "[]", "[1,]", "1,2", "[x]"] {
            assert_eq!(written(|out| push_vector(bad.as_bytes(), out)), None, "{bad}");
        }
        for bad in ["", "{1:1}", "{1}/5", "{:1}/5", "{1:1}/x", "{1:1,}/5"] {
            assert_eq!(written(|out| push_sparsevec(bad.as_bytes(), out)), None, "{bad}");
        }
    }
}
