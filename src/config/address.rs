//! Where a source is: its address as the user writes it, read and checked.
//!
//! `local:`, `http(s)://host:port/path` (whose kind is found by asking), `vulcan+http://`,
//! `solstice+http://`, `mistudio+http://`, `dream+http://`, `cluster+http://`, `prom+http://`,
//! `isomon+http://`, `tokenspy+http://`, `dcgm+http://`, servers of models (`vllm+ sglang+ llamacpp+
//! tgi+ ollama+ triton+ openai+`), each with `https` too, `openclaw+ws://host:18789` (or `wss`),
//! `openclaw:/its/directory`, and `ssh://user@host:port`. A name or a password in an HTTP address is
//! refused: it would be shown and logged. What begins with `-` is no host: OpenSSH would take it for
//! an option.

use std::fmt;
use std::sync::LazyLock;

use crate::model::origin::Kind;
use crate::model::serving::Engine;

/// The port of an isomon that serves.
pub const PORT: u16 = 7070;
/// The port of an OpenClaw's gateway.
const GATEWAY: u16 = 18_789;
/// What stands before the directory of an OpenClaw.
const OPENCLAW: &str = "openclaw:";

/// A checked address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// This machine.
    Local,
    /// A server.
    Http {
        /// Who speaks there, where the user said it.
        kind: Option<Kind>,
        /// Whether it speaks TLS.
        tls: bool,
        /// Name or address, an IPv6 address in brackets.
        host: String,
        /// Port.
        port: u16,
        /// What stands before every path: empty, or `/like/this`.
        base: String,
    },
    /// A host reached by SSH; name and port as `ssh` itself would find them where they are not
    /// given.
    Ssh {
        /// User.
        user: Option<String>,
        /// Host, or its alias in the user's own configuration.
        host: String,
        /// Port.
        port: Option<u16>,
    },
    /// An OpenClaw by its files on this machine.
    OpenClaw {
        /// Its state directory, from the root.
        path: String,
    },
}

/// Why an address is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {why}; {remedy}")]
pub struct Error {
    /// What was written, without what may be a secret.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
    /// What to write.
    pub remedy: &'static str,
}

/// What stands before `+` for each kind that speaks HTTP.
const KINDS: &[(&str, Kind)] = &[
    ("isomon", Kind::Isomon),
    ("vulcan", Kind::Vulcan),
    ("solstice", Kind::Solstice),
    ("mistudio", Kind::MiStudio),
    ("dream", Kind::Dream),
    ("cluster", Kind::Cluster),
    ("prom", Kind::Prometheus),
    ("dcgm", Kind::Dcgm),
    ("openclaw", Kind::OpenClaw),
    ("tokenspy", Kind::TokenSpy),
    model(Engine::Vllm),
    model(Engine::Sglang),
    model(Engine::LlamaCpp),
    model(Engine::Tgi),
    model(Engine::Ollama),
    model(Engine::Triton),
    model(Engine::OpenAi),
];

const fn model(engine: Engine) -> (&'static str, Kind) {
    (engine.word(), Kind::Model(engine))
}

/// What an address begins with.
static SCHEMES: LazyLock<String> = LazyLock::new(|| {
    let plain = KINDS.iter().filter(|(_, kind)| !matches!(kind, Kind::Isomon | Kind::OpenClaw));
    let words: Vec<String> = plain.map(|(word, _)| format!("{word}+")).collect();
    format!(
        "write http://host:7070, https://…, ssh://user@host, or {} before http, or openclaw+ws://…",
        words.join(", ")
    )
});

