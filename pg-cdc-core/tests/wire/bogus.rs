//! Servers that hang up, lie, or speak out of turn: each gives a clear error, never a panic, a hang or a heap of memory.

use std::future::Future;
use std::time::Duration;

use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::wire::{ConnectConfig, Connection, Host, Session, SslMode, TlsConfig};
use pg_cdc_core::{Error, ErrorKind};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}

fn error_response(code: &str) -> Vec<u8> {
    message(b'E', format!("SFATAL\0C{code}\0Mgo away\0\0").as_bytes())
}

fn auth(kind: i32, data: &[u8]) -> Vec<u8> {
    message(b'R', &[&kind.to_be_bytes(), data].concat())
}

fn greeting() -> Vec<u8> {
    // Without a version, nothing is set after start-up.
    [
        auth(0, b""),
        message(b'S', b"server_encoding\0UTF8\0"),
        message(b'K', &[0, 0, 0, 7, 0, 0, 0, 9]),
        message(b'Z', b"I"),
    ]
    .concat()
}

/// Takes a message off, whole: with a tag, or (at the start) without.
async fn read_message(socket: &mut TcpStream, tagged: bool) -> Option<Vec<u8>> {
    if tagged {
        socket.read_u8().await.ok()?;
    }
    let length = socket.read_u32().await.ok()?;
    let mut body = vec![0; length as usize - 4];
    socket.read_exact(&mut body).await.ok()?;
    Some(body)
}

/// A server that runs `script` on one connection, and what a client of it has for a config.
async fn server<F, Fut>(script: F) -> ConnectConfig
where
    F: FnOnce(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        script(socket).await;
    });
    let mut config = ConnectConfig::new(Host::Tcp { host: "127.0.0.1".into(), port }, "u", "d");
    config.tls = TlsConfig::new(SslMode::Disable);
    config.password = Some("secret".to_owned().into());
    config.connect_timeout = Duration::from_secs(5);
    config
}

/// A server that answers the start-up packet, and then each message, with the next of `answers`, and hangs up.
async fn scripted(answers: Vec<Vec<u8>>) -> ConnectConfig {
    server(|mut socket| async move {
        for (nth, answer) in answers.into_iter().enumerate() {
            if read_message(&mut socket, nth > 0).await.is_none() || socket.write_all(&answer).await.is_err()
            {
                return;
            }
        }
    })
    .await
}

async fn no_hang<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("a hang")
}

async fn connect(config: &ConnectConfig) -> Result<Connection, Error> {
    no_hang(Connection::connect(config, Session::Sql)).await
}

/// The errors of a chain, in one line.
fn told(error: &Error) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

