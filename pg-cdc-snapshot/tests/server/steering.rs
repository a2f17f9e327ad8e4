//! The control handle.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use pg_cdc_core::{ErrorKind, Source};
use pg_cdc_testkit::Version;
use tokio::time::timeout;

use crate::harness::{Database, Seen};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const SETUP: &str = "CREATE TABLE big (id int, v text);
    INSERT INTO big SELECT i, repeat('v', 1000) FROM generate_series(1, 30000) i;";

async fn others(database: &Database) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.client.query_one(count, &[]).await.unwrap().get(0)
}

pub(crate) async fn until_alone(database: &Database) {
    let since = Instant::now();
    while others(database).await != 0 {
        assert!(since.elapsed() < PATIENCE, "a connection was left open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn pausing_holds_everything_back_and_resuming_lets_it_go() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let (mut source, point) = database.start(database.options().await).await;
    let mut seen = Seen::new(point);
    let control = source.control();
    seen.take(&source.next().await.unwrap().unwrap());
    control.pause();
    assert!(timeout(Duration::from_millis(300), source.next()).await.is_err());
    let resumed = {
        let control = control.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            control.resume();
        })
    };
    while let Some(batch) = timeout(PATIENCE, source.next()).await.unwrap() {
        seen.take(&batch.unwrap());
    }
    resumed.await.unwrap();
    assert!(seen.ended);
    assert_eq!(seen.done["public.big"].0, 30000);
    until_alone(&database).await;
}

#[tokio::test]
async fn shutting_down_ends_the_stream_and_closes_the_connections() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let (mut source, _) = database.start(database.options().await).await;
    let control = source.control();
    source.next().await.unwrap().unwrap();
    source.next().await.unwrap().unwrap();
    timeout(PATIENCE, control.shutdown()).await.unwrap().unwrap();
    assert!(source.next().await.is_none());
    until_alone(&database).await;
    timeout(PATIENCE, control.shutdown()).await.unwrap().unwrap();
    let more = control.add_tables(Vec::new()).await.unwrap_err();
    assert_eq!(more.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn dropping_it_closes_the_connections() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let (mut source, _) = database.start(database.options().await).await;
    source.next().await.unwrap().unwrap();
    drop(source);
    until_alone(&database).await;
}
