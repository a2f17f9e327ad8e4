//! Tables that change under their snapshot.

use std::sync::Arc;

use futures_util::StreamExt;
use pg_cdc_core::catalog::TableInfo;
use pg_cdc_core::{Columns, ErrorKind, Shape};
use pg_cdc_snapshot::{Exporter, SnapshotSource};
use pg_cdc_testkit::{Cluster, StopMode, Version};

use crate::harness::{Database, Seen};

/// Runs `meanwhile` between the export and the first COPY.
async fn changed(database: &Database, meanwhile: &str) -> Seen {
    let options = database.options().await;
    let exporter = database.exporter();
    let exported = exporter.export().await.unwrap();
    database.client.batch_execute(meanwhile).await.unwrap();
    let mut seen = Seen::new(exported.point);
    let mut source = SnapshotSource::start(options, exported, exporter);
    while let Some(batch) = source.next().await {
        seen.take(&batch.unwrap());
    }
    assert!(seen.ended);
    seen
}

const SETUP: &str = "CREATE TABLE t (id int PRIMARY KEY, v varchar(10));
    INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 100) i;
    CREATE TABLE other (id int PRIMARY KEY);
    INSERT INTO other SELECT generate_series(1, 10);";

#[tokio::test]
async fn a_rewritten_table_is_read_again_under_a_later_snapshot() {
    for version in Version::under_test() {
        for (meanwhile, rows) in [
            ("VACUUM FULL t", 100),
            ("CLUSTER t USING t_pkey", 100),
            ("TRUNCATE t; INSERT INTO t SELECT i, 'new' FROM generate_series(1, 7) i", 7),
            ("ALTER TABLE t ALTER COLUMN v TYPE int USING 7", 100),
            ("ALTER TABLE t ALTER COLUMN v TYPE text", 100),
            ("ALTER TABLE t ADD COLUMN w int DEFAULT 5", 100),
            ("ALTER TABLE t DROP COLUMN v", 100),
            ("ALTER TABLE t RENAME COLUMN v TO w", 100),
        ] {
            let database = Database::new(version, SETUP).await;
            let seen = changed(&database, meanwhile).await;
            assert_eq!(seen.restarted["public.t"], 1, "{meanwhile}");
            assert_eq!(seen.restarted.len(), 1);
            assert_eq!(seen.done["public.t"].0, rows, "{meanwhile}");
            assert!(seen.done["public.t"].1 > seen.point, "{meanwhile}");
            assert_eq!(seen.done["public.other"], (10, seen.point));
        }
    }
}

/// Runs `meanwhile` with a shape of the table `t`.
async fn changed_in_shape(database: &Database, shape: Shape, meanwhile: &str) -> Seen {
    let mut options = database.options().await;
    let shape = Arc::new(shape);
    let shaped = |info: TableInfo| if &*info.table.name.name == "t" { info.reshaped(&shape) } else { info };
    options.tables = options.tables.into_iter().map(shaped).collect();
    let exporter = database.exporter();
    let exported = exporter.export().await.unwrap();
    database.client.batch_execute(meanwhile).await.unwrap();
    let mut seen = Seen::new(exported.point);
    let mut source = SnapshotSource::start(options, exported, exporter);
    while let Some(batch) = source.next().await {
        seen.take(&batch.unwrap());
    }
    seen
}

#[tokio::test]
async fn what_happens_to_columns_that_are_not_read_does_no_harm() {
    for version in Version::under_test() {
        for (meanwhile, restarts) in [
            ("ALTER TABLE t DROP COLUMN v", 0),
            ("ALTER TABLE t RENAME COLUMN v TO w", 0),
            ("ALTER TABLE t ADD COLUMN w int", 0),
            ("ALTER TABLE t ALTER COLUMN v TYPE text", 0),
            ("ALTER TABLE t ALTER COLUMN id TYPE bigint", 1),
        ] {
            let database = Database::new(version, SETUP).await;
            let shape = Shape::default().with_columns(Columns::Only(vec!["id".to_owned()]));
            let shape = shape.with_rows("id > 90 OR id = 1".parse().unwrap());
            let seen = changed_in_shape(&database, shape, meanwhile).await;
            assert_eq!(seen.restarted.values().sum::<usize>(), restarts, "{meanwhile}");
            assert_eq!(seen.columns["public.t"], ["id"], "{meanwhile}");
            assert_eq!(seen.done["public.t"].0, 11, "{meanwhile}");
        }
    }
}

