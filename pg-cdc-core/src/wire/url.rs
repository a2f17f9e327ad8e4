//! Connection URLs, as libpq reads them: chapter "Connection Strings" of libpq's documentation.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::config::{ConnectConfig, Host, KeepaliveConfig, Secret, SslMode, TlsConfig};
use super::os_user::os_user;
use crate::{Error, ErrorKind};

const DEFAULT_PORT: u16 = 5432;
const HINT: &str = "a URL looks like postgres://user:password@host:5432/database?sslmode=verify-full; \
                    special characters in its parts are percent-encoded";

/// What libpq knows and we don't have yet: told apart from what nobody knows.
const NOT_YET: [&str; 17] = [
    "channel_binding",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "krbsrvname",
    "load_balance_hosts",
    "passfile",
    "require_auth",
    "service",
    "sslcert",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslnegotiation",
    "sslpassword",
    "target_session_attrs",
    "hostaddr",
];

/// Parses a `postgres://` or `postgresql://` URL.
///
/// Environment variables and password files are not read. The default user is the operating system's, the default
/// database is the user's name, the default host the usual folder of unix sockets where there is one, else `localhost`.
/// `sslrootcert` is read at once (its path as the URL has it, or `system`).
///
/// # Errors
/// Kind `Config`: what is not a URL, a parameter that is not known (by name) or not supported yet, a value that can't
/// be used. The error never holds a password.
impl FromStr for ConnectConfig {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        let parts = split(url)?;
        let mut settings = Settings::default();
        if let Some(user) = parts.user {
            settings.user = nonempty(decode(user, "user")?);
        }
        if let Some(password) = parts.password {
            settings.password = nonempty(decode(password, "password")?);
        }
        if let Some(database) = parts.database {
            settings.database = nonempty(decode(database, "database")?);
        }
        settings.authority(parts.hosts)?;
        for pair in parts.query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| config_error(format!("the parameter \"{pair}\" has no value")))?;
            let name = decode(name, "a parameter's name")?;
            let value = decode(value, &name)?;
            settings.parameter(&name, value)?;
        }
        settings.finish()
    }
}

struct Parts<'a> {
    user: Option<&'a str>,
    password: Option<&'a str>,
    hosts: &'a str,
    database: Option<&'a str>,
    query: &'a str,
}

/// Cuts a URL into its parts, nothing decoded.
fn split(url: &str) -> Result<Parts<'_>, Error> {
    let rest = url
        .strip_prefix("postgresql://")
        .or_else(|| url.strip_prefix("postgres://"))
        .ok_or_else(|| config_error("the URL begins with neither postgres:// nor postgresql://"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A path holds no '@', an address no '/': the first '/' ends the address, unless it belongs to the password.
    let (authority, database) = match rest.split_once('/') {
        Some((authority, database)) => (authority, Some(database)),
        None => (rest, None),
    };
    if database.is_some_and(|database| database.contains('@')) && !authority.contains('@') {
        return Err(config_error("there is a '/' before the '@'; write it as %2F"));
    }
    let (credentials, hosts) = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => (Some(credentials), hosts),
        None => (None, authority),
    };
    let (user, password) = match credentials.map(|credentials| credentials.split_once(':').ok_or(credentials))
    {
        None => (None, None),
        Some(Ok((user, password))) => (Some(user), Some(password)),
        Some(Err(user)) => (Some(user), None),
    };
    Ok(Parts { user, password, hosts, database, query })
}

#[derive(Default)]
struct Settings {
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    hosts: Vec<String>,
    ports: Vec<u16>,
    mode: Option<SslMode>,
    ca: Option<Vec<u8>>,
    system_ca: bool,
    options: Vec<(String, String)>,
    connect_timeout: Option<Duration>,
    keepalive: KeepaliveConfig,
}

