//! Whether what is asked for is safe, by what names the server goes, and what the user is told of both.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;

use color_eyre::eyre::{Result, eyre};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::ServeArgs;
use crate::cli::advice::Advise;
use crate::cli::setting::state_dir;
use crate::model::node::NodeInfo;
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};
use crate::serve::gate::Hosts;
use crate::serve::screen::is_built_in;
use crate::serve::{Permit, Setting, tls};

/// TLS, and what others need to know of it.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// The certificate others need as `ca`, and its fingerprint; `None` where it was given.
    own: Option<(PathBuf, String)>,
}

/// Refuses what would let everybody in from elsewhere.
pub(super) fn check(places: &[SocketAddr], token: bool, tls: bool) -> Result<()> {
    let Some(open) = places.iter().find(|place| !place.ip().is_loopback()) else { return Ok(()) };
    let (lacks, remedy) = match (token, tls) {
        (true, true) => return Ok(()),
        (false, true) => ("there is no token", "add --token-file FILE"),
        (true, false) => {
            ("there is no TLS", "add --tls-self, or --tls-cert FILE and --tls-key FILE")
        }
        (false, false) => (
            "there is neither a token nor TLS",
            "add --token-file FILE and --tls-self (or --tls-cert FILE and --tls-key FILE)",
        ),
    };
    let remedy = format!(
        "{remedy}; or listen on 127.0.0.1 and come by `ssh -L {port}:127.0.0.1:{port}`",
        port = open.port()
    );
    Err(eyre!("{lacks}").wrap_err(format!("{open} can be reached from elsewhere")).advise(&remedy))
}

/// Refuses to run programs for every user of the machine, unless that is said.
pub(super) fn check_exec(wish: &ServeArgs, token: bool) -> Result<()> {
    if !wish.allow_exec || token || wish.trust_local {
        return Ok(());
    }
    Err(eyre!("--allow-exec without a token: every user of this machine could run programs as you")
        .advise("add --token-file FILE; or --trust-local where you trust them all"))
}

/// Refuses a screen that this isomon was built without, and one on which everybody could act.
pub(super) fn check_screen(wish: &ServeArgs, token: bool) -> Result<()> {
    if wish.web && !is_built_in() {
        return Err(eyre!("--web: this isomon was built without the terminal for browsers")
            .advise("`make web` brings it from npm; then build isomon again: make install"));
    }
    if wish.allow_screen && !token {
        return Err(eyre!("--allow-screen without a token: everybody here could act as you")
            .advise("add --token-file FILE; without --allow-screen the screen only looks"));
    }
    Ok(())
}

/// Refuses a directory of results that is none: a slip of the pen would look like no runs.
pub(super) fn check_results(results: &[PathBuf]) -> Result<()> {
    let Some(wrong) = results.iter().find(|path| !path.is_dir()) else { return Ok(()) };
    let name = SafeText::new(&wrong.display().to_string());
    Err(eyre!("--results {name}: there is no such directory")
        .advise("name the `output_dir` of your workflows, or make it first: mkdir -p DIR"))
}

/// The names the machine has by itself.
pub(super) fn names(wish: &ServeArgs, info: &NodeInfo) -> Vec<String> {
    let listened =
        wish.listen.iter().map(|text| text.rsplit_once(':').map_or(text.as_str(), first));
    let names = std::iter::once(info.hostname.as_str()).chain(listened);
    names.filter(|name| is_name(name)).map(str::to_owned).collect()
}

const fn first<'a>(pair: (&'a str, &'a str)) -> &'a str {
    pair.0
}

/// Whether `text` is a name and neither an address nor a port.
fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic();
    text.bytes().any(letter) && !text.contains([':', '[']) && text.parse::<IpAddr>().is_err()
}

/// The names the server answers to.
pub(super) fn hosts(wish: &ServeArgs, names: &[String]) -> Result<Hosts> {
    let mut hosts = Hosts::new(names.iter().map(String::as_str));
    for text in &wish.allow_host {
        if !hosts.allow(text) {
            return Err(eyre!("--allow-host {}: this is no name", SafeText::new(text)).advise(
                "write a name as it stands in an address: node1, node1.lan or node1:8080",
            ));
        }
    }
    Ok(hosts)
}

/// The TLS that is asked for.
pub(super) fn tls(
    wish: &ServeArgs,
    places: &[SocketAddr],
    names: &[String],
) -> Result<Option<Tls>> {
    let remedy = "name a certificate and its key, both in PEM, or take --tls-self";
    if let (Some(cert), Some(key)) = (&wish.tls_cert, &wish.tls_key) {
        let acceptor = tls::given(cert, key).map_err(|error| eyre!(error)).advise(remedy)?;
        return Ok(Some(Tls { acceptor, own: None }));
    }
    if !wish.tls_self {
        return Ok(None);
    }
    let (dir, now) = (state_dir()?.join("tls"), SystemClock.now());
    let remedy = format!("remove {} to have it made anew", dir.display());
    let own = tls::own(&dir, certified(wish, places, names), now);
    let own = own.map_err(|error| eyre!(error)).advise(&remedy)?;
    Ok(Some(Tls { acceptor: own.tls, own: Some((own.ca, own.fingerprint)) }))
}

