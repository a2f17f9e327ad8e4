//! `inet`, `cidr`, `macaddr` and `macaddr8`
//!
//! Follows `src/backend/utils/adt/network.c`, `mac.c`, `mac8.c` and, for how an address is printed,
//! `src/port/inet_net_ntop.c`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::encoded::Reader;
use super::{Flaw, Parsed, fixed, integer, oid, text_is_parsed};

/// An `inet` or a `cidr`: an address of IPv4 or IPv6 and how many of its bits name the network.
///
/// An `inet` is printed without the number where that is all bits; a `cidr`, whose other bits are all zero, never is.
/// What is parsed from a `&str` is an `inet`.
///
/// ```
/// use std::net::Ipv4Addr;
/// use pg_cdc_core::types::PgInet;
///
/// let inet: PgInet = "10.1.2.3/8".parse()?;
/// assert_eq!((inet.address(), inet.prefix(), inet.is_cidr()), (Ipv4Addr::new(10, 1, 2, 3).into(), 8, false));
/// assert_eq!(inet.to_string(), "10.1.2.3/8");
///
/// let host = Ipv4Addr::new(10, 1, 2, 3).into();
/// assert_eq!(PgInet::inet(host, 32).unwrap().to_string(), "10.1.2.3");
/// assert_eq!(PgInet::cidr(host, 32).unwrap().to_string(), "10.1.2.3/32");
/// assert!(PgInet::cidr(host, 8).is_none() && PgInet::inet(host, 33).is_none());
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PgInet {
    address: IpAddr,
    prefix: u8,
    is_cidr: bool,
}

/// How many bits such an address has.
const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl PgInet {
    /// The `inet` with this address, of which the first `prefix` bits name the network: at most 32 for IPv4, 128 for
    /// IPv6.
    #[must_use]
    pub const fn inet(address: IpAddr, prefix: u8) -> Option<Self> {
        if prefix <= width(address) { Some(Self { address, prefix, is_cidr: false }) } else { None }
    }

    /// The `cidr` with this address, of which all but the first `prefix` bits are zero: at most 32 for IPv4, 128 for
    /// IPv6.
    #[must_use]
    pub const fn cidr(address: IpAddr, prefix: u8) -> Option<Self> {
        if prefix > width(address) {
            return None;
        }
        let zeros = match address {
            IpAddr::V4(address) => address.to_bits().trailing_zeros(),
            IpAddr::V6(address) => address.to_bits().trailing_zeros(),
        };
        if zeros >= (width(address) - prefix) as u32 {
            Some(Self { address, prefix, is_cidr: true })
        } else {
            None
        }
    }

    /// The address. One of IPv6 that maps an IPv4 (`::ffff:1.2.3.4`) is of IPv6.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits name the network: 0 to 32 for IPv4, 0 to 128 for IPv6.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether it is a `cidr`.
    #[must_use]
    pub const fn is_cidr(self) -> bool {
        self.is_cidr
    }

    fn new(address: IpAddr, prefix: u8, is_cidr: bool) -> Option<Self> {
        if is_cidr { Self::cidr(address, prefix) } else { Self::inet(address, prefix) }
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        Self::from_text_of(text, false)
    }

    pub(crate) fn from_text_of(text: &[u8], is_cidr: bool) -> Parsed<Self> {
        let read = || {
            let text = std::str::from_utf8(text).ok()?;
            let (address, prefix) = match text.split_once('/') {
                Some((address, prefix)) => (address, Some(prefix)),
                None => (text, None),
            };
            let address: IpAddr = address.parse().ok()?;
            let prefix = match prefix {
                Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse().ok()?,
                Some(_) => return None,
                None => width(address),
            };
            Self::new(address, prefix, is_cidr)
        };
        read().ok_or(Flaw::new("is not a network address"))
    }

    /// Of which of the two types it is, its own flag says.
    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        Self::from_binary_of(bytes, bytes.get(2) == Some(&1))
    }

    /// Family, bits, whether it is a cidr, the number of bytes, and those bytes (`network_send`). The type says which of
    /// the two it is, as for `network_recv`.
    pub(crate) fn from_binary_of(bytes: &[u8], is_cidr: bool) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        let (family, prefix, flag, length) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
        let address = match (family, length) {
            (IPV4, 4) => IpAddr::V4(Ipv4Addr::from(reader.array::<4>()?)),
            (IPV6, 16) => IpAddr::V6(Ipv6Addr::from(reader.array::<16>()?)),
            _ => return Err(Flaw::at("is of an unknown family", 0)),
        };
        reader.end()?;
        if flag > 1 {
            return Err(Flaw::at("is neither inet nor cidr", 2));
        }
        Self::new(address, prefix, is_cidr).ok_or(Flaw::at("has an impossible number of bits", 1))
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        match self.address {
            IpAddr::V4(address) => write_ipv4(address.octets(), out),
            IpAddr::V6(address) => write_ipv6(address, out),
        }
        if self.is_cidr || self.prefix != width(self.address) {
            out.push(b'/');
            write_number(self.prefix, out);
        }
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        let cidr = u8::from(self.is_cidr);
        match self.address {
            IpAddr::V4(address) => {
                out.extend_from_slice(&[IPV4, self.prefix, cidr, 4]);
                out.extend_from_slice(&address.octets());
            }
            IpAddr::V6(address) => {
                out.extend_from_slice(&[IPV6, self.prefix, cidr, 16]);
                out.extend_from_slice(&address.octets());
            }
        }
    }
}

