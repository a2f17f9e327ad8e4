//! The placeholder of values that the server did not send (`unavailable.value.placeholder`).

use std::fmt;

use md5::{Digest as _, Md5};

use crate::types::PgUuid;

/// A placeholder, and what it is among UUIDs.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Placeholder {
    text: String,
    uuid: String,
}

impl Placeholder {
    pub(super) fn new(text: String) -> Self {
        let uuid = uuid_of(&text).to_string();
        Self { text, uuid }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn uuid(&self) -> &str {
        &self.uuid
    }
}

impl fmt::Debug for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// `UUID.nameUUIDFromBytes`: MD5, marked as version 3.
fn uuid_of(text: &str) -> PgUuid {
    let mut bytes: [u8; 16] = Md5::digest(text).into();
    bytes[6] = bytes[6] & 0x0f | 0x30;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    PgUuid::from_bytes(bytes)
}
