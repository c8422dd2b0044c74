//! Another node to watch, as the user writes it: `[[source]]`.
//!
//! Only what is written; the door reads the files and variables that are named here. A token itself
//! never stands in the settings, because settings are shown, copied and kept in repositories.

use std::borrow::Cow;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Interval;
use super::address::Address;

/// Another node to watch, a table of its own for each; every key but `url` may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    /// Its name here, for example "web-1"; that of its host unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is: `http://host:7070` (another isomon), `ssh://user@host`, or a server of another kind:
    /// `prom+https://…`, `vulcan+http://…`, `solstice+http://…`, `mistudio+http://…`, `dream+http://…`,
    /// `cluster+http://…`, `openclaw+ws://…`, `openclaw:/its/directory`, `tokenspy+http://…`,
    /// `dcgm+http://…`; or of models:
    /// `vllm+http://…`, and so `sglang`, `llamacpp`, `tgi`, `ollama`, `triton`, `openai`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    /// The group it is shown in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A file with the token it asks for, which nobody but its owner may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The environment variable that holds the token it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// A file with `name:password` for a server that asks for both (HTTP basic authentication), which
    /// nobody but its owner may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_file: Option<PathBuf>,
    /// The environment variable that holds `name:password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_env: Option<String>,
    /// A file with the certificates (PEM) that vouch for it, in place of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Take any certificate from it. Whoever stands between can read and change everything, the token
    /// too; the screen says so all the time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// Time between two questions; 2 s unless set, and more where there are more than 1,000 nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

impl Source {
    /// One with every key, as the settings file shows it.
    pub fn example() -> Self {
        let url = Address::parse("https://web-1:7070").ok().map(Url);
        Self {
            name: Some("web-1".to_owned()),
            url,
            group: Some("web".to_owned()),
            token_file: Some("/etc/isomon/web-1.token".into()),
            token_env: Some("WEB_1_TOKEN".to_owned()),
            login_file: Some("/etc/isomon/web-1.login".into()),
            login_env: Some("WEB_1_LOGIN".to_owned()),
            ca: Some("/etc/isomon/web-1.pem".into()),
            insecure: true,
            interval: Some(Interval(std::time::Duration::from_secs(2))),
        }
    }

    /// Whether it names a token or a login.
    pub const fn has_secret(&self) -> bool {
        let token = self.token_file.is_some() || self.token_env.is_some();
        token || self.login_file.is_some() || self.login_env.is_some()
    }

    /// Its name: the one set, or that of its address.
    pub fn named(&self) -> Option<String> {
        self.name.clone().or_else(|| self.url.as_ref().map(|url| url.0.name()))
    }
}

/// A checked address in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(pub Address);

impl Serialize for Url {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Address::parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Url {
    fn schema_name() -> Cow<'static, str> {
        "Url".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}
