//! A run of this machine that goes on where it was cut off.
//!
//! It is refused where it would not be the same run any more: it is finished, another process writes it, or
//! the machine is not what it was. The last can be overruled; then the run says so.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Local, notice, sentence};
use crate::backend::Camp;
use crate::bench::fingerprint::fingerprint;
use crate::bench::{Bench, Cut, Prior};
use crate::model::id::RunId;
use crate::model::run::{Fingerprint, RunHead};
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};
use crate::model::update::Update;
use crate::store::{Error, Reopened, RunDir};

impl Local {
    /// Goes on with run `id`; on a machine that is not as it was only when `anyway`.
    pub async fn go_on(
        &self,
        id: RunId,
        anyway: bool,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        let mut known = self.alone(&out, &cancel).await?;
        let prepared = SystemClock.now();
        let Reopened { dir, run, saved, empty, torn } = self.reopen(&id)?;
        let plan = run.head.plan.clone();
        self.prepare(&plan, &mut known, &out, &cancel).await?;
        let now = fingerprint(&self.roots, &plan, &known);
        let unlike = unlike(&run.head.fingerprint, &now);
        if !unlike.is_empty() && !anyway {
            return Err(refusal(&id, &unlike));
        }
        let mut words = words(&run.head, run.samples.len(), saved.as_ref(), torn);
        for of in &unlike {
            words = format!("{words}; {of}");
            notice(&out, true, of).await;
        }
        let mut camp = Camp::open(&id, &self.settings(plan.limits)?).await.map_err(sentence)?;
        let head = run.head.clone();
        let cut = Some(Box::new(Cut { run, saved, empty, words }));
        let prior = Prior { prepared: Some(prepared), cut };
        let (roots, clock) = (self.roots.clone(), Arc::new(SystemClock));
        let bench = Bench { head, roots, clock, keep: Some(dir), out, cancel, prior };
        bench.run(&mut camp).await;
        super::closed(camp).await
    }

    fn reopen(&self, id: &RunId) -> Result<Reopened, SafeText> {
        RunDir::reopen(&self.runs.join(id.as_str())).map_err(|error| {
            let words = match &error {
                Error::Finished { samples, .. } => {
                    format!("run {id} is finished, with {samples} samples; nothing is left to do")
                }
                Error::GoesOn { .. } => {
                    format!("run {id} goes on in another process; wait for it, or end that")
                }
                Error::NotARun { .. } => format!("there is no run {id} on this machine"),
                _ => return sentence(error),
            };
            SafeText::new(&words)
        })
    }
}

/// What is said of a run that goes on.
fn words(head: &RunHead, samples: usize, saved: Option<&crate::store::Saved>, torn: u64) -> String {
    let reached = saved.and_then(|saved| saved.checkpoints.last());
    let from = reached.map_or_else(
        || "from the samples on the disk, there is no checkpoint".to_owned(),
        |last| format!("from checkpoint {}, {}", last.id, last.reached),
    );
    let after = saved
        .map_or(0, |saved| samples.saturating_sub(usize::try_from(saved.samples).unwrap_or(0)));
    let after = if after > 0 { format!(", {after} of them after it") } else { String::new() };
    let torn =
        if torn > 0 { format!("; {torn} bytes of torn lines were dropped") } else { String::new() };
    format!("run {} goes on {from}: {samples} samples are kept{after}{torn}", head.id)
}

/// That the machine is not what it was.
fn refusal(id: &RunId, unlike: &[String]) -> SafeText {
    let what = unlike.join("; ");
    SafeText::new(&format!(
        "run {id} would mix two machines: {what}; `isomon bench --resume {id} --resume-anyway` goes on all the same"
    ))
}

/// What is not as it was, in words.
fn unlike(before: &Fingerprint, now: &Fingerprint) -> Vec<String> {
    let [before, now] = [before, now].map(|of| serde_json::to_value(of).unwrap_or_default());
    let (Value::Object(before), Value::Object(now)) = (before, now) else { return Vec::new() };
    let said = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let keys = before.keys().chain(now.keys().filter(|key| !before.contains_key(*key)));
    keys.filter(|key| before.get(*key) != now.get(*key))
        .map(|key| {
            let name = key.replace('_', " ");
            format!("{name} was {} and is {}", said(before.get(key)), said(now.get(key)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_as_it_was_is_named() {
        let before = Fingerprint { cpus: 2, kernel: Some("6.1".into()), ..Fingerprint::default() };
        let now = Fingerprint { kernel: Some("6.2".into()), ..before.clone() };
        assert_eq!(unlike(&before, &before), Vec::<String>::new());
        assert_eq!(unlike(&before, &now), ["kernel was 6.1 and is 6.2"]);
    }
}
