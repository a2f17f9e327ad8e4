//! What is said when files can't be made, written or read.

use std::io;
use std::path::Path;

use crate::{Error, ErrorKind};

const ROOM: &str = "the folder must have room for the transactions that are open at once; make room, or give the spool \
                    another folder (`SpoolOptions::folder`, else TMPDIR)";
const ACCESS: &str = "the folder must be there and may be written to; give the spool another folder \
                      (`SpoolOptions::folder`, else TMPDIR)";
const DAMAGED: &str = "nothing of the transaction was acknowledged: after a restart the server sends it again; see that \
                       nothing else writes to the spool's folder, and that its disk is sound";

/// `what` did not work on `path`.
#[cold]
pub(super) fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::WriteZero => ROOM,
        _ => ACCESS,
    };
    Error::new(ErrorKind::Spool, format!("could not {what} {}", path.display()))
        .with_cause(error)
        .with_hint(hint)
}

/// The file of the transaction `xid` is not what was written.
#[cold]
pub(super) fn damaged(path: &Path, xid: u32, offset: u64, what: &str) -> Error {
    Error::new(
        ErrorKind::Spool,
        format!("the spooled transaction {xid}, {}, is damaged at byte {offset}: {what}", path.display()),
    )
    .with_hint(DAMAGED)
}
