//! What a store answers to `/api/v1/query`: a vector of series with one value each.
//!
//! Bounded as a page of metrics is: so many series, so long values. The labels that are of use are
//! named here; others are passed over without being kept.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::super::Error;
use super::super::client::{self, Client};
use crate::model::text::SafeText;

/// Most series of one answer.
pub(super) const MOST: usize = 50_000;
/// The same in words.
const MOST_WORDS: &str = "50,000";
/// Where queries are answered.
const QUERY: &str = "/api/v1/query";
/// Longest label value that is kept, in bytes.
const LONGEST: usize = 1 << 10;

/// The body of an answer to the question `name`.
#[derive(Debug)]
pub(super) struct Reply {
    name: &'static str,
    body: Vec<u8>,
}

/// One series and its value.
#[derive(Debug, Deserialize)]
pub(super) struct Sample<'a> {
    /// Its labels.
    #[serde(borrow)]
    pub(super) metric: Labels<'a>,
    /// The time of the answer and the value, as text.
    #[serde(borrow)]
    value: (f64, Cow<'a, str>),
}

impl Sample<'_> {
    /// The value; `None` for NaN, which marks what has ended, and for the infinities.
    pub(super) fn value(&self) -> Option<f64> {
        self.value.1.parse().ok().filter(|value: &f64| value.is_finite())
    }
}

macro_rules! labels {
    ($($field:ident = $name:literal),* $(,)?) => {
        /// The labels that are of use; those that a series does not have are empty.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        pub(super) struct Labels<'a> {
            $(#[serde(borrow, rename = $name)] pub(super) $field: Cow<'a, str>,)*
        }

        impl Labels<'_> {
            fn is_long(&self) -> bool {
                [$(self.$field.len()),*].into_iter().any(|length| length > LONGEST)
            }
        }
    };
}

labels! {
    name = "__name__",
    what = "isomon_what",
    instance = "instance",
    mode = "mode",
    device = "device",
    mountpoint = "mountpoint",
    fstype = "fstype",
    nodename = "nodename",
    release = "release",
    machine = "machine",
    pretty_name = "pretty_name",
    cpu_model = "model_name",
    chip = "chip",
    chip_name = "chip_name",
    sensor = "sensor",
    label = "label",
    zone = "zone",
    kind = "type",
    gpu = "gpu",
    uuid = "UUID",
    gpu_model = "modelName",
    hostname = "Hostname",
    pci = "pci_bus_id",
    driver = "DCGM_FI_DRIVER_VERSION",
    part = "GPU_I_ID",
    profile = "GPU_I_PROFILE",
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(rename = "resultType", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    result: Vector<'a>,
}

/// At most [`MOST`] samples; the rest is counted, not kept.
struct Vector<'a> {
    samples: Vec<Sample<'a>>,
    more: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Vector<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Samples)
    }
}

struct Samples;

impl<'de> Visitor<'de> for Samples {
    type Value = Vector<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vector<'de>, A::Error> {
        let mut samples = Vec::new();
        while samples.len() < MOST {
            match list.next_element()? {
                Some(sample) => samples.push(sample),
                None => return Ok(Vector { samples, more: false }),
            }
        }
        let mut more = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(Vector { samples, more })
    }
}

impl Reply {
    /// The series; an error if they are more than ever taken, or none of this form.
    pub(super) fn samples(&self) -> Result<Vec<Sample<'_>>, Error> {
        let shape = |why: &str| Error::Shape { path: self.name.into(), why: why.into() };
        let body: Body<'_> =
            serde_json::from_slice(&self.body).map_err(|error| shape(&error.to_string()))?;
        let data = body.data.ok_or_else(|| shape("the answer has no data"))?;
        if data.kind != "vector" {
            return Err(shape("the answer is no vector"));
        }
        if data.result.more {
            return Err(Error::Limit {
                what: "the number of series in one answer",
                most: MOST_WORDS,
            });
        }
        if data.result.samples.iter().any(|sample| sample.metric.is_long()) {
            return Err(Error::Limit { what: "the value of a label", most: "1 KiB" });
        }
        Ok(data.result.samples)
    }

    /// The first warning: what the store could not reach.
    pub(super) fn warning(&self) -> Result<Option<SafeText>, Error> {
        #[derive(Deserialize)]
        struct Warned {
            #[serde(default)]
            warnings: Vec<SafeText>,
        }
        let warned: Warned = client::parse(self.name, &self.body)?;
        Ok(warned.warnings.into_iter().next())
    }
}

/// Where questions go, and by which way.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) client: Client,
    /// What stands between takes no long addresses, so that questions go in bodies.
    posts: AtomicBool,
}

