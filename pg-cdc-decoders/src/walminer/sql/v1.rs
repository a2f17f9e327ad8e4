//! Version 1.
//!
//! ```text
//! INSERT INTO "s"."t"("a", "B") VALUES(1, 'x');
//! UPDATE "s"."t" SET "B" = 'y', "c" = NULL WHERE "a"=1 AND "B"='x' AND "c" is NULL;
//! DELETE FROM "s"."t" WHERE "a"=1 AND "j"::text='{}' AND "f"=0.5::float4;
//! ```
//!
//! Quotes inside an identifier are not doubled. What a name is only the table tells: columns come in its order, each
//! at most once. Where names hold quotes, more than one of them may fit; then each way is tried to its end, and there
//! must be exactly one that has it.
//!
//! INSERT leaves NULL columns out, WHERE has all columns. A dropped column is called `COL` and its number. A value of a
//! type that is not built in, or of a dropped column, is its bytes in `encode('\x…', 'hex')`.

use pg_cdc_core::walminer::Verb;

use super::layout::{Form, Layout};
use super::scan::Scan;
use super::{Assigned, Parsed, Target, Value, Wrong};

/// How many ways to read one statement are tried.
const WAYS: usize = 1000;

pub(super) fn parse(
    text: &[u8],
    target: Target<'_>,
    layout: &Layout,
    parsed: &mut Parsed,
) -> Result<(), Wrong> {
    let mut scan = Scan::new(text);
    scan.expect(match target.verb {
        Verb::Insert => "INSERT INTO \"",
        Verb::Update => "UPDATE \"",
        Verb::Delete => "DELETE FROM \"",
    })?;
    let table = scan.at;
    let parts = [target.schema.as_bytes(), b"\".\"", target.relation.as_bytes(), b"\""];
    if !parts.into_iter().all(|part| scan.eat(part)) {
        return Err(Wrong::new(table, "the statement is of another table than its row says"));
    }
    let list = match target.verb {
        Verb::Insert => {
            // A row of NULLs.
            if scan.rest() == b"() VALUES();" {
                return Ok(());
            }
            scan.expect("(")?;
            List::Names
        }
        Verb::Update => {
            scan.expect(" SET ")?;
            List::Set
        }
        Verb::Delete => {
            scan.expect(" WHERE ")?;
            List::Where
        }
    };
    Reading { scan, layout, parsed, list, next: 0, choices: Vec::new() }.read()
}

/// The list that stands next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Names,
    Set,
    Where,
}

/// One way to read a statement, and where another one parts from it.
struct Reading<'a, 'p> {
    scan: Scan<'a>,
    layout: &'a Layout,
    parsed: &'p mut Parsed,
    list: List,
    /// The first column that may come next.
    next: usize,
    /// Empty for every table but those whose names hold quotes: nothing is allocated.
    choices: Vec<Choice>,
}

/// Where another name than the one that was taken fits too.
struct Choice {
    at: usize,
    list: List,
    next: usize,
    new: usize,
    old: usize,
}

impl Reading<'_, '_> {
    fn read(mut self) -> Result<(), Wrong> {
        let mut found: Option<Parsed> = None;
        let mut last = Ok(());
        for _ in 0..WAYS {
            match self.way() {
                Ok(()) if self.choices.is_empty() && found.is_none() => return Ok(()),
                Ok(()) => match &found {
                    Some(other) if other != self.parsed => {
                        return Err(Wrong::new(
                            0,
                            "names that hold quotes leave more than one way to read this",
                        ));
                    }
                    _ => found = Some(self.parsed.clone()),
                },
                Err(wrong) => last = Err(wrong),
            }
            let Some(choice) = self.choices.pop() else {
                return match found {
                    Some(only) => {
                        *self.parsed = only;
                        Ok(())
                    }
                    None => last,
                };
            };
            self.scan.at = choice.at;
            self.list = choice.list;
            self.next = choice.next;
            self.parsed.new.truncate(choice.new);
            self.parsed.old.truncate(choice.old);
        }
        Err(Wrong::new(0, "names that hold quotes leave too many ways to read this"))
    }

    /// One way, to its end.
    fn way(&mut self) -> Result<(), Wrong> {
        if self.list == List::Names {
            self.names()?;
            return self.values();
        }
        if self.list == List::Set {
            self.set()?;
            self.list = List::Where;
            self.next = 0;
        }
        self.condition()
    }

    /// `"a", "b") VALUES(`
    fn names(&mut self) -> Result<(), Wrong> {
        loop {
            let at = self.scan.at;
            let column = self.column()?;
            self.parsed.new.push(Assigned { column, value: Value::Null, at });
            if self.scan.eat(b") VALUES(") {
                return Ok(());
            }
            self.scan.expect(", ")?;
        }
    }

