//! What the types that are not built in are made of.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::Client;
use super::client::unreadable;
use crate::Error;
use crate::types::{ColumnType, Extension, Field, Shape, oid};

/// OIDs from here on differ between databases (`FirstGenbkiObjectId`).
const FIRST_UNFIXED: u32 = 10_000;
/// A type nested deeper than this, or of more parts than that, is carried as its text.
const DEEPEST: usize = 16;
const MOST_PARTS: usize = 4_096;

/// The types of a database, as far as they were asked for, as the catalog has them now.
#[derive(Debug, Clone, Default)]
pub struct TypeCatalog {
    known: HashMap<u32, Entry>,
}

/// A row of `pg_type`, and what belongs to it.
#[derive(Debug, Clone)]
struct Entry {
    name: String,
    made: Made,
}

/// What a type is made of, by OID and modifier.
#[derive(Debug, Clone)]
enum Made {
    Array { element: u32, delimiter: char },
    Domain { base: u32, modifier: i32 },
    Range { subtype: u32 },
    Multirange { subtype: u32 },
    Enum { labels: Vec<String> },
    Composite { fields: Vec<(String, u32, i32)> },
    Extension(Extension),
    Unknown,
}

impl TypeCatalog {
    /// Reads the types `oids`, and what they are made of, to the last part. Built-in ones need not be read.
    ///
    /// # Errors
    ///
    /// Where the session is broken.
    pub async fn load(client: &Client, version: u32, oids: &[u32]) -> Result<Self, Error> {
        let asked: Vec<u32> = oids.iter().copied().filter(|&oid| oid::name_of(oid).is_none()).collect();
        if asked.is_empty() {
            return Ok(Self::default());
        }
        let rows = client.query(&sql(version), &[&asked]).await.map_err(unreadable)?;
        let known =
            rows.iter().map(|row| Ok((row.try_get(0)?, entry(row)?))).collect::<Result<_, Error>>()?;
        Ok(Self { known })
    }

    /// Whether the type `oid` was asked for and is there.
    #[must_use]
    pub fn has(&self, oid: u32) -> bool {
        self.known.contains_key(&oid)
    }

    /// The type `oid` with `modifier` (-1 for none).
    #[must_use]
    pub fn column_type(&self, oid: u32, modifier: i32) -> ColumnType {
        self.resolve(oid, modifier, DEEPEST, &mut MOST_PARTS.clone())
    }

    /// `depth` and `parts` are what is left to be used.
    fn resolve(&self, oid: u32, modifier: i32, depth: usize, parts: &mut usize) -> ColumnType {
        let Some(entry) = self.known.get(&oid) else {
            return ColumnType::new(oid, modifier, oid::name_of(oid).unwrap_or_default());
        };
        let plain = || ColumnType::new(oid, modifier, &*entry.name);
        *parts = parts.saturating_sub(1);
        let Some(depth) = depth.checked_sub(1).filter(|_| *parts > 0) else { return plain() };
        let mut of = |oid, modifier| self.resolve(oid, modifier, depth, parts);
        let shape = match &entry.made {
            // A column's modifier is that of the array's elements.
            Made::Array { element, delimiter } => {
                Shape::Array { element: of(*element, modifier), delimiter: *delimiter }
            }
            Made::Domain { base, modifier } => Shape::Domain { base: of(*base, *modifier) },
            Made::Range { subtype } => Shape::Range { subtype: of(*subtype, -1) },
            Made::Multirange { subtype } => Shape::Multirange { subtype: of(*subtype, -1) },
            Made::Enum { labels } => {
                Shape::Enum { labels: labels.iter().map(|label| (**label).into()).collect() }
            }
            Made::Composite { fields } => {
                let field =
                    |(name, oid, modifier): &(String, u32, i32)| Field::new(&**name, of(*oid, *modifier));
                Shape::Composite { fields: fields.iter().map(field).collect() }
            }
            Made::Extension(extension) => Shape::Extension(*extension),
            Made::Unknown => return plain(),
        };
        ColumnType::with_shape(oid, modifier, &*entry.name, shape)
    }
}

