//! ErrorResponse and NoticeResponse: fields named by a letter.
//!
//! Chapter "Error and Notice Message Fields" of PostgreSQL's documentation.

use super::message::Reader;
use crate::{Error, ErrorKind};

/// The fields we use, as text. What is not UTF-8 (a message from before the encoding was set) is shown as well as can be.
#[derive(Default)]
struct Fields {
    severity: String,
    code: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    position: Option<String>,
    context: Option<String>,
}

impl Fields {
    fn parse(body: &[u8]) -> Self {
        let mut fields = Self::default();
        let mut reader = Reader::new(body);
        while let Some(letter) = reader.u8().filter(|letter| *letter != 0) {
            let Some(value) = reader.cstr() else { break };
            let value = one_line(&String::from_utf8_lossy(value));
            match letter {
                // V is S untranslated, from 9.6 on, and comes after it.
                b'S' | b'V' => fields.severity = value,
                b'C' => fields.code = value,
                b'M' => fields.message = value,
                b'D' => fields.detail = Some(value),
                b'H' => fields.hint = Some(value),
                b'P' => fields.position = Some(value),
                b'W' => fields.context = Some(value),
                _ => {}
            }
        }
        fields
    }
}

/// The error that an ErrorResponse tells: kind `Server`, its SQLSTATE, and its hint or, where it has none, ours.
pub(super) fn server_error(body: &[u8]) -> Error {
    let fields = Fields::parse(body);
    let mut told = if fields.message.is_empty() {
        "the server sent an error without a message".to_owned()
    } else {
        format!("{}: {}", fields.severity, fields.message)
    };
    for (name, value) in
        [("detail", &fields.detail), ("context", &fields.context), ("at character", &fields.position)]
    {
        if let Some(value) = value {
            told.push_str(&format!("; {name} {value}"));
        }
    }
    let error = Error::new(ErrorKind::Server, told).with_sqlstate(&fields.code);
    match fields.hint.or_else(|| our_hint(&fields.code, &fields.message).map(str::to_owned)) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Passes a notice on to `tracing`, at a level by its severity.
pub(super) fn log_notice(body: &[u8]) {
    let fields = Fields::parse(body);
    let detail = fields.detail.as_deref().unwrap_or_default();
    let hint = fields.hint.as_deref().unwrap_or_default();
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(target: "pg_cdc::notice", severity = fields.severity, sqlstate = fields.code, detail,
                hint, "{}", fields.message)
        };
    }
    match fields.severity.as_str() {
        "WARNING" => log!(warn),
        "NOTICE" | "INFO" | "LOG" => log!(info),
        _ => log!(debug),
    }
}

/// What to do about the errors that a new user meets.
fn our_hint(code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" => "the password is wrong for this role (or the role has none)",
        "28000" if message.contains("pg_hba.conf") => {
            "add a line for this role, database and address to the server's pg_hba.conf and reload it; a replication \
             connection to a database is matched by the database's name, not by the word \"replication\"; \
             \"no encryption\" in the message means that a hostssl line may be all there is (use sslmode=require)"
        }
        "28000" => "the role may be missing, or not allowed to log in",
        "3D000" => "check the database's name; without one, it is the user's name",
        "42501" if message.contains("replication") || message.contains("walsender") => {
            "the role needs the right to replicate: ALTER ROLE … REPLICATION (managed services have a role to grant \
             instead)"
        }
        "53300" => {
            "the server has no free connection: raise max_connections, or max_wal_senders if it names walsenders, or \
             end other sessions"
        }
        // A database in SQL_ASCII has none of these: nothing is converted there.
        "22021" | "22P05" => {
            "a value or a name is not text in the database's encoding, so that the server can't send it as UTF-8: correct \
             it, or leave its column out (source.invalid_text is for what the server does not convert: SQL_ASCII, and \
             other plugins than pgoutput)"
        }
        "57P03" => "the server is starting up, shutting down or recovering; try again later",
        _ => return None,
    })
}

/// Messages may hold line breaks; errors and log lines don't.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_all_that_the_server_told() {
        let error = server_error(
            b"SFEHLER\0VERROR\0C42601\0Msyntax error\0Dsome\ndetail\0Hdo this\0P7\0Wline 3 of f()\0Zunknown\0\0",
        );
        assert_eq!(
            error.to_string(),
            "ERROR: syntax error; detail some detail; context line 3 of f(); at character 7"
        );
        assert_eq!((error.sqlstate(), error.hint()), (Some("42601"), Some("do this")));
        assert_eq!(error.kind(), ErrorKind::Server);
    }

    #[test]
    fn known_troubles_have_a_hint() {
        let hba = server_error(b"SFATAL\0C28000\0Mno pg_hba.conf entry for host\0\0");
        assert!(hba.hint().is_some_and(|hint| hint.contains("pg_hba.conf")));
        for code in ["28P01", "28000", "3D000", "53300", "57P03", "22021", "22P05"] {
            let body = format!("SFATAL\0C{code}\0Mx\0\0");
            assert!(server_error(body.as_bytes()).hint().is_some(), "{code}");
        }
    }

    #[test]
    fn a_broken_error_is_an_error_still() {
        for body in [&b""[..], b"\0", b"M", b"Mabc", b"\xff\xff\0", b"M\xff\0\0"] {
            assert_eq!(server_error(body).kind(), ErrorKind::Server);
            log_notice(body);
        }
    }
}
