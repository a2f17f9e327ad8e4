//! Sink durable, then state saved, then acknowledged: what can't be saved is not acknowledged.

use pg_cdc_testkit::{Cluster, Version};

use crate::support::{PATIENCE, Pipeline};
use crate::{confirmed, database, reading, replay_equals, row_file};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_acknowledged_that_can_not_be_saved() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, n int)").await.unwrap();
        let heartbeat = "  snapshot: { mode: never }\n  heartbeat: { every: 500ms }\n";
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), heartbeat, ""));
        pipeline.run(&["--until-current"]).succeeded();
        let run = pipeline.start(&[]);
        reading(&client, &name).await;
        client.batch_execute("INSERT INTO t VALUES (1, 1)").await.unwrap();
        crate::support::eventually("the row", PATIENCE, || {
            std::fs::read(pipeline.path("out.jsonl")).ok().filter(|text| !text.is_empty())
        });
        // In the place of the new state: also who may write everything can't replace a folder by a file.
        let mut stuck = pipeline.state_path().into_os_string();
        stuck.push(".new");
        // A save may be under way and have its file there; the next one is not yet.
        crate::support::eventually("a folder in the way", PATIENCE, || std::fs::create_dir(&stuck).ok());
        let saved = pipeline.state().unwrap();
        client.batch_execute("INSERT INTO t SELECT i, i FROM generate_series(2, 100) i").await.unwrap();
        let outcome = run.wait(PATIENCE);
        assert_eq!(outcome.status.code(), Some(1), "{}", outcome.stderr);
        let line = outcome.last_line();
        assert!(line.starts_with("error: could not save the state ") && line.contains("hint: "), "{line}");
        assert_eq!(pipeline.state().unwrap(), saved, "the old state is whole");
        assert!(confirmed(&client, &name).await <= crate::saved_confirmed(&saved));

        std::fs::remove_dir(&stuck).unwrap();
        pipeline.run(&["--until-current"]).succeeded();
        let counts = replay_equals(&pipeline.path("out.jsonl"), &client, ["public.t"]).await;
        assert_eq!(counts.inserts, 100);
        pipeline.cleanup();
    }
}
