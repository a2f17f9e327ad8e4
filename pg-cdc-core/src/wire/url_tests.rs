use super::*;

fn parse(url: &str) -> ConnectConfig {
    url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn tcp(host: &str, port: u16) -> Host {
    Host::Tcp { host: host.into(), port }
}

#[test]
fn a_full_url() {
    let config = parse(
        "postgres://cdc:p%40ss%2Fw%C3%B6rd@db1:6432/shop?sslmode=require&connect_timeout=7&application_name=in%20gest\
         &options=-c%20geqo%3Doff&keepalives_idle=5&keepalives_interval=0&keepalives_count=3",
    );
    assert_eq!(config.hosts, [tcp("db1", 6432)]);
    assert_eq!((config.user.as_str(), config.database.as_str()), ("cdc", "shop"));
    assert_eq!(config.password.as_ref().map(Secret::expose), Some("p@ss/wörd"));
    assert_eq!(config.tls.mode, SslMode::Require);
    assert_eq!(config.connect_timeout, Duration::from_secs(7));
    assert_eq!(
        config.options,
        [("application_name".into(), "in gest".into()), ("options".into(), "-c geqo=off".into())]
    );
    assert_eq!(config.keepalive.idle, Some(Duration::from_secs(5)));
    assert_eq!((config.keepalive.interval, config.keepalive.retries), (None, Some(3)));
}

#[test]
fn hosts_of_every_shape() {
    let unix = |directory: &str, port| Host::Unix { directory: directory.into(), port };
    for (url, host) in [
        ("postgres://u@[::1]:5433/d", tcp("::1", 5433)),
        ("postgres://u@[2001:db8::1]/d", tcp("2001:db8::1", 5432)),
        ("postgresql://u@h:/d", tcp("h", 5432)),
        ("postgres://u@%2Fvar%2Frun/d", unix("/var/run", 5432)),
        ("postgres://u@%2Fvar%2Frun:77/d", unix("/var/run", 77)),
        ("postgres:///d?host=/tmp/x&port=5444&user=u", unix("/tmp/x", 5444)),
        ("postgres://u@/d?host=db", tcp("db", 5432)),
        ("postgres://u@a:1/d?host=b", tcp("b", 1)),
    ] {
        assert_eq!(parse(url).hosts, [host], "{url}");
    }
    assert_eq!(parse("postgres://u@a,b:5433/d").hosts, [tcp("a", 5432), tcp("b", 5433)]);
    assert_eq!(parse("postgres://u@/d?host=a,b&port=7").hosts, [tcp("a", 7), tcp("b", 7)]);
}

#[test]
fn defaults() {
    let config = parse("postgres://alice@h");
    assert_eq!(config.database, "alice");
    assert_eq!(config.tls.mode, SslMode::Prefer);
    assert!(config.password.is_none());
    assert_eq!(parse("postgres://a@h/?user=bob").database, "bob");
    assert!(!parse("postgres://").user.is_empty());
    assert_eq!(parse("postgres://a@h/d?connect_timeout=0").connect_timeout, Duration::ZERO);
    assert_eq!(parse("postgres://a@h/d?sslrootcert=system").tls.mode, SslMode::VerifyFull);
}

#[test]
fn what_is_wrong_is_named_and_no_password_told() {
    for (url, names) in [
        ("mysql://h/d", "neither"),
        ("postgres://u@h/d?frobnicate=1", "\"frobnicate\" is not known"),
        ("postgres://u@h/d?sslcert=x", "\"sslcert\" is not supported yet"),
        ("postgres://u@h/d?target_session_attrs=any", "not supported yet"),
        ("postgres://u@h/d?sslmode=allow", "allow"),
        ("postgres://u@h/d?sslmode", "no value"),
        ("postgres://u@h:0/d", "no port"),
        ("postgres://u@h:99999/d", "no port"),
        ("postgres://u@::1/d", "no host and port"),
        ("postgres://u@[::1/d", "closing"),
        ("postgres://u@h/d?connect_timeout=soon", "connect_timeout"),
        ("postgres://u@h/d?sslrootcert=/does/not/exist", "/does/not/exist"),
        ("postgres://u@h/d?sslrootcert=system&sslmode=require", "verify-full"),
        ("postgres://u:hunter2%zz@h/d", "password"),
        ("postgres://u:hunter2%00@h/d", "%00"),
        ("postgres://u:hunter2%ff@h/d", "UTF-8"),
        ("postgres://u:hunter2/x@h/d", "%2F"),
        ("postgres://u@h/d?host=a,b&port=1,2,3", "3 ports"),
        ("postgres://u@h/d?client_encoding=latin1", "client_encoding"),
        ("postgres://u@@abstract/d?host=@x", "abstract"),
    ] {
        let error = url.parse::<ConnectConfig>().expect_err(url);
        let told = format!("{error} {error:?}");
        assert!(error.to_string().contains(names), "{url}: {error}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
