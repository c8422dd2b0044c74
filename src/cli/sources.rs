//! Which other nodes are meant: settings, flags and host files become [`Spec`]s.
//!
//! Tokens are read here, from a file that nobody else may read or from a variable, and go nowhere but
//! into the spec of their own node. Names are unique; a clash names both places.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};

use super::advice::Advise;
use super::shield;
use crate::config::address::Address;
use crate::config::read::is_name;
use crate::config::{Source, Span};
use crate::model::id::SourceId;
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::source::{Clients, HostKey, Spec, Ssh};
use crate::watch::poll::gate;

/// Longest token file, certificate file and host file.
const LONGEST: u64 = 1 << 20;
/// What an end user may read of others' files: neither group nor world.
const OTHERS: u32 = 0o077;

/// Under what these flags stand in the help.
const HEADING: &str = "Other nodes";

/// Other nodes, and how SSH reaches them.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct SourceArgs {
    /// Another node, or the name of one in the settings; repeat for more
    #[arg(long, help_heading = HEADING, value_name = "[NAME=]URL")]
    pub source: Vec<String>,
    /// Hosts reached by SSH, as `ssh` knows them, or addresses
    #[arg(long, help_heading = HEADING, value_name = "HOST,…", value_delimiter = ',')]
    pub hosts: Vec<String>,
    /// File with a host or an address on each line, `name=` before it if wished; `#` begins a comment
    #[arg(long, help_heading = HEADING, value_name = "FILE")]
    pub hostfile: Option<PathBuf>,
    /// Host keys that are not known: yes (refused), accept-new (kept), no (anyone is believed)
    #[arg(long, help_heading = HEADING, value_name = "WHEN", value_enum, hide_possible_values = true)]
    pub ssh_strict_host_key: Option<HostKey>,
    /// Time SSH has to connect and log in [default: 10s]
    #[arg(long, help_heading = HEADING, value_name = "TIME")]
    pub ssh_timeout: Option<Span>,
    /// SSH hosts asked at the same time [default: 16]
    #[arg(long, help_heading = HEADING, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub ssh_concurrency: Option<u16>,
}

