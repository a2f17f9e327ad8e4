mod builder;
mod conf;
mod guard;
mod server;
mod shared;
mod tls;

use std::fs;
use std::path::{Path, PathBuf};

pub use self::builder::ClusterBuilder;
use self::guard::Guard;
use self::server::Server;
pub use self::tls::Tls;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::install::Installation;
use crate::version::Version;

/// How a server is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Waits until all clients have gone.
    Smart,
    /// Sends the clients away, and waits until the walsenders have sent everything.
    Fast,
    /// As if it had crashed: the next start recovers.
    Immediate,
}

impl StopMode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Smart => "smart",
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

/// A throw-away PostgreSQL: its own folder, a free port on 127.0.0.1, a unix socket, superuser `postgres`.
///
/// It is set up for logical decoding (`wal_level = logical`, 20 slots, 20 walsenders, 20 prepared transactions) and
/// for speed (`fsync = off`: it survives a crash of the server, not one of the machine). Each has a system identifier
/// of its own.
///
/// Dropping it stops the server at once and deletes the folder, which takes a moment in which the thread waits. If the
/// process dies instead, by whatever signal, a small watcher process does the same.
///
/// ```no_run
/// # async fn example() -> Result<(), pg_cdc_testkit::Error> {
/// use pg_cdc_testkit::{Cluster, Version};
///
/// let cluster = Cluster::builder().version(Version::V15).conf("wal_sender_timeout", "5s").start().await?;
/// let client = cluster.connect("postgres").await?;
/// client.batch_execute("CREATE TABLE t (id int PRIMARY KEY)").await?;
/// println!("try it at {}", cluster.url("postgres"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    guard: Option<Guard>,
    secret: Option<String>,
}