impl Settings {
    /// The hosts and ports between `@` and `/`.
    fn authority(&mut self, hosts: &str) -> Result<(), Error> {
        if hosts.is_empty() {
            return Ok(());
        }
        for one in hosts.split(',') {
            let (host, port) = if let Some(bracketed) = one.strip_prefix('[') {
                let (host, rest) = bracketed
                    .split_once(']')
                    .ok_or_else(|| config_error("an IPv6 address has no closing ']'"))?;
                match rest.strip_prefix(':') {
                    Some(port) => (host, Some(port)),
                    None if rest.is_empty() => (host, None),
                    None => return Err(config_error(format!("unexpected \"{rest}\" after an IPv6 address"))),
                }
            } else {
                match one.split_once(':') {
                    Some((_, port)) if port.contains(':') => {
                        return Err(config_error(format!("\"{one}\" is no host and port"))
                            .with_hint("an IPv6 address stands in brackets: [::1]:5432"));
                    }
                    Some((host, port)) => (host, Some(port)),
                    None => (one, None),
                }
            };
            self.hosts.push(decode(host, "host")?);
            self.ports.push(match port {
                None | Some("") => DEFAULT_PORT,
                Some(port) => parse_port(port)?,
            });
        }
        Ok(())
    }

    fn parameter(&mut self, name: &str, value: String) -> Result<(), Error> {
        match name {
            "host" => self.hosts = value.split(',').map(str::to_owned).collect(),
            "port" => self.ports = value.split(',').map(parse_port).collect::<Result<_, _>>()?,
            "user" => self.user = nonempty(value),
            "password" => self.password = nonempty(value),
            "dbname" => self.database = nonempty(value),
            "sslmode" => self.mode = Some(value.parse()?),
            "ssl" if value == "true" => self.mode = Some(SslMode::Require),
            "sslrootcert" if value == "system" => self.system_ca = true,
            "sslrootcert" => {
                let pem = std::fs::read(&value).map_err(|error| {
                    config_error(format!("sslrootcert \"{value}\" could not be read")).with_cause(error)
                })?;
                self.ca = Some(pem);
            }
            "connect_timeout" => {
                // libpq: zero, negative or not specified means to wait indefinitely.
                let seconds: i64 = number(name, &value)?;
                self.connect_timeout = Some(Duration::from_secs(seconds.max(0).unsigned_abs()));
            }
            "keepalives" => self.keepalive.enabled = number::<u32>(name, &value)? != 0,
            "keepalives_idle" => self.keepalive.idle = seconds(name, &value)?,
            "keepalives_interval" => self.keepalive.interval = seconds(name, &value)?,
            "keepalives_count" => {
                self.keepalive.retries = Some(number(name, &value)?).filter(|retries| *retries > 0);
            }
            "application_name" | "options" => {
                self.options.retain(|(known, _)| known != name);
                self.options.push((name.to_owned(), value));
            }
            "fallback_application_name" => {
                if !self.options.iter().any(|(known, _)| known == "application_name") {
                    self.options.push(("application_name".to_owned(), value));
                }
            }
            "client_encoding"
                if value.eq_ignore_ascii_case("utf8") || value.eq_ignore_ascii_case("utf-8") => {}
            "client_encoding" => {
                return Err(config_error("client_encoding is always UTF8 here").with_hint("leave it out"));
            }
            _ if NOT_YET.contains(&name) => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("the URL's parameter \"{name}\" is not supported yet"),
                ));
            }
            _ => {
                return Err(config_error(format!("the URL's parameter \"{name}\" is not known")).with_hint(
                    "known are host, port, user, password, dbname, sslmode, sslrootcert, connect_timeout, \
                     keepalives, keepalives_idle, keepalives_interval, keepalives_count, application_name, \
                     options; other settings of the server go into options=-c%20name%3Dvalue",
                ));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<ConnectConfig, Error> {
        let user = self.user.or_else(os_user).ok_or_else(|| {
            config_error("the URL names no user, and the operating system's user has no name")
        })?;
        let database = self.database.unwrap_or_else(|| user.clone());
        let mut config = ConnectConfig::new(default_host(DEFAULT_PORT), user, database);
        config.hosts = hosts(&self.hosts, &self.ports)?;
        config.password = self.password.map(Secret::new);
        config.tls = TlsConfig { mode: self.mode.unwrap_or_default(), ca: self.ca };
        if self.system_ca {
            // As libpq 16 has it: the system's authorities sign for anyone, so that a weaker mode means nothing.
            if self.mode.is_some_and(|mode| mode != SslMode::VerifyFull) {
                return Err(config_error("sslrootcert=system needs sslmode=verify-full"));
            }
            config.tls = TlsConfig::new(SslMode::VerifyFull);
        }
        config.options = self.options;
        if let Some(timeout) = self.connect_timeout {
            config.connect_timeout = timeout;
        }
        config.keepalive = self.keepalive;
        Ok(config)
    }
}