#[tokio::test]
async fn every_bad_greeting_is_named() {
    let kerberos = auth(2, b"");
    let too_long = [b'R', 0x7f, 0xff, 0xff, 0xff].to_vec();
    let many = (0..300).flat_map(|n| message(b'S', format!("p{n}\0v\0").as_bytes())).collect::<Vec<u8>>();
    for (answer, kind, text) in [
        (vec![], ErrorKind::Closed, "authentication: the server closed the connection"),
        (b"R\0\0".to_vec(), ErrorKind::Closed, "in the middle of a message"),
        (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), ErrorKind::Protocol, "impossible length"),
        (message(b'!', b""), ErrorKind::Protocol, "unknown tag '!'"),
        (
            message(b'D', b""),
            ErrorKind::Protocol,
            "expected an Authentication request, the server sent a DataRow",
        ),
        (b"R\0\0\0\x03".to_vec(), ErrorKind::Protocol, "impossible length 3"),
        (too_long, ErrorKind::Protocol, "impossible length"),
        (message(b'R', b"\0"), ErrorKind::Protocol, "cut short"),
        (kerberos, ErrorKind::Unsupported, "Kerberos"),
        (auth(7, b""), ErrorKind::Unsupported, "GSSAPI"),
        (auth(9, b""), ErrorKind::Unsupported, "SSPI"),
        (auth(77, b""), ErrorKind::Protocol, "unknown request 77"),
        (auth(12, b""), ErrorKind::Protocol, "AuthenticationSASLFinal"),
        (auth(3, b""), ErrorKind::Authentication, "clear text"),
        (auth(5, b"abc"), ErrorKind::Protocol, "cut short"),
        (auth(10, b"OAUTHBEARER\0\0"), ErrorKind::Unsupported, "OAUTHBEARER"),
        (auth(10, b"SCRAM-SHA-256"), ErrorKind::Protocol, "cut short"),
        (auth(10, b"\0"), ErrorKind::Unsupported, "mechanisms"),
        (message(b'v', &[0xff; 8]), ErrorKind::Unsupported, "protocol 65535.65535"),
        (message(b'v', b"\0"), ErrorKind::Protocol, "NegotiateProtocolVersion"),
        (error_response("57P03"), ErrorKind::Server, "go away"),
        (auth(0, b""), ErrorKind::Closed, "start-up: the server closed"),
        ([auth(0, b""), message(b'K', b"1234")].concat(), ErrorKind::Protocol, "BackendKeyData"),
        ([auth(0, b""), auth(0, b"")].concat(), ErrorKind::Protocol, "start-up: expected"),
        ([auth(0, b""), message(b'S', b"no end")].concat(), ErrorKind::Protocol, "ParameterStatus"),
        ([auth(0, b""), many].concat(), ErrorKind::Protocol, "more than 256 settings"),
        ([auth(0, b""), error_response("53300")].concat(), ErrorKind::Server, "go away"),
    ] {
        let config = scripted(vec![answer]).await;
        let error = connect(&config).await.expect_err(text);
        assert_eq!(error.kind(), kind, "{text}: {error:?}");
        assert!(told(&error).contains(text), "{text}: {}", told(&error));
        assert!(!format!("{error:?}").contains("secret"));
    }
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    for part in [vec![], b"R".to_vec(), auth(0, b"")] {
        let mut config = server(|mut socket| async move {
            socket.write_all(&part).await.unwrap();
            tokio::time::sleep(Duration::from_secs(30)).await;
        })
        .await;
        config.connect_timeout = Duration::from_millis(200);
        assert_eq!(connect(&config).await.unwrap_err().kind(), ErrorKind::Timeout);
        config.tls = TlsConfig::new(SslMode::Prefer);
        assert!(connect(&config).await.is_err());
    }
}

