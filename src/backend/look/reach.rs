//! How far the network reaches, asked without sending anything: a datagram socket that is connected
//! only looks for a route.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::model::backend::Reach;

/// Addresses that belong to nobody: for documentation.
const NOBODY: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];
/// The port that discards.
const DISCARD: u16 = 9;

/// Measures it.
pub(super) fn measure() -> Reach {
    if NOBODY.into_iter().any(is_routed) || has_routes() {
        return Reach::Outside;
    }
    let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if own.into_iter().any(is_routed) { Reach::Loopback } else { Reach::None }
}

fn is_routed(to: IpAddr) -> bool {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, None);
    let to = SocketAddr::new(to, DISCARD);
    socket.is_ok_and(|socket| rustix::net::connect(&socket, &to).is_ok())
}

/// Whether any route leads through an interface that is not the loopback: a neighbour may be
/// reached where nobody else is.
fn has_routes() -> bool {
    let table = fs::read_to_string("/proc/net/route").unwrap_or_default();
    table.lines().skip(1).any(|line| !line.starts_with("lo\t") && line.contains('\t'))
}
