//! What travels inside CopyData on a replication connection.
//!
//! Chapter "Streaming Replication Protocol" of PostgreSQL's documentation. Times are microseconds since 2000-01-01 UTC.

use std::ops::Range;

use crate::{Error, ErrorKind, Lsn};

/// A walsender's message: the payload of one CopyData.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFrame {
    /// XLogData: one message of the output plugin.
    XLogData {
        /// Where the change stands in the WAL.
        start: Lsn,
        /// The end of the WAL that the server had when it sent this (logical decoding repeats `start`).
        end: Lsn,
        /// The server's clock: microseconds since 2000-01-01 UTC.
        send_time: i64,
        /// Where the plugin's message lies within the bytes parsed.
        payload: Range<usize>,
    },
    /// Primary keepalive.
    Keepalive {
        /// How far the server has decoded: everything that commits below it has been sent.
        end: Lsn,
        /// The server's clock: microseconds since 2000-01-01 UTC.
        send_time: i64,
        /// Whether the server wants a [`StatusUpdate`] at once.
        reply_wanted: bool,
    },
}

impl ServerFrame {
    /// Reads one CopyData payload. Allocates nothing.
    ///
    /// # Errors
    /// Kind `Protocol`, when it is cut short or of no known kind.
    pub fn parse(frame: &[u8]) -> Result<Self, Error> {
        let long =
            |at: usize| frame.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let parsed = match frame.first() {
            Some(b'w') => long(1).zip(long(9)).zip(long(17)).map(|((start, end), time)| Self::XLogData {
                start: Lsn::new(start),
                end: Lsn::new(end),
                send_time: time.cast_signed(),
                payload: 25..frame.len(),
            }),
            Some(b'k') => {
                long(1).zip(long(9)).zip(frame.get(17)).map(|((end, time), reply)| Self::Keepalive {
                    end: Lsn::new(end),
                    send_time: time.cast_signed(),
                    reply_wanted: *reply != 0,
                })
            }
            Some(tag) => {
                return Err(Error::new(
                    ErrorKind::Protocol,
                    format!("the walsender sent a frame of the unknown kind {:?}", char::from(*tag)),
                ));
            }
            None => None,
        };
        parsed.ok_or_else(|| {
            Error::new(
                ErrorKind::Protocol,
                format!("the walsender sent a frame that is cut short: {} bytes", frame.len()),
            )
        })
    }
}

/// Standby status update: what we tell the server. Positions are of the WAL's bytes, each the first not covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusUpdate {
    /// Received.
    pub written: Lsn,
    /// Durable: a logical slot's `confirmed_flush_lsn` follows this one.
    pub flushed: Lsn,
    /// Applied.
    pub applied: Lsn,
    /// Our clock: microseconds since 2000-01-01 UTC.
    pub send_time: i64,
    /// Whether the server shall answer with a keepalive at once.
    pub reply_wanted: bool,
}

impl StatusUpdate {
    /// The payload of its CopyData, for [`ReplicationStream::send`](super::ReplicationStream::send).
    #[must_use]
    pub fn encode(&self) -> [u8; 34] {
        let mut frame = [0; 34];
        let fields = [
            self.written.as_u64(),
            self.flushed.as_u64(),
            self.applied.as_u64(),
            self.send_time.cast_unsigned(),
        ];
        frame[0] = b'r';
        for (chunk, field) in frame[1..33].chunks_exact_mut(8).zip(fields) {
            chunk.copy_from_slice(&field.to_be_bytes());
        }
        frame[33] = self.reply_wanted.into();
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_frames_are_read() {
        let mut frame = vec![b'w'];
        frame.extend(1u64.to_be_bytes());
        frame.extend(2u64.to_be_bytes());
        frame.extend((-3i64).to_be_bytes());
        frame.extend(b"payload");
        assert_eq!(
            ServerFrame::parse(&frame).unwrap(),
            ServerFrame::XLogData { start: Lsn::new(1), end: Lsn::new(2), send_time: -3, payload: 25..32 }
        );
        let mut frame = vec![b'k'];
        frame.extend(9u64.to_be_bytes());
        frame.extend(8i64.to_be_bytes());
        frame.push(1);
        assert_eq!(
            ServerFrame::parse(&frame).unwrap(),
            ServerFrame::Keepalive { end: Lsn::new(9), send_time: 8, reply_wanted: true }
        );
        for length in 0..frame.len() {
            assert_eq!(ServerFrame::parse(&frame[..length]).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn a_status_update_has_the_documented_layout() {
        let update = StatusUpdate {
            written: Lsn::new(1),
            flushed: Lsn::new(2),
            applied: Lsn::new(3),
            send_time: 4,
            reply_wanted: true,
        };
        let mut expected = vec![b'r'];
        for field in 1u64..=4 {
            expected.extend(field.to_be_bytes());
        }
        expected.push(1);
        assert_eq!(update.encode()[..], expected);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes: Vec<u8>) {
            if let Ok(ServerFrame::XLogData { payload, .. }) = ServerFrame::parse(&bytes) {
                prop_assert!(bytes.get(payload).is_some());
            }
        }
    }
}