    /// `1, 'x');`
    fn values(&mut self) -> Result<(), Wrong> {
        let count = self.parsed.new.len();
        for index in 0..count {
            let end: &[&[u8]] = if index + 1 < count { &[b", "] } else { &[b");"] };
            let Some(column) = self.parsed.new.get(index).map(|assigned| assigned.column) else { break };
            let value = self.value(column, end)?;
            if let Some(assigned) = self.parsed.new.get_mut(index) {
                *assigned = value;
            }
            if index + 1 < count {
                self.scan.expect(", ")?;
            }
        }
        self.scan.expect(")")?;
        self.end()
    }

    /// `"a" = 1, "b" = NULL WHERE `
    fn set(&mut self) -> Result<(), Wrong> {
        loop {
            let column = self.column()?;
            self.scan.expect(" = ")?;
            let value = self.value(column, &[b", \"", b" WHERE \""])?;
            self.parsed.new.push(value);
            if self.scan.eat(b" WHERE ") {
                return Ok(());
            }
            self.scan.expect(", ")?;
        }
    }

    /// `"a"=1 AND "b" is NULL;`
    fn condition(&mut self) -> Result<(), Wrong> {
        loop {
            let at = self.scan.at;
            let column = self.column()?;
            self.scan.eat(b"::text");
            let value = match self.scan.eat(b" is NULL") {
                true => Assigned { column, value: Value::Null, at },
                false => {
                    self.scan.expect("=")?;
                    self.value(column, &[b" AND \"", b"::float4 AND \"", b"::float4;", b";"])?
                }
            };
            self.scan.eat(b"::float4");
            self.parsed.old.push(value);
            if !self.scan.eat(b" AND ") {
                return self.end();
            }
        }
    }

    fn end(&mut self) -> Result<(), Wrong> {
        self.scan.expect(";")?;
        if self.scan.rest().is_empty() { Ok(()) } else { Err(self.scan.expected("the statement's end")) }
    }

    /// A column's name, in quotes.
    fn column(&mut self) -> Result<Option<u16>, Wrong> {
        let at = self.scan.at;
        self.scan.expect("\"")?;
        let rest = self.scan.rest();
        let fits = |name: &str| self.fits(rest, name);
        let mut columns = self.layout.columns.iter().enumerate().skip(self.next);
        let taken = columns.find(|(_, column)| fits(&column.name));
        let (index, length) = match taken {
            Some((index, column)) => (Some(index), column.name.len()),
            None => match self.layout.left_out.iter().find(|name| fits(name)) {
                Some(name) => (None, name.len()),
                None => (None, self.dropped(rest).ok_or_else(|| not_a_column(at))?),
            },
        };
        if let Some(index) = index {
            if self.layout.has_quotes && self.fits_elsewhere(rest, index + 1) {
                let (new, old) = (self.parsed.new.len(), self.parsed.old.len());
                self.choices.push(Choice { at, list: self.list, next: index + 1, new, old });
            }
            self.next = index + 1;
        }
        self.scan.at += length + 1;
        Ok(index.and_then(|index| u16::try_from(index).ok()))
    }

    /// Whether what follows is also another name than those of the columns before `from`.
    fn fits_elsewhere(&self, rest: &[u8], from: usize) -> bool {
        let columns = self.layout.columns.iter().skip(from).map(|column| &column.name);
        columns.chain(&self.layout.left_out).any(|name| self.fits(rest, name))
    }

