//! What is known of OpenSSH: its options, and what its words mean.
//!
//! Pure: who runs `ssh` and `ssh-keygen` is elsewhere. Their words are matched, never obeyed: no path or
//! name in them is used for anything but to ask them again.

use std::time::Duration;

use crate::model::text::SafeText;

/// What OpenSSH does about a host key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checking {
    /// A key that is not known is refused.
    Strict,
    /// The first key of a host is taken and remembered.
    First,
    /// Any key is taken and none remembered.
    None,
}

/// Options of every call, each for a `-o`. OpenSSH takes the first of each, so they stand before all else.
/// A connection without a sign of life for three times `alive` is given up.
pub fn options(checking: Checking, timeout: Duration, alive: Duration) -> Vec<String> {
    let mut options = vec![
        format!("ConnectTimeout={}", timeout.as_secs().max(1)),
        format!("ServerAliveInterval={}", alive.as_secs().max(1)),
        "ServerAliveCountMax=3".to_owned(),
    ];
    let fixed = [
        "ConnectionAttempts=1",
        "ControlPersist=no",
        "ClearAllForwardings=yes",
        "ForkAfterAuthentication=no",
        "PermitLocalCommand=no",
        "RemoteCommand=none",
        "RequestTTY=no",
        "StdinNull=no",
        "UpdateHostKeys=no",
    ];
    options.extend(fixed.map(str::to_owned));
    let checks: &[&str] = match checking {
        Checking::Strict => &["StrictHostKeyChecking=yes"],
        Checking::First => &["StrictHostKeyChecking=accept-new"],
        Checking::None => &["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"],
    };
    options.extend(checks.iter().map(|check| (*check).to_owned()));
    options
}

/// Whether `name` can be a host or a user: no option, and no more than names hold.
pub fn is_name(name: &str) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'%' | b':');
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_part)
}

/// What the user's configuration makes of a host, as `ssh -G` writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The name its keys are known by, as `ssh-keygen` wants it.
    pub name: String,
    /// Who logs in, and where: `ann@10.0.0.5`.
    pub login: String,
    /// Files that its keys may be in; `~/` is the home directory.
    pub files: Vec<String>,
}

impl Made {
    /// Reads what `ssh -G` said; `None` where it said nothing of a host.
    pub fn read(said: &str) -> Option<Self> {
        let value = |name: &str| {
            let mut lines = said.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(known, _)| *known == name).map(|(_, value)| value.trim())
        };
        let alias = value("hostkeyalias").filter(|alias| *alias != "none");
        let host = alias.or_else(|| value("hostname"))?;
        let name = match value("port") {
            Some(port) if port != "22" && alias.is_none() => format!("[{host}]:{port}"),
            _ => host.to_owned(),
        };
        let login = format!("{}@{}", value("user").unwrap_or_default(), value("hostname")?);
        let files = [value("userknownhostsfile"), value("globalknownhostsfile")];
        let files = files.into_iter().flatten().flat_map(str::split_ascii_whitespace);
        Some(Self { name, login, files: files.map(str::to_owned).collect() })
    }
}

/// `NAME ED25519 SHA256:…` of `ssh-keygen -l -F` as type and fingerprint; `# Host NAME found: line 3
/// REVOKED` as a mark.
pub fn key(line: &str, name: &str) -> Option<SafeText> {
    if let Some(comment) = line.strip_prefix("# ") {
        let mark = comment.rsplit(' ').next().filter(|mark| matches!(*mark, "REVOKED" | "CA"))?;
        return Some(SafeText::new(mark));
    }
    let rest = line.strip_prefix(name).or_else(|| line.split_once(' ').map(|(_, rest)| rest))?;
    let mut words = rest.split_ascii_whitespace();
    let (first, second) = (words.next()?, words.next()?);
    let is_print = second.starts_with("SHA256:");
    is_print.then(|| SafeText::within(&format!("{first} {second}"), 96))
}

/// The key that a host offers, as `LogLevel=DEBUG1` tells it: type and fingerprint.
pub fn offered(said: &str) -> Option<SafeText> {
    let mut lines =
        said.lines().filter_map(|line| line.trim().strip_prefix("debug1: Server host key: "));
    lines.next_back().map(|key| SafeText::within(key, 96))
}

/// Whether `said` is that a host key was refused.
pub fn is_of_key(said: &str) -> bool {
    let words =
        ["Host key verification failed", "REVOKED HOST KEY", "HOST IDENTIFICATION HAS CHANGED"];
    words.iter().any(|words| said.contains(words))
}

/// Why a host key was refused, and what mends it. `target` is what the user would type behind `ssh`.
pub fn key_refused(
    said: &str,
    name: &str,
    known: &[SafeText],
    offered: Option<&SafeText>,
    target: &str,
) -> String {
    let name = SafeText::new(name);
    let offered = offered.map_or("a key it does not name", SafeText::as_str);
    let keys = known.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", ");
    if said.contains("REVOKED HOST KEY") {
        return format!(
            "the host key of {name} is revoked: it offers {offered}; see: ssh-keygen -l -F '{name}'"
        );
    }
    if keys.is_empty() {
        return format!(
            "no host key of {name} is known: it offers {offered}; \
             if that is its own, take it with: ssh {target}"
        );
    }
    format!(
        "the host key of {name} has changed, and nothing was run there: known is {keys}, it offers \
         {offered}; if that is meant, forget the old one with: ssh-keygen -R '{name}'"
    )
}

/// Why a host key was refused where it cannot be learned which are known.
pub fn key_unlearned(target: &str) -> String {
    format!(
        "the host key is refused, for it cannot be learned which ones are known: ssh -G or \
         ssh-keygen gave no answer in time; try: ssh {target}"
    )
}

/// The last thing that was said.
pub fn last_line(said: &str) -> &str {
    said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_the_tool_writes_them() {
        let read = |line| key(line, "[127.0.0.1]:2222").map(|key| key.to_string());
        let row = "[127.0.0.1]:2222 ED25519 SHA256:abc";
        assert_eq!(read(row).as_deref(), Some("ED25519 SHA256:abc"));
        assert_eq!(read("|1|x=|y= RSA SHA256:def").as_deref(), Some("RSA SHA256:def"));
        assert_eq!(
            read("# Host [127.0.0.1]:2222 found: line 3 REVOKED").as_deref(),
            Some("REVOKED")
        );
        assert_eq!(read("# Host [127.0.0.1]:2222 found: line 3"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn the_users_configuration_says_who_logs_in_where() {
        let said = "user ann\nhostname 10.0.0.5\nport 2222\nuserknownhostsfile ~/.ssh/a /b\n";
        let made = Made::read(said).unwrap();
        assert_eq!(made.name, "[10.0.0.5]:2222");
        assert_eq!((made.login.as_str(), made.files.len()), ("ann@10.0.0.5", 2));
        let made = Made::read(&format!("{said}hostkeyalias db\n")).unwrap();
        assert_eq!(made.name, "db");
        assert_eq!(Made::read(""), None);
    }

    #[test]
    fn no_name_is_an_option_or_a_command() {
        let names = ["-oProxyCommand=reboot", "", "a b", "a;reboot", "$(touch x)", "a\nb", "`x`"];
        assert!(names.iter().all(|name| !is_name(name)));
        assert!(is_name("fe80::1%eth0") && is_name("db-1.example.org"));
    }
}
