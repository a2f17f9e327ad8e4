use std::net::{IpAddr, Ipv4Addr};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};

use crate::error::Result;

/// What a server needs to speak TLS, and a client to trust it. All in PEM.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Tls {
    /// The certificate of the authority that signed the others: a client's `ca`.
    pub ca: String,
    /// The server's certificate.
    pub cert: String,
    /// The server's private key.
    pub key: String,
    /// A client's certificate for the user `postgres`, which the server accepts where pg_hba asks for one.
    pub client_cert: String,
    /// The client's private key.
    pub client_key: String,
}

impl Tls {
    /// An authority of its own, a server certificate for `localhost` and 127.0.0.1, and a client certificate.
    ///
    /// # Errors
    ///
    /// If a key or certificate can't be made.
    pub fn generate() -> Result<Self> {
        Self::for_hosts(&["localhost"], &[IpAddr::V4(Ipv4Addr::LOCALHOST)])
    }

    /// As [`generate`](Self::generate), for a server of these names and addresses: to test one that does not fit.
    ///
    /// # Errors
    ///
    /// If a key or certificate can't be made, or a name can't stand in one.
    pub fn for_hosts(names: &[&str], addresses: &[IpAddr]) -> Result<Self> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "pg-cdc-testkit CA");
        let ca_cert = ca.self_signed(&ca_key)?;
        let issuer = Issuer::new(ca, ca_key);

        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut server = CertificateParams::new(names)?;
        server.subject_alt_names.extend(addresses.iter().map(|a| SanType::IpAddress(*a)));
        server.distinguished_name.push(DnType::CommonName, "pg-cdc-testkit server");
        server.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let key = KeyPair::generate()?;
        let cert = server.signed_by(&key, &issuer)?;

        let mut client = CertificateParams::default();
        // PostgreSQL's `cert` method compares the common name with the user.
        client.distinguished_name.push(DnType::CommonName, "postgres");
        client.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        let client_key = KeyPair::generate()?;
        let client_cert = client.signed_by(&client_key, &issuer)?;

        Ok(Self {
            ca: ca_cert.pem(),
            cert: cert.pem(),
            key: key.serialize_pem(),
            client_cert: client_cert.pem(),
            client_key: client_key.serialize_pem(),
        })
    }
}
