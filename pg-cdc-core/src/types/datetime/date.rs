//! `date`

use std::fmt;
use std::str::FromStr;

use super::{Cursor, calendar, two_digits};
use crate::types::{Flaw, Parsed, TypeError, fixed, oid};

/// The first day that PostgreSQL can keep: 4714-11-24 BC.
const FIRST: i32 = -2_451_545;
/// The day after the last: 5874898-01-01.
const END: i32 = 2_147_483_494 - 2_451_545;

/// A `date`: a day of the proleptic Gregorian calendar, or one of the infinities, which lie before and after all days.
///
/// ```
/// use pg_cdc_core::types::PgDate;
///
/// let date: PgDate = "0044-03-15 BC".parse()?;
/// assert_eq!(date.year_month_day(), Some((-43, 3, 15)));
/// assert_eq!(date.to_string(), "0044-03-15 BC");
/// assert!(date < PgDate::INFINITY);
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PgDate(i32);

impl PgDate {
    /// `-infinity`
    pub const NEG_INFINITY: Self = Self(i32::MIN);
    /// `infinity`
    pub const INFINITY: Self = Self(i32::MAX);

    /// The day so many days after 2000-01-01 (`i32::MIN` and `i32::MAX` are the infinities), if PostgreSQL has it.
    #[must_use]
    pub const fn from_days_since_2000(days: i32) -> Option<Self> {
        match days {
            i32::MIN | i32::MAX | FIRST..END => Some(Self(days)),
            _ => None,
        }
    }

    /// A day of the calendar, if there is such a day and PostgreSQL has it; year 0 is 1 BC, -1 is 2 BC.
    #[must_use]
    pub fn from_year_month_day(year: i32, month: u32, day: u32) -> Option<Self> {
        let year = i64::from(year);
        if !calendar::is_valid(year, month, day) {
            return None;
        }
        let days = i32::try_from(calendar::days_from_date(year, month, day)).ok()?;
        (FIRST..END).contains(&days).then_some(Self(days))
    }

    /// Days since 2000-01-01, as PostgreSQL keeps them: `i32::MIN` and `i32::MAX` for the infinities.
    #[must_use]
    pub const fn days_since_2000(self) -> i32 {
        self.0
    }

    /// Days since 1970-01-01; `None` for the infinities.
    #[must_use]
    pub fn days_since_1970(self) -> Option<i32> {
        self.is_finite().then(|| self.0.saturating_add(10_957))
    }

    /// Year (0 is 1 BC, -1 is 2 BC), month and day; `None` for the infinities.
    #[must_use]
    pub fn year_month_day(self) -> Option<(i32, u32, u32)> {
        let (year, month, day) = calendar::date_from_days(i64::from(self.0));
        self.is_finite().then_some((i32::try_from(year).unwrap_or_default(), month, day))
    }

    /// Whether it is a day and not an infinity.
    #[must_use]
    pub const fn is_finite(self) -> bool {
        !matches!(self.0, i32::MIN | i32::MAX)
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        match text {
            b"infinity" => return Ok(Self::INFINITY),
            b"-infinity" => return Ok(Self::NEG_INFINITY),
            _ => {}
        }
        let mut cursor = Cursor::new(text);
        let date = (|| {
            let (year, month, day) = read(&mut cursor)?;
            let year = if cursor.is_bc() { 1 - i64::from(year) } else { i64::from(year) };
            cursor.end()?;
            Self::from_year_month_day(i32::try_from(year).ok()?, month, day)
        })();
        date.ok_or_else(|| Flaw::at("is not a date in ISO style, or out of range", cursor.at))
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        Self::from_days_since_2000(i32::from_be_bytes(fixed(bytes)?))
            .ok_or(Flaw::new("is a date out of range"))
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        match self {
            Self::INFINITY => out.extend_from_slice(b"infinity"),
            Self::NEG_INFINITY => out.extend_from_slice(b"-infinity"),
            Self(days) => {
                let before_christ = write(i64::from(days), out);
                if before_christ {
                    out.extend_from_slice(b" BC");
                }
            }
        }
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes());
    }
}

/// Reads `YYYY-MM-DD`, without ` BC`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<(u32, u32, u32)> {
    let year = cursor.number(4, 7).filter(|&year| year != 0)?;
    let month = cursor.after(b'-', 13)?;
    let day = cursor.after(b'-', 32)?;
    Some((year, month, day))
}

/// Appends `YYYY-MM-DD` for the day so many days after 2000-01-01; says whether ` BC` must follow.
pub(super) fn write(days: i64, out: &mut Vec<u8>) -> bool {
    let (year, month, day) = calendar::date_from_days(days);
    let before_christ = year <= 0;
    let year = if before_christ { 1 - year } else { year };
    if year >= 10_000 {
        out.extend_from_slice(itoa::Buffer::new().format(year / 10_000).as_bytes());
    }
    let [y1, y2] = two_digits((year / 100 % 100) as u32);
    let [y3, y4] = two_digits((year % 100) as u32);
    let ([m1, m2], [d1, d2]) = (two_digits(month), two_digits(day));
    out.extend_from_slice(&[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]);
    before_christ
}

impl FromStr for PgDate {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in(oid::DATE))
    }
}

crate::types::text_is_display!(PgDate);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_dates_that_postgresql_has() {
        for good in
            ["4714-11-24 BC", "5874897-12-31", "0001-01-01", "0001-12-31 BC", "2024-02-29", "infinity"]
        {
            assert_eq!(good.parse::<PgDate>().unwrap().to_string(), good);
        }
        for bad in [
            "4714-11-23 BC",
            "5874898-01-01",
            "0000-01-01",
            "2023-02-29",
            "2024-13-01",
            "2024-1-01",
            "2024-01-01 AD",
            "2024-01-01 ",
            "",
            "24-01-01",
            "99999999-01-01",
            "Infinity",
            "2024-00-10",
            "2024-01-00",
        ] {
            assert!(bad.parse::<PgDate>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_four_bytes_are_a_date_or_an_error_and_text_goes_back(days: i32) {
            if let Ok(date) = PgDate::from_binary(&days.to_be_bytes()) {
                prop_assert_eq!(date.to_string().parse::<PgDate>(), Ok(date));
                let mut binary = Vec::new();
                date.write_binary(&mut binary);
                prop_assert_eq!(binary, days.to_be_bytes());
            } else {
                prop_assert!(!(FIRST..END).contains(&days));
            }
        }

        #[test]
        fn random_text_never_panics(text in "[0-9]{0,8}-?[0-9]{0,3}-?[0-9 BC]{0,6}") {
            let _ = PgDate::from_text(text.as_bytes());
        }
    }
}
