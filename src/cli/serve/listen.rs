//! Where the server listens.

use std::net::SocketAddr;

use color_eyre::eyre::{Report, Result, eyre};
use tokio::net::{TcpListener, TcpSocket, lookup_host};

use crate::cli::advice::Advise;
use crate::config::address::PORT;
use crate::model::text::SafeText;

/// Connections that may wait to be taken.
const BACKLOG: u32 = 1_024;

/// The addresses that `texts` mean.
pub(super) async fn places(texts: &[String]) -> Result<Vec<SocketAddr>> {
    let mut places = Vec::new();
    for text in texts {
        let wrong = || {
            eyre!("--listen {}: there is no such address", SafeText::new(text))
                .advise("write 127.0.0.1:7070, [::1]:7070, a name of this machine, or a port")
        };
        let found = lookup_host(full(text)).await.map_err(|_| wrong())?;
        let before = places.len();
        places.extend(found);
        if places.len() == before {
            return Err(wrong());
        }
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// `text` with address and port.
fn full(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return format!("127.0.0.1:{text}");
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        return SocketAddr::from((address, PORT)).to_string();
    }
    if text.contains(':') { text.to_owned() } else { format!("{text}:{PORT}") }
}

/// Listens at each of `places`.
pub(super) fn open(places: &[SocketAddr]) -> Result<Vec<TcpListener>> {
    places.iter().map(|place| listen(*place).map_err(|error| explain(*place, &error))).collect()
}

fn listen(place: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if place.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A port that was left a moment ago may be taken again; one that is listened at may not.
    socket.set_reuseaddr(true)?;
    socket.bind(place)?;
    socket.listen(BACKLOG)
}

fn explain(place: SocketAddr, error: &std::io::Error) -> Report {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    let (words, remedy) = match error.kind() {
        AddrInUse => (
            "another program listens there".to_owned(),
            format!(
                "end it (`ss -ltnp` names it), or choose another port: --listen {}:{}",
                shown(place),
                place.port().wrapping_add(1).max(1_024)
            ),
        ),
        AddrNotAvailable => (
            "this machine has no such address".to_owned(),
            "`ip addr` shows those it has; 0.0.0.0 is all of them".to_owned(),
        ),
        PermissionDenied => (
            "ports below 1024 are for root".to_owned(),
            "choose a larger port, for example --listen 7070".to_owned(),
        ),
        _ => (
            super::super::advice::without_number(&error.to_string()),
            "choose another address with --listen".to_owned(),
        ),
    };
    eyre!("{words}").wrap_err(format!("cannot listen at {place}")).advise(&remedy)
}

fn shown(place: SocketAddr) -> String {
    match place {
        SocketAddr::V4(place) => place.ip().to_string(),
        SocketAddr::V6(place) => format!("[{}]", place.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_port_or_both() {
        let rows = [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("8080", "127.0.0.1:8080"),
            ("0.0.0.0", "0.0.0.0:7070"),
            ("::1", "[::1]:7070"),
            ("[::1]", "[::1]:7070"),
            ("[::1]:1", "[::1]:1"),
            ("localhost", "localhost:7070"),
        ];
        for (text, wanted) in rows {
            assert_eq!(full(text), wanted);
        }
    }
}
