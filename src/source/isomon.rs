//! Another isomon: its stream of updates ([`crate::model::live`]), asked for piece by piece.
//!
//! Each question says what the last answer ended with, so that nothing is told twice and nothing that
//! matters is lost. What the node says of itself is taken; when it happened there is not: two clocks
//! never agree, so age is counted from when it was heard. A newer isomon is understood as far as this
//! one can, and said to be newer.

use std::fmt::Write as _;
use std::sync::Arc;

use reqwest::Method;
use serde::Serialize;

use super::client::Client;
use super::{Asked, Error, Source, Spec, Told, Wants};
use crate::model::bench::Plan;
use crate::model::command::Command;
use crate::model::id::RunId;
use crate::model::live::{FORMAT, Hello};
use crate::model::origin::{Endpoint, Kind, Offer, Origin};
use crate::model::run::{self, Record, Run};
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};
use crate::model::unit::Seconds;
use crate::model::update::{Notice, What};
use crate::model::workflow::WorkflowEvent;

pub mod line;

/// A clock is said to be off by another time only where it moved by more than this, in seconds.
const SKEW: f64 = 1.0;
/// Cells of a run that is read from another; every backend with a hundred payloads is less.
const CELLS: usize = 10_000;

/// Another isomon.
#[derive(Debug)]
pub struct Isomon {
    client: Client,
    clock: Arc<dyn Ticking>,
    address: SafeText,
    group: Option<SafeText>,
    unverified: bool,
    /// The server that was asked last, and the last number it said.
    seen: Option<(SafeText, u64)>,
    told: Option<Origin>,
    /// Lines that were not understood, since the start.
    strange: u64,
}

/// A clock that can be shown.
trait Ticking: Clock + std::fmt::Debug {}
impl<C: Clock + std::fmt::Debug> Ticking for C {}

/// What starts a run there.
#[derive(Serialize)]
struct Order<'a> {
    id: &'a RunId,
    plan: &'a Plan,
}

