//! `GET /v1/history`: how nodes and GPUs were doing, out of the history that is kept here.
//!
//! It answers what `isomon history query` answers, from the same file, which is opened for each question:
//! another isomon may be the one that writes it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::{Answer, Ask, Context, Door, Json, Problem};
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::report::past::{self, Question, Wrong};
use crate::store::history::Reader;
use crate::store::sqlite;

/// Questions that are answered at the same time; one may be large.
const AT_ONCE: usize = 2;
/// Time for an answer.
const TIME: Duration = Duration::from_secs(30);
/// Instants unless a step is set.
const USUAL: u32 = 600;
/// Values of an answer, about; what is beyond is left out, which is told. An answer is 20 MiB at most.
const VALUES: usize = 1_000_000;
/// Names in a list.
const NAMES: usize = 100;

/// Where the history is.
#[derive(Debug)]
pub struct History {
    directory: PathBuf,
    reading: Arc<Semaphore>,
}

impl History {
    /// The history in `directory`, whether it is there yet or not.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, reading: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// What is asked of the past. A time is `now`, `-2h`, `-7d`, a date or RFC 3339.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
struct Which {
    /// Nodes by name, with commas between them; every one unless said.
    source: Option<String>,
    /// Numbers, with commas between them: a short name (`cpu`, `memory`, `gpu`) or a column
    /// (`cpu_busy_percent`); every one unless said.
    metric: Option<String>,
    /// From when on: `now`, `-2h`, `-7d`, a date or RFC 3339; `-1h` unless said.
    from: Option<String>,
    /// Until when; `now` unless said.
    to: Option<String>,
    /// Time from one instant to the next, of which each is the mean: `10s`, `5m`, `1h`; about 600
    /// instants unless said, 20000 at most.
    step: Option<String>,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/history", "How nodes, GPUs and models were doing", history).time(Some(TIME))
}

async fn history(context: Arc<Context>, ask: Ask<Which>) -> Answer<Json<past::History>> {
    let none =
        || Problem::unknown("no history is kept here; start `isomon serve` without --no-history");
    let history = context.history.get().ok_or_else(none)?;
    let question = question(&ask.query)?;
    let wish = question.wish(context.clock.now().wall_ms).map_err(|error| wrong(&error))?;
    let metrics: Vec<String> = names(ask.query.metric.as_deref())?.map(str::to_owned).collect();
    let permit = Arc::clone(&history.reading).acquire_owned().await;
    let permit = permit.map_err(|_| Problem::busy("isomon is going down"))?;
    let directory = history.directory.clone();
    let look = move || {
        // Held as long as it is read, whether or not anybody waits for it.
        let _permit = permit;
        let reader = Reader::open(&directory).map_err(|error| problem(&error))?.ok_or_else(none)?;
        let known = reader.columns().map_err(|error| problem(&error))?;
        let columns = past::columns(metrics.iter().map(String::as_str), &known)
            .map_err(|error| wrong(&error))?;
        let mut found = reader.past_within(&wish, VALUES).map_err(|error| problem(&error))?;
        past::choose(&mut found, &columns);
        Ok(Json(past::History::from(&found)))
    };
    let looked = tokio::task::spawn_blocking(look).await;
    looked.map_err(|error| Problem::new(500, format!("a fault of isomon: {error}")))?
}

fn question(which: &Which) -> Answer<Question> {
    let bad = |why: String| Problem::bad(SafeText::new(&why).to_string());
    let time = |text: &Option<String>, usual| text.as_deref().unwrap_or(usual).parse().map_err(bad);
    let source = |name: &str| SourceId(SafeText::new(name));
    Ok(Question {
        from: time(&which.from, "-1h")?,
        to: time(&which.to, "now")?,
        step: which.step.as_deref().map(|step| step.parse().map_err(bad)).transpose()?,
        usual: USUAL,
        sources: names(which.source.as_deref())?.map(source).collect(),
    })
}

/// The names of a list with commas.
fn names(list: Option<&str>) -> Answer<impl Iterator<Item = &str>> {
    let names = || list.unwrap_or_default().split(',').map(str::trim);
    let names = || names().filter(|name| !name.is_empty());
    if names().count() > NAMES {
        return Err(Problem::bad(format!("name at most {NAMES} at once")));
    }
    Ok(names())
}

fn wrong(wrong: &Wrong) -> Problem {
    let remedy = match wrong {
        Wrong::Backwards { .. } => {
            "times that have gone by begin with a minus: from=-2h".to_owned()
        }
        Wrong::Fine { least, .. } => format!("choose a step above {} s", least.as_secs_f64()),
        Wrong::Unknown { near: Some(near), .. } => format!("is {near} meant?"),
        Wrong::Unknown { near: None, .. } => {
            let short: Vec<&str> = crate::track::short_names().collect();
            format!("one of: {}", short.join(", "))
        }
    };
    Problem::bad(format!("{wrong}; {remedy}"))
}

/// Why the file cannot be read. Its path is the machine's, and told to nobody else.
fn problem(error: &sqlite::Error) -> Problem {
    tracing::warn!(%error, "the history cannot be read");
    match error {
        sqlite::Error::Busy { .. } => Problem::busy("the history is in use; ask again"),
        sqlite::Error::Corrupt { .. } | sqlite::Error::Foreign { .. } => {
            Problem::busy("the history is damaged; `isomon history verify` there says where")
        }
        sqlite::Error::Newer { .. } => Problem::busy("a later isomon wrote the history"),
        sqlite::Error::Io { .. } | sqlite::Error::Sql { .. } => {
            Problem::busy("the history cannot be read; the log of the server says why")
        }
    }
}
