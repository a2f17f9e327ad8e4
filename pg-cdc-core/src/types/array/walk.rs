//! The pieces of an array, from its text or its binary form.

use crate::types::column_type::{ColumnType, Shape};
use crate::types::encoded::{Encoded, Reader};
use crate::types::quoting::{Style, unquote};
use crate::types::{Flaw, Parsed};

/// PostgreSQL's own limit (`MAXDIM`).
pub(in crate::types) const MOST_DIMENSIONS: usize = 6;

/// One dimension of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dimension {
    /// Number of elements.
    pub len: usize,
    /// The index of the first: 1 unless it was made otherwise.
    pub lower: i32,
}

impl Dimension {
    /// Appends `[lower:upper]`.
    pub(in crate::types) fn write_bounds(self, out: &mut Vec<u8>) {
        let upper = i64::from(self.lower) + i64::try_from(self.len).unwrap_or(i64::MAX) - 1;
        out.extend_from_slice(format!("[{}:{upper}]", self.lower).as_bytes());
    }
}

/// How many dimensions begin with the element at `index`: one begins with every multiple of the elements in one part
/// of it, and so do those within.
pub(super) fn beginning_at(index: usize, dimensions: &[Dimension]) -> usize {
    let mut size = 1_usize;
    let begins = |dimension: &&Dimension| {
        size = size.saturating_mul(dimension.len);
        size != 0 && index.is_multiple_of(size)
    };
    dimensions.iter().rev().take_while(begins).count()
}

/// A piece of an array, in the order of its text.
pub(in crate::types) enum Part<'a> {
    /// A dimension begins.
    Open,
    /// A dimension is over.
    Close,
    /// Another element or dimension follows in the same one.
    Separator,
    Null,
    Value(Encoded<'a>),
}

/// Element type and delimiter of an array type.
pub(in crate::types) fn parts_of(type_: &ColumnType) -> Parsed<(&ColumnType, u8)> {
    match type_.base().shape() {
        // `pg_type.typdelim` is one byte.
        Some(Shape::Array { element, delimiter }) => Ok((element, u8::try_from(*delimiter).unwrap_or(b','))),
        _ => Err(Flaw::new("is no array")),
    }
}

/// Takes the measure of an array's text: every part of a dimension is as long as the first.
#[derive(Default)]
pub(super) struct Measure {
    /// Length of each dimension, once a part of it is over.
    lens: [Option<usize>; MOST_DIMENSIONS],
    /// Elements so far of the open part of each.
    open: Vec<usize>,
    /// In which dimension the elements stand.
    elements_in: Option<usize>,
    uneven: bool,
}

impl Measure {
    pub(super) fn take(&mut self, part: &Part<'_>) -> Parsed<()> {
        match part {
            Part::Open => {
                if let Some(count) = self.open.last_mut() {
                    *count += 1;
                }
                self.open.push(0);
            }
            Part::Close => {
                let count = self.open.pop().unwrap_or_default();
                if let Some(len) = self.lens.get_mut(self.open.len()) {
                    self.uneven |= len.is_some_and(|len| len != count);
                    *len = Some(count);
                }
            }
            Part::Null | Part::Value(_) => {
                if let Some(count) = self.open.last_mut() {
                    *count += 1;
                }
                self.uneven |= *self.elements_in.get_or_insert(self.open.len()) != self.open.len();
            }
            Part::Separator => {}
        }
        Ok(())
    }

    pub(super) fn dimensions(&self) -> Parsed<Vec<Dimension>> {
        let lens: Vec<usize> = self.lens.iter().map_while(|len| *len).collect();
        let elements_elsewhere = self.elements_in.is_some_and(|depth| depth != lens.len());
        if self.uneven || elements_elsewhere || (lens.len() > 1 && lens.contains(&0)) {
            return Err(Flaw::new("has parts of different lengths"));
        }
        if lens == [0] {
            return Ok(Vec::new());
        }
        Ok(lens.into_iter().map(|len| Dimension { len, lower: 1 }).collect())
    }
}

/// The lower bounds that stand before the elements (`[0:1][2:2]=`), and where the elements begin.
pub(in crate::types) fn text_bounds(text: &[u8]) -> Parsed<(Vec<i32>, usize)> {
    let mut lowers = Vec::new();
    if text.first() != Some(&b'[') {
        return Ok((lowers, 0));
    }
    let flaw = Flaw::at("has bounds that can't be read", 0);
    let equals = text.iter().position(|&byte| byte == b'=').ok_or(flaw)?;
    let bounds = text.get(..equals).and_then(|bounds| std::str::from_utf8(bounds).ok()).ok_or(flaw)?;
    for bound in bounds.split_inclusive(']') {
        let bound = bound.strip_prefix('[').and_then(|bound| bound.strip_suffix(']')).ok_or(flaw)?;
        let (lower, upper) = bound.split_once(':').ok_or(flaw)?;
        let lower = lower.parse().map_err(|_| flaw)?;
        upper.parse::<i32>().map_err(|_| flaw)?;
        if lowers.len() == MOST_DIMENSIONS {
            return Err(Flaw::at("has more than six dimensions", 0));
        }
        lowers.push(lower);
    }
    Ok((lowers, equals + 1))
}

