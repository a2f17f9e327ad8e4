//! Durations and sizes as people write them.

/// Durations: `500ms`, `10s`, `5m`, `1h`, `7d`, or `0`.
pub(super) mod duration {
    use std::time::Duration;

    use schemars::{Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    const UNITS: [(&str, u64); 5] =
        [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    pub(in crate::config) fn parse(text: &str) -> Option<Duration> {
        let text = text.trim();
        if text == "0" {
            return Some(Duration::ZERO);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
        number.parse::<u64>().ok()?.checked_mul(*millis).map(Duration::from_millis)
    }

    pub(in crate::config) fn print(duration: Duration) -> String {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        match UNITS.iter().rev().find(|(_, unit)| millis >= *unit && millis.is_multiple_of(*unit)) {
            Some((name, unit)) => format!("{}{name}", millis / unit),
            None => "0".to_owned(),
        }
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| {
            D::Error::custom(format!("expected a duration such as 500ms, 10s, 5m, 1h or 0, found {text:?}"))
        })
    }

    pub(in crate::config) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&print(*duration))
    }

    pub(in crate::config) fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string", "pattern": r"^(0|\d+\s*(ms|s|m|h|d))$" }, { "const": 0 }] })
    }
}

/// Sizes in bytes: `64MiB`, `1GB`, or a plain number.
pub(super) mod size {
    use schemars::{Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    const UNITS: [(&str, u64); 10] = [
        ("", 1),
        ("B", 1),
        ("kB", 1000),
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];

    pub(in crate::config) fn parse(text: &str) -> Option<u64> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
        number.parse::<u64>().ok()?.checked_mul(*bytes)
    }

    pub(in crate::config) fn print(bytes: u64) -> String {
        let whole = |unit: u64| bytes >= unit && bytes.is_multiple_of(unit);
        match UNITS.iter().rev().find(|(name, unit)| name.ends_with("iB") && whole(*unit)) {
            Some((name, unit)) => format!("{}{name}", bytes / unit),
            None => bytes.to_string(),
        }
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "expected a size such as 64MiB, 1GB or a number of bytes (units: B, kB, MB, GB, KiB, MiB, GiB, TiB), \
                 found {text:?}"
            ))
        })
    }

    pub(in crate::config) fn serialize<S: Serializer>(bytes: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&print(*bytes))
    }

    pub(in crate::config) fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "pattern": r"^\d+\s*(B|kB|KB|MB|GB|KiB|MiB|GiB|TiB)?$" },
            { "type": "integer", "minimum": 0 },
        ] })
    }
}

/// A duration that may be left out.
pub(super) mod optional_duration {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::duration::deserialize(from).map(Some)
    }

    pub(in crate::config) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::duration::serialize(duration, to),
            None => to.serialize_none(),
        }
    }
}

/// A size that may be left out.
pub(super) mod optional_size {
    use serde::{Deserializer, Serializer};

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<u64>, D::Error> {
        super::size::deserialize(from).map(Some)
    }

    pub(in crate::config) fn serialize<S: Serializer>(bytes: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => super::size::serialize(bytes, to),
            None => to.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn reads_durations_of_the_contract() {
        for (text, millis) in [("0", 0), ("500ms", 500), ("10s", 10_000), ("5m", 300_000), ("1h", 3_600_000)]
        {
            assert_eq!(duration::parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "s", "-1s", "1.5s", "1w", "10S", "99999999999999999999s", "ééé"] {
            assert_eq!(duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn reads_sizes_of_the_contract() {
        for (text, bytes) in
            [("0", 0), ("64MiB", 64 << 20), ("1GB", 1_000_000_000), ("8192", 8192), ("1 kB", 1000)]
        {
            assert_eq!(size::parse(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5GB", "1mib", "99999999999TiB", "é"] {
            assert_eq!(size::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_prints(bytes: u64, millis: u64) {
            prop_assert_eq!(size::parse(&size::print(bytes)), Some(bytes));
            let time = Duration::from_millis(millis);
            prop_assert_eq!(duration::parse(&duration::print(time)), Some(time));
        }
    }
}
