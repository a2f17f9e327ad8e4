//! Relation messages.

use bytes::BufMut;
use pg_cdc_core::ReplicaIdentity;

use super::{count, put_string};

/// A Relation message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Its schema; empty for `pg_catalog`.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What old rows hold.
    pub identity: ReplicaIdentity,
    /// Its published columns.
    pub columns: Vec<RelationColumn>,
}

/// A column of a Relation message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationColumn {
    /// Whether it is part of the replica identity.
    pub identity: bool,
    /// Its name.
    pub name: String,
    /// OID of its type.
    pub type_oid: u32,
    /// `pg_attribute.atttypmod`.
    pub modifier: i32,
}

impl Relation {
    /// What stands behind the tag.
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        out.put_u32(self.oid);
        put_string(out, self.schema.as_bytes());
        put_string(out, self.name.as_bytes());
        out.put_u8(match self.identity {
            ReplicaIdentity::Default => b'd',
            ReplicaIdentity::Index => b'i',
            ReplicaIdentity::Full => b'f',
            ReplicaIdentity::Nothing => b'n',
        });
        out.put_u16(count(&self.columns) as u16);
        for column in &self.columns {
            out.put_u8(column.identity.into());
            put_string(out, column.name.as_bytes());
            out.put_u32(column.type_oid);
            out.put_i32(column.modifier);
        }
    }
}
