//! TLS over TCP: asked for with an SSLRequest, then rustls.
//!
//! Chapters "SSL Session Encryption" of the protocol's and "SSL Support" of libpq's documentation.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

use super::config::{SslMode, TlsConfig};
use super::message::{broken, closed};
use super::verifier::{Check, Verifier};
use crate::{Error, ErrorKind};

const STATE: &str = "asking for TLS";

pub(super) enum Negotiated {
    Tls(Box<TlsStream<TcpStream>>),
    /// The server has no TLS, and `mode` can do without.
    Plain(TcpStream),
}

/// Asks the server for TLS and runs the handshake as `mode` says.
pub(super) async fn negotiate(
    mut stream: TcpStream,
    host: &str,
    config: &TlsConfig,
    mode: SslMode,
) -> Result<Negotiated, Error> {
    let connector = connector(config, mode)?;
    let name = server_name(host, &stream, mode)?;
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await.map_err(|error| broken(STATE, error))?;
    let mut answer = [0];
    match stream.read(&mut answer).await {
        Ok(0) => return Err(closed(STATE, false)),
        Ok(_) => {}
        Err(error) => return Err(broken(STATE, error)),
    }
    match answer[0] {
        b'S' => {
            refuse_early_bytes(&stream).await?;
            let stream = connector.connect(name, stream).await.map_err(|error| failed(error, host))?;
            Ok(Negotiated::Tls(Box::new(stream)))
        }
        b'N' if mode == SslMode::Prefer => Ok(Negotiated::Plain(stream)),
        b'N' => Err(Error::new(ErrorKind::Tls, format!("the server has no TLS, which sslmode={mode} needs"))
            .with_hint("set ssl = on on the server, or use sslmode=disable if the network can be trusted")),
        // What it says is not encrypted and could come from anyone: not shown (CVE-2024-10977).
        b'E' => Err(Error::new(ErrorKind::Protocol, format!("{STATE}: the server answered with an error"))
            .with_hint("the server's log says why; it may have too many connections, or be too old for TLS")),
        other => Err(Error::new(
            ErrorKind::Protocol,
            format!("{STATE}: expected 'S' or 'N', the peer sent {:?}", char::from(other)),
        )
        .with_hint("is this a PostgreSQL server?")),
    }
}

/// Bytes that came with the 'S' are not encrypted: someone in between put them there (CVE-2021-23222).
///
/// They would not be taken for the server's in any case, as nothing is read ahead: rustls would choke on them.
async fn refuse_early_bytes(stream: &TcpStream) -> Result<(), Error> {
    let mut byte = [0];
    let mut early = ReadBuf::new(&mut byte);
    let peeked = poll_fn(|cx| match stream.poll_peek(cx, &mut early) {
        Poll::Ready(Ok(length)) => Poll::Ready(Ok(length)),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Ready(Ok(0)),
    })
    .await
    .map_err(|error| broken(STATE, error))?;
    if peeked == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Protocol, "the peer sent plain bytes before the TLS handshake")
        .with_hint("someone may be in between"))
}

/// The name to verify and to send as SNI. Where it is not verified, any host will do.
fn server_name(host: &str, stream: &TcpStream, mode: SslMode) -> Result<ServerName<'static>, Error> {
    match ServerName::try_from(host.to_owned()) {
        Ok(name) => Ok(name),
        Err(error) if mode == SslMode::VerifyFull => {
            Err(Error::new(ErrorKind::Config, format!("no certificate can be for the host name \"{host}\""))
                .with_cause(error))
        }
        Err(_) => {
            let peer = stream.peer_addr().map_err(|error| broken(STATE, error))?;
            Ok(ServerName::IpAddress(peer.ip().into()))
        }
    }
}

fn connector(config: &TlsConfig, mode: SslMode) -> Result<TlsConnector, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let check = match mode {
        SslMode::VerifyFull => Check::ChainAndName,
        SslMode::VerifyCa => Check::Chain,
        // As libpq has it: a CA that is there is used.
        SslMode::Require if config.ca.is_some() => Check::Chain,
        SslMode::Require | SslMode::Prefer | SslMode::Disable => Check::Nothing,
    };
    let (roots, own) = match (&config.ca, check) {
        (_, Check::Nothing) => (RootCertStore::empty(), Vec::new()),
        (Some(pem), _) => given_roots(pem)?,
        (None, _) => (platform_roots()?, Vec::new()),
    };
    let verifier = Verifier::new(check, roots, own, provider.signature_verification_algorithms);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Tls, "TLS could not be set up").with_cause(error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The certificates of the user's PEM text: as roots where they can be, and as they are.
fn given_roots(pem: &[u8]) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), Error> {
    let own: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| {
            Error::new(ErrorKind::Config, "the CA certificates are not valid PEM").with_cause(error)
        })?;
    if own.is_empty() {
        return Err(Error::new(ErrorKind::Config, "the CA file holds no certificate")
            .with_hint("it is PEM text: -----BEGIN CERTIFICATE----- …"));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(own.iter().cloned());
    Ok((roots, own))
}

fn platform_roots() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let error = Error::new(ErrorKind::Tls, "the system has no trusted certificates")
            .with_hint("name the CA that signed the server's certificate (sslrootcert, tls.ca)");
        return Err(match found.errors.into_iter().next() {
            Some(cause) => error.with_cause(cause),
            None => error,
        });
    }
    Ok(roots)
}

/// Says what a failed handshake means.
fn failed(error: std::io::Error, host: &str) -> Error {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let refused = match cause {
        Some(rustls::Error::InvalidCertificate(refused)) => refused,
        Some(_) => return Error::new(ErrorKind::Tls, "the TLS handshake failed").with_cause(error),
        None => return broken("the TLS handshake", error),
    };
    let hint = certificate_hint(refused, host);
    let told = Error::new(ErrorKind::Tls, "the server's certificate was not accepted").with_cause(error);
    match hint {
        Some(hint) => told.with_hint(hint),
        None => told,
    }
}

fn certificate_hint(refused: &CertificateError, host: &str) -> Option<String> {
    Some(match refused {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired: renew it on the server".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet: compare the clocks".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "no trusted CA signed it: name the one that did (sslrootcert, tls.ca)".to_owned()
        }
        CertificateError::BadSignature => {
            "its signature does not fit the CA of that name: is the CA file an old one?".to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => format!(
            "it has no subjectAltName, and the common name alone counts no more: make it anew with \
             subjectAltName=DNS:{host}, or use sslmode=verify-ca"
        ),
        CertificateError::NotValidForNameContext { presented, .. } => format!(
            "it is for {}, not for {host}: connect by that name, or use sslmode=verify-ca",
            presented.join(", ")
        ),
        CertificateError::NotValidForName => {
            format!("it is not for {host}: connect by its name, or use sslmode=verify-ca")
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not meant for servers: its extendedKeyUsage must hold serverAuth".to_owned()
        }
        // rustls passes on webpki's errors that it has no name for by their Debug form.
        other => match format!("{other:?}") {
            told if told.contains("CaUsedAsEndEntity") => {
                "it is a CA's certificate: give the very same as the CA (sslrootcert, tls.ca), or make one for the \
                 server that the CA signs"
                    .to_owned()
            }
            told if told.contains("UnsupportedCertVersion") => {
                "it is of the old X.509 version 1: make it anew with extensions (version 3)".to_owned()
            }
            told if told.contains("UnsupportedSignatureAlgorithm") => {
                "its key or signature is of a kind that is not supported (SHA-1, RSA below 2048 bits, unusual \
                 curves): make it anew"
                    .to_owned()
            }
            _ => return None,
        },
    })
}
