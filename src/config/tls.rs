//! The key `source.tls`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pem;
use super::words::words;

/// TLS to the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TlsConfig {
    /// What is asked of the connection; left out, the url's `sslmode`, else `prefer`.
    pub mode: Option<TlsMode>,
    /// The authorities a server's certificate is checked against: a path or PEM text.
    pub ca: Option<Pem>,
    /// The client's certificate: a path or PEM text.
    pub cert: Option<Pem>,
    /// The client's key: a path or PEM text.
    pub key: Option<Pem>,
    /// Whether SCRAM is tied to the TLS connection.
    pub channel_binding: ChannelBinding,
}

words! {
    /// What is asked of a connection, as libpq's `sslmode`.
    TlsMode {
        /// No TLS.
        Disable = "disable",
        /// TLS if the server has it.
        #[default]
        Prefer = "prefer",
        /// TLS, whoever the server is.
        Require = "require",
        /// TLS with a certificate of a known authority.
        VerifyCa = "verify-ca",
        /// TLS with a certificate of a known authority that names the host.
        VerifyFull = "verify-full",
    }
}

words! {
    /// Whether SCRAM is tied to the TLS connection, as libpq's `channel_binding`.
    ChannelBinding {
        /// Never.
        Disable = "disable",
        /// Where the server offers it.
        #[default]
        Prefer = "prefer",
        /// Always, else the connection is refused.
        Require = "require",
    }
}
