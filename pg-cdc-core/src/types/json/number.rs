//! JSON's numbers, as PostgreSQL's `IsValidJsonNumber` knows them (`src/common/jsonapi.c`).

/// Whether `text` is a JSON number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
#[inline]
pub(in crate::types) fn is_json_number(text: &[u8]) -> bool {
    number_length(text) == Some(text.len())
}

/// The length of the number that `text` begins with.
#[inline]
pub(super) fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        text.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && text.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_json_s() {
        for good in ["0", "-0", "10", "1.50", "1e+20", "1E-07", "-12.5e3", "0.0001"] {
            assert!(is_json_number(good.as_bytes()), "{good}");
        }
        for bad in
            ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "NaN", "Infinity", "-Infinity", "1 ", "0x1", "1,2"]
        {
            assert!(!is_json_number(bad.as_bytes()), "{bad}");
        }
    }
}