/// `PGSQL_AF_INET`, which is Linux' `AF_INET`.
const IPV4: u8 = 2;
/// `PGSQL_AF_INET6`, which is no system's.
const IPV6: u8 = 3;

fn write_number(number: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn write_ipv4(octets: [u8; 4], out: &mut Vec<u8>) {
    for (index, octet) in octets.into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        write_number(octet, out);
    }
}

/// The first of the longest runs of two and more zeros is `::`; what stands behind six zeros, or five and `ffff`, is
/// printed as IPv4, if it is no more than those zeros.
fn write_ipv6(address: Ipv6Addr, out: &mut Vec<u8>) {
    let words = address.segments();
    let (mut start, mut end) = (0, 0);
    let mut index = 0;
    for run in words.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
        if run.first() == Some(&0) && run.len() >= 2 && run.len() > end - start {
            (start, end) = (index, index + run.len());
        }
        index += run.len();
    }
    let holds_ipv4 = start == 0 && (end == 6 || (end == 5 && words[5] == 0xffff));
    for (index, word) in words.into_iter().enumerate() {
        if (start..end).contains(&index) {
            if index == start {
                out.push(b':');
            }
            continue;
        }
        if index > 0 {
            out.push(b':');
        }
        if index == 6 && holds_ipv4 {
            let [.., a, b, c, d] = address.octets();
            return write_ipv4([a, b, c, d], out);
        }
        integer::write_hexadecimal(word.into(), b"0123456789abcdef", out);
    }
    if end == words.len() {
        out.push(b':');
    }
}

macro_rules! hardware_address {
    ($(#[$doc:meta])* $name:ident, $oid:path, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The address with these bytes, in the order in which they are printed.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Its bytes, in the order in which they are printed.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
                let mut bytes = [0; $length];
                read_hardware_address(text, &mut bytes)?;
                Ok(Self(bytes))
            }

            pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
                fixed(bytes).map(Self)
            }

            /// Appends PostgreSQL's text form.
            pub fn write_text(self, out: &mut Vec<u8>) {
                for (index, byte) in self.0.iter().enumerate() {
                    if index > 0 {
                        out.push(b':');
                    }
                    super::bytea::write_hex(&[*byte], out);
                }
            }

            /// Appends PostgreSQL's binary form.
            pub fn write_binary(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }
        }

        text_is_parsed!($name, $oid);
        super::text_is_display!($name);
    };
}

hardware_address! {
    /// A `macaddr`: the address of a network card, 6 bytes.
    ///
    /// ```
    /// use pg_cdc_core::types::PgMacAddr;
    ///
    /// let address: PgMacAddr = "08:00:2b:01:02:03".parse()?;
    /// assert_eq!(address.as_bytes(), &[8, 0, 0x2b, 1, 2, 3]);
    /// assert_eq!(address.to_string(), "08:00:2b:01:02:03");
    /// # Ok::<(), pg_cdc_core::types::TypeError>(())
    /// ```
    PgMacAddr, oid::MACADDR, 6
}

hardware_address! {
    /// A `macaddr8`: the address of a network card, 8 bytes.
    ///
    /// ```
    /// use pg_cdc_core::types::PgMacAddr8;
    ///
    /// let address: PgMacAddr8 = "08:00:2b:ff:fe:01:02:03".parse()?;
    /// assert_eq!(address.as_bytes(), &[8, 0, 0x2b, 0xff, 0xfe, 1, 2, 3]);
    /// assert_eq!(address.to_string(), "08:00:2b:ff:fe:01:02:03");
    /// # Ok::<(), pg_cdc_core::types::TypeError>(())
    /// ```
    PgMacAddr8, oid::MACADDR8, 8
}

/// Reads pairs of digits with colons between them, as PostgreSQL prints them.
fn read_hardware_address(text: &[u8], bytes: &mut [u8]) -> Parsed<()> {
    const NO_ADDRESS: Flaw = Flaw::new("is not the address of a network card");
    let mut pairs = text.split(|&byte| byte == b':');
    for byte in bytes {
        let Some([high, low]) = pairs.next() else { return Err(NO_ADDRESS) };
        let digit = |digit: u8| char::from(digit).to_digit(16).ok_or(NO_ADDRESS);
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
    }
    if pairs.next().is_none() { Ok(()) } else { Err(NO_ADDRESS) }
}