impl Store {
    pub(super) const fn new(client: Client) -> Self {
        Self { client, posts: AtomicBool::new(false) }
    }

    /// The answer to `query`: by GET, which whoever stands between may keep; by POST where that is
    /// refused or too long.
    async fn put(&self, query: &str) -> Result<client::Reply, Error> {
        let query = format!("query={}", escape(query));
        if !self.posts.load(Ordering::Relaxed) {
            let reply = self.client.get(&format!("{QUERY}?{query}")).await?;
            if !matches!(reply.status, 405 | 413 | 414 | 431) {
                return Ok(reply);
            }
        }
        let reply = self.client.form(QUERY, query).await?;
        self.posts.store(matches!(reply.status, 200..=299), Ordering::Relaxed);
        Ok(reply)
    }
}

/// Asks `query`, which is called `name` where something goes wrong.
pub(super) async fn ask(store: &Store, name: &'static str, query: &str) -> Result<Reply, Error> {
    let (client, reply) = (&store.client, store.put(query).await?);
    if matches!(reply.status, 400..=599) && reply.media == "application/json" {
        #[derive(Deserialize)]
        struct Refused {
            error: SafeText,
        }
        if let Ok(refused) = serde_json::from_slice::<Refused>(&reply.body) {
            let (path, status) = (name.into(), reply.status);
            if !matches!(status, 401 | 403) {
                return Err(Error::Status { path, status, said: refused.error });
            }
        }
    }
    let reply = client.good(name, reply)?;
    if reply.media != "application/json" {
        let found = if reply.media.is_empty() { "no kind of document" } else { &reply.media };
        let found = format!("it answers a query with {found}").into();
        return Err(Error::Another { wanted: "Prometheus-compatible store", found });
    }
    Ok(Reply { name, body: reply.body })
}

/// The version it tells, where it does.
pub(super) async fn version(client: &Client) -> Option<SafeText> {
    #[derive(Deserialize)]
    struct Build {
        data: Told,
    }
    #[derive(Deserialize)]
    struct Told {
        version: SafeText,
    }
    let build: Build = client.json("/api/v1/status/buildinfo").await.ok()?;
    Some(build.data.version).filter(|version| !version.is_empty())
}

/// As a value in a URL.
fn escape(text: &str) -> String {
    use fmt::Write as _;
    let mut escaped = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string never fails.
            write!(escaped, "%{byte:02X}").ok();
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply {
        Reply { name: "test", body: body.into() }
    }

    #[test]
    fn reads_series_and_what_is_not_whole() {
        let reply = reply(
            r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"up","instance":"a:1","other":"x","mode":"\u0075ser"},"value":[1.5,"0.25"]},
            {"metric":{},"value":[1,"NaN"]},{"metric":{},"value":[1,"+Inf"]}]},"warnings":["one is away"]}"#,
        );
        let samples = reply.samples().unwrap();
        assert_eq!(samples[0].metric.instance, "a:1");
        assert_eq!(samples[0].metric.mode, "user");
        let values: Vec<Option<f64>> = samples.iter().map(Sample::value).collect();
        assert_eq!(values, [Some(0.25), None, None]);
        assert_eq!(reply.warning().unwrap().unwrap().as_str(), "one is away");
    }

    #[test]
    fn what_is_too_much_or_no_vector_is_said() {
        let one = r#"{"metric":{"instance":"a"},"value":[1,"1"]}"#;
        let body = |kind: &str, result: &str| {
            reply(&format!(r#"{{"data":{{"resultType":"{kind}","result":[{result}]}}}}"#))
        };
        assert_eq!(body("vector", one).samples().unwrap().len(), 1);
        let many = vec![one; MOST + 1].join(",");
        let said = |reply: Reply| reply.samples().unwrap_err().to_string();
        let wanted = "limit: the number of series in one answer is more than 50,000";
        assert_eq!(said(body("vector", &many)), wanted);
        let long = one.replace("\"a\"", &format!("\"{}\"", "a".repeat(2000)));
        assert_eq!(said(body("vector", &long)), "limit: the value of a label is more than 1 KiB");
        assert_eq!(said(body("matrix", "")), "test: the answer is no vector");
        assert_eq!(said(reply("{}")), "test: the answer has no data");
        assert!(said(reply("[[")).starts_with("test: "));
    }

    #[test]
    fn a_query_is_one_value_of_a_url() {
        assert_eq!(escape("a{b=\"c&d\"}+1"), "a%7Bb%3D%22c%26d%22%7D%2B1");
    }
}
