//! How money is printed.

/// How a database prints `money`: what its `lc_monetary` says.
///
/// The plugin sends how many of the currency's smallest unit there are, and not what the server prints. What the server
/// prints of two amounts says how it prints any other (`cash_out`, `src/backend/utils/adt/cash.c`).
///
/// ```
/// use pg_cdc_decoders::decoderbufs::MoneyFormat;
///
/// // The row that `MoneyFormat::QUERY` gives in a database with lc_monetary=de_DE.UTF-8.
/// let german = MoneyFormat::from_samples("1.234.567,00 €", "-1.234.567,00 €").unwrap();
/// let mut text = Vec::new();
/// german.write(-5, &mut text);
/// assert_eq!(text, "-0,05 €".as_bytes());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyFormat {
    /// What stands around an amount that is not below zero.
    positive: (Box<str>, Box<str>),
    /// And around one that is.
    negative: (Box<str>, Box<str>),
    /// Between groups of `group` digits.
    separator: Box<str>,
    group: usize,
    /// Before the last `fraction` digits, if there are any.
    point: Box<str>,
    fraction: usize,
}

const SAMPLE: i64 = 1_234_567;
/// How many digits the sample has before the point.
const WHOLE: usize = 7;
/// The most digits that stand behind the point.
const LONGEST_FRACTION: usize = 10;

impl MoneyFormat {
    /// The statement whose row [`from_samples`](Self::from_samples) takes.
    pub const QUERY: &str = "SELECT 1234567::pg_catalog.money::text, (-1234567)::pg_catalog.money::text";

    /// What the two texts of [`QUERY`](Self::QUERY) say; `None` where they are not what a server prints.
    #[must_use]
    pub fn from_samples(positive: &str, negative: &str) -> Option<Self> {
        let (around, body) = split(positive)?;
        let (around_negative, same) = split(negative)?;
        let (mut digits, mut separators) = (String::new(), Vec::new());
        for part in body.split_inclusive(|char: char| char.is_ascii_digit()) {
            let (separator, digit) = part.split_at_checked(part.len().checked_sub(1)?)?;
            if !separator.is_empty() {
                separators.push((digits.len(), separator));
            }
            digits.push_str(digit);
        }
        let fraction = digits.strip_prefix("1234567")?.len();
        let point = separators.pop_if(|(at, _)| *at == WHOLE).map_or("", |(_, point)| point);
        let &(last, separator) = separators.last()?;
        let owned = |(prefix, suffix): (&str, &str)| (prefix.into(), suffix.into());
        let format = Self {
            positive: owned(around),
            negative: owned(around_negative),
            separator: separator.into(),
            group: WHOLE.checked_sub(last)?,
            point: point.into(),
            fraction,
        };
        let is_sane = body == same && fraction <= LONGEST_FRACTION && format.group > 0;
        (is_sane && format.prints(1, positive) && format.prints(-1, negative)).then_some(format)
    }

    fn prints(&self, sign: i64, sample: &str) -> bool {
        let mut text = Vec::new();
        let units = SAMPLE * 10_i64.pow(self.fraction as u32) * sign;
        self.write(units, &mut text);
        text == sample.as_bytes()
    }

    /// Appends what the server prints of `units` of the currency's smallest unit.
    pub fn write(&self, units: i64, out: &mut Vec<u8>) {
        let (prefix, suffix) = if units < 0 { &self.negative } else { &self.positive };
        out.extend_from_slice(prefix.as_bytes());
        // The digits from the last on, zeros in front up to one before the point.
        let (mut digits, mut count, mut rest) = ([b'0'; 20], 0, units.unsigned_abs());
        while rest > 0 || count <= self.fraction {
            if let Some(digit) = digits.get_mut(count) {
                *digit = b'0' + (rest % 10) as u8;
            }
            rest /= 10;
            count += 1;
        }
        for (at, &digit) in digits.iter().enumerate().take(count).rev() {
            out.push(digit);
            if at == self.fraction && at > 0 {
                out.extend_from_slice(self.point.as_bytes());
            } else if at > self.fraction && (at - self.fraction).is_multiple_of(self.group) {
                out.extend_from_slice(self.separator.as_bytes());
            }
        }
        out.extend_from_slice(suffix.as_bytes());
    }
}

