//! Dates and times, as PostgreSQL keeps them: days and microseconds from 2000-01-01, with both infinities.
//!
//! Text is ISO style (`DateStyle=ISO`): years of four digits and more, ` BC` at the end, offsets as `+00`, `+05:30` or
//! `-07:52:58`. Follows `src/backend/utils/adt/date.c`, `timestamp.c` and `datetime.c` (`EncodeDateTime`).

mod calendar;
mod date;
mod interval;
mod time;
mod timestamp;
mod timetz;

pub use date::PgDate;
pub use interval::PgInterval;
pub use time::PgTime;
pub use timestamp::{PgTimestamp, PgTimestampTz};
pub use timetz::PgTimeTz;

pub(super) use time::{MICROS_A_DAY, MICROS_A_SECOND};
pub(super) use timestamp::{
    MICROS_TO_2000, Style, write_binary as write_timestamp, write_json_from_text as write_timestamp_json,
};

/// A cursor over text in ISO style.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// A number of `least` to `most` (at most nine) digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let mut value = 0;
        let mut length = 0;
        while let Some(digit) = self.text.get(self.at + length).filter(|_| length < most) {
            if !digit.is_ascii_digit() {
                break;
            }
            value = value * 10 + u32::from(digit - b'0');
            length += 1;
        }
        self.at += length;
        (length >= least).then_some(value)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.text.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// The number after `separator`, of two digits and below `limit`.
    fn after(&mut self, separator: u8, limit: u32) -> Option<u32> {
        self.take(separator)?;
        self.number(2, 2).filter(|&number| number < limit)
    }

    /// ` BC`, or nothing.
    fn is_bc(&mut self) -> bool {
        let is_bc = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(b" BC"));
        self.at += if is_bc { 3 } else { 0 };
        is_bc
    }

    fn end(&self) -> Option<()> {
        (self.at == self.text.len()).then_some(())
    }
}

/// The last two digits of `number`.
fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}
