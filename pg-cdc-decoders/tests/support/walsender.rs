//! What a walsender sends.

use std::time::Duration;

use bytes::Bytes;
use pg_cdc_core::Lsn;
use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::wire::{ConnectConfig, Connection, ServerFrame, Session, StatusUpdate};

use super::Frames;

/// What a slot has from `from` on, as it comes and up to where it is enough. Nothing is confirmed.
pub(crate) async fn record(
    connect: &ConnectConfig,
    slot: &str,
    from: Lsn,
    options: &str,
    is_enough: impl Fn(&Frames) -> bool,
) -> Frames {
    let connection = Connection::connect(connect, Session::Replication).await.unwrap();
    let command = format!("START_REPLICATION SLOT {slot} LOGICAL {from} {options}");
    let mut stream = connection.start_replication(&command, &BufferPool::new(256 << 20)).await.unwrap();
    let mut frames = Frames::new();
    while !is_enough(&frames) {
        let block =
            stream.next_block_or_more(64 << 10, Duration::from_millis(1)).await.unwrap().expect("an end");
        for range in block.payloads() {
            let frame = block.bytes().slice(range);
            match ServerFrame::parse(&frame).unwrap() {
                ServerFrame::XLogData { start, payload, .. } => {
                    frames.push((start, Bytes::copy_from_slice(&frame[payload])));
                }
                ServerFrame::Keepalive { reply_wanted: true, .. } => {
                    stream.send(&StatusUpdate::default().encode()).await.unwrap();
                }
                ServerFrame::Keepalive { .. } => {}
            }
        }
    }
    stream.finish().await.unwrap();
    frames
}
