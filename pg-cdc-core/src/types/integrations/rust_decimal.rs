//! `rust_decimal::Decimal`

use ::rust_decimal::Decimal;

use super::converts;
use crate::types::{Flaw, Parsed, PgNumeric};

fn decimal(number: PgNumeric) -> Parsed<Decimal> {
    let text = number.to_string();
    Decimal::from_str_exact(&text).map_err(|_| {
        Flaw::new(
            "is NaN, infinite or out of what a Decimal holds exactly (96 bits of digits, 28 after the point)",
        )
    })
}

converts!(
    /// With its trailing zeros. NaN, the infinities, and more than 96 bits of digits or 28 of them after the point are
    /// errors.
    PgNumeric(Numeric | Int2 | Int4 | Int8, NUMERIC) to Decimal, decimal
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

    #[test]
    fn digits_are_kept_or_it_is_an_error() {
        for text in
            ["0", "-1.50", "79228162514264337593543950335", "0.0000000000000000000000000001", "1.0000"]
        {
            assert_eq!(read::<Decimal>(oid::NUMERIC, text).unwrap().to_string(), text);
        }
        assert_eq!(read(oid::INT8, "-7"), Ok(Decimal::from(-7)));
        for text in [
            "NaN",
            "Infinity",
            "-Infinity",
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
            "7.9228162514264337593543950336",
            "0.12345678901234567890123456789",
        ] {
            assert!(refusal::<Decimal>(oid::NUMERIC, text).contains("holds exactly"), "{text}");
        }
        assert!(refusal::<Decimal>(oid::FLOAT8, "1").contains("can't be had as Decimal"));
    }

    proptest! {
        #[test]
        fn what_is_had_prints_the_same(text in "-?[1-9][0-9]{0,30}(\\.[0-9]{1,30})?") {
            if let Ok(decimal) = read::<Decimal>(oid::NUMERIC, &text) {
                prop_assert_eq!(decimal.to_string(), text);
            }
        }
    }
}
