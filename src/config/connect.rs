//! From the keys that say which server to what the wire connects with.

use pg_cdc_core::wire::{self, ConnectConfig, SslMode};

use super::expand::percent_encode;
use super::{Pem, SourceConfig, TlsMode};
use crate::{Error, ErrorKind};

impl SourceConfig {
    /// The server to connect to: `url` or its parts, under `password`, `options` and `tls`. Reads the file of `tls.ca`.
    ///
    /// # Errors
    ///
    /// Kind `Config`: a URL that is none, neither `url` nor `hosts`, a file that can't be read. Kind `Unsupported`: a
    /// parameter of the URL that pg-cdc does not know yet. No error shows a password.
    pub fn connect_config(&self) -> Result<ConnectConfig, Error> {
        let mut connect: ConnectConfig = match &self.url {
            Some(url) => url.expose().parse()?,
            None => self.url_of_parts()?.parse()?,
        };
        if let Some(password) = &self.password {
            connect.password = Some(wire::Secret::new(password.expose()));
        }
        for (name, value) in &self.options {
            connect.options.retain(|(known, _)| known != name);
            connect.options.push((name.clone(), value.clone()));
        }
        if let Some(mode) = self.tls.mode {
            connect.tls.mode = mode.into();
        }
        if let Some(ca) = &self.tls.ca {
            connect.tls.ca = Some(read(ca)?);
        }
        Ok(connect)
    }

    fn url_of_parts(&self) -> Result<String, Error> {
        if self.hosts.is_empty() {
            return Err(Error::new(ErrorKind::Config, "neither source.url nor source.hosts is given"));
        }
        let mut url = "postgres://".to_owned();
        if let Some(user) = &self.user {
            percent_encode(user, b"", &mut url);
            url.push('@');
        }
        for (index, host) in self.hosts.iter().enumerate() {
            if index > 0 {
                url.push(',');
            }
            // Colons and brackets part a host from its port; in a unix socket's folder they are letters.
            let is_folder = host.starts_with('/');
            percent_encode(host, if is_folder { b"" } else { b":[]" }, &mut url);
            let has_port = !is_folder && host.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
            if let Some(port) = self.port.filter(|_| !has_port) {
                url.push_str(&format!(":{port}"));
            }
        }
        url.push('/');
        if let Some(database) = &self.database {
            percent_encode(database, b"", &mut url);
        }
        Ok(url)
    }
}

fn read(pem: &Pem) -> Result<Vec<u8>, Error> {
    match pem {
        Pem::Text(text) => Ok(text.expose().as_bytes().to_vec()),
        Pem::Path(path) => std::fs::read(path).map_err(|error| {
            Error::new(ErrorKind::Config, format!("the file {} can't be read", path.display()))
                .with_cause(error)
        }),
    }
}

impl From<TlsMode> for SslMode {
    fn from(mode: TlsMode) -> Self {
        match mode {
            TlsMode::Disable => Self::Disable,
            TlsMode::Prefer => Self::Prefer,
            TlsMode::Require => Self::Require,
            TlsMode::VerifyCa => Self::VerifyCa,
            TlsMode::VerifyFull => Self::VerifyFull,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn parts(hosts: &[&str]) -> SourceConfig {
        SourceConfig {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            port: Some(5433),
            user: Some("a@b".to_owned()),
            database: Some("x/y".to_owned()),
            ..SourceConfig::default()
        }
    }

    #[test]
    fn parts_say_what_a_url_says() {
        for (host, shown) in [
            ("db1", "db1:5433"),
            ("db1:6000", "db1:6000"),
            ("[::1]", "[::1]:5433"),
            ("[::1]:6000", "[::1]:6000"),
            ("/run/pg:1", "/run/pg:1/.s.PGSQL.5433"),
        ] {
            let connect = parts(&[host]).connect_config().unwrap();
            assert_eq!(connect.hosts[0].to_string(), shown);
            assert_eq!((connect.user.as_str(), connect.database.as_str()), ("a@b", "x/y"));
        }
        assert_eq!(parts(&["a", "b:1"]).connect_config().unwrap().hosts.len(), 2);
        assert!(parts(&[]).connect_config().is_err());
        assert!(parts(&["::1"]).connect_config().is_err());
    }

    #[test]
    fn password_options_and_tls_win_over_the_url() {
        let mut source = SourceConfig::from_url("postgres://u:old@h/d?sslmode=require&application_name=old");
        source.password = Some(Secret::new("new"));
        source.options.insert("application_name".to_owned(), "new".to_owned());
        source.tls.mode = Some(TlsMode::Disable);
        source.tls.ca = Some(Pem::Text(Secret::new("-----BEGIN X")));
        let connect = source.connect_config().unwrap();
        assert_eq!(connect.password.unwrap().expose(), "new");
        assert_eq!(connect.options, [("application_name".to_owned(), "new".to_owned())]);
        assert_eq!(connect.tls.mode, SslMode::Disable);
        assert_eq!(connect.tls.ca.unwrap(), b"-----BEGIN X");
    }
}
