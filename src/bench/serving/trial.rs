//! What a server takes is found out before anything is counted: its model, the way it is asked, and how
//! it counts tokens.

use std::sync::Arc;

use serde::Deserialize;

use super::body::Form;
use super::exchange::{Asker, Miss, Seen};
use super::plan::{Api, Plan};
use super::prompt::{Prompts, TRIED, words};
use super::{Error, Load};
use crate::model::request::Fate;
use crate::model::text::SafeText;
use crate::source::client::Client;
use crate::source::{self, Clients, Spec};

/// What servers take of what not all of them do, the most first: usage in a stream, and going on to the
/// last token.
const FORMS: [(bool, bool); 3] = [(true, true), (true, false), (false, false)];
/// Letters of a model's name.
const NAME: usize = 256;

/// How a server is asked.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) asker: Asker,
    pub(super) prompts: Prompts,
    pub(super) notes: Vec<SafeText>,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// Finds out how to ask the server of `load`, by asking it.
pub(super) async fn find(load: &Load) -> Result<Found, Error> {
    let plan = &load.plan;
    let at_once = usize::try_from(plan.at_once).unwrap_or(usize::MAX);
    let spec = Spec { clients: Clients::of_load(at_once), ..plan.server.clone() };
    let client = Client::new(&spec)?;
    let mut notes = Vec::new();
    load.say("asking which model is there");
    let model = model(&client, plan, &mut notes).await?;
    load.say("finding out how it is asked, and how it counts tokens");
    let asker = asker(client, plan, model).await?;
    if !asker.form.ignore_eos {
        notes.push(
            "the server does not take ignore_eos: answers may end before their length".into(),
        );
    }
    let counted = [counted(&asker, plan, TRIED[0]).await?, counted(&asker, plan, TRIED[1]).await?];
    let count = match counted {
        [Some(few), Some(many)] => words(plan.prompt_tokens, [few, many]),
        _ => None,
    };
    let words = if let Some((words, each)) = count {
        notes.push(
            format!("prompts of {words} words; the server counts {each:.2} tokens a word").into(),
        );
        words
    } else {
        let words = plan.prompt_tokens;
        notes.push(
            format!("the server does not count the tokens of prompts: {words} words are sent")
                .into(),
        );
        words
    };
    Ok(Found { asker, prompts: Prompts::new(plan.seed, words), notes })
}

/// The model that is asked for; `None` where the server has no list and none was named.
async fn model(
    client: &Client,
    plan: &Plan,
    notes: &mut Vec<SafeText>,
) -> Result<Option<String>, Error> {
    if plan.model.is_some() {
        return Ok(plan.model.clone());
    }
    let models: Models = match client.json("/v1/models").await {
        Ok(models) => models,
        Err(source::Error::NotOffered { .. } | source::Error::Shape { .. }) => {
            notes.push("the server does not say which models it has".into());
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(first) = models.data.first().filter(|model| model.id.len() <= NAME) else {
        let remedy = "have it load one, or name one with --model-name";
        return Err(Error::Trial { what: "the server has no model".into(), remedy: remedy.into() });
    };
    if models.data.len() > 1 {
        let count = models.data.len();
        let note = format!("the server has {count} models; the first is asked (--model-name)");
        notes.push(SafeText::new(&note));
    }
    Ok(Some(first.id.clone()))
}

/// Who asks in the first form that the server takes.
async fn asker(client: Client, plan: &Plan, model: Option<String>) -> Result<Asker, Error> {
    let mut last = None;
    let both = [Api::Completions, Api::Chat];
    for api in both.into_iter().filter(|api| plan.api.is_none_or(|wanted| wanted == *api)) {
        for (usage, ignore_eos) in FORMS {
            let form = Form { api, model: model.clone(), stream: plan.stream, usage, ignore_eos };
            let client = client.clone();
            let (timeout, counts) = (plan.timeout, Arc::default());
            let asker = Asker { client, form, tokens: 1, timeout, counts };
            let mut seen = Seen::default();
            match asker.ask(&Prompts::new(plan.seed, TRIED[0]).prompt(u64::MAX), &mut seen).await {
                Ok(()) => return Ok(Asker { tokens: plan.output_tokens, ..asker }),
                Err(Miss { fate: Fate::Empty, .. }) => {
                    return Ok(Asker { tokens: plan.output_tokens, ..asker });
                }
                Err(miss) => {
                    let status = seen.status.filter(|_| miss.fate == Fate::Status);
                    let (absent, dislikes) = (
                        matches!(status, Some(404 | 405 | 501)),
                        matches!(status, Some(400 | 422)),
                    );
                    last = Some((api, miss));
                    if absent {
                        break;
                    }
                    if !dislikes {
                        return Err(refused(last));
                    }
                }
            }
        }
    }
    Err(refused(last))
}

/// Why the server is not asked at all.
fn refused(last: Option<(Api, Miss)>) -> Error {
    let Some((api, miss)) = last else {
        return Error::Fault("no way to ask was tried".into());
    };
    let remedy = match miss.fate {
        Fate::Status
            if ["401", "403"].iter().any(|code| miss.message.as_str().starts_with(code)) =>
        {
            "give it a token: --token-env NAME or --token-file FILE"
        }
        Fate::Timeout => "wait until it has loaded its model, or give it more with --timeout",
        Fate::Refused => "start the server, or write the address it listens on",
        Fate::Redirect => "write the address it points to",
        _ => {
            "name the server of a model that speaks OpenAI's API: --model http://HOST:PORT; --api and \
              --model-name say how it is asked"
        }
    };
    let what = format!("{}: {}", api.path(), miss.message);
    Error::Trial { what: SafeText::within(&what, 600), remedy: remedy.into() }
}

/// What the server counts of a prompt of `words` words; `None` where it counts nothing.
async fn counted(asker: &Asker, plan: &Plan, words: u32) -> Result<Option<u64>, Error> {
    let asker = Asker { tokens: 1, counts: Arc::default(), ..asker.clone() };
    let mut seen = Seen::default();
    let prompt = Prompts::new(plan.seed, words).prompt(u64::MAX - u64::from(words));
    match asker.ask(&prompt, &mut seen).await {
        Ok(()) | Err(Miss { fate: Fate::Empty, .. }) => {}
        Err(miss) => return Err(refused(Some((asker.form.api, miss)))),
    }
    Ok(seen.usage.and_then(|usage| usage.prompt_tokens))
}