impl Isomon {
    /// The isomon that `spec` names. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(spec)?,
            clock: Arc::new(SystemClock),
            address: spec.address.to_string().into(),
            group: spec.group.clone(),
            unverified: spec.insecure,
            seen: None,
            told: None,
            strange: 0,
        })
    }

    async fn news(&mut self, wants: Wants) -> Result<Vec<Told>, Error> {
        let path = self.path(wants);
        let asked = self.clock.now();
        let reply = self.client.good("/v1/live", self.client.get(&path).await?)?;
        let answered = self.clock.now();
        let mut answer = line::Answer::read(&reply.body)?;
        self.strange += answer.strange;
        let middle = asked.wall_ms.midpoint(answered.wall_ms);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a clock that is far off")]
        let skew = answer.hello.now.wall_ms.saturating_sub(middle) as f64 / 1e3;
        let mut told = self.origin(&answer.hello, skew);
        // It was started again, or has let go of what came between: of a run that ended there it is silent.
        if self.seen.is_some() && !answer.hello.resumed {
            told.push(Told::own(What::Anew));
        }
        told.append(&mut answer.told);
        let last = answer.last.max(answer.hello.seq);
        self.seen = Some((answer.hello.instance, last));
        Ok(told)
    }

    /// What to ask for: what came after what was seen.
    fn path(&self, wants: Wants) -> String {
        let mut path = "/v1/live?wait=0".to_owned();
        if let Some((instance, after)) = &self.seen {
            let instance: String = instance.as_str().bytes().map(escaped).collect();
            let _infallible = write!(path, "&after={after}&instance={instance}");
        }
        if wants.depth {
            path.push_str("&depth=1");
        }
        path
    }

    /// What the source is, where that is news.
    fn origin(&mut self, hello: &Hello, skew: f64) -> Vec<Told> {
        let newer = hello.isomon_live > FORMAT;
        let mut version = hello.version.to_string();
        if newer {
            version.push_str(" (newer isomon)");
        }
        let live = match self.strange {
            0 => Offer::Offered,
            strange => Offer::Failed(format!("{strange} lines not understood").into()),
        };
        let origin = Origin {
            kind: Kind::Isomon,
            address: self.address.clone(),
            version: Some(version.into()),
            group: self.group.clone(),
            instance: Some(hello.instance.clone()).filter(|instance| !instance.is_empty()),
            interval_seconds: Seconds(hello.interval_seconds.0.clamp(0.0, 3_600.0)),
            skew_seconds: Some(self.steady(skew)),
            unverified: self.unverified,
            can_bench: hello.can_bench,
            endpoints: vec![
                Endpoint { name: "/v1/live".into(), offer: live },
                Endpoint { name: "/v1/runs".into(), offer: offer(hello.can_bench) },
            ],
        };
        let mut told = Vec::new();
        if newer && self.told.is_none() {
            let text = format!(
                "a newer isomon ({}) speaks format {} here; what this one knows of it is shown",
                hello.version, hello.isomon_live
            );
            told.push(Told::own(What::Notice(Notice { bad: false, text: text.into() })));
        }
        if self.told.as_ref() != Some(&origin) {
            self.told = Some(origin.clone());
            told.insert(0, Told::own(What::Origin(Box::new(origin))));
        }
        told
    }

    /// What was said of the clock before, unless it has really moved.
    fn steady(&self, skew: f64) -> f64 {
        let before = self.told.as_ref().and_then(|origin| origin.skew_seconds);
        before.filter(|before| (before - skew).abs() < SKEW).unwrap_or(skew)
    }

    /// Run `id`, whichever kind of run it is there.
    async fn record(&self, id: &RunId) -> Result<Record, Error> {
        match self.fetch(id).await {
            Err(Error::NotOffered { .. }) => self.events(id).await.map(Record::Workflow),
            run => run.map(|run| Record::Benchmark(Box::new(run))),
        }
    }

    /// What happened in the workflow's run `id`, which is kept there. Lines that are not understood are
    /// left out: a newer isomon may have written them.
    async fn events(&self, id: &RunId) -> Result<Vec<WorkflowEvent>, Error> {
        let path = format!("/v1/results/{id}/files/events.ndjson");
        let reply = match self.client.good(&path, self.client.get(&path).await?) {
            Err(Error::NotOffered { .. }) => {
                let why = format!("it offers no run {}, of neither kind", id.short());
                return Err(Error::Unable { why: why.into() });
            }
            reply => reply?,
        };
        let lines = reply.body.split(|byte| *byte == b'\n');
        let events: Vec<WorkflowEvent> =
            lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        match events.first() {
            Some(WorkflowEvent::Started(head)) if head.id.as_ref() == Some(id) => Ok(events),
            _ => {
                let why = "it does not begin as that run does".into();
                Err(Error::Shape { path: path.as_str().into(), why })
            }
        }
    }

    /// The benchmark `id` as it is kept there. What could not be of such a run is left out or refused: who sends it
    /// may be anyone.
    async fn fetch(&self, id: &RunId) -> Result<Run, Error> {
        let path = format!("/v1/runs/{id}");
        let mut run: Run = self.client.json(&path).await?;
        let shape = |why: &str| Error::Shape { path: path.as_str().into(), why: why.into() };
        if run.head.id != *id {
            return Err(shape("it is another run than was asked for"));
        }
        if run.head.format > run::FORMAT {
            return Err(shape("it was written by a newer isomon"));
        }
        let cells = run.head.cells.len();
        if cells > CELLS {
            return Err(shape("it has more cells than any plan"));
        }
        run.samples.retain(|sample| (sample.cell as usize) < cells);
        run.steps.retain(|step| (step.cell as usize) < cells);
        Ok(run)
    }

    async fn carry_out(&self, command: &Command) -> Result<(), Error> {
        match command {
            Command::BenchAs { id, plan } => {
                let order = Order { id, plan };
                let reply = self.client.send(Method::POST, "/v1/runs", &order).await?;
                self.client.good("/v1/runs", reply).map(drop)
            }
            Command::Cancel(id) => {
                let path = format!("/v1/runs/{id}");
                let reply = self.client.send(Method::DELETE, &path, &()).await?;
                self.client.good(&path, reply).map(drop)
            }
            Command::CheckBackends => {
                let path = "/v1/backends/check";
                let reply = self.client.send(Method::POST, path, &serde_json::json!({})).await?;
                self.client.good(path, reply).map(drop)
            }
            _ => Err(Error::Unable { why: "another isomon is not asked for this".into() }),
        }
    }
}

impl Source for Isomon {
    fn ask(&mut self, wants: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.news(wants))
    }

    fn wish<'a>(&'a mut self, command: &'a Command) -> Asked<'a, ()> {
        Box::pin(self.carry_out(command))
    }

    fn read<'a>(&'a mut self, id: &'a RunId) -> Asked<'a, Record> {
        Box::pin(self.record(id))
    }
}

const fn offer(offered: bool) -> Offer {
    if offered { Offer::Offered } else { Offer::NotOffered }
}

/// A byte of what a server said, as it may stand in a query.
fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
