//! Messages from the server: a tag, a length that counts itself, a body.
//!
//! Chapter "Message Formats" of PostgreSQL's documentation. Only what this connection can meet has a name here.

use bytes::Bytes;

use crate::{Error, ErrorKind};

/// Tag and length.
pub(super) const HEADER: usize = 5;
/// A CopyData message: one field of up to a gigabyte, and what a plugin puts around it.
pub(super) const LARGEST_COPY_DATA: usize = (1 << 30) + (64 << 10);
/// ErrorResponse and NoticeResponse, which may quote a query.
pub(super) const LARGEST_NOTICE: usize = 1 << 20;
/// Everything else that is not a row.
pub(super) const LARGEST_OTHER: usize = 64 << 10;

/// One message, its body without the length.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) tag: u8,
    pub(super) body: Bytes,
}

/// The length of a whole message, header included, once its header is there.
///
/// `state` says what was going on, for the error. `largest` is for a body with this tag.
pub(super) fn whole_length(
    head: &[u8],
    state: &str,
    largest: impl FnOnce(u8) -> usize,
) -> Result<Option<usize>, Error> {
    let &[tag, a, b, c, d, ..] = head else { return Ok(None) };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length < 4 || length - 4 > largest(tag) {
        return Err(Error::new(
            ErrorKind::Protocol,
            format!("{state}: the server sent a {} with the impossible length {length}", name(tag)),
        ));
    }
    Ok(Some(length + 1))
}

/// The limit for a message that is neither row nor copied data.
pub(super) fn largest(tag: u8) -> usize {
    if matches!(tag, b'E' | b'N') { LARGEST_NOTICE } else { LARGEST_OTHER }
}

/// A message that the protocol does not allow now.
pub(super) fn unexpected(tag: u8, state: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("{state}: expected {expected}, the server sent a {}", name(tag)))
}

/// A message whose body is not what its tag says.
pub(super) fn malformed(tag: u8, state: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("{state}: the server sent a {} that is cut short or broken", name(tag)),
    )
}

/// The server hung up.
pub(super) fn closed(state: &str, in_a_message: bool) -> Error {
    let where_ = if in_a_message { " in the middle of a message" } else { "" };
    Error::new(ErrorKind::Closed, format!("{state}: the server closed the connection{where_}"))
}

/// The socket failed.
pub(super) fn broken(state: &str, error: std::io::Error) -> Error {
    use std::io::ErrorKind as Io;
    let kind = match error.kind() {
        Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof => ErrorKind::Closed,
        Io::TimedOut => ErrorKind::Timeout,
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("{state}: the connection broke")).with_cause(error)
}

fn name(tag: u8) -> String {
    let known = match tag {
        b'1' => "ParseComplete",
        b'2' => "BindComplete",
        b'3' => "CloseComplete",
        b'A' => "NotificationResponse",
        b'C' => "CommandComplete",
        b'c' => "CopyDone",
        b'D' => "DataRow",
        b'd' => "CopyData",
        b'E' => "ErrorResponse",
        b'G' => "CopyInResponse",
        b'H' => "CopyOutResponse",
        b'I' => "EmptyQueryResponse",
        b'K' => "BackendKeyData",
        b'N' => "NoticeResponse",
        b'n' => "NoData",
        b'R' => "Authentication request",
        b'S' => "ParameterStatus",
        b's' => "PortalSuspended",
        b'T' => "RowDescription",
        b't' => "ParameterDescription",
        b'V' => "FunctionCallResponse",
        b'v' => "NegotiateProtocolVersion",
        b'W' => "CopyBothResponse",
        b'Z' => "ReadyForQuery",
        _ => return format!("message with the unknown tag {:?}", char::from(tag)),
    };
    format!("{known} message")
}

/// A cursor over a body; every step is checked.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Bytes up to a zero byte, which is passed.
    pub(super) fn cstr(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let taken = self.take(end)?;
        self.take(1)?;
        Some(taken)
    }
}
