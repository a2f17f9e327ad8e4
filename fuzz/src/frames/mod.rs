//! What a server sends, however its bytes arrive.

mod pieces;
mod session;

use std::cell::LazyCell;

use pg_cdc_core::batch::BufferPool;
use tokio::runtime::Runtime;

use crate::choices::Choices;
use pieces::{Pieces, Writes};
use session::{Outcome, Play};

/// The most bytes of an input that are looked at.
const LONGEST: usize = 200_000;
/// A reader of copied data has one buffer, and one more while it hands out.
const BUFFERS: usize = 3;
/// What a byte that came can become: a message's body, a row's `String`, an error's text of three characters for each
/// byte that is not UTF-8; vectors that double; and what was read, which is kept here to be compared.
const FACTOR: usize = 32;
/// What a session needs whatever comes.
const OWN: usize = 48 << 10;

thread_local! {
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(|| {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
    });
}

/// What the server sends, and what is done with it.
struct Case<'a> {
    play: Play,
    /// The pool's limit.
    limit: usize,
    /// A block is kept back until it has so many bytes.
    at_least: usize,
    /// Blocks are held to the end.
    holds: bool,
    writes: Writes,
    cuts: &'a [u8],
    stream: Vec<u8>,
}

impl<'a> Case<'a> {
    fn read(input: &'a [u8]) -> Self {
        let mut choices = Choices::new(input.get(..LONGEST).unwrap_or(input));
        let mode = choices.byte();
        let play = Play::ALL[usize::from(mode & 7) % Play::ALL.len()];
        let at_least = choices.pick([1, 1, 17, 5000, usize::MAX]);
        let limit = choices.pick([32 << 10, 1, 60_000, 200_000, 1 << 20]);
        let writes = choices.pick([Writes::All, Writes::All, Writes::Little, Writes::Fail]);
        let cuts = choices.byte().into();
        let cuts = choices.bytes(cuts);
        // Most inputs get so far that there is something to read.
        let answer = if mode & 0x80 == 0 { play.answer() } else { &[] };
        let stream = [answer, choices.rest()].concat();
        let holds = mode & 0x40 != 0 && limit == 1 << 20 && stream.len() < limit / 8;
        Self { play, limit, at_least, holds, writes, cuts, stream }
    }

    /// What comes of it, the bytes arriving in `cuts`.
    fn outcome(&self, cuts: &[u8]) -> Outcome {
        RUNTIME.with(|runtime| {
            let pool = BufferPool::new(self.limit);
            let socket = Pieces::new(self.stream.clone(), cuts, self.writes);
            let mut outcome = Outcome::default();
            let play = self.play.run(socket, &pool, self.at_least, self.holds, &mut outcome);
            let counted = allocation_counter::measure(|| runtime.block_on(play));
            let buffer = (self.limit / 8).clamp(4 << 10, 256 << 10);
            let most = OWN + BUFFERS * buffer + FACTOR * self.stream.len() + cuts.len();
            assert!(
                counted.bytes_max <= most as u64,
                "{} bytes held for {}, in buffers of {buffer}",
                counted.bytes_max,
                self.stream.len()
            );
            assert_eq!(pool.retained(), 0, "a buffer is lost");
            outcome
        })
    }
}

/// Checks all that is promised of what `input` has the server send.
///
/// # Panics
///
/// Where a promise is broken.
pub fn check(input: &[u8]) {
    let case = Case::read(input);
    let whole = case.outcome(&[]);
    let pieces = case.outcome(case.cuts);
    // Whether a failed write or the server's last words come first is the server's affair.
    if !matches!(case.writes, Writes::Fail) {
        assert_eq!(pieces, whole, "whole and in pieces");
    }
}
