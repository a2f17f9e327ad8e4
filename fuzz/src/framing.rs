//! How messages stand in an input: a byte of settings, a byte that counts what the catalog's answers are chosen by, these,
//! then each message behind a byte (how far its position is from that before) and its length (two bytes).

use std::ops::Range;

/// Set in an input's first byte: what follows is no messages. Of `pgoutput`, it says what a model of a server does.
pub const MODEL: u8 = 1;

/// An input of messages, to be made.
#[derive(Debug, Clone)]
pub struct Framed(Vec<u8>);

impl Framed {
    /// One without messages that begins with the byte `settings`.
    #[must_use]
    pub fn new(settings: u8, answers: &[u8]) -> Self {
        let answers = answers.get(..255).unwrap_or(answers);
        Self([&[settings, answers.len() as u8], answers].concat())
    }

    /// A message follows; one that is too long for an input is cut.
    pub fn push(&mut self, message: &[u8]) {
        let message = message.get(..usize::from(u16::MAX)).unwrap_or(message);
        self.0.push(1);
        self.0.extend((message.len() as u16).to_be_bytes());
        self.0.extend(message);
    }

    /// The input.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The bytes by which the catalog's answers are chosen, and what is behind them, of what follows the first byte.
pub(crate) fn answers(rest: &[u8]) -> (&[u8], &[u8]) {
    match rest.split_first() {
        Some((&count, rest)) => rest.split_at(rest.len().min(count.into())),
        None => (&[], &[]),
    }
}

/// Where the next message is, and how far its position is from that before; `at` moves behind it.
pub(crate) fn next(input: &[u8], at: &mut usize) -> Option<(u8, Range<usize>)> {
    let &[step, a, b, ..] = input.get(*at..)? else { return None };
    let start = *at + 3;
    let end = input.len().min(start + usize::from(u16::from_be_bytes([a, b])));
    *at = end;
    Some((step, start..end))
}
