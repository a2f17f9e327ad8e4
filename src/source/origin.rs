//! Which changes come, by their origin. Pure.

use pg_cdc_core::{Error, ErrorKind};

use crate::config::Origin;

/// pgoutput's option `origin` came with 16.
const ORIGIN: u32 = 160_000;

/// Whether changes that were replicated from elsewhere are left out by a server of `version`.
///
/// # Errors
///
/// Where they are to be and can't.
pub(super) fn origin(asked: Origin, version: u32) -> Result<bool, Error> {
    match asked {
        Origin::Any => Ok(false),
        Origin::None if version >= ORIGIN => Ok(true),
        Origin::None => Err(Error::new(
            ErrorKind::Unsupported,
            format!("pgoutput.origin: none needs PostgreSQL 16, the server is {}", version / 10_000),
        )
        .with_hint("set pgoutput.origin: any")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_must_know_of_origins() {
        assert_eq!(origin(Origin::Any, 100_000).ok(), Some(false));
        assert_eq!(origin(Origin::None, 160_000).ok(), Some(true));
        assert!(origin(Origin::None, 150_018).unwrap_err().to_string().contains("PostgreSQL 16"));
    }
}