/// Names and addresses for a certificate.
fn certified(wish: &ServeArgs, places: &[SocketAddr], names: &[String]) -> Vec<String> {
    let allowed = wish
        .allow_host
        .iter()
        .map(|text| text.rsplit_once(':').map_or(text.as_str(), |(name, _)| name).to_owned());
    let addresses = places.iter().map(SocketAddr::ip).filter(|address| !address.is_unspecified());
    let any = places.iter().any(|place| place.ip().is_unspecified());
    let reached = ["0.0.0.0:0", "[::]:0"].into_iter().filter(|_| any).filter_map(reached_from);
    let fixed = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut all: Vec<String> = names.iter().cloned().chain(allowed).collect();
    all.extend(addresses.chain(reached).map(|address| address.to_string()));
    all.extend(fixed);
    all.sort_unstable();
    all.dedup();
    all
}

/// The address by which others most likely reach this machine; nothing is sent to find it.
fn reached_from(any: &str) -> Option<IpAddr> {
    let far = if any.starts_with('[') { "[2001:db8::1]:9" } else { "192.0.2.1:9" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(far).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// What the user is told at the start.
pub(super) fn words(
    listeners: &[TcpListener],
    setting: &Setting,
    tls: Option<&Tls>,
    web: bool,
) -> Result<String> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut words = String::new();
    for listener in listeners {
        let _infallible = writeln!(words, "isomon serve: {scheme}://{}", listener.local_addr()?);
    }
    if let Some((ca, fingerprint)) = tls.and_then(|tls| tls.own.as_ref()) {
        let _infallible = writeln!(words, "  give to others as `ca`: {}", ca.display());
        let _infallible = writeln!(words, "  its SHA-256: {fingerprint}");
    }
    if web {
        let _infallible = writeln!(words, "  the screen in a browser: /screen");
    }
    let readers = match setting.token {
        Some(_) => "everybody on this machine; others with the token",
        None => "everybody on this machine, nobody else",
    };
    let _infallible = writeln!(words, "  who may read: {readers}");
    let _infallible = write!(words, "  what may be done: {}", deeds(setting));
    if setting.allows(Permit::Exec) && setting.token.is_none() {
        words.push_str(
            "\n  mind: every user of this machine can run programs as you, as --trust-local says",
        );
    }
    Ok(words)
}

fn deeds(setting: &Setting) -> String {
    let whom =
        if setting.token.is_some() { "with the token" } else { "by everybody on this machine" };
    let deeds = [
        (Permit::Bench, "benchmarks"),
        (Permit::Exec, "programs that are sent"),
        (Permit::Screen, "whatever the screen can do"),
    ];
    let allowed = deeds.into_iter().filter(|(permit, _)| setting.allows(*permit));
    let allowed: Vec<&str> = allowed.map(|(_, words)| words).collect();
    match allowed.as_slice() {
        [] => "nothing; --allow-bench and --allow-exec allow benchmarks and programs".to_owned(),
        [before @ .., last] if !before.is_empty() => {
            format!("{} and {last}, {whom}", before.join(", "))
        }
        [only, ..] => format!("{only}, {whom}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_neither_an_address_nor_a_port() {
        let names = |text: &str| {
            let wish = ServeArgs { listen: vec![text.to_owned()], ..ServeArgs::default() };
            names(&wish, &NodeInfo { hostname: "here".into(), ..NodeInfo::default() })
        };
        assert_eq!(names("node1"), ["here", "node1"]);
        assert_eq!(names("node1:8080"), ["here", "node1"]);
        for text in ["8080", "127.0.0.1", "127.0.0.1:1", "::1", "[fe80::1]:1", "[::]"] {
            assert_eq!(names(text), ["here"], "{text}");
        }
    }

    #[test]
    fn programs_need_a_token_or_trust() {
        let wish =
            |allow_exec, trust_local| ServeArgs { allow_exec, trust_local, ..ServeArgs::default() };
        assert!(check_exec(&wish(true, false), false).is_err());
        assert!(check_exec(&wish(true, false), true).is_ok());
        assert!(check_exec(&wish(true, true), false).is_ok());
        assert!(check_exec(&wish(false, false), false).is_ok());
    }

    #[test]
    fn acting_on_the_screen_needs_a_token() {
        let wish = |allow_screen| ServeArgs { allow_screen, ..ServeArgs::default() };
        assert!(check_screen(&wish(true), false).is_err());
        assert!(check_screen(&wish(true), true).is_ok());
        assert!(check_screen(&wish(false), false).is_ok());
        let web = ServeArgs { web: true, ..ServeArgs::default() };
        assert_eq!(check_screen(&web, false).is_ok(), is_built_in());
    }

    #[test]
    fn what_may_be_done_is_said_in_one_sentence() {
        let told = |bench, exec, screen| deeds(&Setting { bench, exec, screen, token: None });
        assert_eq!(told(true, false, false), "benchmarks, by everybody on this machine");
        let all = "benchmarks, programs that are sent and whatever the screen can do, by";
        assert!(told(true, true, true).starts_with(all));
    }

    #[test]
    fn what_can_be_reached_from_elsewhere_needs_a_token_and_tls() {
        let open = ["0.0.0.0:1", "10.0.0.5:1", "[::]:1", "[fe80::1]:1"];
        for place in open.map(|text| [text.parse().unwrap()]) {
            for (token, tls) in [(false, false), (false, true), (true, false)] {
                assert!(check(&place, token, tls).is_err(), "{place:?} {token} {tls}");
            }
            assert!(check(&place, true, true).is_ok());
        }
        let near = ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1"].map(|text| text.parse().unwrap());
        assert!(check(&near, false, false).is_ok());
        let mixed = ["127.0.0.1:1", "0.0.0.0:1"].map(|text| text.parse().unwrap());
        assert!(check(&mixed, false, false).is_err());
    }
}
