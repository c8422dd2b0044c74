//! A server of language models: vLLM, SGLang, llama.cpp, Text Generation Inference, Ollama, Triton, or
//! anything that answers as OpenAI's API does.
//!
//! Its page of metrics says how it does (`scrape`, `track`); its list of models, and where it has them
//! its settings, say what it serves (`listed`). Nothing is ever asked that would make it work: no
//! completion, no load, no unload. Where it listens on this machine, its process is found ([`local`]), so
//! that its GPUs are known.

use std::time::Duration;

use serde_json::Value;

use super::foreign::Survey;
use super::{Asked, Error, Source, Spec, Told, Wants, detect};
use crate::config::address::Address;
use crate::metric::server::Scrape;
use crate::model::command::Command;
use crate::model::origin::Kind;
use crate::model::serving::{Engine, Serving};
use crate::model::text::SafeText;
use crate::model::update::What;

mod listed;
pub mod local;
pub mod scan;
mod track;

pub(in crate::source) use listed::owner;

use listed::Listed;
use local::Listener;
use track::Tracks;

const METRICS: &str = "/metrics";
const MODELS: &str = "/v1/models";
const VERSION: &str = "/version";
const PROPS: &str = "/props";
const INFO: &str = "/info";
const LOADED: &str = "/api/ps";
const OLLAMA: &str = "/api/version";
const SERVER_INFO: &str = "/get_server_info";
const TRITON: &str = "/v2";
/// Time from one question about what changes slowly to the next.
const SLOWLY: Duration = Duration::from_secs(30);
/// Time from one question about what never changes while a server runs to the next.
const SELDOM: Duration = Duration::from_mins(5);

/// A server of models.
#[derive(Debug)]
pub struct ModelServer {
    survey: Survey,
    /// Who it is said to be.
    engine: Engine,
    address: SafeText,
    /// Its port, where it is on this machine.
    port: Option<u16>,
    listener: Option<Listener>,
    tracks: Tracks,
    listed: Listed,
}

impl ModelServer {
    /// The server of `spec`, said to be of `engine`. Nothing is asked yet.
    pub fn new(spec: &Spec, engine: Engine) -> Result<Self, Error> {
        let survey = Survey::new(spec, Kind::Model(engine))?;
        let (address, port) = match &spec.address {
            Address::Http { host, port, .. } => {
                let here = spec.address.is_loopback().then_some(*port);
                (format!("{host}:{port}").into(), here)
            }
            _ => (SafeText::default(), None),
        };
        let (listener, tracks, listed) = (None, Tracks::default(), Listed::default());
        Ok(Self { survey, engine, address, port, listener, tracks, listed })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        self.survey.begin();
        let mut serving = match self.engine {
            Engine::Ollama => self.ask_loaded().await,
            _ => self.ask_metrics().await,
        };
        self.ask_about().await;
        self.survey.end()?;
        let own: &[&str] =
            if self.engine == Engine::Ollama { &[LOADED] } else { &[METRICS, MODELS] };
        detect::check(&self.survey, "server of models", own).await?;
        self.survey.check_read(own)?;
        if let Some(serving) = &mut serving {
            if self.engine != Engine::Ollama {
                self.listed.complete(serving, self.engine);
            }
            self.place(serving).await;
        }
        self.survey.set_version(self.listed.version.clone());
        let news = self.survey.news();
        Ok(news.into_iter().chain(serving.map(What::Serving)).map(Told::own).collect())
    }

    /// How each model does, by the page of metrics; `None` while that is not to be asked. A server that
    /// has no such page tells of its models all the same.
    async fn ask_metrics(&mut self) -> Option<Vec<Serving>> {
        let due = self.survey.is_due(METRICS);
        let Some(body) = self.survey.page(METRICS, self.survey.pace()).await else {
            let silent = !self.survey.offers_one_of(&[METRICS]);
            return (silent || due).then(Vec::new);
        };
        let (wanted, now) = (self.engine, tokio::time::Instant::now().into_std());
        // A large page takes long enough to hold up others.
        let read = tokio::task::spawn_blocking(move || Scrape::read(&body, wanted)).await;
        let scrape = match read {
            Ok(Ok(scrape)) => scrape,
            Ok(Err(error)) => {
                self.survey.misshapen(METRICS, &error.to_string());
                return None;
            }
            Err(_) => {
                self.survey.misshapen(METRICS, "a fault of isomon: its reader broke");
                return None;
            }
        };
        if let Some(found) = scrape.engine {
            self.engine = found;
        }
        Some(self.tracks.take(now, &scrape))
    }

    async fn ask_loaded(&mut self) -> Option<Vec<Serving>> {
        let answer = self.survey.ask(LOADED, self.survey.pace()).await.value()?;
        Some(listed::loaded(&answer))
    }

    /// What it is and offers, of what it is likely to have.
    async fn ask_about(&mut self) {
        if self.engine != Engine::Ollama
            && let Some(list) = self.ask(MODELS, SLOWLY).await
        {
            self.listed.models = listed::models(&list);
        }
        match self.engine {
            Engine::Vllm => self.ask_version(VERSION).await,
            Engine::Ollama => self.ask_version(OLLAMA).await,
            Engine::Sglang => self.ask_version(SERVER_INFO).await,
            Engine::Triton => self.ask_version(TRITON).await,
            Engine::LlamaCpp => {
                if let Some(props) = self.ask(PROPS, SELDOM).await {
                    self.listed.take_props(&props);
                }
            }
            Engine::Tgi => {
                if let Some(info) = self.ask(INFO, SELDOM).await {
                    self.listed.take_info(&info);
                }
            }
            Engine::OpenAi => {}
        }
    }

    async fn ask_version(&mut self, name: &'static str) {
        if let Some(answer) = self.ask(name, SELDOM).await {
            self.listed.take_version(&answer);
        }
    }

    async fn ask(&mut self, name: &'static str, every: Duration) -> Option<Value> {
        self.survey.ask(name, every).await.value()
    }

    /// Says where each is served, and by which process where that is on this machine.
    async fn place(&mut self, serving: &mut [Serving]) {
        if let Some(port) = self.port
            && self.listener.as_ref().is_none_or(|known| !known.is_there())
        {
            let found = tokio::task::spawn_blocking(move || local::listener(port)).await;
            self.listener = found.ok().flatten();
        }
        for served in serving {
            served.address = Some(self.address.clone());
            if let Some(listener) = &self.listener {
                (served.pid, served.pids) = (Some(listener.pid), listener.pids.clone());
            }
        }
    }
}

impl Source for ModelServer {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "a server of models takes no orders: isomon measures only on nodes where an isomon \
                   runs";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}
