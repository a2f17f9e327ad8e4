use std::fmt;

/// Which PostgreSQL a cluster runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Version {
    /// Whatever the machine has, from 10 on.
    #[default]
    Any,
    /// This major version.
    Major(u32),
}

impl Version {
    /// PostgreSQL 10.
    pub const V10: Self = Self::Major(10);
    /// PostgreSQL 11.
    pub const V11: Self = Self::Major(11);
    /// PostgreSQL 12.
    pub const V12: Self = Self::Major(12);
    /// PostgreSQL 13.
    pub const V13: Self = Self::Major(13);
    /// PostgreSQL 14.
    pub const V14: Self = Self::Major(14);
    /// PostgreSQL 15.
    pub const V15: Self = Self::Major(15);
    /// PostgreSQL 16.
    pub const V16: Self = Self::Major(16);
    /// PostgreSQL 17.
    pub const V17: Self = Self::Major(17);
    /// PostgreSQL 18.
    pub const V18: Self = Self::Major(18);

    /// The versions that tests run on: `PG_CDC_TEST_VERSIONS` (`15,18`), else 15 alone.
    ///
    /// What is not a number in the variable is passed over.
    pub fn under_test() -> Vec<Self> {
        match std::env::var("PG_CDC_TEST_VERSIONS") {
            Ok(list) => list.split(',').filter_map(|v| v.trim().parse().ok()).map(Self::Major).collect(),
            Err(_) => vec![Self::V15],
        }
    }

    /// Whether a server of this `server_version_num` will do.
    pub fn accepts(self, version_num: u32) -> bool {
        match self {
            Self::Any => version_num >= 100_000,
            Self::Major(major) => version_num / 10_000 == major,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("10 or newer"),
            Self::Major(major) => write!(f, "{major}"),
        }
    }
}

/// Reads `postgres (PostgreSQL) 15.20 (Debian …)` as 150020, `18beta1` as 180000, `9.6.24` as 90624.
pub(crate) fn parse_version_num(text: &str) -> Option<u32> {
    let word = text.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts = word.split('.').map(|p| {
        let digits = p.find(|c: char| !c.is_ascii_digit()).unwrap_or(p.len());
        p.get(..digits)?.parse::<u32>().ok()
    });
    let major = parts.next()??;
    let minor = parts.next().flatten().unwrap_or(0);
    if major >= 10 {
        return Some(major * 10_000 + minor);
    }
    Some(major * 10_000 + minor * 100 + parts.next().flatten().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_lines_of_all_packagers_are_read() {
        for (text, num) in [
            ("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", Some(150_020)),
            ("postgres (PostgreSQL) 18beta1", Some(180_000)),
            ("postgres (PostgreSQL) 9.6.24", Some(90_624)),
            ("PostgreSQL", None),
        ] {
            assert_eq!(parse_version_num(text), num, "{text}");
        }
    }

    #[test]
    fn a_major_version_is_not_mistaken_for_another() {
        assert!(Version::V15.accepts(150_020));
        assert!(!Version::V15.accepts(140_023));
        assert!(!Version::Any.accepts(90_624));
    }
}
