//! TLS as each sslmode has it.

use pg_cdc_core::wire::{ConnectConfig, Connection, Session, SslMode, TlsConfig};
use pg_cdc_core::{Error, ErrorKind};
use pg_cdc_testkit::Tls;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

use crate::{assert_can_be_cancelled, builder, connect, start, tcp, unix};

async fn login(url: &str, mode: SslMode, ca: Option<&str>) -> Result<Connection, Error> {
    let mut config: ConnectConfig = url.parse().unwrap();
    config.tls = TlsConfig::new(mode);
    if let Some(ca) = ca {
        config.tls = config.tls.with_ca(ca);
    }
    Connection::connect(&config, Session::Sql).await
}

/// The certificate of PostgreSQL's documentation, "Creating Certificates": self-signed, and an authority's.
fn self_signed(names: &[&str], ca: bool, expired: bool) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    if ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if expired {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
async fn a_server_with_a_certificate_of_an_authority() {
    let tls = Tls::generate().unwrap();
    let other = Tls::generate().unwrap();
    let (cluster, _) = start(builder().tls(tls.clone())).await;
    let ip = tcp(&cluster, "postgres");
    let name = ip.replace("127.0.0.1", "localhost");
    let ca = Some(tls.ca.as_str());
    for (mode, ca) in [
        (SslMode::Prefer, None),
        (SslMode::Require, None),
        (SslMode::Require, ca),
        (SslMode::VerifyCa, ca),
        (SslMode::VerifyFull, ca),
    ] {
        for url in [&ip, &name] {
            let mut connection = login(url, mode, ca).await.unwrap();
            let row = connection
                .query_row("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                .await
                .unwrap();
            assert!(connection.is_tls() && row.get(0, "ssl") == Some("t"), "{mode} {url}");
            connection.close().await;
        }
    }
    assert!(!login(&ip, SslMode::Disable, None).await.unwrap().is_tls());
    assert!(!login(&unix(&cluster, "postgres"), SslMode::VerifyFull, ca).await.unwrap().is_tls());

    for (url, mode, ca, hint) in [
        (&ip, SslMode::Require, &other.ca, "CA"),
        (&ip, SslMode::VerifyCa, &other.ca, "CA"),
        (&name, SslMode::VerifyFull, &other.ca, "CA"),
    ] {
        let error = login(url, mode, Some(ca)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{error:?}");
    }
    // The platform's authorities did not sign it.
    assert_eq!(login(&ip, SslMode::VerifyCa, None).await.unwrap_err().kind(), ErrorKind::Tls);
    let error = login(&ip, SslMode::VerifyCa, Some("no PEM")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
    // A password in clear text is given under TLS; prefer falls back where pg_hba.conf wants it.
    let clear = tcp(&cluster, "clear:cl%3Ae%40r");
    assert!(login(&clear, SslMode::Require, None).await.is_ok());
    assert_eq!(login(&clear, SslMode::Disable, None).await.unwrap_err().kind(), ErrorKind::Authentication);
    assert!(login(&tcp(&cluster, "scram:s%20c%2Fr%C3%A4t"), SslMode::VerifyFull, ca).await.is_ok());
    assert!(!login(&tcp(&cluster, "only_plain"), SslMode::Prefer, None).await.unwrap().is_tls());
    let refused = login(&tcp(&cluster, "only_plain"), SslMode::Require, None).await.unwrap_err();
    assert_eq!(refused.sqlstate(), Some("28000"));
    assert!(login(&tcp(&cluster, "only_ssl"), SslMode::Prefer, None).await.unwrap().is_tls());
    assert!(login(&tcp(&cluster, "only_ssl"), SslMode::Disable, None).await.is_err());

    // Cancelling goes the same way.
    let mut connection = login(&ip, SslMode::VerifyFull, ca).await.unwrap();
    assert_can_be_cancelled(&cluster, &mut connection).await;

    // And through a URL with a file.
    let file = cluster.socket_dir().join("ca.pem");
    std::fs::write(&file, &tls.ca).unwrap();
    let url = format!("{name}?sslmode=verify-full&sslrootcert={}", file.display());
    assert!(connect(&url, Session::Replication).await.unwrap().is_tls());
}

#[tokio::test]
async fn certificates_that_rustls_alone_would_refuse() {
    let mut tls = Tls::generate().unwrap();
    for (names, ca, expired) in [
        (&["localhost"][..], true, false),
        (&["localhost"], false, false),
        (&["elsewhere"], true, false),
        (&[], true, false),
        (&["localhost"], true, true),
    ] {
        let case = format!("{names:?} ca {ca} expired {expired}");
        (tls.cert, tls.key) = self_signed(names, ca, expired);
        let (cluster, _) = start(builder().tls(tls.clone())).await;
        let url = tcp(&cluster, "postgres").replace("127.0.0.1", "localhost");
        let own = Some(tls.cert.as_str());
        assert!(login(&url, SslMode::Require, None).await.unwrap().is_tls(), "{case}");
        let refused = |login: Result<Connection, Error>, hint: &str| {
            let error = login.expect_err(&case);
            assert_eq!(error.kind(), ErrorKind::Tls, "{case}: {error:?}");
            assert!(error.hint().unwrap_or_default().contains(hint), "{case}: {error:?}");
        };
        let by_ca = login(&url, SslMode::VerifyCa, own).await;
        let by_name = login(&url, SslMode::VerifyFull, own).await;
        match (expired, names) {
            (true, _) => {
                refused(by_ca, "expired");
                refused(by_name, "expired");
            }
            (_, ["localhost"]) => assert!(by_ca.is_ok() && by_name.is_ok(), "{case} {by_ca:?} {by_name:?}"),
            (_, []) => {
                assert!(by_ca.is_ok(), "{case}");
                refused(by_name, "no subjectAltName");
            }
            _ => {
                assert!(by_ca.is_ok(), "{case}");
                refused(by_name, "elsewhere");
            }
        }
        // Not the very one: an authority's certificate that someone else made.
        let (other, _) = self_signed(names, ca, false);
        let hint = match (ca, expired) {
            (_, true) => "expired",
            (true, _) => "CA",
            (false, _) => "",
        };
        refused(login(&url, SslMode::VerifyCa, Some(&other)).await, hint);
    }
}
