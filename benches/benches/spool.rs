//! The spool of transactions in progress: frames in, and out again at commit, in memory and through files; beside it the
//! same bytes written to a file in pieces of 64 KiB and read back in pieces of 512 KiB, by nothing but the system.
//!
//! `cargo bench --bench spool -- [FRAMES [ROUNDS]]`

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Instant;

use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::stream::spool::{Spool, SpoolOptions};
use pg_cdc_core::{Kept, Lsn};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// About a row of 5 columns.
const FRAME: usize = 120;
/// Frames of one transaction in a row: a streamed block.
const STREAMED: u64 = 500;
const MEMORY: usize = 16 << 20;

/// What one way did, in MB/s of frames.
#[derive(Clone, Copy, Default)]
struct Speed {
    into: f64,
    out: f64,
}

fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let frames = numbers.next().unwrap_or(4_000_000);
    let rounds = numbers.next().unwrap_or(5).max(1);
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let mut best = [Speed::default(); 5];
    for _ in 0..rounds {
        let speeds = [
            plain(folder, frames)?,
            spooled(folder, frames, usize::MAX, 1, Subtransactions::None)?,
            spooled(folder, frames, MEMORY, 1, Subtransactions::None)?,
            spooled(folder, frames, MEMORY, 10, Subtransactions::None)?,
            spooled(folder, frames, MEMORY, 10, Subtransactions::HalfAborted)?,
        ];
        for (best, speed) in best.iter_mut().zip(speeds) {
            best.into = best.into.max(speed.into);
            best.out = best.out.max(speed.out);
        }
    }
    println!("{frames} frames of {FRAME} bytes, best of {rounds} rounds, MB/s of frames\n");
    println!("| | in | out |\n| --- | --- | --- |");
    let names = [
        "plain file",
        "one transaction, in memory",
        "one transaction, 16 MiB of memory",
        "ten at once, 16 MiB of memory",
        "the same, a savepoint a frame, every second rolled back",
    ];
    for (name, speed) in names.iter().zip(best) {
        println!("| {name} | {:.0} | {:.0} |", speed.into, speed.out);
    }
    Ok(())
}

fn rate(bytes: u64, since: Instant) -> f64 {
    bytes as f64 / since.elapsed().as_secs_f64() / 1e6
}

fn plain(folder: &Path, frames: u64) -> Outcome<Speed> {
    let path = folder.join("plain");
    let mut file = File::options().create_new(true).read(true).write(true).open(&path)?;
    let bytes = frames * FRAME as u64;
    let mut buffer = vec![7; 512 << 10];
    let start = Instant::now();
    let mut left = bytes;
    while left > 0 {
        let piece = left.min(64 << 10);
        file.write_all(&buffer[..piece as usize])?;
        left -= piece;
    }
    let into = rate(bytes, start);
    file.rewind()?;
    let start = Instant::now();
    while file.read(black_box(&mut buffer))? > 0 {}
    let out = rate(bytes, start);
    std::fs::remove_file(path)?;
    Ok(Speed { into, out })
}

#[derive(Clone, Copy, PartialEq)]
enum Subtransactions {
    None,
    HalfAborted,
}

fn spooled(folder: &Path, frames: u64, memory: usize, at_once: u64, subs: Subtransactions) -> Outcome<Speed> {
    let mut options = SpoolOptions::default();
    options.memory = memory;
    options.folder = Some(folder.to_owned());
    let mut spool = Spool::open(options, BufferPool::new(MEMORY))?;
    let frame = [7; FRAME];
    let bytes = frames * FRAME as u64;
    let start = Instant::now();
    for number in 0..frames {
        let xid = (number / STREAMED % at_once) as u32;
        let lsn = Lsn::new((1 << 40) + number * 160);
        if subs == Subtransactions::None {
            spool.append(Kept::whole(xid, xid, lsn, &frame))?;
        } else {
            let sub_xid = 100 + number as u32;
            spool.append(Kept::whole(xid, sub_xid, lsn, &frame))?;
            if number % 2 == 0 {
                spool.abort_subtransaction(xid, sub_xid);
            }
        }
    }
    let into = rate(bytes, start);
    let start = Instant::now();
    let mut found = 0;
    for xid in 0..at_once as u32 {
        let Some(mut reader) = spool.commit(xid)? else { continue };
        while let Some(block) = reader.next_block()? {
            // What a decoder begins with: the message's tag.
            for frame in block.frames() {
                black_box(block.frame(frame).data().first());
            }
            found += block.frames().len() as u64;
        }
    }
    let expected = if subs == Subtransactions::None { frames } else { frames / 2 };
    if found != expected {
        return Err(format!("{found} of {expected} frames came back").into());
    }
    Ok(Speed { into, out: rate(bytes, start) })
}