text_is_parsed!(PgInet, oid::INET);
super::text_is_display!(PgInet);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Datum;
    use crate::types::{ColumnType, FromDatum, Shape};

    #[test]
    fn the_type_says_which_of_the_two_it_is_not_the_flag() {
        let of_cidr = [2, 32, 1, 4, 10, 0, 0, 1];
        let type_ = ColumnType::built_in(oid::INET);
        let inet = PgInet::from_datum(&type_, Datum::Binary(&of_cidr)).unwrap();
        assert_eq!((inet.is_cidr(), inet.to_string().as_str()), (false, "10.0.0.1"));
        assert_eq!(String::from_datum(&type_, Datum::Binary(&of_cidr)).as_deref(), Ok("10.0.0.1"));
    }

    #[test]
    fn what_is_no_address_is_an_error() {
        for bad in [
            "",
            "1.2.3",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/+8",
            "1.2.3.4/8/8",
            "::1/129",
            "01.2.3.4",
            "fe80::1%eth0",
            "[::1]",
        ] {
            assert!(bad.parse::<PgInet>().is_err(), "{bad}");
        }
        for bad in ["10.1.2.3/8", "1::1/64", "0.0.0.1/0"] {
            assert!(PgInet::from_text_of(bad.as_bytes(), true).is_err(), "{bad}");
        }
        for bad in [
            &[2, 33, 0, 4, 1, 2, 3, 4][..],
            &[2, 8, 1, 4, 10, 0, 0, 1],
            &[2, 8, 2, 4, 10, 0, 0, 0],
            &[3, 8, 0, 4, 10, 0, 0, 0],
            &[2, 8, 0, 16, 10, 0, 0, 0],
            &[2, 8, 0, 4, 10, 0, 0],
            &[2, 8, 0, 4, 10, 0, 0, 0, 0],
        ] {
            assert!(PgInet::from_binary_of(bad, true).is_err(), "{bad:?}");
        }
        for bad in [
            "",
            "08:00:2b:01:02",
            "08:00:2b:01:02:03:04",
            "8:00:2b:01:02:03",
            "08-00-2b-01-02-03",
            "0g:00:2b:01:02:03",
        ] {
            assert!(bad.parse::<PgMacAddr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_domain_of_cidr_is_a_cidr_from_both_encodings() {
        let shape = Shape::Domain { base: ColumnType::built_in(oid::CIDR) };
        let domain = ColumnType::with_shape(70_000, -1, "public.net", shape);
        let cidr = PgInet::cidr(Ipv4Addr::new(10, 1, 2, 3).into(), 32).unwrap();
        assert_eq!(PgInet::from_datum(&domain, Datum::Text(b"10.1.2.3/32")), Ok(cidr));
        let mut binary = Vec::new();
        cidr.write_binary(&mut binary);
        assert_eq!(PgInet::from_datum(&domain, Datum::Binary(&binary)), Ok(cidr));
    }

    fn address() -> impl Strategy<Value = IpAddr> {
        let word = prop_oneof![3 => Just(0), 1 => Just(0xffff), 1 => Just(1), 2 => any::<u16>()];
        prop_oneof![
            any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
            prop::array::uniform8(word).prop_map(|words| IpAddr::V6(Ipv6Addr::from(words))),
        ]
    }

    proptest! {
        #[test]
        fn inets_go_there_and_back(address in address(), prefix: u8) {
            let Some(inet) = PgInet::inet(address, prefix % 129) else { return Ok(()) };
            prop_assert_eq!(inet.to_string().parse::<PgInet>(), Ok(inet));
            let mut binary = Vec::new();
            inet.write_binary(&mut binary);
            prop_assert_eq!(PgInet::from_binary_of(&binary, false), Ok(inet));
        }

        #[test]
        fn cidrs_go_there_and_back(address in address(), prefix: u8) {
            let Some(cidr) = PgInet::cidr(address, prefix % 129) else { return Ok(()) };
            prop_assert_eq!(PgInet::from_text_of(cidr.to_string().as_bytes(), true), Ok(cidr));
            let mut binary = Vec::new();
            cidr.write_binary(&mut binary);
            prop_assert_eq!(PgInet::from_binary_of(&binary, true), Ok(cidr));
        }

        #[test]
        fn hardware_addresses_go_there_and_back(bytes: [u8; 8]) {
            let long = PgMacAddr8::from_binary(&bytes).unwrap();
            prop_assert_eq!(long.to_string().parse::<PgMacAddr8>(), Ok(long));
            let short = PgMacAddr::from_binary(&bytes[..6]).unwrap();
            prop_assert_eq!(short.to_string().parse::<PgMacAddr>(), Ok(short));
        }
    }
}
