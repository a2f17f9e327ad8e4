//! `cidr`: addresses in their networks, and networks.

use ::cidr::{IpCidr, IpInet};

use super::converts;
use crate::types::{Flaw, Parsed, PgInet};

fn inet(inet: PgInet) -> Parsed<IpInet> {
    IpInet::new(inet.address(), inet.prefix()).map_err(|_| Flaw::new("can't be had as IpInet"))
}

fn cidr(inet: PgInet) -> Parsed<IpCidr> {
    let flaw = Flaw::new("is an address within a network, not a network (ask for an IpInet)");
    IpCidr::new(inet.address(), inet.prefix()).map_err(|_| flaw)
}

converts!(PgInet(Inet, INET) to IpInet, inet);
converts!(
    /// An inet with bits beyond its network's is an error.
    PgInet(Inet, CIDR) to IpCidr, cidr
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

    #[test]
    fn addresses_keep_their_network() {
        for (oid, text) in [
            (oid::INET, "10.1.2.3/8"),
            (oid::INET, "10.1.2.3"),
            (oid::INET, "::1/64"),
            (oid::CIDR, "10.0.0.0/8"),
        ] {
            assert_eq!(read::<IpInet>(oid, text), Ok(text.parse().unwrap()));
        }
        for (oid, text) in [(oid::CIDR, "10.0.0.0/8"), (oid::INET, "10.0.0.0/8"), (oid::CIDR, "::/0")] {
            assert_eq!(read::<IpCidr>(oid, text), Ok(text.parse().unwrap()));
        }
        assert!(refusal::<IpCidr>(oid::INET, "10.1.2.3/8").contains("not a network"));
        assert!(refusal::<IpInet>(oid::TEXT, "10.1.2.3").contains("can't be had as IpInet"));
    }
}
