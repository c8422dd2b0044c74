//! Where a message may go: which addresses are of the world, which of a private network, which of this
//! machine, and which nothing is ever sent to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a user allows beyond the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Addresses of private networks.
    pub private: bool,
    /// This machine.
    pub loopback: bool,
}

/// An address that nothing is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is of a private network, and that is not allowed.
    #[error("a private network; allow_private = true lets it")]
    Private,
    /// It is this machine, and that is not allowed.
    #[error("this machine; allow_loopback = true lets it")]
    Loopback,
    /// It is of the link alone, where clouds keep what nobody else may know.
    #[error("an address of its link, where clouds keep secrets; nothing is ever sent there")]
    LinkLocal,
    /// It is an address of the old kind in the clothes of the new.
    #[error("an IPv4 address dressed up as IPv6; nothing is ever sent there")]
    Disguised,
    /// It is of nobody, or of many.
    #[error("an address that no server has; nothing is ever sent there")]
    Special,
}

/// A name without an address.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it has no address")]
pub(super) struct Nowhere;

/// Whether anything may be sent to `address`.
pub fn check(address: IpAddr, allow: Allow) -> Result<(), Denied> {
    let kind = match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    };
    match kind {
        None => Ok(()),
        Some(Denied::Private) if allow.private => Ok(()),
        Some(Denied::Loopback) if allow.loopback => Ok(()),
        Some(denied) => Err(denied),
    }
}

/// What it is, if it is not of the world.
const fn of_v4(address: Ipv4Addr) -> Option<Denied> {
    match address.octets() {
        [127, ..] => Some(Denied::Loopback),
        [169, 254, ..] => Some(Denied::LinkLocal),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => {
            Some(Denied::Private)
        }
        // This network, protocols, documentation, the old 6to4 relays, benchmarks, groups, and the rest
        // that was never given out. 100.100.100.200 of one cloud is within 100.64/10.
        [0 | 224..=255, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Some(Denied::Special),
        _ => None,
    }
}

const fn of_v6(address: Ipv6Addr) -> Option<Denied> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Denied::Loopback),
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Denied::Special),
        // Mapped, compatible, translated, NAT64, 6to4 and Teredo: an IPv4 address is within.
        [0, 0, 0, 0, ..] | [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] => {
            Some(Denied::Disguised)
        }
        // A cloud's own services have an address of this private range.
        [0xfd00, 0xec2, ..] | [0xfe80..=0xfebf, ..] => Some(Denied::LinkLocal),
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Some(Denied::Private),
        [0x2000..=0x3fff, ..] => of_world(address),
        _ => Some(Denied::Special),
    }
}

/// Within what was given out: documentation and the addresses of protocols were not.
const fn of_world(address: Ipv6Addr) -> Option<Denied> {
    match address.segments() {
        [0x2001, 0xdb8 | 1..=0x1ff, ..] | [0x3fff, 0..=0xfff, ..] => Some(Denied::Special),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
