//! Where a server is and how to talk to it: plain data, no I/O.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How to reach a server, who we are there, and how the connection is kept.
///
/// Made by [`new`](Self::new), or parsed from a URL (`"postgres://cdc@db1/shop".parse()`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectConfig {
    /// Tried in order. More than one is not supported yet, and refused when connecting.
    pub hosts: Vec<Host>,
    /// The role that logs in.
    pub user: String,
    /// The database.
    pub database: String,
    /// The role's password, where the server asks for one.
    pub password: Option<Secret>,
    /// Whether and how TLS is used. Unix sockets never use it, as libpq has it.
    pub tls: TlsConfig,
    /// Start-up parameters beyond user and database: `application_name`, `options`, any server setting.
    ///
    /// The settings that pg-cdc pins on each session (see [`pinned_settings`](crate::wire::pinned_settings)) can't be
    /// set here; connecting refuses them by name.
    pub options: Vec<(String, String)>,
    /// How long one address may take to connect, and then how long TLS and log-in may take together. Zero waits for
    /// ever.
    pub connect_timeout: Duration,
    /// How a dead peer is noticed on TCP.
    pub keepalive: KeepaliveConfig,
}

impl ConnectConfig {
    /// The settings for `user` on `database` at `host`; everything else as by default: no password, TLS where the
    /// server has it, 30 seconds to connect.
    pub fn new(host: Host, user: impl Into<String>, database: impl Into<String>) -> Self {
        Self {
            hosts: vec![host],
            user: user.into(),
            database: database.into(),
            password: None,
            tls: TlsConfig::default(),
            options: Vec::new(),
            connect_timeout: Duration::from_secs(30),
            keepalive: KeepaliveConfig::default(),
        }
    }
}

/// One server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// A host name or an IP address (IPv6 without brackets).
    Tcp {
        /// Name or address.
        host: String,
        /// Port, 5432 by custom.
        port: u16,
    },
    /// The socket `.s.PGSQL.PORT` in a folder.
    Unix {
        /// The folder.
        directory: PathBuf,
        /// Port: part of the socket's name.
        port: u16,
    },
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Host::Tcp { host, port } => write!(f, "{host}:{port}"),
            Host::Unix { directory, port } => {
                write!(f, "{}", directory.join(format!(".s.PGSQL.{port}")).display())
            }
        }
    }
}

/// A password: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The password itself. Take care where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether and how TLS is used.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TlsConfig {
    /// What is asked of the connection.
    pub mode: SslMode,
    /// The certificates to trust, as PEM text; the platform's where this is `None`.
    pub ca: Option<Vec<u8>>,
}

impl TlsConfig {
    /// TLS as `mode` asks, trusting what the platform trusts.
    #[must_use]
    pub fn new(mode: SslMode) -> Self {
        Self { mode, ca: None }
    }

    /// Trusts the certificates of this PEM text, and nothing else.
    #[must_use]
    pub fn with_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ca = self.ca.as_ref().map(|pem| format!("{} bytes of PEM", pem.len()));
        f.debug_struct("TlsConfig").field("mode", &self.mode).field("ca", &ca).finish()
    }
}

/// libpq's `sslmode`: see chapter "SSL Support" of the documentation of libpq.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// TLS where the server has it and it works, else without. Protects against no one who is in between.
    #[default]
    Prefer,
    /// TLS or nothing. The certificate is not checked, unless a CA is given: then as [`VerifyCa`](Self::VerifyCa).
    Require,
    /// The certificate must come from a trusted CA; its name is not compared.
    VerifyCa,
    /// The certificate must come from a trusted CA and name the host.
    VerifyFull,
}

impl SslMode {
    /// The name libpq has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SslMode::Disable => "disable",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        }
    }
}

/// The mode of one of libpq's names; the error says which there are.
impl std::str::FromStr for SslMode {
    type Err = crate::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [SslMode::Disable, SslMode::Prefer, SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull]
            .into_iter()
            .find(|mode| mode.as_str() == name)
            .ok_or_else(|| {
                crate::Error::new(crate::ErrorKind::Config, format!("unknown sslmode \"{name}\""))
                    .with_hint("one of disable, prefer, require, verify-ca, verify-full")
            })
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// TCP keepalive: how a dead peer is noticed when nothing is being sent. `None` leaves a value to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeepaliveConfig {
    /// Whether it is used at all.
    pub enabled: bool,
    /// Silence before the first probe.
    pub idle: Option<Duration>,
    /// Time between probes.
    pub interval: Option<Duration>,
    /// Probes without an answer before the connection is dead.
    pub retries: Option<u32>,
}

impl Default for KeepaliveConfig {
    /// A dead peer is noticed after two minutes, where the systems' own defaults take hours.
    fn default() -> Self {
        Self {
            enabled: true,
            idle: Some(Duration::from_secs(60)),
            interval: Some(Duration::from_secs(10)),
            retries: Some(6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        let mut config = ConnectConfig::new(Host::Tcp { host: "h".into(), port: 1 }, "u", "d");
        config.password = Some(Secret::new("hunter2"));
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