#[tokio::test]
async fn new_columns_come_with_the_new_rows() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let seen = changed(&database, "ALTER TABLE t ADD COLUMN w text DEFAULT 'five', DROP COLUMN v").await;
    assert_eq!(seen.columns["public.t"], ["id", "w"]);
    assert!(seen.rows["public.t"].iter().all(|row| row[1].as_ref().unwrap().1 == b"five"));
}

#[tokio::test]
async fn what_was_only_changed_in_rows_is_read_as_it_was() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let seen = changed(&database, "DELETE FROM t; INSERT INTO other VALUES (1000)").await;
    assert!(seen.restarted.is_empty());
    assert_eq!((seen.done["public.t"].0, seen.done["public.other"].0), (100, 10));
}

#[tokio::test]
async fn a_dropped_table_ends_with_no_rows_and_a_renamed_one_goes_on_under_its_name() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let seen = changed(&database, "DROP TABLE t; ALTER TABLE other RENAME TO another").await;
    assert_eq!(seen.done["public.t"].0, 0);
    assert!(seen.done["public.t"].1 > seen.point);
    assert_eq!(seen.done["public.another"].0, 10);
    assert!(!seen.done.contains_key("public.other"));

    let database = Database::new(Version::under_test()[0], SETUP).await;
    let seen = changed(&database, "DROP TABLE t; CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await;
    assert_eq!(seen.done["public.t"].0, 0, "the new table is another one");
}

#[tokio::test]
async fn a_partitioned_table_is_read_again_when_a_partition_is_truncated_or_attached() {
    let setup = "CREATE TABLE p (id int) PARTITION BY RANGE (id);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
        CREATE TABLE p2 (id int);
        INSERT INTO p VALUES (1), (2); INSERT INTO p2 VALUES (11);";
    for (meanwhile, rows) in
        [("TRUNCATE p1", 0), ("ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)", 3)]
    {
        let database = Database::new(Version::under_test()[0], setup).await;
        let seen = changed(&database, meanwhile).await;
        assert_eq!((seen.restarted["public.p"], seen.done["public.p"].0), (1, rows), "{meanwhile}");
    }
}

#[tokio::test]
async fn a_rewrite_that_is_under_way_is_waited_for() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let options = database.options().await;
    let exporter = database.exporter();
    let exported = exporter.export().await.unwrap();
    let other = database.cluster.connect(&database.name).await.unwrap();
    other.batch_execute("BEGIN; TRUNCATE t; INSERT INTO t VALUES (1, 'one')").await.unwrap();
    let mut seen = Seen::new(exported.point);
    let mut source = SnapshotSource::start(options, exported, exporter);
    tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            other.batch_execute("COMMIT").await.unwrap();
        },
        async {
            while let Some(batch) = source.next().await {
                seen.take(&batch.unwrap());
            }
        }
    );
    assert_eq!((seen.restarted["public.t"], seen.done["public.t"].0), (1, 1));
    assert!(seen.done["public.t"].1 > seen.point);
}

/// Changes the table before every export.
struct Restless {
    database: Database,
}

#[async_trait::async_trait]
impl Exporter for Restless {
    async fn export(&self) -> Result<pg_cdc_snapshot::Exported, pg_cdc_core::Error> {
        let exported = self.database.exporter().export().await?;
        self.database.client.batch_execute("TRUNCATE t").await.unwrap();
        Ok(exported)
    }
}

#[tokio::test]
async fn a_table_that_never_rests_is_given_up_with_a_reason() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let options = database.options().await;
    let exporter = Arc::new(Restless { database });
    let exported = exporter.export().await.unwrap();
    let mut source = SnapshotSource::start(options, exported, exporter);
    let mut outcome = Ok(());
    while let Some(batch) = source.next().await {
        outcome = batch.map(|_| ());
    }
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("public.t could not be read in 10 snapshots"), "{error}");
    assert!(error.hint().is_some() && !error.is_transient());
}

#[tokio::test]
async fn a_policy_that_would_hide_rows_is_an_error_with_a_hint() {
    for version in Version::under_test() {
        let database = Database::new(version, SETUP).await;
        let role = format!("reader_{}", database.name);
        let setup = format!(
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON t USING (id < 5);
             CREATE ROLE {role} LOGIN; GRANT SELECT ON t TO {role};"
        );
        database.client.batch_execute(&setup).await.unwrap();
        let mut options = database.options().await;
        options.connect.user = role;
        options.tables.retain(|info| &*info.table.name.name == "t");
        let error = database.snapshot(options).await.unwrap_err();
        assert_eq!(error.sqlstate(), Some("42501"));
        assert!(error.hint().unwrap().contains("BYPASSRLS"));
        assert!(error.to_string().contains("public.t"), "{error}");
    }
}