pub(in crate::types) fn walk_text(
    type_: &ColumnType,
    text: &[u8],
    mut each: impl FnMut(&ColumnType, Part<'_>) -> Parsed<()>,
) -> Parsed<()> {
    let (element, delimiter) = parts_of(type_)?;
    let (_, mut at) = text_bounds(text)?;
    let mut depth = 0_usize;
    // Whether a value or a dimension must or may stand here, or a separator or an end.
    let mut expects_value = true;
    let mut after_separator = false;
    loop {
        match text.get(at) {
            Some(b'{') if expects_value => {
                depth += 1;
                if depth > MOST_DIMENSIONS {
                    return Err(Flaw::at("has more than six dimensions", at));
                }
                after_separator = false;
                each(element, Part::Open)?;
                at += 1;
            }
            Some(b'}') if depth > 0 && !after_separator => {
                depth -= 1;
                expects_value = false;
                each(element, Part::Close)?;
                at += 1;
                if depth == 0 {
                    break;
                }
            }
            Some(&byte) if byte == delimiter && depth > 0 && !expects_value => {
                (expects_value, after_separator) = (true, true);
                each(element, Part::Separator)?;
                at += 1;
            }
            Some(_) if depth > 0 && expects_value => {
                let read = unquote(text, at, Style::Array(delimiter))?;
                if read.end == at {
                    return Err(Flaw::at("lacks an element", at));
                }
                (expects_value, after_separator) = (false, false);
                at = read.end;
                if !read.was_quoted && read.value.eq_ignore_ascii_case(b"NULL") {
                    each(element, Part::Null)?;
                } else {
                    each(element, Part::Value(Encoded::Text(&read.value)))?;
                }
            }
            Some(_) => return Err(Flaw::at("is not the text of an array", at)),
            None => return Err(Flaw::at("ends too early", at)),
        }
    }
    if at == text.len() { Ok(()) } else { Err(Flaw::at("has bytes behind its end", at)) }
}

/// The element's type, the number of elements, and the dimensions of a binary array, of which the last number are.
pub(in crate::types) type Header<'t> = (&'t ColumnType, usize, [Dimension; MOST_DIMENSIONS], usize);

/// Number of dimensions, flags, the element's OID, then length and lower bound of each dimension (`array_send`).
pub(in crate::types) fn header<'t>(type_: &'t ColumnType, reader: &mut Reader<'_>) -> Parsed<Header<'t>> {
    let (element, _) = parts_of(type_)?;
    let count = reader.count()?;
    if count > MOST_DIMENSIONS {
        return Err(Flaw::at("has more than six dimensions", 0));
    }
    if reader.u32()? > 1 {
        return Err(Flaw::at("has unknown flags", 4));
    }
    if reader.u32()? != element.oid {
        return Err(Flaw::at("has elements of another type", 8));
    }
    let mut dimensions = [Dimension { len: 0, lower: 1 }; MOST_DIMENSIONS];
    let mut elements = usize::from(count > 0);
    for dimension in dimensions.iter_mut().take(count) {
        let (len, lower) = (reader.i32()?, reader.i32()?);
        // `ArrayCheckBounds`
        if len < 0 || lower.checked_add(len).is_none() {
            return Err(Flaw::at("has an impossible dimension", reader.at() - 8));
        }
        *dimension = Dimension { len: len.unsigned_abs() as usize, lower };
        elements =
            elements.checked_mul(dimension.len).ok_or(Flaw::at("has too many elements", reader.at()))?;
    }
    // Every element has at least its length.
    if elements > reader.rest().len() / 4 {
        return Err(Flaw::at("ends too early", reader.at()));
    }
    Ok((element, elements, dimensions, count))
}

pub(in crate::types) fn walk_binary(
    type_: &ColumnType,
    bytes: &[u8],
    mut each: impl FnMut(&ColumnType, Part<'_>) -> Parsed<()>,
) -> Parsed<()> {
    let mut reader = Reader::new(bytes);
    let (element, elements, dimensions, count) = header(type_, &mut reader)?;
    if elements == 0 {
        each(element, Part::Open)?;
        each(element, Part::Close)?;
        return reader.end();
    }
    let dimensions = dimensions.get(..count).unwrap_or_default();
    for index in 0..elements {
        let opens = beginning_at(index, dimensions);
        if index > 0 {
            for _ in 0..opens {
                each(element, Part::Close)?;
            }
            each(element, Part::Separator)?;
        }
        for _ in 0..opens {
            each(element, Part::Open)?;
        }
        match reader.nullable()? {
            Some(value) => each(element, Part::Value(Encoded::Binary(value)))?,
            None => each(element, Part::Null)?,
        }
    }
    for _ in dimensions {
        each(element, Part::Close)?;
    }
    reader.end()
}