impl Address {
    /// Reads `text`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text == "local" || text == "local:" {
            return Ok(Self::Local);
        }
        if let Some(path) = text.strip_prefix(OPENCLAW) {
            return directory(text, path);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(wrong(text, "it has no scheme", &SCHEMES));
        };
        let (kind, scheme) = match scheme.split_once('+') {
            Some((kind, scheme)) => (Some(kind), scheme),
            None => (None, scheme),
        };
        let tls = match (kind, scheme) {
            (None, "ssh") => return ssh(text, rest),
            (_, "http") | (Some("openclaw"), "ws") => false,
            (_, "https") | (Some("openclaw"), "wss") => true,
            _ => return Err(wrong(text, "nobody speaks this scheme", &SCHEMES)),
        };
        let kind = match kind {
            None => None,
            Some(word) => match KINDS.iter().find(|(name, _)| *name == word) {
                Some((_, kind)) => Some(*kind),
                None => return Err(wrong(text, "nobody speaks this scheme", &SCHEMES)),
            },
        };
        http(text, kind, tls, rest)
    }

    /// A host of a list: an address with a scheme, or `user@host:port` for SSH.
    pub fn host(text: &str) -> Result<Self, Error> {
        if text.contains("://") || text.starts_with("local") || text.starts_with(OPENCLAW) {
            Self::parse(text)
        } else {
            ssh(text, text)
        }
    }

    /// The first part of a URL, without scheme of ours: `https://host:port/base`; `None` if it is
    /// not HTTP.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Http { tls, host, port, base, .. } => {
                let scheme = if *tls { "https" } else { "http" };
                Some(format!("{scheme}://{host}:{port}{base}"))
            }
            _ => None,
        }
    }

    /// Who speaks there, where the address says it; `None` where that is found by asking.
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Local => Some(Kind::Local),
            Self::Http { kind, .. } => *kind,
            Self::Ssh { .. } => Some(Kind::Ssh),
            Self::OpenClaw { .. } => Some(Kind::OpenClaw),
        }
    }

    /// A short name for it where the user gave none.
    pub fn name(&self) -> String {
        match self {
            Self::Local => "local".to_owned(),
            Self::Http { host, port, .. } if *port == PORT => host.clone(),
            Self::Http { host, port, .. } | Self::Ssh { host, port: Some(port), .. } => {
                format!("{host}:{port}")
            }
            Self::Ssh { host, port: None, .. } => host.clone(),
            Self::OpenClaw { .. } => "openclaw".to_owned(),
        }
    }

    /// Whether it can only be reached from this machine itself.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Local | Self::OpenClaw { .. } => true,
            Self::Http { host, .. } => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                bare == "localhost"
                    || bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            Self::Ssh { .. } => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local:"),
            Self::Http { kind, .. } => {
                let word = KINDS.iter().find(|(_, known)| Some(*known) == *kind);
                if let Some((word, _)) = word {
                    write!(f, "{word}+")?;
                }
                let url = self.url().unwrap_or_default();
                match url.strip_prefix("http").filter(|_| *kind == Some(Kind::OpenClaw)) {
                    Some(rest) => write!(f, "ws{rest}"),
                    None => f.write_str(&url),
                }
            }
            Self::OpenClaw { path } => write!(f, "{OPENCLAW}{path}"),
            Self::Ssh { user, host, port } => {
                f.write_str("ssh://")?;
                if let Some(user) = user {
                    write!(f, "{user}@")?;
                }
                f.write_str(host)?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

fn wrong(text: &str, why: &'static str, remedy: &'static str) -> Error {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let text = match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => text.to_owned(),
    };
    Error { text, why, remedy }
}

fn http(text: &str, kind: Option<Kind>, tls: bool, rest: &str) -> Result<Address, Error> {
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    if authority.contains('@') {
        let remedy = "give it by token_file or login_file of its [[source]]";
        return Err(wrong(text, "a secret must not stand in an address", remedy));
    }
    if path.contains(['?', '#']) || authority.contains(['?', '#']) {
        return Err(wrong(text, "it has a query", "write the address up to its path alone"));
    }
    let usual = if kind.is_none_or(|kind| kind == Kind::Isomon) && !tls { PORT } else { 0 };
    let (host, port) = host_and_port(text, authority)?;
    let port = port.unwrap_or_else(|| match (kind, tls, usual) {
        (Some(Kind::OpenClaw), ..) => GATEWAY,
        (_, _, PORT) | (None | Some(Kind::Isomon), true, _) => PORT,
        (Some(Kind::Model(engine)), false, _) => engine.port(),
        (_, true, _) => 443,
        _ => 80,
    });
    let base = path.trim_end_matches('/').to_owned();
    if !base.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong(text, "its path has letters no path has", "escape them: %20"));
    }
    Ok(Address::Http { kind, tls, host, port, base })
}

/// A directory on this machine, by its whole path.
fn directory(text: &str, path: &str) -> Result<Address, Error> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if !path.starts_with('/') || path.chars().any(char::is_control) {
        let remedy = "write openclaw:/its/directory, or openclaw+ws://host for its gateway";
        return Err(wrong(text, "this is no path from the root", remedy));
    }
    let bare = path.trim_end_matches('/');
    let path = if bare.is_empty() { "/" } else { bare };
    Ok(Address::OpenClaw { path: path.to_owned() })
}