#[tokio::test]
async fn scram_is_not_to_be_cheated() {
    let offer = || auth(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
    let challenge = |first: &str| auth(11, first.as_bytes());
    for (answers, kind, text) in [
        (vec![offer(), auth(0, b"")], ErrorKind::Protocol, "expected AuthenticationSASLContinue"),
        (vec![offer(), auth(12, b"v=AAAA")], ErrorKind::Protocol, "expected AuthenticationSASLContinue"),
        (vec![offer(), challenge("r=someone else's,s=AAAA,i=4096")], ErrorKind::Authentication, "challenge"),
        (vec![offer(), challenge("garbage")], ErrorKind::Authentication, "challenge"),
        (vec![offer(), auth(11, b"\xff\xff")], ErrorKind::Authentication, "challenge"),
        (vec![offer()], ErrorKind::Closed, "authentication: the server closed"),
    ] {
        let config = scripted(answers).await;
        let error = connect(&config).await.expect_err(text);
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(told(&error).contains(text), "{}", told(&error));
    }
    // With the right nonce: a server that can't prove itself, that leaves the proof out, that makes us count.
    for (iterations, last, kind, text) in [
        (
            4096,
            auth(12, b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            ErrorKind::Authentication,
            "prove",
        ),
        (4096, auth(12, b"e=invalid-proof"), ErrorKind::Authentication, "prove"),
        (4096, [auth(0, b""), greeting()].concat(), ErrorKind::Protocol, "expected AuthenticationSASLFinal"),
        (u32::MAX, vec![], ErrorKind::Authentication, "challenge"),
    ] {
        let config = server(move |mut socket| async move {
            read_message(&mut socket, false).await.unwrap();
            socket.write_all(&auth(10, b"SCRAM-SHA-256\0\0")).await.unwrap();
            let first = read_message(&mut socket, true).await.unwrap();
            let first = String::from_utf8(first).unwrap();
            assert!(first.contains("n,,n=,r="), "{first:?}");
            let nonce = first.rsplit("r=").next().unwrap();
            let challenge = format!("r={nonce}server,s=c2FsdA==,i={iterations}");
            socket.write_all(&auth(11, challenge.as_bytes())).await.unwrap();
            if read_message(&mut socket, true).await.is_some() {
                let _ = socket.write_all(&last).await;
            }
        })
        .await;
        let error = connect(&config).await.expect_err(text);
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(told(&error).contains(text), "{}", told(&error));
    }
}

#[tokio::test]
async fn the_answer_to_an_ssl_request_is_checked() {
    for (answer, kind, text) in [
        (&b"N"[..], ErrorKind::Tls, "no TLS"),
        (b"E\0\0\0\x20SFATAL\0Mtell the user to pay\0\0", ErrorKind::Protocol, "answered with an error"),
        (b"H", ErrorKind::Protocol, "expected 'S' or 'N'"),
        (b"", ErrorKind::Closed, "asking for TLS"),
        (b"S", ErrorKind::Closed, "TLS handshake"),
        (b"SR\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", ErrorKind::Protocol, "plain bytes before the TLS handshake"),
    ] {
        let mut config = scripted(vec![answer.to_vec()]).await;
        config.tls = TlsConfig::new(SslMode::Require);
        let error = connect(&config).await.expect_err(text);
        assert!(!format!("{error:?}").contains("pay"));
        assert!(told(&error).contains(text), "{}", told(&error));
        assert_eq!(error.kind(), kind, "{error:?}");
    }
}

#[tokio::test]
async fn notices_and_settings_come_at_any_time() {
    let noise = || {
        let notice = message(b'N', b"SNOTICE\0C00000\0Mhear hear\0\0");
        [notice, message(b'S', b"x\0y\0"), message(b'A', b"\0\0\0\x01a\0b\0")].concat()
    };
    let mix = |messages: &[Vec<u8>]| {
        let mut all = noise();
        for message in messages {
            all.extend_from_slice(message);
            all.extend(noise());
        }
        all
    };
    let copied = || message(b'd', b"row");
    let rows = [
        message(b'T', b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\0"),
        message(b'D', b"\0\x01\0\0\0\x01v"),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"I"),
    ];
    let config = scripted(vec![
        mix(&[auth(0, b""), message(b'K', &[0; 8]), message(b'Z', b"I")]),
        mix(&rows),
        mix(&[
            message(b'H', b"\0\0\x01\0\0"),
            copied(),
            copied(),
            message(b'c', b""),
            message(b'C', b"COPY 2\0"),
            message(b'Z', b"I"),
        ]),
        mix(&[message(b'W', b"\0\0\0"), copied(), copied(), message(b'c', b"")]),
        mix(&[message(b'C', b"COPY 0\0"), message(b'Z', b"I")]),
    ])
    .await;
    let pool = BufferPool::new(1 << 20);
    let mut connection = connect(&config).await.unwrap();
    assert_eq!(connection.query_row("SELECT").await.unwrap().get(0, "a"), Some("v"));
    assert_eq!(connection.parameter("x"), Some("y"));
    let mut copy = connection.copy_out("COPY", &pool).await.unwrap();
    let mut payloads = Vec::new();
    while let Some(block) = no_hang(copy.next_block()).await.unwrap() {
        payloads.extend(block.payloads().map(|range| block.bytes()[range].to_vec()));
    }
    assert_eq!((payloads.len(), copy.rows()), (2, Some(2)));
    let mut stream = connection.start_replication("START_REPLICATION", &pool).await.unwrap();
    let mut found = 0;
    while let Some(block) = no_hang(stream.next_block()).await.unwrap() {
        found += block.len();
    }
    assert_eq!(found, 2);
    no_hang(stream.finish()).await.unwrap();
}

/// Seen of a server that made a slot while transactions were prepared.
#[tokio::test]
async fn what_a_walsender_sends_of_the_log_before_its_answer_is_passed_over() {
    let answers = || {
        vec![
            [auth(0, b""), message(b'K', &[0; 8]), message(b'Z', b"I")].concat(),
            [
                message(b'd', b"k\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
                message(b'T', b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\0"),
                message(b'D', b"\0\x01\0\0\0\x01v"),
                message(b'C', b"CREATE_REPLICATION_SLOT\0"),
                message(b'Z', b"I"),
            ]
            .concat(),
        ]
    };
    for (session, answer) in [(Session::Replication, Some("v")), (Session::Sql, None)] {
        let config = scripted(answers()).await;
        let mut connection = no_hang(Connection::connect(&config, session)).await.unwrap();
        let rows = no_hang(connection.query_row("CREATE_REPLICATION_SLOT")).await;
        assert_eq!(rows.ok().as_ref().and_then(|rows| rows.get(0, "a")), answer);
    }
}

#[tokio::test]
async fn the_rest_of_a_large_transaction_is_not_waited_for() {
    let copied = || message(b'd', b"row");
    let config = scripted(vec![
        [auth(0, b""), message(b'K', &[0; 8]), message(b'Z', b"I")].concat(),
        [message(b'W', b"\0\0\0"), copied()].concat(),
        // A walsender's CopyDone does not keep it from going on; and it has not come to the commit yet.
        [copied(), message(b'c', b""), copied(), copied()].concat(),
    ])
    .await;
    let connection = connect(&config).await.unwrap();
    let stream = connection.start_replication("x", &BufferPool::new(1 << 20)).await.unwrap();
    no_hang(stream.finish()).await.unwrap();
}

#[tokio::test]
async fn bad_answers_to_a_query() {
    let column = b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\0";
    for (answer, kind, text) in [
        (vec![], ErrorKind::Closed, "a query: the server closed"),
        (message(b'W', b"\0\0\0"), ErrorKind::Protocol, "CopyBothResponse"),
        (message(b'D', b"\0\x01\0\0\0\x01v"), ErrorKind::Protocol, "DataRow"),
        (message(b'T', b"\xff\xff"), ErrorKind::Protocol, "RowDescription"),
        (
            [message(b'T', column), message(b'D', b"\0\x01\x7f\xff\xff\xffv")].concat(),
            ErrorKind::Protocol,
            "DataRow",
        ),
        (
            [message(b'T', column), message(b'D', b"\0\x01\xff\xff\xff\xfe")].concat(),
            ErrorKind::Protocol,
            "DataRow",
        ),
        (
            [message(b'T', column), message(b'D', b"\0\x01\0\0\0\x01\xff")].concat(),
            ErrorKind::Protocol,
            "UTF-8",
        ),
        ([b'D', 0x7f, 0xff, 0xff, 0xff].to_vec(), ErrorKind::Protocol, "impossible length"),
        (error_response("57P01"), ErrorKind::Server, "go away"),
        (message(b'R', &[0; 4]), ErrorKind::Protocol, "Authentication"),
    ] {
        let config = scripted(vec![greeting(), answer]).await;
        let mut connection = connect(&config).await.unwrap();
        let error = no_hang(connection.simple_query("SELECT")).await.expect_err(text);
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(told(&error).contains(text), "{}", told(&error));
        assert_eq!(connection.simple_query("SELECT").await.unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[tokio::test]
async fn bad_turns_within_a_copy() {
    let ready = || message(b'Z', b"I");
    for (rest, kind, text) in [
        (vec![], ErrorKind::Closed, "COPY OUT: the server closed"),
        (b"d\0\0\0\x09ab".to_vec(), ErrorKind::Closed, "in the middle of a message"),
        (b"d\0\0\0\x03".to_vec(), ErrorKind::Protocol, "impossible length 3"),
        (b"d\xff\xff\xff\xff".to_vec(), ErrorKind::Protocol, "impossible length"),
        (b"N\0\x20\0\0".to_vec(), ErrorKind::Protocol, "impossible length"),
        (b"?".to_vec(), ErrorKind::Protocol, "unknown tag '?'"),
        (message(b'Z', b"I"), ErrorKind::Protocol, "ReadyForQuery"),
        (message(b'C', b"COPY 1\0"), ErrorKind::Protocol, "CommandComplete"),
        ([error_response("22012"), ready()].concat(), ErrorKind::Server, "go away"),
        (error_response("57P01"), ErrorKind::Server, "go away"),
        (message(b'c', b""), ErrorKind::Closed, "COPY OUT: the server closed"),
        ([message(b'c', b""), error_response("XX000"), ready()].concat(), ErrorKind::Server, "go away"),
        // It claims a gigabyte and sends three bytes: no more than a read buffer is taken for them.
        (b"d\x40\0\0\0abc".to_vec(), ErrorKind::Closed, "in the middle of a message"),
    ] {
        for replication in [false, true] {
            let begin = message(if replication { b'W' } else { b'H' }, b"\0\0\0");
            let answer = [begin, message(b'd', b"row"), rest.clone()].concat();
            let mut connection = connect(&scripted(vec![greeting(), answer]).await).await.unwrap();
            let pool = BufferPool::new(8 << 20);
            let mut rows = 0;
            let error = if replication {
                let mut stream = connection.start_replication("x", &pool).await.unwrap();
                let error = loop {
                    match no_hang(stream.next_block()).await {
                        Ok(Some(block)) => rows += block.len(),
                        Ok(None) => break no_hang(stream.finish()).await.err(),
                        Err(error) => break Some(error),
                    }
                    assert!(pool.retained() <= 1 << 20);
                };
                // There, CommandComplete and CopyDone are ways to go.
                let Some(error) = error else { continue };
                error
            } else {
                let mut copy = connection.copy_out("x", &pool).await.unwrap();
                loop {
                    match no_hang(copy.next_block()).await {
                        Ok(block) => rows += block.expect(text).len(),
                        Err(error) => break error,
                    }
                    assert!(pool.retained() <= 1 << 20);
                }
            };
            assert_eq!(rows, 1, "{text}");
            assert_eq!(error.kind(), kind, "{text}: {error:?}");
            let text = if replication { text.replace("COPY OUT", "replication") } else { text.to_owned() };
            assert!(told(&error).contains(&text), "{text}: {}", told(&error));
        }
    }
}

/// The server stops reading, and goes on sending: what we send is queued, and all it sends is read.
#[tokio::test]
async fn sending_never_waits_for_a_server_that_is_itself_blocked() {
    const FRAMES: usize = 200;
    let config = server(|mut socket| async move {
        read_message(&mut socket, false).await.unwrap();
        socket.write_all(&greeting()).await.unwrap();
        read_message(&mut socket, true).await.unwrap();
        socket.write_all(&message(b'W', b"\0\0\0")).await.unwrap();
        for _ in 0..FRAMES {
            socket.write_all(&message(b'd', &[b'x'; 100_000])).await.unwrap();
        }
        socket.write_all(&message(b'c', b"")).await.unwrap();
        // Now it reads: everything must be there.
        let mut updates = 0;
        loop {
            let tag = socket.read_u8().await.unwrap();
            let length = socket.read_u32().await.unwrap() as usize - 4;
            socket.read_exact(&mut vec![0; length]).await.unwrap();
            match tag {
                b'd' => updates += length,
                b'c' => break,
                other => panic!("{other}"),
            }
        }
        assert_eq!(updates, FRAMES * 5_000);
        socket.write_all(&[message(b'C', b"COPY 0\0"), message(b'Z', b"I")].concat()).await.unwrap();
    })
    .await;
    let connection = connect(&config).await.unwrap();
    let pool = BufferPool::new(1 << 20);
    let mut stream = connection.start_replication("x", &pool).await.unwrap();
    for _ in 0..FRAMES {
        no_hang(stream.send(&[b'r'; 5_000])).await.unwrap();
    }
    assert_eq!(stream.send(&[0; 1 << 20]).await.unwrap_err().kind(), ErrorKind::Timeout);
    let mut frames = 0;
    while let Some(block) = no_hang(stream.next_block()).await.unwrap() {
        frames += block.len();
    }
    assert_eq!(frames, FRAMES);
    no_hang(stream.finish()).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever comes after a good or half a greeting: an end, in time.
    #[test]
    fn any_bytes_end_in_an_error_or_an_end(
        whole in any::<bool>(),
        tags in prop::collection::vec((prop::sample::select(b"RSKZETDCGHWIdcNAv1?".to_vec()), any::<Vec<u8>>(), any::<u8>()), 0..12),
        replication in any::<bool>(),
    ) {
        let mut bytes = Vec::new();
        for (tag, body, twist) in tags {
            let mut one = message(tag, &body);
            if twist < 40 {
                one[usize::from(twist % 5)] ^= twist;
            }
            bytes.extend(one);
        }
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let answers = if whole { vec![greeting(), bytes] } else { vec![bytes] };
            let config = scripted(answers).await;
            let pool = BufferPool::new(1 << 20);
            let Ok(mut connection) = connect(&config).await else { return };
            if replication {
                let Ok(mut stream) = no_hang(connection.start_replication("x", &pool)).await else { return };
                while let Ok(Some(_)) = no_hang(stream.next_block()).await {}
                let _ = no_hang(stream.finish()).await;
            } else if let Ok(mut copy) = no_hang(connection.copy_out("x", &pool)).await {
                while let Ok(Some(_)) = no_hang(copy.next_block()).await {}
            }
        });
    }
}