    /// Whether `rest` is `name`, its closing quote, and what may follow that.
    fn fits(&self, rest: &[u8], name: &str) -> bool {
        rest.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"\"")).is_some_and(|after| {
            let follows: &[&[u8]] = match self.list {
                List::Names => &[b", \"", b") VALUES("],
                List::Set => &[b" = "],
                List::Where => &[b"=", b" is NULL", b"::text=", b"::text is NULL"],
            };
            follows.iter().any(|expected| after.starts_with(expected))
        })
    }

    /// The length of the name that a dropped column goes by, if one follows.
    fn dropped(&self, rest: &[u8]) -> Option<usize> {
        let digits = rest.strip_prefix(b"COL")?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let name = std::str::from_utf8(rest.get(..digits + 3)?).ok()?;
        (digits > 0 && self.fits(rest, name)).then_some(digits + 3)
    }

    /// A value. Where it is bare, it ends before the first of `ends`.
    fn value(&mut self, column: Option<u16>, ends: &[&[u8]]) -> Result<Assigned, Wrong> {
        let at = self.scan.at;
        let form = self.layout.form(column);
        let text = |start, end, quotes| Value::Text { start, end, quotes };
        let rest = self.scan.rest();
        let value = if form == Form::Char {
            self.character(column, ends)?
        } else if rest.starts_with(b"'") {
            let (start, end, doubled) = self.scan.quoted()?;
            text(start, end, if doubled { 2 } else { 1 })
        } else if rest.starts_with(b"NULL") && self.ends_after(4, ends) {
            self.scan.at += 4;
            Value::Null
        } else if let Some(length) = encoded(rest) {
            self.scan.at += length;
            Value::Bytes
        } else {
            match form {
                Form::Number => {
                    let (start, end) = self.scan.number()?;
                    // `::float4` is no part of it, for `:` is not.
                    text(start, end, 1)
                }
                Form::Text | Form::Quoted => return Err(self.scan.expected("a value in quotes, or NULL")),
                Form::Array { of_text } => {
                    let (start, end) = self.bare(ends, Quoting::Array)?;
                    let quotes = self.scan.between(start, end).contains(&b'\'');
                    text(start, end, if of_text && quotes { 2 } else { 1 })
                }
                Form::Bare | Form::Char | Form::Lossy(_) => {
                    let (start, end) = self.bare(ends, Quoting::Identifier)?;
                    text(start, end, 1)
                }
            }
        };
        match (form, value) {
            (Form::Lossy(why), Value::Text { .. }) => Err(self.layout.wrong(column, at, why)),
            (_, Value::Bytes) if column.is_some() => Err(self.layout.wrong(
                column,
                at,
                "walminer has only the bytes of a type that is not built in; leave the column out",
            )),
            _ => Ok(Assigned { column, value, at }),
        }
    }

    /// Whether a value that ends `length` bytes on would be followed by what must follow it.
    fn ends_after(&self, length: usize, ends: &[&[u8]]) -> bool {
        let after = self.scan.rest().get(length..).unwrap_or_default();
        // A semicolon ends a statement only where it is its last byte.
        ends.iter().any(|end| if end.ends_with(b";") { after == *end } else { after.starts_with(end) })
    }

    /// A `"char"`: bare, and a quote is doubled, which is also what an empty one looks like.
    fn character(&mut self, column: Option<u16>, ends: &[&[u8]]) -> Result<Value, Wrong> {
        let at = self.scan.at;
        if self.scan.rest().starts_with(b"''") && self.ends_after(2, ends) {
            let what = "a quote and an empty \"char\" look the same; leave the column out";
            return Err(self.layout.wrong(column, at, what));
        }
        if self.scan.rest().starts_with(b"NULL") && self.ends_after(4, ends) {
            self.scan.at += 4;
            return Ok(Value::Null);
        }
        // One byte, or since PostgreSQL 16 `\` and three octal digits.
        let octal = match self.scan.rest() {
            [b'\\', digits @ ..] => digits.iter().take(3).all(|digit| matches!(digit, b'0'..=b'7')),
            _ => false,
        };
        let octal = octal && self.ends_after(4, ends);
        let length = if octal { 4 } else { 1 };
        if !self.ends_after(length, ends) {
            return Err(self.layout.wrong(column, at, "expected one character"));
        }
        self.scan.at += length;
        Ok(Value::Text { start: at, end: at + length, quotes: 1 })
    }

    /// A value that is printed bare whatever it is: up to what ends it, where that does not stand in double quotes.
    fn bare(&mut self, ends: &[&[u8]], quoting: Quoting) -> Result<(usize, usize), Wrong> {
        let start = self.scan.at;
        let rest = self.scan.rest();
        let (mut at, mut inside) = (0, false);
        while let Some(&byte) = rest.get(at) {
            let step = match byte {
                b'"' => {
                    inside = !inside;
                    1
                }
                b'\\' if inside && quoting == Quoting::Array => 2,
                _ if !inside && self.ends_after(at, ends) => break,
                _ => 1,
            };
            at += step;
        }
        if at == 0 || rest.get(at).is_none() {
            return Err(self.scan.expected("a value"));
        }
        self.scan.at = start + at;
        Ok((start, self.scan.at))
    }
}

/// How quotes stand in what is in double quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Doubled.
    Identifier,
    /// Behind a backslash.
    Array,
}

/// The length of `encode('\x…', 'hex')`, if `rest` begins with it.
fn encoded(rest: &[u8]) -> Option<usize> {
    let hex = rest.strip_prefix(br"encode('\x")?;
    let digits = hex.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let end: &[u8] = b"', 'hex')";
    hex.get(digits..)?.starts_with(end).then_some(br"encode('\x".len() + digits + end.len())
}

#[cold]
fn not_a_column(at: usize) -> Wrong {
    Wrong::new(at, "expected one of the table's columns, in their order")
}
