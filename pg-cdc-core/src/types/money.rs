//! `money`

use std::fmt;

use super::{Flaw, Parsed, fixed, oid, text_is_parsed};

/// A `money`: a number of the currency's smallest unit. Which currency, and how many digits stand behind its point, is
/// the database's `lc_monetary`, which no value tells.
///
/// Its text is read in the form of the locales `C` and `en_US` only (`$1,234.56`, `-$0.05`, `($1.00)`); any other is an
/// error, since a point or a comma may mean either. It is printed as `C` prints it.
///
/// ```
/// use pg_cdc_core::types::PgMoney;
///
/// let money: PgMoney = "-$1,234.56".parse()?;
/// assert_eq!(money.minor_units(), -123_456);
/// assert_eq!(money.to_string(), "-$1,234.56");
/// assert!("1.234,56 €".parse::<PgMoney>().is_err());
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PgMoney(i64);

impl PgMoney {
    /// So many of the currency's smallest unit.
    #[must_use]
    pub const fn from_minor_units(units: i64) -> Self {
        Self(units)
    }

    /// How many of the currency's smallest unit.
    #[must_use]
    pub const fn minor_units(self) -> i64 {
        self.0
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let (negative, rest) = match text {
            [b'(', inner @ .., b')'] => (true, inner),
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let amount = read(rest).ok_or(Flaw::new("is not money in the form of the locale C"))?;
        let amount = if negative { -amount } else { amount };
        i64::try_from(amount).map(Self).map_err(|_| Flaw::new("is out of the type's range"))
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        fixed(bytes).map(i64::from_be_bytes).map(Self)
    }

    /// Appends the text form that PostgreSQL prints with `lc_monetary=C`.
    pub fn write_text(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        out.push(b'$');
        let amount = self.0.unsigned_abs();
        let mut buffer = itoa::Buffer::new();
        let whole = buffer.format(amount / 100).as_bytes();
        for (index, &digit) in whole.iter().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                out.push(b',');
            }
            out.push(digit);
        }
        let cents = (amount % 100) as u8;
        out.extend_from_slice(&[b'.', b'0' + cents / 10, b'0' + cents % 10]);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes());
    }
}

/// Reads `$`, digits in groups of three, and two digits behind the point.
fn read(text: &[u8]) -> Option<i128> {
    let (whole, cents) = text.strip_prefix(b"$")?.split_last_chunk::<3>()?;
    let [b'.', tens, ones] = cents else { return None };
    let mut amount: i128 = 0;
    let mut digits = 0;
    let mut add = |digit: u8| {
        digits += 1;
        amount = amount * 10 + i128::from(digit.wrapping_sub(b'0'));
        // The largest has 19 digits.
        digit.is_ascii_digit() && digits <= 19
    };
    for (index, group) in whole.split(|&byte| byte == b',').enumerate() {
        let fits = if index == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        if !fits || !group.iter().all(|&digit| add(digit)) {
            return None;
        }
    }
    (add(*tens) && add(*ones)).then_some(amount)
}

text_is_parsed!(PgMoney, oid::MONEY);
super::text_is_display!(PgMoney);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Datum;
    use crate::types::json::write_natural;
    use crate::types::{ColumnType, FromDatum, is_binary_known, write_text};

    #[test]
    fn other_locales_and_broken_groups_are_errors() {
        for (text, units) in [
            ("$0.00", 0),
            ("($1.00)", -100),
            ("-$0.05", -5),
            ("$1,234.56", 123_456),
            ("-$92,233,720,368,547,758.08", i64::MIN),
        ] {
            assert_eq!(text.parse(), Ok(PgMoney(units)), "{text}");
        }
        for bad in [
            "",
            "$",
            "1.00",
            "$1",
            "$1.0",
            "$1.000",
            "$1234.56",
            "$1,23.45",
            "$,123.45",
            "$.05",
            "$1.234,56",
            "1,00 €",
            "--$1.00",
            "(-$1.00",
            "$-1.00",
            "$92,233,720,368,547,758.08",
            "$1:1.00",
            "$999,999,999,999,999,999,999,999,999,999,999,999,999,999,999,999.00",
        ] {
            assert!(bad.parse::<PgMoney>().is_err(), "{bad}");
        }
    }

    #[test]
    fn text_passes_through_and_binary_is_read_by_its_own_type_alone() {
        let type_ = ColumnType::built_in(oid::MONEY);
        let units = 7_i64.to_be_bytes();
        assert_eq!(PgMoney::from_datum(&type_, Datum::Binary(&units)), Ok(PgMoney(7)));
        let mut out = Vec::new();
        assert!(write_text(&type_, Datum::Binary(&units), &mut out).is_err());
        write_natural(&type_, Datum::Text("1,00 €".as_bytes()), &mut out).unwrap();
        assert_eq!(out, "\"1,00 €\"".as_bytes());
        assert!(!is_binary_known(&ColumnType::built_in(oid::MONEY_ARRAY)));
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(units: i64) {
            let money = PgMoney::from_binary(&units.to_be_bytes()).unwrap();
            prop_assert_eq!(money.to_string().parse::<PgMoney>(), Ok(money));
            let mut binary = Vec::new();
            money.write_binary(&mut binary);
            prop_assert_eq!(binary, units.to_be_bytes());
        }

        #[test]
        fn random_text_is_money_or_an_error(text in "[-(]?\\$?[0-9,.]{0,30}\\)?") {
            let _ = PgMoney::from_text(text.as_bytes());
        }
    }
}
