//! Address: whether a rule of the registry's firewall lets an address in.

use std::net::Ipv4Addr;

/// Returns whether a rule, an address or a range in CIDR form, holds an address; none for a rule of another form.
pub(super) fn holds(rule: &str, address: Ipv4Addr) -> Option<bool> {
    let (network, length) = rule.trim().split_once('/').unwrap_or((rule.trim(), "32"));
    let network: Ipv4Addr = network.parse().ok()?;
    let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    Some(network.to_bits() & mask == address.to_bits() & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_an_address_or_a_range() {
        for (rule, address, expected) in [
            ("20.1.2.3", "20.1.2.3", Some(true)),
            ("20.1.2.3", "20.1.2.4", Some(false)),
            ("20.1.2.0/24", "20.1.2.255", Some(true)),
            ("20.1.2.0/24", "20.1.3.0", Some(false)),
            ("20.1.2.77/24", "20.1.2.1", Some(true)),
            ("20.1.2.3/32", "20.1.2.3", Some(true)),
            ("0.0.0.0/0", "255.1.2.3", Some(true)),
            ("20.1.2.0/33", "20.1.2.3", None),
            ("20.1.2", "20.1.2.3", None),
            ("::1/64", "20.1.2.3", None),
            ("", "20.1.2.3", None),
        ] {
            assert_eq!(holds(rule, address.parse().unwrap()), expected, "{rule} {address}");
        }
    }
}