fn ssh(text: &str, rest: &str) -> Result<Address, Error> {
    let rest = rest.trim_end_matches('/');
    let (user, authority) = match rest.rsplit_once('@') {
        Some((user, authority)) => (Some(user), authority),
        None => (None, rest),
    };
    if user.is_some_and(|user| user.contains(':')) {
        return Err(wrong(text, "a secret must not stand in an address", "use a key, or an agent"));
    }
    let good = |name: &str| !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_name);
    if user.is_some_and(|user| !good(user)) {
        return Err(wrong(text, "this is no user", "write ssh://user@host"));
    }
    let (host, port) = host_and_port(text, authority)?;
    Ok(Address::Ssh { user: user.map(str::to_owned), host, port })
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'%')
}

fn host_and_port(text: &str, authority: &str) -> Result<(String, Option<u16>), Error> {
    let six = authority.starts_with('[');
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !six || host.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let good = if six {
        inner.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        !host.is_empty() && !host.starts_with('-') && host.bytes().all(is_name)
    };
    if !good {
        return Err(wrong(
            text,
            "this is no host",
            "write a name, an address, or [an IPv6 address]",
        ));
    }
    let port = match port {
        None => None,
        Some(port) => match port.parse().ok().filter(|port| *port != 0) {
            Some(port) => Some(port),
            None => return Err(wrong(text, "this is no port", "a port is 1 to 65535")),
        },
    };
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Address::parse(text).map_or_else(|error| error.to_string(), |address| address.to_string())
    }

    #[test]
    fn addresses_are_read_and_written() {
        let rows = [
            ("local:", "local:"),
            ("http://web-1", "http://web-1:7070"),
            ("https://web-1", "https://web-1:7070"),
            ("vulcan+http://10.0.0.1:8080/api/", "vulcan+http://10.0.0.1:8080/api"),
            ("prom+https://prom", "prom+https://prom:443"),
            ("mistudio+http://m", "mistudio+http://m:80"),
            ("vllm+http://gpu-1", "vllm+http://gpu-1:8000"),
            ("ollama+http://gpu-1", "ollama+http://gpu-1:11434"),
            ("openai+https://gpu-1/api", "openai+https://gpu-1:443/api"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("ssh://root@db.example:2222", "ssh://root@db.example:2222"),
            ("ssh://db", "ssh://db"),
            ("openclaw:/home/ann/.openclaw/", "openclaw:/home/ann/.openclaw"),
            ("openclaw:///srv/claw", "openclaw:/srv/claw"),
            ("openclaw+ws://claw", "openclaw+ws://claw:18789"),
            ("openclaw+wss://claw:443", "openclaw+wss://claw:443"),
            ("openclaw+http://claw", "openclaw+ws://claw:18789"),
            ("tokenspy+http://127.0.0.1:9110", "tokenspy+http://127.0.0.1:9110"),
            ("dcgm+http://dgx-7:9400", "dcgm+http://dgx-7:9400"),
        ];
        for (text, wanted) in rows {
            assert_eq!(shown(text), wanted, "{text}");
        }
        assert_eq!(Address::host("ann@db:22").unwrap().to_string(), "ssh://ann@db:22");
        assert!(Address::parse("http://[::1]:1").unwrap().is_loopback());
        let kind = |text: &str| Address::parse(text).unwrap().kind();
        assert_eq!(kind("vllm+http://gpu-1"), Some(Kind::Model(Engine::Vllm)));
        assert_eq!((kind("ssh://db"), kind("http://web-1")), (Some(Kind::Ssh), None));
        assert!(!Address::parse("http://10.0.0.1").unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_address_says_why_and_shows_no_secret() {
        let rows = [
            "web-1",
            "ftp://web-1",
            "foo+http://web-1",
            "http://",
            "http://a b",
            "http://web:0",
            "http://web:70000",
            "http://ann:hunter2@web",
            "ssh://ann:hunter2@web",
            "ssh://-oProxyCommand=reboot",
            "ssh://-l@web",
            "ssh://web;reboot",
            "http://web/?token=hunter2",
            "http://[::g]:1",
            "openclaw:relative",
            "openclaw:/a\nb",
            "vulcan+ws://web",
            "ws://web",
        ];
        for text in rows {
            let error = Address::parse(text).expect_err(text).to_string();
            assert!(!error.contains("ann:hunter2"), "{error}");
        }
        assert!(Address::host("-oProxyCommand=x").is_err());
    }
}
