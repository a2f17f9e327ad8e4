use std::path::PathBuf;

/// What can go wrong in the testkit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program of the machine could not be run, or failed.
    #[error("`{command}` failed: {detail}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit status and what it said.
        detail: String,
    },
    /// A file or folder could not be read, made or written.
    #[error("{what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// No PostgreSQL of the wanted version was found and none could be installed.
    #[error("no PostgreSQL {wanted} on this machine, and none could be installed: {tried}")]
    NotFound {
        /// The version asked for.
        wanted: String,
        /// What was looked at and tried.
        tried: String,
    },
    /// The server did not start.
    #[error("the server did not start; its log says:\n{log}")]
    Start {
        /// The end of the server's log.
        log: String,
    },
    /// A statement or a connection failed.
    #[error("PostgreSQL")]
    Postgres(#[from] tokio_postgres::Error),
    /// Something was asked of a cluster that another process owns.
    #[error("{0} is not possible on a cluster that another process owns")]
    Attached(&'static str),
    /// A certificate could not be made.
    #[error("making a certificate")]
    Certificate(#[from] rcgen::Error),
    /// A line of a JSON Lines file could not be read.
    #[error("line {line}: {detail}")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// A value that the testkit was given makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// A background task of the testkit came to a bad end.
    #[error("background task")]
    Task(#[from] tokio::task::JoinError),
}

impl Error {
    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}

/// The testkit's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
