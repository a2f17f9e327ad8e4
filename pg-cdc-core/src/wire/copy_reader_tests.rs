use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::Waker;

use proptest::prelude::*;
use tokio::io::ReadBuf;

use super::*;
use crate::ErrorKind;

/// Gives its pieces one a read, and Pending (once) between them.
struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    pause: bool,
}

impl Pieces {
    fn new(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { pieces: pieces.into_iter().filter(|piece| !piece.is_empty()).collect(), pause: false }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.pause = !self.pause;
        if !self.pause {
            return Poll::Pending;
        }
        if let Some(mut piece) = self.pieces.pop_front() {
            let rest = piece.split_off(piece.len().min(buffer.remaining()));
            buffer.put_slice(&piece);
            if !rest.is_empty() {
                self.pieces.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn data(body: &[u8]) -> Vec<u8> {
    let mut message = vec![b'd'];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend_from_slice(body);
    message
}

const DONE: [u8; 5] = [b'c', 0, 0, 0, 4];

/// Reads to the CopyDone; the payloads, and how often nothing was ready.
fn read_all(reader: &mut CopyReader, socket: &mut Pieces, at_least: usize) -> (Vec<Vec<u8>>, usize) {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut payloads, mut pending) = (Vec::new(), 0);
    loop {
        match reader.poll_step(socket, &mut cx, at_least) {
            Poll::Ready(Ok(Step::Block(block))) => {
                assert!(!block.is_empty());
                assert_eq!(block.payloads().count(), block.len());
                assert_eq!(block.payloads().last().unwrap().end, block.bytes().len());
                payloads.extend(block.payloads().map(|range| block.bytes()[range].to_vec()));
            }
            Poll::Ready(Ok(Step::Message(message))) => {
                assert_eq!(message.tag, b'c');
                return (payloads, pending);
            }
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => pending += 1,
        }
        assert!(pending < 100_000);
    }
}

#[test]
fn cut_at_every_byte_the_same_comes_out() {
    let stream = [data(b"one"), data(b""), data(&[7; 300]), DONE.to_vec()].concat();
    for cut in 0..=stream.len() {
        let pool = BufferPool::new(1 << 20);
        let (head, tail) = stream.split_at(cut);
        let mut reader = CopyReader::new(&pool, "test", Vec::new());
        let mut socket = Pieces::new([head.to_vec(), tail.to_vec()]);
        let (payloads, _) = read_all(&mut reader, &mut socket, 1);
        assert_eq!(payloads, [b"one".to_vec(), vec![], vec![7; 300]], "cut at {cut}");
        drop(reader);
        assert_eq!(pool.retained(), 0);
    }
    let pool = BufferPool::new(1 << 20);
    let mut socket = Pieces::new(stream.iter().map(|byte| vec![*byte]));
    assert_eq!(read_all(&mut CopyReader::new(&pool, "test", Vec::new()), &mut socket, 1).0.len(), 3);
}

#[test]
fn what_was_read_ahead_comes_first_and_what_is_left_is_given_back() {
    let pool = BufferPool::new(1 << 20);
    let mut reader = CopyReader::new(&pool, "test", [data(b"a"), DONE.to_vec(), b"Z\0\0".to_vec()].concat());
    assert_eq!(read_all(&mut reader, &mut Pieces::new([]), 1).0, [b"a"]);
    assert_eq!(reader.into_rest(), b"Z\0\0");
    let reader = CopyReader::new(&pool, "test", b"xyz".to_vec());
    assert_eq!(reader.into_rest(), b"xyz");
}

#[test]
fn a_small_block_pins_no_large_buffer_and_a_large_one_is_not_copied() {
    let pool = BufferPool::new(64 << 20);
    let mut cx = Context::from_waker(Waker::noop());
    let mut reader = CopyReader::new(&pool, "test", Vec::new());
    let mut next = |socket: &mut Pieces| loop {
        match reader.poll_step(socket, &mut cx, 1) {
            Poll::Ready(Ok(Step::Block(block))) => return block,
            Poll::Ready(other) => panic!("{other:?}"),
            Poll::Pending => {}
        }
    };
    let small = next(&mut Pieces::new([data(b"small")]));
    assert_eq!(pool.retained(), LARGEST_READ + small.bytes().len());
    let large = next(&mut Pieces::new([data(&[1; 200_000])]));
    assert_eq!(large.bytes().len(), 200_005);
    // The buffer itself went, and no other is taken before there is something to read into.
    assert_eq!(pool.retained(), LARGEST_READ + small.bytes().len());
}

#[test]
fn a_frame_larger_than_a_buffer_gets_one_of_its_size() {
    let pool = BufferPool::new(1 << 20);
    let size = pool.limit() / 8;
    let long = vec![9; 5_000_000];
    let stream = [data(b"before"), data(&long), data(b"after"), DONE.to_vec()].concat();
    let mut socket = Pieces::new(stream.chunks(100_000).map(<[u8]>::to_vec));
    let mut reader = CopyReader::new(&pool, "test", Vec::new());
    let mut cx = Context::from_waker(Waker::noop());
    let (mut lengths, mut held) = (Vec::new(), 0);
    loop {
        match reader.poll_step(&mut socket, &mut cx, 1) {
            Poll::Ready(Ok(Step::Block(block))) => {
                lengths.extend(block.payloads().map(|range| range.len()));
                held = held.max(pool.retained());
            }
            Poll::Ready(Ok(Step::Message(_))) => break,
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => {}
        }
    }
    assert_eq!(lengths, [6, 5_000_000, 5]);
    assert!(held <= long.len() + 2 * size + 100, "{held}");
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    let pool = BufferPool::new(1 << 20);
    let mut reader = CopyReader::new(&pool, "test", vec![b'd', 0x40, 0, 0, 0, 1, 2, 3]);
    let mut cx = Context::from_waker(Waker::noop());
    let mut socket = Pieces::new([vec![0; 1000]]);
    let error = loop {
        match reader.poll_step(&mut socket, &mut cx, 1) {
            Poll::Ready(Err(error)) => break error,
            Poll::Ready(other) => panic!("{other:?}"),
            Poll::Pending => assert!(pool.retained() <= LARGEST_READ),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Closed);
    let too_long = vec![b'd', 0x40, 1, 0, 5];
    let mut reader = CopyReader::new(&pool, "test", too_long);
    assert!(matches!(reader.poll_step(&mut socket, &mut cx, 1),
        Poll::Ready(Err(error)) if error.kind() == ErrorKind::Protocol));
}

#[test]
fn at_the_pools_limit_nothing_is_read_and_then_it_goes_on() {
    let pool = BufferPool::new(100_000);
    let held = pool.take(100_000);
    let mut reader = CopyReader::new(&pool, "test", Vec::new());
    let mut socket = Pieces::new([[data(b"x"), DONE.to_vec()].concat()]);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        assert!(reader.poll_step(&mut socket, &mut cx, 1).is_pending());
    }
    assert_eq!(socket.pieces.len(), 1);
    drop(held);
    assert_eq!(read_all(&mut reader, &mut socket, 1).0, [b"x"]);
}

#[test]
fn less_than_wanted_is_kept_back_until_more_comes() {
    let pool = BufferPool::new(1 << 20);
    let mut reader = CopyReader::new(&pool, "test", Vec::new());
    let mut cx = Context::from_waker(Waker::noop());
    let mut socket = Pieces::new([data(b"one"), data(b"two")]);
    assert!(reader.poll_step(&mut socket, &mut cx, 16).is_pending());
    assert!(reader.has_whole());
    assert!(
        matches!(reader.poll_step(&mut socket, &mut cx, 16), Poll::Ready(Ok(Step::Block(block))) if block.len() == 2)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any messages, cut anywhere, with any pool and any wish for more, and blocks held or not.
    #[test]
    fn every_payload_comes_out_once_and_in_order(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..30),
        cuts in prop::collection::vec(1usize..20_000, 1..40),
        limit in 1usize..200_000,
        at_least in 0usize..10_000,
    ) {
        let mut stream: Vec<u8> = bodies.iter().flat_map(|body| data(body)).collect();
        stream.extend(DONE);
        let (mut pieces, mut rest, mut cuts) = (Vec::new(), &stream[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        let pool = BufferPool::new(limit);
        let mut reader = CopyReader::new(&pool, "test", Vec::new());
        let (payloads, _) = read_all(&mut reader, &mut Pieces::new(pieces), at_least);
        prop_assert_eq!(payloads, bodies);
        drop(reader);
        prop_assert_eq!(pool.retained(), 0);
    }
}
