//! `bigdecimal::BigDecimal`

use ::bigdecimal::BigDecimal;

use super::converts;
use crate::types::{Flaw, Parsed, PgNumeric};

fn decimal(number: PgNumeric) -> Parsed<BigDecimal> {
    if !number.is_finite() {
        return Err(Flaw::new("is NaN or infinite, which no BigDecimal is"));
    }
    number.to_string().parse().map_err(|_| Flaw::new("can't be had as BigDecimal"))
}

converts!(
    /// With its scale. NaN and the infinities are errors.
    PgNumeric(Numeric | Int2 | Int4 | Int8, NUMERIC) to BigDecimal, decimal
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

    #[test]
    fn all_digits_are_kept() {
        let long = format!("-{}.{}", "9".repeat(1_000), "90".repeat(1_000));
        for text in ["0", "0.00", "-1.50", "1000000", &long] {
            let decimal: BigDecimal = read(oid::NUMERIC, text).unwrap();
            assert_eq!(decimal.to_plain_string(), text);
            let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            assert_eq!(decimal.fractional_digit_count(), i64::try_from(scale).unwrap());
        }
        assert_eq!(read(oid::INT4, "-7"), Ok(BigDecimal::from(-7)));
        for text in ["NaN", "Infinity", "-Infinity"] {
            assert!(refusal::<BigDecimal>(oid::NUMERIC, text).contains("no BigDecimal"), "{text}");
        }
    }
}