/// Where a source was named.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Settings,
    Flag(&'static str),
    Line(PathBuf, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings => f.write_str("the settings"),
            Self::Flag(flag) => f.write_str(flag),
            Self::Line(path, line) => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// Which nodes of the settings are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All of them, and those of the flags.
    All,
    /// Those that a flag names.
    Named,
}

impl SourceArgs {
    /// Every node that is meant, in the order of the settings, then of the flags.
    pub(super) fn specs(&self, settings: &[Source], which: Which) -> Result<Vec<Spec>> {
        if settings.iter().any(Source::has_secret) {
            shield::close();
        }
        let mut found = Found { places: BTreeMap::new(), named: Vec::new() };
        for source in settings {
            let name = source.named().unwrap_or_default();
            let by_flag = self.source.contains(&name) || self.hosts.contains(&name);
            if which == Which::All || by_flag {
                found.keep(name, Place::Settings, of_settings(source)?)?;
            }
        }
        let known =
            |text: &str| settings.iter().any(|source| source.named().as_deref() == Some(text));
        for text in self.source.iter().filter(|text| !known(text)) {
            found.read(text, Place::Flag("--source"), Address::parse)?;
        }
        for text in self.hosts.iter().filter(|text| !known(text)) {
            found.read(text.trim(), Place::Flag("--hosts"), Address::host)?;
        }
        if let Some(path) = &self.hostfile {
            for (line, text) in host_lines(path)? {
                found.read(&text, Place::Line(path.clone(), line), Address::host)?;
            }
        }
        let mut specs: Vec<Spec> = found.named;
        let clients = Clients::of_fleet(specs.len(), gate::SOCKETS);
        let ssh = self.ssh();
        for spec in &mut specs {
            (spec.clients, spec.ssh) = (clients.clone(), ssh.clone());
        }
        Ok(specs)
    }

    /// SSH hosts that are asked at the same time.
    pub(super) fn ssh_at_once(&self) -> usize {
        self.ssh_concurrency.map_or(gate::SSH, usize::from)
    }

    fn ssh(&self) -> Ssh {
        let usual = Ssh::default();
        Ssh {
            host_key: self.ssh_strict_host_key.unwrap_or_default(),
            timeout: self.ssh_timeout.map_or(usual.timeout, |span| span.0),
            ..usual
        }
    }
}

/// What was found so far, and where each name stands.
struct Found {
    places: BTreeMap<String, Place>,
    named: Vec<Spec>,
}

impl Found {
    /// Takes in `[NAME=]ADDRESS`.
    fn read(
        &mut self,
        text: &str,
        place: Place,
        parse: impl Fn(&str) -> Result<Address, crate::config::address::Error>,
    ) -> Result<()> {
        let (name, address) = match text.split_once('=') {
            // An `=` further on belongs to the address.
            Some((name, address)) if !name.contains(['/', ':', '@']) => {
                (Some(name.trim()), address)
            }
            _ => (None, text),
        };
        let address = parse(address.trim()).wrap_err_with(|| format!("{place} names no node"))?;
        let name = name.map_or_else(|| address.name(), str::to_owned);
        if address == Address::Local {
            let what = eyre!("{place}: `local:` is this machine, which is watched anyway");
            return Err(what.advise("leave it out"));
        }
        if !is_name(&name) {
            let what = eyre!("{place}: `{}` is no name for a node", SafeText::new(&name));
            return Err(what.advise("a name is 1 to 64 visible letters without `/`, `,` and `=`"));
        }
        let id = SourceId(SafeText::new(&name));
        self.keep(name, place, Spec::new(id, address))
    }

    fn keep(&mut self, name: String, place: Place, spec: Spec) -> Result<()> {
        if let Some(other) = self.places.get(&name) {
            let what = eyre!("two nodes are called `{name}`: one by {other}, one by {place}");
            return Err(what.advise("write another name before one of them: --source NAME=URL"));
        }
        self.places.insert(name, place);
        self.named.push(spec);
        Ok(())
    }
}

/// What a table of the settings means.
pub(super) fn of_settings(source: &Source) -> Result<Spec> {
    let name = source.named().unwrap_or_default();
    let Some(url) = &source.url else {
        return Err(eyre!("the source `{name}` has no url"));
    };
    let mut spec = Spec::new(SourceId(SafeText::new(&name)), url.0.clone());
    spec.group = source.group.as_deref().map(SafeText::new);
    spec.token = token(source).wrap_err_with(|| format!("the token of `{name}`"))?;
    spec.login = login(source).wrap_err_with(|| format!("the login of `{name}`"))?;
    spec.insecure = source.insecure;
    spec.interval = source.interval.map(|interval| interval.0);
    if let Some(path) = &source.ca {
        let certificates = read(path, false).wrap_err_with(|| format!("the `ca` of `{name}`"))?;
        spec.ca = Some(certificates.into_bytes());
    }
    Ok(spec)
}

/// The token of `source`, wherever it is kept.
pub(super) fn token(source: &Source) -> Result<Option<Secret>> {
    let Some(token) = secret(source.token_file.as_deref(), source.token_env.as_deref())? else {
        return Ok(None);
    };
    if !token.reveal().bytes().all(|byte| byte.is_ascii_graphic()) {
        let what = eyre!("it holds letters that no token has");
        return Err(what.advise("a token is one line of visible ASCII letters"));
    }
    Ok(Some(token))
}

/// The name and the password of `source`, wherever they are kept.
fn login(source: &Source) -> Result<Option<Secret>> {
    let Some(login) = secret(source.login_file.as_deref(), source.login_env.as_deref())? else {
        return Ok(None);
    };
    let text = login.reveal();
    let (name, password) = text.split_once(':').unwrap_or_default();
    if name.is_empty() || password.is_empty() || text.chars().any(char::is_control) {
        return Err(eyre!("it is no login").advise("a login is one line: name:password"));
    }
    Ok(Some(login))
}

/// What is kept in the file at `path` or in the variable `name`.
fn secret(path: Option<&Path>, name: Option<&str>) -> Result<Option<Secret>> {
    let secret = match (path, name) {
        (Some(path), _) => Secret::new(&read(path, true)?),
        (None, Some(name)) => {
            let value = std::env::var(name).map_err(|_| eyre!("{name} is not set"));
            Secret::new(&value.advise("set the variable that is named")?)
        }
        (None, None) => return Ok(None),
    };
    if secret.is_empty() {
        return Err(eyre!("it is empty").advise("write it there, or leave the key out"));
    }
    Ok(Some(secret))
}

/// The text of a file of ordinary length; a secret one must be its owner's alone.
fn read(path: &Path, secret: bool) -> Result<String> {
    let refused = || format!("cannot read {}", path.display());
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = file.wrap_err_with(refused)?;
    let about = file.metadata().wrap_err_with(refused)?;
    if secret && about.mode() & OTHERS != 0 {
        let mode = about.mode() & 0o777;
        let what = eyre!("others may read {} (mode {mode:o})", path.display());
        return Err(what.advise(&format!("chmod 600 {}", path.display())));
    }
    let mut text = String::new();
    let length = file.take(LONGEST + 1).read_to_string(&mut text).wrap_err_with(refused)?;
    if length as u64 > LONGEST {
        return Err(eyre!("{} is longer than 1 MiB", path.display()));
    }
    Ok(text)
}

/// The lines of a host file that name something, with their numbers.
fn host_lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let text = read(path, false)?;
    let lines = text.lines().enumerate().map(|(index, line)| {
        let line = line.split('#').next().unwrap_or_default().trim();
        (index + 1, line.to_owned())
    });
    Ok(lines.filter(|(_, line)| !line.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use clap::Parser;

    use super::*;
    use crate::config::read::read as read_settings;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        sources: SourceArgs,
    }

    fn flags(line: &str) -> SourceArgs {
        Flags::try_parse_from(line.split_whitespace()).unwrap().sources
    }

    fn named(settings: &str, line: &str) -> Result<Vec<String>, String> {
        let settings = read_settings("f", settings, []).unwrap().source;
        let specs = flags(line).specs(&settings, Which::All);
        let specs = specs.map_err(|error| super::super::advice::told(&error))?;
        Ok(specs.iter().map(|spec| format!("{} {}", spec.id, spec.address)).collect())
    }

    #[test]
    fn settings_flags_and_host_files_are_one_list() {
        let dir = tempfile::tempdir().unwrap();
        let hosts = dir.path().join("hosts");
        std::fs::write(&hosts, "# a rack\nann@r1 # the first\n\nr2=http://10.0.0.2:7070\n")
            .unwrap();
        let line = format!(
            "isomon --source http://web-1 --source up=vulcan+http://v --hosts db,bob@x:22 --hostfile {}",
            hosts.display()
        );
        let all = named("[[source]]\nurl = \"ssh://old\"\n", &line).unwrap();
        let wanted = [
            "old ssh://old",
            "web-1 http://web-1:7070",
            "up vulcan+http://v:80",
            "db ssh://db",
            "x:22 ssh://bob@x:22",
            "r1 ssh://ann@r1",
            "r2 http://10.0.0.2:7070",
        ];
        assert_eq!(all, wanted);
    }

    #[test]
    fn a_flag_may_name_a_node_of_the_settings() {
        let settings = "[[source]]\nurl = \"http://a\"\n[[source]]\nurl = \"http://b\"\n";
        let settings = read_settings("f", settings, []).unwrap().source;
        let specs = flags("isomon --source b").specs(&settings, Which::Named).unwrap();
        assert_eq!(specs.len(), 1);
        assert!(flags("isomon").specs(&settings, Which::Named).unwrap().is_empty());
    }

    #[test]
    fn a_clash_names_both_places() {
        let told = named("[[source]]\nurl = \"http://a\"\n", "isomon --source http://a/x");
        let told = told.unwrap_err();
        assert!(told.contains("`a`: one by the settings, one by --source"), "{told}");
        assert!(told.contains("try: write another name"), "{told}");
        assert!(named("", "isomon --source web-1").unwrap_err().contains("it has no scheme"));
        assert!(named("", "isomon --hosts=-oProxyCommand=x").is_err());
        assert!(named("", "isomon --source local:").unwrap_err().contains("this machine"));
    }

    #[test]
    fn a_token_file_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "hunter2\n").unwrap();
        let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let source = Source { token_file: Some(path.clone()), ..Source::default() };
        mode(0o644);
        let told = super::super::advice::told(&token(&source).unwrap_err());
        assert!(told.contains("mode 644") && told.contains("chmod 600"), "{told}");
        mode(0o600);
        assert!(token(&source).unwrap().unwrap().is("hunter2"));
        std::fs::write(&path, "two words\n").unwrap();
        let told = super::super::advice::told(&token(&source).unwrap_err());
        assert!(!told.contains("two"), "{told}");
        let source = Source { login_file: Some(path.clone()), ..Source::default() };
        let told = super::super::advice::told(&login(&source).unwrap_err());
        assert!(told.contains("name:password") && !told.contains("two"), "{told}");
        std::fs::write(&path, "ann:a b:c\n").unwrap();
        assert!(login(&source).unwrap().unwrap().is("ann:a b:c"));
        mode(0o640);
        assert!(login(&source).is_err());
        let env = Source { token_env: Some("ISOMON_NO_SUCH".to_owned()), ..Source::default() };
        assert!(super::super::advice::told(&token(&env).unwrap_err()).contains("is not set"));
    }
}