#[tokio::test]
async fn a_grant_that_is_missing_is_an_error_with_a_hint() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let role = format!("nobody_{}", database.name);
    database.client.batch_execute(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    let mut options = database.options().await;
    options.connect.user = role;
    let error = database.snapshot(options).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("42501"));
    assert!(error.hint().unwrap().contains("grant SELECT"));
}

#[tokio::test]
async fn a_server_that_goes_away_is_a_transient_error() {
    let cluster = Cluster::builder().version(Version::under_test()[0]).start().await.unwrap();
    let cluster: &'static Cluster = Box::leak(Box::new(cluster));
    let setup = "CREATE TABLE big (id int, v text);
        INSERT INTO big SELECT i, repeat('v', 1000) FROM generate_series(1, 50000) i;";
    let database = Database::on(cluster, "postgres".into(), setup).await;
    let mut options = database.options().await;
    options.memory = pg_cdc_core::batch::BufferPool::new(1 << 20);
    let (mut source, _) = database.start(options).await;
    let mut batches = 0;
    let error = loop {
        match source.next().await.expect("an error, not an end") {
            Ok(_) => batches += 1,
            Err(error) => break error,
        }
        if batches == 3 {
            cluster.stop(StopMode::Immediate).await.unwrap();
        }
    };
    assert!(error.is_transient(), "{error:?}");
    assert!(source.next().await.is_none());
    cluster.start_again().await.unwrap();
    cluster.stop(StopMode::Immediate).await.unwrap();
}

#[tokio::test]
async fn a_table_whose_connection_was_lost_is_read_again() {
    let setup = "CREATE TABLE big (id int, v text);
        INSERT INTO big SELECT i, repeat('v', 1000) FROM generate_series(1, 50000) i;";
    let database = Database::new(Version::under_test()[0], setup).await;
    let mut options = database.options().await;
    options.memory = pg_cdc_core::batch::BufferPool::new(1 << 20);
    let (mut source, point) = database.start(options).await;
    let mut seen = Seen::new(point);
    while let Some(batch) = source.next().await {
        seen.take(&batch.unwrap());
        if seen.batches == 3 {
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND query LIKE 'COPY%'";
            assert_eq!(database.client.query(kill, &[]).await.unwrap().len(), 1);
        }
    }
    assert!(seen.ended);
    assert_eq!((seen.restarted["public.big"], seen.done["public.big"].0), (1, 50000));
    assert!(seen.done["public.big"].1 >= point);
}

#[tokio::test]
async fn a_rewrite_that_waits_for_the_copy_holds_nothing_up() {
    let setup = "CREATE TABLE big (id int, v text);
        INSERT INTO big SELECT i, repeat('v', 1000) FROM generate_series(1, 20000) i;";
    for version in Version::under_test() {
        let database = Database::new(version, setup).await;
        let mut options = database.options().await;
        options.memory = pg_cdc_core::batch::BufferPool::new(1 << 20);
        let (mut source, point) = database.start(options).await;
        let mut seen = Seen::new(point);
        // Until the first rows: the table is open, and the pool is too small for all of it.
        while seen.rows.is_empty() {
            seen.take(&source.next().await.unwrap().unwrap());
        }
        let other = database.cluster.connect(&database.name).await.unwrap();
        let truncated = tokio::spawn(async move { other.batch_execute("TRUNCATE big").await });
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while database.client.value(waits).await.unwrap() == "0" {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let rest = async {
            while let Some(batch) = source.next().await {
                seen.take(&batch.unwrap());
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), rest).await.expect("a deadlock");
        truncated.await.unwrap().unwrap();
        assert_eq!(seen.done["public.big"], (20000, point));
    }
}

#[tokio::test]
async fn a_snapshot_that_is_gone_is_replaced() {
    let database = Database::new(Version::under_test()[0], SETUP).await;
    let exporter = database.exporter();
    let exported = exporter.export().await.unwrap();
    let point = exported.point;
    let gone = pg_cdc_snapshot::Exported::new(exported.name.clone(), point, ());
    drop(exported);
    // The server has noticed that the connection is closed.
    crate::steering::until_alone(&database).await;
    let mut seen = Seen::new(point);
    let mut source = SnapshotSource::start(database.options().await, gone, exporter);
    while let Some(batch) = source.next().await {
        seen.take(&batch.unwrap());
    }
    assert!(seen.ended);
    assert_eq!((seen.done["public.t"].0, seen.done["public.other"].0), (100, 10));
    assert!(seen.done["public.t"].1 > point);
}
