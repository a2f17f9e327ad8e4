//! What a client does with what comes.

use std::future::poll_fn;

use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::wire::{Block, Connection, Rows, ServerFrame, fuzzing};
use pg_cdc_core::{Error, ErrorKind};

use super::pieces::Pieces;

/// What is asked of the server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Play {
    /// Replication, read to its end.
    Replication,
    /// Replication that is ended at once.
    Finish,
    /// A COPY, and a query behind it.
    CopyOut,
    /// Queries.
    Query,
}

/// What was seen.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// Payloads, each behind its length.
    data: Vec<u8>,
    rows: Vec<Vec<Rows>>,
    errors: Vec<String>,
    notes: Vec<String>,
}

impl Outcome {
    fn take(&mut self, block: &Block) {
        assert!(!block.is_empty());
        assert_eq!(block.payloads().count(), block.len());
        let mut end = 0;
        for payload in block.payloads() {
            assert_eq!(payload.start, end + 5, "a payload stands behind its header");
            end = payload.end;
            let payload = &block.bytes()[payload];
            self.data.extend(payload.len().to_be_bytes());
            self.data.extend(payload);
            match ServerFrame::parse(payload) {
                Ok(ServerFrame::XLogData { payload: message, .. }) => assert_eq!(message, 25..payload.len()),
                Ok(ServerFrame::Keepalive { .. }) => assert!(payload.len() >= 18),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Protocol),
            }
        }
        assert_eq!(end, block.bytes().len(), "nothing stands between payloads");
    }

    fn fail(&mut self, error: &Error) {
        let told = error.to_string();
        assert!(!told.contains(['\n', '\r']), "an error is one line: {told}");
        assert_ne!(error.kind(), ErrorKind::Timeout, "nobody waits");
        self.errors.push(format!("{:?} {told} {:?} {:?}", error.kind(), error.sqlstate(), error.hint()));
    }
}

impl Play {
    pub(super) const ALL: [Self; 4] = [Self::Replication, Self::CopyOut, Self::Finish, Self::Query];

    /// What a server answers, so that it goes on.
    pub(super) fn answer(self) -> &'static [u8] {
        match self {
            Self::Replication | Self::Finish => b"W\0\0\0\x07\0\0\0",
            Self::CopyOut => b"H\0\0\0\x09\0\0\x01\0\0",
            Self::Query => &[],
        }
    }

    pub(super) async fn run(
        self,
        socket: Pieces,
        pool: &BufferPool,
        at_least: usize,
        holds: bool,
        outcome: &mut Outcome,
    ) {
        let connection = fuzzing::session(socket);
        match self {
            Self::Replication => replicate(connection, pool, at_least, holds, outcome).await,
            Self::Finish => match connection.start_replication("START_REPLICATION", pool).await {
                Ok(stream) => ended(stream.finish().await, outcome),
                Err(error) => outcome.fail(&error),
            },
            Self::CopyOut => copy(connection, pool, outcome).await,
            Self::Query => {
                let mut connection = connection;
                query(&mut connection, outcome).await;
                connection.close().await;
            }
        }
    }
}

async fn replicate(
    connection: Connection,
    pool: &BufferPool,
    at_least: usize,
    holds: bool,
    outcome: &mut Outcome,
) {
    let mut stream = match connection.start_replication("START_REPLICATION", pool).await {
        Ok(stream) => stream,
        Err(error) => return outcome.fail(&error),
    };
    let mut held = Vec::new();
    loop {
        match poll_fn(|cx| stream.poll_next_block_of(cx, at_least)).await {
            Ok(Some(block)) => {
                outcome.take(&block);
                if holds {
                    held.push(block);
                }
            }
            Ok(None) => {
                outcome.notes.push("the end".to_owned());
                assert!(matches!(stream.next_block().await, Ok(None)), "it ends once");
                break;
            }
            Err(error) => {
                outcome.fail(&error);
                assert!(stream.next_block().await.is_err(), "an error is not the end");
                break;
            }
        }
    }
    assert!(!stream.has_data());
    outcome.notes.push(format!("{:?} {}", stream.parameter("server_version"), stream.process_id()));
    ended(stream.finish().await, outcome);
}

fn ended(ended: Result<(), Error>, outcome: &mut Outcome) {
    match ended {
        Ok(()) => outcome.notes.push("ended".to_owned()),
        Err(error) => outcome.fail(&error),
    }
}

async fn copy(mut connection: Connection, pool: &BufferPool, outcome: &mut Outcome) {
    match connection.copy_out("COPY", pool).await {
        Ok(mut copy) => {
            let mut failed = false;
            loop {
                match copy.next_block().await {
                    Ok(Some(block)) => outcome.take(&block),
                    Ok(None) => break,
                    Err(error) => {
                        failed = true;
                        outcome.fail(&error);
                        break;
                    }
                }
            }
            if !failed {
                outcome.notes.push(format!("{:?}", copy.rows()));
            }
            outcome.notes.push(format!("{:?} {:?}", copy.format(), copy.column_formats()));
        }
        Err(error) => outcome.fail(&error),
    }
    query(&mut connection, outcome).await;
    connection.close().await;
}

/// Queries until one fails.
async fn query(connection: &mut Connection, outcome: &mut Outcome) {
    for _ in 0..4 {
        match connection.simple_query("SELECT").await {
            Ok(rows) => outcome.rows.push(rows),
            Err(error) => {
                outcome.fail(&error);
                if error.kind() != ErrorKind::Server {
                    let again = connection.simple_query("SELECT").await;
                    assert!(
                        again.is_err_and(|error| error.kind() == ErrorKind::Closed),
                        "it is of no more use"
                    );
                    return;
                }
            }
        }
    }
}
