//! What a walsender sends, recorded, and what else a server may send.

use std::path::Path;

use crate::{Corpus, Random, Result, recordings, unhex};

/// So long an input may be.
const LONG: usize = 2500;

pub(crate) fn write(corpus: &Corpus, recorded: &Path) -> Result<()> {
    let mut random = Random(2);
    let mut add = |name: String, play: u8, stream: &[u8]| -> Result<()> {
        for at in 0..3 {
            // Which play, when blocks come, the pool's limit, what becomes of what is written, cuts.
            let cuts: Vec<u8> = (0..at * 9).map(|_| random.byte()).collect();
            let head = [
                play | (random.byte() & 0x40),
                random.byte(),
                random.byte(),
                random.byte(),
                cuts.len() as u8,
            ];
            corpus.add("frames", &format!("{name}-{play}-{at}"), &[&head, &*cuts, stream].concat())?;
        }
        Ok(())
    };
    for (stem, lines) in recordings(recorded, "payloads")? {
        let mut stream = Vec::new();
        let mut number = 0;
        for line in &lines {
            put(b'd', &unhex(line)?, &mut stream);
            if stream.len() > LONG {
                number += 1;
                goodbye(number, &mut stream);
                for play in 0..3 {
                    add(format!("{stem}-{number}"), play, &stream)?;
                }
                stream.clear();
            }
        }
        goodbye(0, &mut stream);
        add(format!("{stem}-last"), 0, &stream)?;
    }
    let mut stream = Vec::new();
    put(b'T', b"\0\x02a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0b\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0", &mut stream);
    put(b'D', b"\0\x02\0\0\0\x03one\xff\xff\xff\xff", &mut stream);
    put(b'D', b"\0\x02\0\0\0\0\0\0\0\x011", &mut stream);
    put(b'C', b"SELECT 2\0", &mut stream);
    put(b'I', b"", &mut stream);
    put(b'Z', b"I", &mut stream);
    put(b'E', b"SERROR\0VERROR\0C42601\0Msyntax error\0Dsome\ndetail\0Hdo this\0P7\0\0", &mut stream);
    put(b'Z', b"I", &mut stream);
    add("query".to_owned(), 3, &stream)
}

/// The end of a stream, as it may be, and what may come at any time.
fn goodbye(number: usize, stream: &mut Vec<u8>) {
    match number % 4 {
        0 => put(b'c', b"", stream),
        1 => put(b'S', b"in_hot_standby\0off\0", stream),
        2 => put(b'E', b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0", stream),
        _ => put(b'N', b"SNOTICE\0VNOTICE\0C00000\0Msomething\0\0", stream),
    }
    put(b'c', b"", stream);
    put(b'C', b"COPY 7\0", stream);
    put(b'Z', b"I", stream);
}

fn put(tag: u8, body: &[u8], stream: &mut Vec<u8>) {
    stream.push(tag);
    stream.extend((body.len() as u32 + 4).to_be_bytes());
    stream.extend(body);
}
