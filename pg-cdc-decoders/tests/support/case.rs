//! A database on a server under test, with slots of the plugins.

use pg_cdc_core::catalog::TableInfo;
use pg_cdc_core::wire::ConnectConfig;
use pg_cdc_core::{Tables, catalog};
use pg_cdc_testkit::{Client, Cluster, Version};

use super::Frames;

/// A fresh database, and the slots that were made in it.
pub(crate) struct Case {
    pub(crate) cluster: &'static Cluster,
    pub(crate) database: String,
    pub(crate) client: Client,
    slots: Vec<String>,
}

impl Case {
    pub(crate) async fn new(version: Version, schema: &str) -> Self {
        Self::with_encoding(version, "UTF8", schema).await
    }

    pub(crate) async fn with_encoding(version: Version, encoding: &str, schema: &str) -> Self {
        let cluster = Cluster::shared(version).await.unwrap();
        let database = cluster.fresh_database_in("decoders", encoding).await.unwrap();
        let client = cluster.connect(&database).await.unwrap();
        let case = Self { cluster, database, client, slots: Vec::new() };
        case.run([schema]).await;
        case
    }

    /// The database's own, to connect with.
    pub(crate) fn connect(&self) -> ConnectConfig {
        self.cluster.url(&self.database).parse().unwrap()
    }

    /// Makes a slot of a plugin and gives its name; `None`, which is said, where the server has no such plugin.
    pub(crate) async fn slot_where_there_is(&mut self, plugin: &str) -> Option<String> {
        let slot = format!("{plugin}_{}", self.database);
        let sql = format!("SELECT pg_create_logical_replication_slot('{slot}', '{plugin}')");
        match self.client.batch_execute(&sql).await {
            Ok(()) => {
                self.slots.push(slot.clone());
                Some(slot)
            }
            // Undefined file: there is no such library.
            Err(error) if error.code().is_some_and(|code| code.code() == "58P01") => {
                println!("skipped: PostgreSQL {} has no {plugin}", self.cluster.major());
                None
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Makes a slot of a plugin that every server has, and gives its name.
    pub(crate) async fn slot(&mut self, plugin: &str) -> String {
        self.slot_where_there_is(plugin).await.unwrap()
    }

    /// Makes a slot through which transactions come when they are prepared (14+), and gives its name.
    pub(crate) async fn two_phase_slot(&mut self, plugin: &str) -> String {
        let slot = format!("{plugin}_2_{}", self.database);
        self.run([format!("SELECT pg_create_logical_replication_slot('{slot}', '{plugin}', false, true)")])
            .await;
        self.slots.push(slot.clone());
        slot
    }

    /// Runs statements, each by itself.
    pub(crate) async fn run<S: AsRef<str>>(&self, statements: impl IntoIterator<Item = S>) {
        for sql in statements {
            let sql = sql.as_ref();
            self.client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
    }

    /// Everything that stands in a slot, as the SQL functions tell it, and which stays there.
    pub(crate) async fn peek(&self, slot: &str, options: &[(&str, &str)]) -> Frames {
        self.try_peek(slot, options).await.unwrap_or_else(|error| panic!("{slot}: {error}"))
    }

    /// As [`peek`](Self::peek), or what the server says instead.
    pub(crate) async fn try_peek(&self, slot: &str, options: &[(&str, &str)]) -> Result<Frames, String> {
        let options: String = options.iter().map(|(name, value)| format!(", '{name}', '{value}'")).collect();
        let sql = format!(
            "SELECT lsn::text, data FROM pg_logical_slot_peek_binary_changes('{slot}', NULL, NULL{options})"
        );
        let rows = self.client.query(&sql, &[]).await;
        let rows = rows.map_err(|error| error.as_db_error().unwrap().message().to_owned())?;
        Ok(rows
            .iter()
            .map(|row| (row.get::<_, &str>(0).parse().unwrap(), row.get::<_, Vec<u8>>(1).into()))
            .collect())
    }

    /// The tables as they are now.
    pub(crate) async fn list(&self) -> Vec<TableInfo> {
        let client = catalog::connect(&self.connect()).await.unwrap();
        catalog::list_tables(&client, self.cluster.version_num()).await.unwrap()
    }

    /// What the catalog says of them now, also by the names that they had `before`.
    pub(crate) async fn tables(&self, before: &[TableInfo]) -> Tables {
        super::tables(&self.list().await, before)
    }

    /// Drops the slots.
    pub(crate) async fn end(self) {
        for slot in &self.slots {
            self.client.drop_slot(slot).await.unwrap();
        }
    }
}
