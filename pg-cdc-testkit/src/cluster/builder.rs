use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::conf::append_conf;
use super::guard::Guard;
use super::server::Server;
use super::{Cluster, Tls};
use crate::command::{run, stdout};
use crate::error::{Error, Result};
use crate::install::Installation;
use crate::install::user::{ServerUser, command_as, give};
use crate::version::Version;

/// Describes a [`Cluster`] before it is made.
#[derive(Debug, Clone, Default)]
pub struct ClusterBuilder {
    version: Version,
    conf: Vec<(String, String)>,
    hba: Vec<String>,
    password: Option<(String, String)>,
    tls: Option<Tls>,
    encoding: Option<String>,
    locale: Option<String>,
}

impl ClusterBuilder {
    /// The PostgreSQL to run; any from 10 on by default.
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// A setting of postgresql.conf; the value unquoted, as it is meant. The last of a name wins.
    pub fn conf(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.conf.push((name.into(), value.into()));
        self
    }

    /// A line of pg_hba.conf, before those that the cluster comes with: the first that matches wins.
    pub fn hba(mut self, line: impl Into<String>) -> Self {
        self.hba.push(line.into());
        self
    }

    /// Asks TCP connections for a password by this method: `scram-sha-256`, `md5` or `password` (clear text).
    /// The superuser gets it. The unix socket stays open without one.
    pub fn password(mut self, method: impl Into<String>, secret: impl Into<String>) -> Self {
        self.password = Some((method.into(), secret.into()));
        self
    }

    /// Turns TLS on. What connections without it may do is a matter of [`hba`](Self::hba) lines.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The encoding of its databases, `UTF8` by default.
    pub fn encoding(mut self, encoding: impl Into<String>) -> Self {
        self.encoding = Some(encoding.into());
        self
    }

    /// The locale of its databases, `C` by default, which every machine has.
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Room for many tests at once: 200 connections, 100 slots, 100 walsenders.
    pub fn for_many_tests(self) -> Self {
        let room = [("max_connections", "200"), ("max_replication_slots", "100"), ("max_wal_senders", "100")];
        room.into_iter().fold(self, |builder, (name, value)| builder.conf(name, value))
    }

    /// Makes the cluster and starts its server: a second or two, more when PostgreSQL has to be installed first.
    ///
    /// Cancel safe: what was made is removed.
    ///
    /// # Errors
    ///
    /// If no PostgreSQL can be found or installed, `initdb` fails, or the server does not start (its log is told).
    pub async fn start(self) -> Result<Cluster> {
        let cluster = tokio::task::spawn_blocking({
            let builder = self.clone();
            move || builder.start_blocking()
        })
        .await??;
        if let Some((_, secret)) = &self.password {
            let sql = format!("ALTER ROLE postgres PASSWORD '{}'", secret.replace('\'', "''"));
            cluster.connect("postgres").await?.batch_execute(&sql).await?;
        }
        Ok(cluster)
    }

    fn start_blocking(self) -> Result<Cluster> {
        let installation = Installation::find_or_install(self.version)?;
        let user = ServerUser::find()?;
        let guard = Guard::new(user)?;
        let data = guard.base().join("data");
        let encoding = self.encoding.as_deref().unwrap_or("UTF8");
        let locale = self.locale.as_deref().unwrap_or("C");
        let mut initdb = command_as(user, installation.bin_dir().join("initdb"));
        initdb.arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "--no-sync", "-E", encoding]);
        run(initdb.arg(format!("--locale={locale}")))?;

        self.write_conf(&installation, user, guard.base(), &data)?;
        let hba = data.join("pg_hba.conf");
        fs::write(&hba, self.hba_file()).map_err(Error::file("writing", &hba))?;
        let port = Server::start_on_free_port(&installation, user, guard.base())?;
        let server = Server { base: guard.base().to_owned(), port, installation, user };
        let secret = self.password.map(|(_, secret)| secret);
        Ok(Cluster::new(server, Some(guard), secret))
    }

    fn write_conf(
        &self,
        installation: &Installation,
        user: Option<ServerUser>,
        base: &Path,
        data: &Path,
    ) -> Result<()> {
        let mut conf: Vec<(&str, String)> = [
            ("listen_addresses", "127.0.0.1"),
            ("wal_level", "logical"),
            ("max_connections", "100"),
            ("max_replication_slots", "20"),
            ("max_wal_senders", "20"),
            ("max_prepared_transactions", "20"),
            ("fsync", "off"),
            ("shared_buffers", "64MB"),
            ("log_line_prefix", "%m [%p] %a "),
            ("lc_messages", "C"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into();
        conf.push(("unix_socket_directories", base.display().to_string()));
        // Newest minor releases refuse other plugins unless told; older ones refuse to start with the setting.
        let probe = command_as(user, installation.bin_dir().join("postgres"))
            .arg("-D")
            .arg(data)
            .args(["-C", "output_plugin_libraries"])
            .output();
        if probe.is_ok_and(|o| o.status.success()) {
            conf.push(("output_plugin_libraries", "pgoutput,test_decoding,wal2json,decoderbufs".into()));
        }
        if let Some((method, _)) = &self.password {
            let stored = if method == "md5" { "md5" } else { "scram-sha-256" };
            conf.push(("password_encryption", stored.into()));
        }
        if let Some(tls) = &self.tls {
            conf.push(("ssl", "on".into()));
            for (setting, name, pem) in [
                ("ssl_cert_file", "server.crt", &tls.cert),
                ("ssl_key_file", "server.key", &tls.key),
                ("ssl_ca_file", "ca.crt", &tls.ca),
            ] {
                let path = data.join(name);
                fs::write(&path, pem).map_err(Error::file("writing", &path))?;
                // The server refuses a key that others may read.
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
                    .map_err(Error::file("chmod", &path))?;
                give(&path, user)?;
                conf.push((setting, path.display().to_string()));
            }
        }
        conf.extend(self.conf.iter().map(|(name, value)| (name.as_str(), value.clone())));
        append_conf(data, &conf)
    }

    fn hba_file(&self) -> String {
        let method = self.password.as_ref().map_or("trust", |(method, _)| method.as_str());
        let mut lines = self.hba.clone();
        for database in ["all", "replication"] {
            lines.push(format!("local {database} all trust"));
            lines.push(format!("host {database} all 127.0.0.1/32 {method}"));
        }
        lines.join("\n") + "\n"
    }
}

/// Whether a server of this installation knows a setting; for tests of what only some have.
pub(super) fn setting(server: &Server, name: &str) -> Option<String> {
    let mut postgres = command_as(server.user, server.installation.bin_dir().join("postgres"));
    stdout(postgres.arg("-D").arg(server.data_dir()).args(["-C", name])).ok()
}
