//! Other crates' readers of a slot, as their documentation shows them; the stream bench runs each in a process of its own.

use std::error::Error;

use pgwire_replication::{ReplicationClient, ReplicationConfig, ReplicationEvent, TlsConfig};

/// What is read.
#[derive(Debug)]
pub struct Slot {
    /// The server, or the folder of its socket.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The slot.
    pub name: String,
    /// The publication.
    pub publication: String,
    /// How many INSERTs there are behind it.
    pub rows: u64,
    /// Whether values come in binary.
    pub binary: bool,
}

/// `pgwire-replication`: reads begin and commit, and hands out every other message as it came.
///
/// # Errors
///
/// Where the stream breaks, or ends before it should.
pub async fn pgwire_replication(slot: &Slot) -> Result<(), Box<dyn Error>> {
    let config =
        ReplicationConfig::new(&*slot.host, "postgres", "", &*slot.database, &*slot.name, &*slot.publication)
            .with_port(slot.port)
            .with_tls(TlsConfig::disabled())
            .with_binary(slot.binary);
    let mut client = ReplicationClient::connect(config).await?;
    let mut rows = 0;
    while let Some(event) = client.recv().await? {
        match event {
            ReplicationEvent::XLogData { data, .. } => rows += u64::from(data.first() == Some(&b'I')),
            ReplicationEvent::Commit { end_lsn, .. } => {
                client.update_applied_lsn(end_lsn);
                if rows == slot.rows {
                    return Ok(client.shutdown().await?);
                }
            }
            _ => {}
        }
    }
    Err(format!("pgwire-replication ended after {rows} rows").into())
}

/// `rustcdc`'s source: makes an event of every change, with the row as JSON.
///
/// # Errors
///
/// Where the stream breaks.
#[cfg(feature = "rustcdc")]
pub async fn rustcdc(slot: &Slot) -> Result<(), Box<dyn Error>> {
    use rustcdc::source::{PostgresConnection, PostgresSourceConfig, Source};

    let mut source = PostgresConnection::new(PostgresSourceConfig {
        host: slot.host.clone(),
        port: slot.port,
        user: "postgres".into(),
        password: "none".into(),
        database: slot.database.clone(),
        replication_slot_name: slot.name.clone(),
        publication_name: slot.publication.clone(),
        transport: rustcdc::TransportConfig::plaintext(),
        // It sleeps so long wherever it has read no end of a transaction: as short, and as seldom, as it may be.
        stream_poll_interval_ms: 1,
        max_events_per_poll: 100_000,
        ..PostgresSourceConfig::default()
    });
    source.connect().await?;
    let mut stream = source.start_stream(None).await?;
    let mut rows = 0;
    while rows < slot.rows {
        let events = stream.next_events(1000).await?;
        rows += events.iter().filter(|event| event.op == rustcdc::Operation::Insert).count() as u64;
        std::hint::black_box(events);
    }
    Ok(())
}
