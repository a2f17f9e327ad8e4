//! The error of everything that talks to a server.

use std::borrow::Cow;
use std::fmt;

/// What kind of trouble an [`Error`] is. New kinds may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting can't be used as given: a URL, a certificate, a name.
    Config,
    /// The operating system refused: a socket, a file.
    Io,
    /// The server closed the connection.
    Closed,
    /// Something took longer than it was allowed to.
    Timeout,
    /// A wait that the user has bounded came to its bound: trying again would only wait as long again.
    GaveUp,
    /// TLS could not be set up, or the server's certificate was not accepted.
    Tls,
    /// The server did not accept who we are, or could not prove who it is.
    Authentication,
    /// The server answered with an error; [`Error::sqlstate`] says which.
    Server,
    /// The server sent what the protocol does not allow.
    Protocol,
    /// The server, or this version of pg-cdc, can't do what was asked.
    Unsupported,
    /// What the server holds is not what was expected: a slot, a publication, a table.
    Mismatch,
    /// The saved state could not be opened, read or written.
    State,
    /// The sink could not take or keep something.
    Sink,
    /// The sink could not take something now; trying again from the last durable position may help.
    SinkBusy,
    /// A message of an output plugin can't be decoded.
    Decode,
    /// Transactions in progress could not be kept: their files can't be made, written or read again.
    Spool,
}

/// An error with what happened, where, what to do about it, and its cause.
#[derive(thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    sqlstate: Option<[u8; 5]>,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `message` says what happened and where.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), hint: None, sqlstate: None, cause: None }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the error that led to this one.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds the server's SQLSTATE; anything but five ASCII characters is dropped.
    #[must_use]
    pub fn with_sqlstate(mut self, sqlstate: &str) -> Self {
        self.sqlstate = sqlstate.as_bytes().try_into().ok().filter(|code: &[u8; 5]| code.is_ascii());
        self
    }

    /// Says what was being done: `message` goes in front, this error becomes its cause. Kind, SQLSTATE and hint are kept.
    #[must_use]
    pub fn while_doing(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: self.kind,
            message: message.into(),
            hint: self.hint.take(),
            sqlstate: self.sqlstate,
            cause: Some(Box::new(self)),
        }
    }

    /// The kind of trouble.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The server's SQLSTATE, where the server is where it came from.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        self.sqlstate.as_ref().and_then(|code| std::str::from_utf8(code).ok())
    }

    /// What the user can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The message with those of its causes, for a log line: `message: cause: cause`.
    #[must_use]
    pub fn with_causes(&self) -> String {
        let mut told = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !told.ends_with(&text) {
                told.push_str(": ");
                told.push_str(&text);
            }
            cause = error.source();
        }
        told
    }

    /// Whether trying again may help: a lost connection, a server that restarts, a slot still in use.
    ///
    /// Follows appendix A of the PostgreSQL documentation: classes 08 and 57P, 53300, 55006, 40001 and 40P01.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self.kind {
            ErrorKind::Io | ErrorKind::Closed | ErrorKind::Timeout | ErrorKind::SinkBusy => true,
            ErrorKind::Server => self.sqlstate().is_some_and(|code| {
                code.starts_with("08")
                    || matches!(
                        code,
                        "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "55006" | "40001" | "40P01"
                    )
            }),
            _ => false,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("sqlstate", &self.sqlstate())
            .field("hint", &self.hint)
            .field("cause", &self.cause)
            .finish()
    }
}