impl Cluster {
    /// Describes a cluster to make.
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::default()
    }

    fn new(server: Server, guard: Option<Guard>, secret: Option<String>) -> Self {
        Self { server, guard, secret }
    }

    /// A URL over TCP, with the password if there is one.
    pub fn url(&self, database: &str) -> String {
        let secret = self.secret.as_ref().map(|s| format!(":{}", percent_encode(s))).unwrap_or_default();
        format!("postgres://postgres{secret}@127.0.0.1:{}/{}", self.server.port, percent_encode(database))
    }

    /// A URL over the unix socket: its folder percent-encoded in the place of the host.
    pub fn socket_url(&self, database: &str) -> String {
        let folder = percent_encode(&self.server.base.display().to_string());
        format!("postgres://postgres@{folder}:{}/{}", self.server.port, percent_encode(database))
    }

    /// The port, of TCP and of the socket's name.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// The folder of the unix socket.
    pub fn socket_dir(&self) -> &Path {
        &self.server.base
    }

    /// The server's data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.server.data_dir()
    }

    /// The folder of the server's programs.
    pub fn bin_dir(&self) -> &Path {
        self.server.installation.bin_dir()
    }

    /// The installation the cluster runs on.
    pub fn installation(&self) -> &Installation {
        &self.server.installation
    }

    /// As `server_version_num` has it: 15.20 is 150020.
    pub fn version_num(&self) -> u32 {
        self.server.installation.version_num()
    }

    /// The major version: 15.
    pub fn major(&self) -> u32 {
        self.version_num() / 10_000
    }

    /// Whether the `pgbench` program came with the server.
    pub fn pgbench_available(&self) -> bool {
        self.server.installation.program("pgbench").is_some()
    }

    /// A connection as the superuser, over the unix socket.
    ///
    /// # Errors
    ///
    /// If the server refuses it.
    pub async fn connect(&self, database: &str) -> Result<Client> {
        Client::connect(&self.config(database)).await
    }

    /// What [`connect`](Self::connect) connects with.
    pub fn config(&self, database: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host_path(&self.server.base).port(self.server.port).user("postgres").dbname(database);
        config.application_name("pg-cdc-testkit");
        config
    }

    /// Makes a database from `template0`, so that nobody's connections to `template1` are in the way.
    ///
    /// # Errors
    ///
    /// If it exists.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let sql = format!("CREATE DATABASE {} TEMPLATE template0", crate::quote_ident(name));
        Ok(self.connect("postgres").await?.batch_execute(&sql).await?)
    }

    /// Makes a database of a name that no other test has, beginning with `prefix`, and gives its name.
    ///
    /// # Errors
    ///
    /// If the server refuses it.
    pub async fn fresh_database(&self, prefix: &str) -> Result<String> {
        let name = fresh_name(prefix);
        self.create_database(&name).await?;
        Ok(name)
    }

    /// As [`fresh_database`](Self::fresh_database), in an encoding of its own.
    ///
    /// # Errors
    ///
    /// If the server knows no such encoding.
    pub async fn fresh_database_in(&self, prefix: &str, encoding: &str) -> Result<String> {
        let name = fresh_name(prefix);
        // The locale that every encoding goes with.
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'",
            crate::quote_ident(&name)
        );
        self.connect("postgres").await?.batch_execute(&sql).await?;
        Ok(name)
    }

    /// Whether the server knows a setting, and its value when it was last read from the file.
    ///
    /// # Errors
    ///
    /// If the background task fails.
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        let (server, name) = (self.server.clone(), name.to_owned());
        Ok(tokio::task::spawn_blocking(move || builder::setting(&server, &name)).await?)
    }

    /// Changes settings in postgresql.conf and has the server read it again. Some need a [`restart`](Self::restart).
    ///
    /// # Errors
    ///
    /// If the server does not run, or belongs to another process.
    pub async fn configure(&self, settings: &[(&str, &str)]) -> Result<()> {
        self.owned("configure")?;
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        conf::append_conf(&self.server.data_dir(), &settings)?;
        self.act("configure", |server| server.reload()).await
    }

    /// Stops the server, waiting up to two minutes for it.
    ///
    /// # Errors
    ///
    /// If it does not stop in that time, or belongs to another process.
    pub async fn stop(&self, mode: StopMode) -> Result<()> {
        self.act("stop", move |server| server.stop(mode)).await
    }

    /// Starts the server after a [`stop`](Self::stop), on the same port.
    ///
    /// # Errors
    ///
    /// If it does not start, with its log; if it belongs to another process.
    pub async fn start_again(&self) -> Result<()> {
        self.act("start", |server| server.start()).await
    }

    /// Stops fast and starts again.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop) and [`start_again`](Self::start_again).
    pub async fn restart(&self) -> Result<()> {
        self.stop(StopMode::Fast).await?;
        self.start_again().await
    }

    /// What the server has logged.
    ///
    /// # Errors
    ///
    /// If the file can't be read.
    pub fn log(&self) -> Result<String> {
        let path = self.server.log_file();
        let text = fs::read(&path).map_err(Error::file("reading", &path))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// One cluster for a whole test run: the one that `PG_CDC_TEST_CLUSTER_<major>` names (see
    /// [`handle`](Self::handle)), else one for this process, made at the first call and removed when the process ends.
    /// Take a [`fresh_database`](Self::fresh_database) in it, and drop the slots that you make.
    ///
    /// # Errors
    ///
    /// As [`ClusterBuilder::start`].
    pub async fn shared(version: Version) -> Result<&'static Self> {
        shared::shared(version).await
    }

    /// What another process needs to use this cluster: the value of a `PG_CDC_TEST_CLUSTER_<major>` variable.
    pub fn handle(&self) -> String {
        shared::handle(&self.server)
    }

    /// Uses the cluster of another process, which may do everything but stop it.
    ///
    /// # Errors
    ///
    /// If `handle` is not one, or its server's programs are gone.
    pub fn attach(handle: &str) -> Result<Self> {
        Ok(Self::new(shared::parse_handle(handle)?, None, None))
    }

    fn owned(&self, action: &'static str) -> Result<()> {
        if self.guard.is_some() { Ok(()) } else { Err(Error::Attached(action)) }
    }

    async fn act(
        &self,
        action: &'static str,
        f: impl FnOnce(Server) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.owned(action)?;
        let server = self.server.clone();
        tokio::task::spawn_blocking(move || f(server)).await?
    }
}

fn fresh_name(prefix: &str) -> String {
    let suffix: String = std::iter::repeat_with(|| fastrand::char('a'..='z')).take(10).collect();
    format!("{prefix}_{suffix}")
}

fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