fn hosts(names: &[String], ports: &[u16]) -> Result<Vec<Host>, Error> {
    let port_of = |index: usize| -> Result<u16, Error> {
        match ports {
            [] => Ok(DEFAULT_PORT),
            [one] => Ok(*one),
            many => many
                .get(index)
                .copied()
                .ok_or_else(|| config_error(format!("{} hosts, but {} ports", names.len(), ports.len()))),
        }
    };
    if names.is_empty() {
        return Ok(vec![default_host(port_of(0)?)]);
    }
    if ports.len() > names.len() {
        return Err(config_error(format!("{} hosts, but {} ports", names.len(), ports.len())));
    }
    let host = |(index, name): (usize, &String)| {
        let port = port_of(index)?;
        Ok(match name.as_str() {
            "" => default_host(port),
            name if name.starts_with('/') => Host::Unix { directory: PathBuf::from(name), port },
            name if name.starts_with('@') => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("abstract unix sockets (host \"{name}\") are not supported"),
                ));
            }
            name => Host::Tcp { host: name.to_owned(), port },
        })
    };
    names.iter().enumerate().map(host).collect()
}

/// Debian's folder of sockets, else PostgreSQL's own, else TCP: libpq has one of these built in.
fn default_host(port: u16) -> Host {
    if cfg!(unix) {
        for directory in ["/var/run/postgresql", "/tmp"] {
            let directory = PathBuf::from(directory);
            if directory.join(format!(".s.PGSQL.{port}")).exists() {
                return Host::Unix { directory, port };
            }
        }
    }
    Host::Tcp { host: "localhost".to_owned(), port }
}

fn nonempty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn parse_port(text: &str) -> Result<u16, Error> {
    if text.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    text.parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| config_error(format!("\"{text}\" is no port (1 to 65535)")))
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, Error> {
    value.trim().parse().map_err(|_| config_error(format!("{name} is a number, not \"{value}\"")))
}

/// Whole seconds; zero leaves it to the system.
fn seconds(name: &str, value: &str) -> Result<Option<Duration>, Error> {
    let seconds: u64 = number(name, value)?;
    Ok(Some(Duration::from_secs(seconds)).filter(|idle| !idle.is_zero()))
}

/// Percent-decoding; `what` is named in errors, the text is not (it may be a password).
fn decode(text: &str, what: &str) -> Result<String, Error> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        match (digit(), digit()) {
            (Some(0), Some(0)) => {
                return Err(config_error(format!(
                    "the URL's {what} holds %00, which PostgreSQL does not take"
                )));
            }
            // Two hexadecimal digits are at most 255.
            (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
            _ => {
                return Err(config_error(format!(
                    "the URL's {what} holds a '%' without two hexadecimal digits; write a plain '%' as %25"
                )));
            }
        }
    }
    String::from_utf8(decoded).map_err(|_| config_error(format!("the URL's {what} is not UTF-8")))
}

fn config_error(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, message).with_hint(HINT)
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
