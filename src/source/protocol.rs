//! Which protocol pgoutput is asked for, and what of it. Pure.

use pg_cdc_core::stream::Streaming;
use pg_cdc_core::{Error, ErrorKind};

use crate::config::{self, PgoutputConfig, Protocol};

/// What `source.pgoutput` comes to on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreed {
    /// The protocol's version.
    pub(super) version: u8,
    pub(super) streaming: Streaming,
    /// Whether the server tells where a transaction in progress was rolled back.
    pub(super) parallel: bool,
    pub(super) two_phase: bool,
}

/// What is asked for of a server of `server_version`; the slot may be gone with its connection (`temporary`).
///
/// # Errors
///
/// Where the file asks for what the server, or the version of the protocol that it asks for, does not have.
pub(super) fn agree(asked: &PgoutputConfig, server_version: u32, temporary: bool) -> Result<Agreed, Error> {
    let newest = newest(server_version);
    let version = match asked.protocol {
        Protocol::Auto => newest,
        Protocol::V1 => 1,
        Protocol::V2 => 2,
        Protocol::V3 => 3,
        Protocol::V4 => 4,
    };
    if version > newest {
        let what = format!("pgoutput.protocol: {version}");
        return Err(too_old(&what, version, server_version).with_hint("set pgoutput.protocol: auto"));
    }
    let needs = |what: &str, least: u8, instead: &'static str| {
        if version >= least {
            Ok(())
        } else if newest >= least {
            let error = format!("{what} needs version {least} of the protocol, asked for is {version}");
            Err(Error::new(ErrorKind::Unsupported, error).with_hint("set pgoutput.protocol: auto"))
        } else {
            Err(too_old(what, least, server_version).with_hint(instead))
        }
    };
    let (streaming, parallel) = match asked.streaming {
        config::Streaming::Off => (Streaming::Never, false),
        // A temporary slot can't be begun anew, as it may have to be.
        config::Streaming::Auto if temporary || version < 2 => (Streaming::Never, false),
        config::Streaming::Auto => (Streaming::WherePossible, version >= 4),
        config::Streaming::On => {
            needs("pgoutput.streaming: on", 2, "set pgoutput.streaming: auto")?;
            (Streaming::Always, false)
        }
        config::Streaming::Parallel => {
            needs("pgoutput.streaming: parallel", 4, "set pgoutput.streaming: auto")?;
            (Streaming::Always, true)
        }
    };
    if streaming == Streaming::Always && temporary && asked.messages {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "pgoutput.streaming: of transactions with logical messages may have to be begun anew, which a temporary slot \
             does not survive",
        )
        .with_hint("set pgoutput.messages: false, pgoutput.streaming: auto, or slot.create: if_missing"));
    }
    if asked.two_phase {
        needs("pgoutput.two_phase: true", 3, "set pgoutput.two_phase: false")?;
    }
    Ok(Agreed { version, streaming, parallel, two_phase: asked.two_phase })
}

/// The newest version of the protocol that a server has.
fn newest(server_version: u32) -> u8 {
    match server_version / 10_000 {
        ..14 => 1,
        14 => 2,
        15 => 3,
        _ => 4,
    }
}

fn too_old(what: &str, protocol: u8, server_version: u32) -> Error {
    let needed = match protocol {
        ..=2 => 14,
        3 => 15,
        _ => 16,
    };
    let found = server_version / 10_000;
    Error::new(ErrorKind::Unsupported, format!("{what} needs PostgreSQL {needed}, the server is {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Streaming as Asked;

    fn asked(protocol: Protocol, streaming: Asked, two_phase: bool) -> PgoutputConfig {
        let mut config = PgoutputConfig::default();
        (config.protocol, config.streaming, config.two_phase) = (protocol, streaming, two_phase);
        config
    }

    #[test]
    fn auto_is_the_best_that_the_server_has() {
        let auto = |server: u32| {
            let agreed = agree(&PgoutputConfig::default(), server * 10_000, false).unwrap();
            (agreed.version, agreed.streaming, agreed.parallel, agreed.two_phase)
        };
        assert_eq!(auto(10), (1, Streaming::Never, false, false));
        assert_eq!(auto(13), (1, Streaming::Never, false, false));
        assert_eq!(auto(14), (2, Streaming::WherePossible, false, false));
        assert_eq!(auto(15), (3, Streaming::WherePossible, false, false));
        assert_eq!(auto(18), (4, Streaming::WherePossible, true, false));
    }

    #[test]
    fn what_is_asked_for_is_taken_as_asked() {
        let agreed = agree(&asked(Protocol::V4, Asked::On, true), 180_000, false).unwrap();
        let expected = Agreed { version: 4, streaming: Streaming::Always, parallel: false, two_phase: true };
        assert_eq!(agreed, expected);
        let agreed = agree(&asked(Protocol::V1, Asked::Auto, false), 180_000, false).unwrap();
        assert_eq!((agreed.version, agreed.streaming), (1, Streaming::Never));
        let agreed = agree(&asked(Protocol::Auto, Asked::Off, false), 180_000, false).unwrap();
        assert_eq!((agreed.version, agreed.streaming), (4, Streaming::Never));
    }

    #[test]
    fn what_is_not_to_be_had_is_refused_by_name() {
        let refused = |protocol, streaming, two_phase, server: u32| {
            let error = agree(&asked(protocol, streaming, two_phase), server * 10_000, false).unwrap_err();
            format!("{error}; {}", error.hint().unwrap_or_default())
        };
        let says = |text: String, parts: [&str; 2]| {
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        };
        says(
            refused(Protocol::V4, Asked::Auto, false, 15),
            ["pgoutput.protocol: 4 needs PostgreSQL 16", "is 15"],
        );
        says(
            refused(Protocol::Auto, Asked::On, false, 13),
            ["pgoutput.streaming: on needs PostgreSQL 14", "auto"],
        );
        says(refused(Protocol::V1, Asked::On, false, 18), ["needs version 2", "pgoutput.protocol: auto"]);
        says(refused(Protocol::Auto, Asked::Parallel, false, 15), ["parallel needs PostgreSQL 16", "auto"]);
        says(
            refused(Protocol::Auto, Asked::Auto, true, 14),
            ["two_phase: true needs PostgreSQL 15", "false"],
        );
        says(
            refused(Protocol::V2, Asked::Auto, true, 16),
            ["two_phase: true needs version 3", "pgoutput.protocol: auto"],
        );
    }

    #[test]
    fn a_slot_that_can_t_be_begun_anew_streams_only_what_need_not_be() {
        let config = PgoutputConfig::default();
        assert_eq!(agree(&config, 180_000, true).unwrap().streaming, Streaming::Never);
        let mut config = asked(Protocol::Auto, Asked::On, false);
        assert!(agree(&config, 180_000, true).unwrap_err().hint().unwrap().contains("messages: false"));
        config.messages = false;
        assert_eq!(agree(&config, 180_000, true).unwrap().streaming, Streaming::Always);
    }
}