/// What stands before the first digit and behind the last, and what in between.
fn split(sample: &str) -> Option<((&str, &str), &str)> {
    let first = sample.find(|char: char| char.is_ascii_digit())?;
    let end = sample.rfind(|char: char| char.is_ascii_digit())? + 1;
    Some(((sample.get(..first)?, sample.get(end..)?), sample.get(first..end)?))
}

#[cfg(test)]
mod tests {
    use pg_cdc_core::types::PgMoney;
    use proptest::prelude::*;

    use super::*;

    fn text(format: &MoneyFormat, units: i64) -> String {
        let mut text = Vec::new();
        format.write(units, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn two_samples_tell_how_any_amount_is_printed() {
        for (samples, amounts) in [
            (
                ["$1,234,567.00", "-$1,234,567.00"],
                ["$0.00", "-$0.05", "$1.00", "$999.99", "-$92,233,720,368,547,758.08"],
            ),
            (
                ["1.234.567,00 €", "-1.234.567,00 €"],
                ["0,00 €", "-0,05 €", "1,00 €", "999,99 €", "-92.233.720.368.547.758,08 €"],
            ),
            (
                ["￥1,234,567", "(￥1,234,567)"],
                ["￥0", "(￥5)", "￥100", "￥99,999", "(￥9,223,372,036,854,775,808)"],
            ),
            (
                ["CHF 1’234’567.00", "CHF- 1’234’567.00"],
                ["CHF 0.00", "CHF- 0.05", "CHF 1.00", "CHF 999.99", "CHF- 92’233’720’368’547’758.08"],
            ),
            (
                ["د.ت. 1,234,567.000", "د.ت. 1,234,567.000-"],
                ["د.ت. 0.000", "د.ت. 0.005-", "د.ت. 0.100", "د.ت. 99.999", "د.ت. 9,223,372,036,854,775.808-"],
            ),
            (
                ["1'23'45'67.000\u{a0}X", "-1'23'45'67.000\u{a0}X"],
                [
                    "0.000\u{a0}X",
                    "-0.005\u{a0}X",
                    "0.100\u{a0}X",
                    "99.999\u{a0}X",
                    "-92'23'37'20'36'85'47'75.808\u{a0}X",
                ],
            ),
        ] {
            let format = MoneyFormat::from_samples(samples[0], samples[1]).unwrap();
            let printed = [0, -5, 100, 99_999, i64::MIN].map(|units| text(&format, units));
            assert_eq!(printed, amounts.map(str::to_owned));
        }
    }

    #[test]
    fn what_no_server_prints_is_refused() {
        for (positive, negative) in [
            ("", ""),
            ("money", "-money"),
            ("$1,234,567.00", "-$1,234,568.00"),
            ("$1,234,567.01", "-$1,234,567.01"),
            ("$1234567.00", "-$1234567.00"),
            ("$12,34,567.00", "-$12,34,567.00"),
            ("$1,234.567.00", "-$1,234.567.00"),
            ("$1,234,567.00000000000", "-$1,234,567.00000000000"),
            ("$1,234,567.0,0", "-$1,234,567.0,0"),
        ] {
            assert_eq!(MoneyFormat::from_samples(positive, negative), None, "{positive}");
        }
    }

    proptest! {
        #[test]
        fn the_locale_c_is_as_the_type_prints_it(units: i64) {
            let format = MoneyFormat::from_samples("$1,234,567.00", "-$1,234,567.00").unwrap();
            prop_assert_eq!(text(&format, units), PgMoney::from_minor_units(units).to_string());
        }

        #[test]
        fn random_samples_are_a_format_or_none(positive in "[$(]?[0-9.,]{0,20}\\PC?", negative in "\\PC{0,20}") {
            let _ = MoneyFormat::from_samples(&positive, &positive);
            let _ = MoneyFormat::from_samples(&positive, &negative);
        }
    }
}