/// One row a type: those asked for and all that they are made of.
fn sql(version: u32) -> String {
    // Multiranges came with 14.
    let (of_multirange, multirange_part) = if version >= 140_000 {
        (
            "(SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid)",
            "UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid",
        )
    } else {
        ("NULL::oid", "")
    };
    // An array is what its element names as its array type: `typelem` alone is set of point and name as well.
    let is_array = "EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)";
    let fields = |what: &str| {
        format!(
            "(SELECT pg_catalog.array_agg({what} ORDER BY a.attnum) FROM pg_catalog.pg_attribute a \
              WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)"
        )
    };
    format!(
        "WITH RECURSIVE used (oid) AS ( \
           SELECT pg_catalog.unnest($1::oid[]) \
           UNION \
           SELECT p.part FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.oid AND t.oid >= {FIRST_UNFIXED}, LATERAL ( \
             SELECT t.typelem WHERE {is_array} \
             UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd' \
             UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid \
             {multirange_part} \
             UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a \
               WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped \
           ) AS p (part)) \
         SELECT t.oid, \
           CASE WHEN n.nspname = 'pg_catalog' THEN t.typname::text ELSE n.nspname || '.' || t.typname END, \
           t.typtype, \
           (SELECT t.typelem WHERE {is_array}), \
           (SELECT e.typdelim FROM pg_catalog.pg_type e WHERE e.oid = t.typelem), \
           t.typbasetype, t.typtypmod, \
           (SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid), {of_multirange}, \
           (SELECT pg_catalog.array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l \
              WHERE l.enumtypid = t.oid), \
           {names}, {types}, {modifiers}, \
           (SELECT x.extname::text FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid \
              WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e' \
                AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass), \
           t.typname::text, t.typsend <> 0::pg_catalog.oid \
         FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.oid AND (t.oid >= {FIRST_UNFIXED} OR t.oid = ANY ($1)) \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace",
        names = fields("a.attname::text"),
        types = fields("a.atttypid"),
        modifiers = fields("a.atttypmod"),
    )
}

fn entry(row: &Row) -> Result<Entry, Error> {
    let element: Option<u32> = row.try_get(3)?;
    let subtype: Option<u32> = row.try_get(7)?;
    let multirange_of: Option<u32> = row.try_get(8)?;
    let category: i8 = row.try_get(2)?;
    let made = match (element, category as u8) {
        (Some(element), _) => {
            let delimiter: Option<i8> = row.try_get(4)?;
            Made::Array { element, delimiter: delimiter.map_or(',', |byte| char::from(byte as u8)) }
        }
        (None, b'd') => Made::Domain { base: row.try_get(5)?, modifier: row.try_get(6)? },
        (None, b'e') => Made::Enum { labels: row.try_get::<_, Option<_>>(9)?.unwrap_or_default() },
        (None, b'c') => {
            let names: Vec<String> = row.try_get::<_, Option<_>>(10)?.unwrap_or_default();
            let types: Vec<u32> = row.try_get::<_, Option<_>>(11)?.unwrap_or_default();
            let modifiers: Vec<i32> = row.try_get::<_, Option<_>>(12)?.unwrap_or_default();
            let fields = names.into_iter().zip(types).zip(modifiers);
            Made::Composite { fields: fields.map(|((name, oid), modifier)| (name, oid, modifier)).collect() }
        }
        _ => match (subtype, multirange_of) {
            (Some(subtype), _) => Made::Range { subtype },
            (None, Some(subtype)) => Made::Multirange { subtype },
            (None, None) => extension(row)?.map_or(Made::Unknown, Made::Extension),
        },
    };
    Ok(Entry { name: row.try_get(1)?, made })
}

/// The extension's type, where it is one whose values can be read and has a binary form: ltree's got theirs with 13.
fn extension(row: &Row) -> Result<Option<Extension>, Error> {
    let (extension, name): (Option<&str>, &str) = (row.try_get(13)?, row.try_get(14)?);
    let sends: bool = row.try_get(15)?;
    Ok(extension.filter(|_| sends).and_then(|extension| Extension::of(extension, name)))
}
