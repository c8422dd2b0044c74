//! Finding out who answers at a plain address, in a bounded number of questions.
//!
//! Each question is one that a server of a known kind answers in a form of its own; the form decides,
//! not that something answers. A server nobody knows is described by what it does, so that its user
//! can say what it is. It is also how a server that is not what its address says gets its name.

use super::client::Client;
use super::foreign::Survey;
use super::{Asked, Error, Source, Spec, Told, Wants, open};
use crate::config::address::Address;
use crate::model::command::Command;
use crate::model::id::RunId;
use crate::model::origin::Kind;
use crate::model::run::Record;
use crate::model::text::SafeText;

mod form;

use form::Form;

/// Who is known by an answer.
type Decide = fn(&Form) -> Option<Kind>;

/// What is asked, in this order, and who is known by the answer.
const QUESTIONS: [(&str, Decide); 12] = [
    ("/v1/live?wait=0", form::isomon),
    ("/v1/backends", form::vulcan),
    ("/health", form::health),
    ("/solstice/health", form::solstice),
    ("/api/v1/system/health", form::mistudio),
    ("/api/v1/status/buildinfo", form::prometheus),
    ("/api/health", form::dream),
    ("/status", form::status),
    ("/api/status", form::status),
    ("/metrics", form::metrics),
    ("/api/ps", form::ollama),
    ("/v1/models", form::models),
];

/// A source whose kind is found by asking; then it is one of that kind.
pub struct Detect {
    spec: Spec,
    client: Client,
    found: Option<Box<dyn Source>>,
}

/// What is known of a server after it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is of this kind.
    Known(Kind),
    /// Nobody known; what it does, in words.
    Unknown(SafeText),
}

impl Detect {
    /// The server of `spec`. Nothing is asked yet.
    pub fn new(spec: Spec) -> Result<Self, Error> {
        let client = Client::new(&spec)?;
        Ok(Self { spec, client, found: None })
    }

    async fn round(&mut self, wants: Wants) -> Result<Vec<Told>, Error> {
        if self.found.is_none() {
            let kind = match find(&self.client).await? {
                Finding::Known(kind) => kind,
                Finding::Unknown(found) => {
                    let remedy = "write who it is: vulcan+, solstice+, mistudio+, dream+, cluster+, \
                                  tokenspy+, prom+, dcgm+, vllm+ or openai+ before http, or openclaw+ws://";
                    let found = format!("{found}; {remedy}").into();
                    return Err(Error::Another { wanted: "server isomon knows", found });
                }
            };
            self.found = Some(open(of_kind(self.spec.clone(), kind))?);
        }
        match &mut self.found {
            Some(source) => source.ask(wants).await,
            None => Ok(Vec::new()),
        }
    }
}

impl std::fmt::Debug for Detect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = self.found.is_some();
        f.debug_struct("Detect")
            .field("spec", &self.spec)
            .field("found", &found)
            .finish_non_exhaustive()
    }
}

impl Source for Detect {
    fn ask(&mut self, wants: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round(wants))
    }

    fn wish<'a>(&'a mut self, command: &'a Command) -> Asked<'a, ()> {
        match &mut self.found {
            Some(source) => source.wish(command),
            None => Box::pin(async {
                let why = "it has not answered yet, so that nobody knows what it can do";
                Err(Error::Unable { why: why.into() })
            }),
        }
    }

    fn read<'a>(&'a mut self, id: &'a RunId) -> Asked<'a, Record> {
        match &mut self.found {
            Some(source) => source.read(id),
            None => Box::pin(async {
                let why = "it has not answered yet, so that nobody knows what it keeps";
                Err(Error::Unable { why: why.into() })
            }),
        }
    }
}

fn of_kind(mut spec: Spec, found: Kind) -> Spec {
    if let Address::Http { kind, .. } = &mut spec.address {
        *kind = Some(found);
    }
    spec
}

/// Asks the server behind `client` who it is. An error if it does not answer at all.
pub async fn find(client: &Client) -> Result<Finding, Error> {
    let mut answers: Vec<(&str, Form)> = Vec::new();
    let (mut vast, mut denied) = (None, None);
    for (path, decide) in QUESTIONS {
        match client.get(path).await {
            Ok(reply) => {
                let form = Form::of(&reply);
                if let Some(kind) = decide(&form) {
                    return Ok(Finding::Known(kind));
                }
                answers.push((path, form.plain()));
                denied = denied.or_else(|| client.good(path, reply).err().filter(is_denied));
            }
            Err(error @ Error::Limit { .. }) => vast = Some(error),
            Err(error) => return Err(error),
        }
    }
    match denied.or_else(|| vast.filter(|_| answers.is_empty())) {
        Some(error) => Err(error),
        None => Ok(Finding::Unknown(form::words(&answers))),
    }
}

const fn is_denied(error: &Error) -> bool {
    matches!(error, Error::Denied { .. })
}

/// Says who answers at the server of `survey` if it answers none of `own`, which its kind would.
pub(super) async fn check(
    survey: &Survey,
    wanted: &'static str,
    own: &[&str],
) -> Result<(), Error> {
    if !survey.offers_none_of(own) {
        return Ok(());
    }
    Err(another(survey.client(), wanted).await)
}

/// That the server behind `client` is no `wanted`, and who it is.
pub(super) async fn another(client: &Client, wanted: &'static str) -> Error {
    let found = match find(client).await {
        Ok(Finding::Known(kind)) => format!("{} answers there", form::of_kind(kind)).into(),
        Ok(Finding::Unknown(found)) => found,
        Err(error) => return error,
    };
    Error::Another { wanted, found }
}

#[cfg(test)]
mod tests;
