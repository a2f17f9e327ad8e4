//! Proving who we are, and having the server prove who it is.
//!
//! Chapters "Start-up" and "SASL Authentication" of the protocol's documentation.

use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;

use super::channel::Channel;
use super::config::ConnectConfig;
use super::message::{Message, Reader, largest, malformed, unexpected};
use super::server_error::server_error;
use crate::{Error, ErrorKind};

const STATE: &str = "authentication";

/// Answers the server's requests until it says that all is well.
pub(super) async fn authenticate(channel: &mut Channel, config: &ConnectConfig) -> Result<(), Error> {
    let request = next(channel).await?;
    match request.kind {
        OK => return Ok(()),
        3 => clear_text(channel, config)?,
        5 => md5(channel, config, &request)?,
        10 => scram(channel, config, &request).await?,
        kind => return Err(refused(kind)),
    }
    match next(channel).await?.kind {
        OK => Ok(()),
        kind => Err(out_of_turn(kind, "AuthenticationOk")),
    }
}

const OK: i32 = 0;
const SASL_CONTINUE: i32 = 11;
const SASL_FINAL: i32 = 12;

/// An Authentication message: what it asks for, and what comes with it.
struct Request {
    kind: i32,
    message: Message,
}

impl Request {
    fn data(&self) -> &[u8] {
        self.message.body.get(4..).unwrap_or_default()
    }
}

async fn next(channel: &mut Channel) -> Result<Request, Error> {
    let message = channel.message(STATE, largest).await?;
    match message.tag {
        b'R' => {
            let kind = Reader::new(&message.body).i32().ok_or_else(|| malformed(b'R', STATE))?;
            Ok(Request { kind, message })
        }
        b'E' => Err(server_error(&message.body)),
        b'v' => Err(other_version(&message)),
        tag => Err(unexpected(tag, STATE, "an Authentication request")),
    }
}

/// We ask for protocol 3.0 without options, which every server has: one that offers another has misread us.
fn other_version(message: &Message) -> Error {
    let mut body = Reader::new(&message.body);
    match body.i32() {
        Some(version) => Error::new(
            ErrorKind::Unsupported,
            format!(
                "{STATE}: the server offers protocol {}.{} for the 3.0 that was asked for",
                version.cast_unsigned() >> 16,
                version & 0xffff
            ),
        ),
        None => malformed(b'v', STATE),
    }
}

fn password(config: &ConnectConfig) -> Result<&[u8], Error> {
    config.password.as_ref().map(|password| password.expose().as_bytes()).ok_or_else(|| {
        Error::new(
            ErrorKind::Authentication,
            format!("the server asks for the password of \"{}\", and none was given", config.user),
        )
        .with_hint("give one in the URL or the password setting")
    })
}

/// Whoever listens reads it: only where no one can.
fn clear_text(channel: &mut Channel, config: &ConnectConfig) -> Result<(), Error> {
    if !channel.socket().is_tls() && !channel.socket().is_unix() {
        return Err(Error::new(
            ErrorKind::Authentication,
            "the server asks for the password in clear text, over a connection that is not encrypted",
        )
        .with_hint(
            "use sslmode=require (better, verify-full), or scram-sha-256 in the server's pg_hba.conf",
        ));
    }
    let password = password(config)?;
    channel.queue(STATE, |out| frontend::password_message(password, out))
}

fn md5(channel: &mut Channel, config: &ConnectConfig, request: &Request) -> Result<(), Error> {
    let salt: [u8; 4] = request.data().try_into().map_err(|_| malformed(b'R', STATE))?;
    let hash = md5_hash(config.user.as_bytes(), password(config)?, salt);
    channel.queue(STATE, |out| frontend::password_message(hash.as_bytes(), out))
}

/// SCRAM-SHA-256 without channel binding: the header `n` says that we can't.
async fn scram(channel: &mut Channel, config: &ConnectConfig, request: &Request) -> Result<(), Error> {
    let offered = mechanisms(request)?;
    if !offered.iter().any(|name| name == SCRAM_SHA_256) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("the server offers the authentication mechanisms {} only", offered.join(", ")),
        )
        .with_hint("SCRAM-SHA-256 is supported: allow it for this role in pg_hba.conf"));
    }
    let mut scram = ScramSha256::new(password(config)?, ChannelBinding::unsupported());
    channel.queue(STATE, |out| frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), out))?;
    let challenge = next(channel).await?;
    if challenge.kind != SASL_CONTINUE {
        return Err(out_of_turn(challenge.kind, "AuthenticationSASLContinue"));
    }
    // Nonce, salt and number of iterations are checked there: a server can't make us count for hours.
    scram.update(challenge.data()).map_err(|error| {
        Error::new(ErrorKind::Authentication, "the server's SCRAM challenge can't be right").with_cause(error)
    })?;
    channel.queue(STATE, |out| frontend::sasl_response(scram.message(), out))?;
    let outcome = next(channel).await?;
    // Ok at this point would let a server in that doesn't know the password.
    if outcome.kind != SASL_FINAL {
        return Err(out_of_turn(outcome.kind, "AuthenticationSASLFinal"));
    }
    scram.finish(outcome.data()).map_err(|error| {
        Error::new(ErrorKind::Authentication, "the server could not prove that it knows the password")
            .with_hint("is this the right server, and not someone in between?")
            .with_cause(error)
    })
}

fn mechanisms(request: &Request) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let mut data = Reader::new(request.data());
    loop {
        let name = data.cstr().ok_or_else(|| malformed(b'R', STATE))?;
        if name.is_empty() {
            return Ok(names);
        }
        names.push(String::from_utf8_lossy(name).escape_debug().to_string());
    }
}

fn method(kind: i32) -> Option<&'static str> {
    Some(match kind {
        0 => "AuthenticationOk",
        2 => "Kerberos V5",
        3 => "a clear text password",
        5 => "an md5 password",
        6 => "SCM credentials",
        7 | 8 => "GSSAPI",
        9 => "SSPI",
        10 => "SASL",
        11 => "AuthenticationSASLContinue",
        12 => "AuthenticationSASLFinal",
        _ => return None,
    })
}

fn refused(kind: i32) -> Error {
    match (kind, method(kind)) {
        (2 | 6..=9, Some(method)) => Error::new(
            ErrorKind::Unsupported,
            format!("the server asks for {method}, which is not supported"),
        )
        .with_hint("allow scram-sha-256 for this role in pg_hba.conf"),
        _ => out_of_turn(kind, "a request for authentication"),
    }
}

fn out_of_turn(kind: i32, expected: &str) -> Error {
    let got = method(kind).map_or_else(|| format!("the unknown request {kind}"), str::to_owned);
    Error::new(ErrorKind::Protocol, format!("{STATE}: expected {expected}, the server sent {got}"))
}
