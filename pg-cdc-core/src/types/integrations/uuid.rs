//! `uuid::Uuid`

use ::uuid::Uuid;

use crate::Datum;
use crate::types::{ColumnType, Flaw, FromDatum, Kind, PgUuid, TypeError};

impl<'a> FromDatum<'a> for Uuid {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        if datum.bytes().is_some() && type_.kind() != Kind::Uuid {
            return Err(Flaw::new("can't be had as Uuid").of(type_));
        }
        PgUuid::from_datum(type_, datum).map(Self::from)
    }
}

impl From<PgUuid> for Uuid {
    fn from(uuid: PgUuid) -> Self {
        Self::from_bytes(*uuid.as_bytes())
    }
}

impl From<Uuid> for PgUuid {
    fn from(uuid: Uuid) -> Self {
        Self::from_bytes(uuid.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

    #[test]
    fn a_uuid_is_the_same_there_and_back() {
        let text = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let uuid: Uuid = read(oid::UUID, text).unwrap();
        assert_eq!(uuid.to_string(), text);
        assert_eq!(PgUuid::from(uuid).to_string(), text);
        assert!(refusal::<Uuid>(oid::TEXT, text).contains("can't be had as Uuid"));
    }
}
