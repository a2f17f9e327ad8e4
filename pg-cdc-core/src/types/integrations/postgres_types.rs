//! Anything that is `postgres_types::FromSql`, of columns that came in binary.

use ::postgres_types::{Field, FromSql, Kind as SqlKind, Type};

use crate::Datum;
use crate::types::column_type::Shape;
use crate::types::{ColumnType, Flaw, FromDatum, Kind, TypeError};

/// What `T`'s [`FromSql`] makes of a value that came in binary: `row.get_sql::<T>("id")?`, or `row.get::<Sql<T>>("id")?`.
///
/// `FromSql` reads the binary encoding alone. A column that came as text is an error, but for those whose text is the
/// same in both encodings (text and its kin, json, xml, enums). How exact the value is, is up to `T`.
///
/// ```
/// use pg_cdc_core::types::{FromDatum, Sql, oid};
/// use pg_cdc_core::{ColumnType, Datum};
///
/// let int4 = ColumnType::built_in(oid::INT4);
/// assert_eq!(Sql::from_datum(&int4, Datum::Binary(&[0, 0, 0, 7]))?, Sql(7_i32));
/// assert_eq!(Sql::from_datum(&int4, Datum::Null)?, Sql(None::<i32>));
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sql<T>(pub T);

impl<'a, T: FromSql<'a>> FromDatum<'a> for Sql<T> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let sql_type = sql_type(type_);
        if !T::accepts(&sql_type) {
            return Err(Flaw::new("is not accepted by the FromSql of what was asked for").of(type_));
        }
        let value = match datum {
            Datum::Binary(bytes) => T::from_sql(&sql_type, bytes),
            Datum::Text(text) if is_same_in_both(type_.kind()) => T::from_sql(&sql_type, text),
            Datum::Text(_) => {
                return Err(Flaw::new("came as text, of which FromSql knows nothing").of(type_));
            }
            Datum::Null => T::from_sql_null(&sql_type),
            _ => {
                return Err(crate::types::value_of(type_, datum)
                    .err()
                    .unwrap_or(Flaw::new("was not sent").of(type_)));
            }
        };
        // What it says may hold the value.
        value.map(Self).map_err(|_| match datum {
            Datum::Null => Flaw::new("is NULL").of(type_),
            _ => Flaw::new("was refused by the FromSql of what was asked for").of(type_),
        })
    }
}

fn is_same_in_both(kind: Kind) -> bool {
    matches!(kind, Kind::Text | Kind::Json | Kind::Xml | Kind::Enum)
}

/// The type as `postgres_types` has it. The arrays and ranges of types that are not built in are made of them.
fn sql_type(type_: &ColumnType) -> Type {
    if let Some(built_in) = Type::from_oid(type_.oid) {
        return built_in;
    }
    let kind = match type_.shape() {
        Some(Shape::Array { element, .. }) => SqlKind::Array(sql_type(element)),
        Some(Shape::Range { subtype }) => SqlKind::Range(sql_type(subtype)),
        Some(Shape::Multirange { subtype }) => SqlKind::Multirange(sql_type(subtype)),
        Some(Shape::Enum { labels }) => SqlKind::Enum(labels.iter().map(ToString::to_string).collect()),
        Some(Shape::Domain { base }) => SqlKind::Domain(sql_type(base)),
        Some(Shape::Composite { fields }) => SqlKind::Composite(
            fields.iter().map(|field| Field::new(field.name.to_string(), sql_type(&field.type_))).collect(),
        ),
        _ => SqlKind::Simple,
    };
    let (schema, name) = type_.name.split_once('.').unwrap_or(("pg_catalog", &type_.name));
    Type::new(name.to_owned(), type_.oid, kind, schema.to_owned())
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::types::oid;

    fn get<'a, T: FromSql<'a>>(type_: &ColumnType, datum: Datum<'a>) -> Result<T, String> {
        Sql::from_datum(type_, datum).map(|Sql(value)| value).map_err(|error| error.to_string())
    }

    #[test]
    fn what_came_in_binary_is_read_by_from_sql() {
        let int8 = ColumnType::built_in(oid::INT8);
        let seven = Datum::Binary(&[0, 0, 0, 0, 0, 0, 0, 7]);
        assert_eq!(get::<i64>(&int8, seven), Ok(7));
        assert_eq!(get::<Option<i64>>(&int8, Datum::Null), Ok(None));
        assert!(get::<i64>(&int8, Datum::Null).unwrap_err().contains("is NULL"));
        assert!(get::<i32>(&int8, seven).unwrap_err().contains("not accepted"));
        assert!(get::<i64>(&int8, Datum::Text(b"7")).unwrap_err().contains("came as text"));
        assert!(
            get::<i64>(&int8, Datum::Binary(b"secret"))
                .unwrap_err()
                .ends_with("was refused by the FromSql of what was asked for")
        );
        assert!(get::<i64>(&int8, Datum::Unchanged).unwrap_err().contains("unchanged TOAST"));
        assert_eq!(get::<&str>(&ColumnType::built_in(oid::TEXT), Datum::Text(b"a")), Ok("a"));
    }

    /// Tells what type it was given.
    #[derive(Debug, PartialEq)]
    struct Told(Type);

    impl FromSql<'_> for Told {
        fn from_sql(type_: &Type, _: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
            Ok(Self(type_.clone()))
        }

        fn accepts(_: &Type) -> bool {
            true
        }
    }

    #[test]
    fn a_type_of_the_database_is_told_with_what_it_is_made_of() {
        let mood = ColumnType::with_shape(70_000, -1, "a.mood", Shape::Enum { labels: vec!["sad".into()] });
        let shape = Shape::Array { element: mood, delimiter: ',' };
        let moods = ColumnType::with_shape(70_001, -1, "a._mood", shape);
        let Told(told) = get(&moods, Datum::Binary(b"")).unwrap();
        assert_eq!((told.schema(), told.name(), told.oid()), ("a", "_mood", 70_001));
        let SqlKind::Array(element) = told.kind() else { unreachable!() };
        assert_eq!(element.kind(), &SqlKind::Enum(vec!["sad".to_owned()]));
        let Told(told) = get(&ColumnType::built_in(oid::NUMRANGE), Datum::Binary(b"")).unwrap();
        assert_eq!(told, Type::NUM_RANGE);
    }
}
