//! The form of an answer, and who is known by it. Pure.

use serde_json::Value;

use crate::metric::server::speaker;
use crate::model::origin::Kind;
use crate::model::serving::Engine;
use crate::model::text::SafeText;
use crate::source::client::Reply;
use crate::source::model;

/// What matters of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Form {
    status: u16,
    /// Its JSON, if it is a good answer in JSON of at most 1 MiB; of several lines, the first.
    value: Value,
    /// Who wrote an error page, where it bears a name.
    maker: Option<&'static str>,
    /// Which server of models speaks, where it is a good answer that holds its metrics.
    engine: Option<Engine>,
    /// Whether it is a good answer that holds metrics of DCGM.
    has_gpus: bool,
}

/// Longest text that is read as a tree, which takes many times its length.
const TREE: usize = 1 << 20;

/// What stands in the error pages of well-known servers.
const MAKERS: [(&str, &str); 8] = [
    ("<center>nginx", "nginx"),
    ("openresty", "OpenResty"),
    ("Apache Server", "Apache"),
    ("Apache/", "Apache"),
    ("Error code explanation: ", "Python's http.server"),
    ("404 page not found", "a server written in Go"),
    ("{\"detail\":\"Not Found\"}", "a FastAPI server"),
    ("Cannot GET /", "an Express server"),
];

impl Form {
    /// The form of `reply`.
    pub(super) fn of(reply: &Reply) -> Self {
        let first = reply.body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let good = (200..300).contains(&reply.status);
        let read = |text: &[u8]| match text.len() {
            ..=TREE if good => serde_json::from_slice::<Value>(text).ok(),
            _ => None,
        };
        let value = read(&reply.body).or_else(|| read(first)).unwrap_or(Value::Null);
        let start = reply.body.get(..2048).unwrap_or(&reply.body);
        let page = String::from_utf8_lossy(start);
        let maker = MAKERS.iter().find(|(mark, _)| page.contains(mark)).map(|(_, maker)| *maker);
        let engine = speaker(&reply.body).filter(|_| good && value.is_null());
        let has_gpus = good && page.contains("DCGM_FI_");
        Self { status: reply.status, value, maker, engine, has_gpus }
    }

    /// The same without what only says who it is.
    pub(super) fn plain(self) -> Self {
        Self { value: Value::Null, ..self }
    }

    fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    fn says(&self, key: &str) -> &str {
        self.value.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The first line of an isomon's stream.
pub(super) fn isomon(form: &Form) -> Option<Kind> {
    form.has("isomon_live").then_some(Kind::Isomon)
}

/// A list of backends with what they can do, empty where none is registered.
pub(super) fn vulcan(form: &Form) -> Option<Kind> {
    let is_backend = |one: &Value| one.get("name").is_some() && one.get("capabilities").is_some();
    form.value.as_array()?.iter().all(is_backend).then_some(Kind::Vulcan)
}

/// A health that names the portal, the console, or the history server.
pub(super) fn solstice(form: &Form) -> Option<Kind> {
    let service = form.says("service");
    let known = service.starts_with("solstice") || service == "portal";
    (known || form.says("mode") == "history").then_some(Kind::Solstice)
}

/// The health where several kinds tell theirs: a Token Spy says whose tokens it counts, a gateway of an
/// OpenClaw that it is live.
pub(super) fn health(form: &Form) -> Option<Kind> {
    match form.says("status") {
        "ok" if form.has("agent") && form.has("session_char_limit") => Some(Kind::TokenSpy),
        "live" if form.has("ok") => Some(Kind::OpenClaw),
        _ => solstice(form),
    }
}

/// A health that names the system.
pub(super) fn mistudio(form: &Form) -> Option<Kind> {
    form.says("service").starts_with("miStudio").then_some(Kind::MiStudio)
}

/// What a store that speaks PromQL says of itself.
pub(super) fn prometheus(form: &Form) -> Option<Kind> {
    let data = form.value.get("data")?;
    let known = form.says("status") == "success" && data.get("version").is_some();
    known.then_some(Kind::Prometheus)
}

/// The health of a dashboard: `ok`, and when.
pub(super) fn dream(form: &Form) -> Option<Kind> {
    (form.says("status") == "ok" && form.has("timestamp")).then_some(Kind::Dream)
}

/// A status: of a dashboard's API (GPU and services), or of a cluster (nodes).
pub(super) fn status(form: &Form) -> Option<Kind> {
    if form.has("services") && form.has("gpu") {
        return Some(Kind::Dream);
    }
    let nodes = form.value.get("nodes")?;
    (nodes.is_array() || nodes.is_object()).then_some(Kind::Cluster)
}

/// A page of metrics in the names of a server of models.
pub(super) fn metrics(form: &Form) -> Option<Kind> {
    form.engine.map(Kind::Model).or_else(|| form.has_gpus.then_some(Kind::Dcgm))
}

/// The models that Ollama holds in memory.
pub(super) fn ollama(form: &Form) -> Option<Kind> {
    let models = form.value.get("models")?.as_array()?;
    let named = models.iter().all(|model| model.get("name").is_some_and(Value::is_string));
    named.then_some(Kind::Model(Engine::Ollama))
}

/// A list of models as OpenAI's API has it, and who owns them.
pub(super) fn models(form: &Form) -> Option<Kind> {
    model::owner(&form.value).map(Kind::Model)
}

/// A kind with its article.
pub(super) const fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Local => "this machine",
        Kind::Isomon => "an isomon",
        Kind::Vulcan => "a Vulcan API server",
        Kind::Solstice => "a Solstice server",
        Kind::MiStudio => "a miStudio back end",
        Kind::Dream => "a DreamServer dashboard",
        Kind::Cluster => "the status proxy of a cluster",
        Kind::Prometheus => "a Prometheus",
        Kind::Dcgm => "a DCGM exporter",
        Kind::Ssh => "an SSH server",
        Kind::Model(engine) => engine.server(),
        Kind::OpenClaw => "an OpenClaw gateway",
        Kind::TokenSpy => "a Token Spy",
    }
}

/// What a server does, in words.
pub(super) fn words(answers: &[(&str, Form)]) -> SafeText {
    let who = answers.iter().find_map(|(_, form)| form.maker);
    let who = who.map_or_else(String::new, |who| format!("this answers like {who}: "));
    let statuses = counted(answers);
    let paths = answers.iter().map(|(path, _)| path.split('?').next().unwrap_or(path));
    let paths: Vec<&str> = paths.take(4).collect();
    let paths = paths.join(", ");
    let said = match statuses[..] {
        [] => "no answer to any question".to_owned(),
        [(status, all)] => format!("{status} to all {all} questions ({paths} …)"),
        [(status, count), ..] => {
            format!("{status} to {count} of {} questions ({paths} …)", answers.len())
        }
    };
    format!("{who}{said}").into()
}

/// How often each status was answered, the most frequent first.
fn counted(answers: &[(&str, Form)]) -> Vec<(u16, usize)> {
    let mut counts: Vec<(u16, usize)> = Vec::new();
    for (_, form) in answers {
        match counts.iter_mut().find(|(status, _)| *status == form.status) {
            Some((_, count)) => *count += 1,
            None => counts.push((form.status, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}
