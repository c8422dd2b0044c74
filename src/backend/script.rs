//! What the two JavaScript hosts share: the inside of an isolate, and the call that a task is.
//! Knows neither host.

use super::Error;
use super::isolate::Code;
use super::kind::{Errand, Recipe};
use super::site::Site;
use super::trial::Work;
use super::wire::{Call, Order, Run};
use crate::model::job::{Runtime, What};
use crate::model::text::SafeText;

/// What runs in every isolate: a function of what its host lends.
pub(super) const INSIDE: &str = include_str!("../../assets/isolate-inside.js");
/// Time a host has beyond the deadline of an isolate.
const PATIENCE_MS: u64 = 2_000;

/// The call to the host behind `argv` that `errand` is.
pub(super) fn call(
    site: &Site,
    errand: &Errand<'_>,
    argv: Vec<String>,
    env: Vec<(String, String)>,
) -> Result<Recipe, Error> {
    let task = errand.task;
    let launch = site.launch(errand, argv);
    let run = Run {
        start: task.start,
        nonce: task.nonce,
        heap_bytes: task.limits.memory_bytes.0,
        deadline_ms: launch.timeout_ms,
        code: code(&task.work)?,
        input: match &task.work {
            Work::Job(job) => job.input.clone(),
            Work::Payload(_) | Work::Look => None,
        },
    };
    let order = Order::Call(Call {
        argv: launch.argv,
        env: launch.env.into_iter().chain(env).collect(),
        runs: vec![run],
        timeout_ms: launch.timeout_ms.saturating_add(PATIENCE_MS),
        keep_bytes: launch.keep_bytes,
        stream: matches!(task.work, Work::Job(_)),
    });
    Ok(Recipe { notes: Vec::new(), first: None, order })
}

/// What an isolate is told for `work`; refused where that is no JavaScript.
fn code(work: &Work) -> Result<Code, Error> {
    let job = match work {
        Work::Payload(payload) => return Ok(Code::Payload(*payload)),
        Work::Look => return Ok(Code::Look),
        Work::Job(job) => job,
    };
    let refused = |why: &str| Error::Refused { why: SafeText::new(why) };
    match &job.what {
        What::Code { runtime: Runtime::Js, code } => String::from_utf8(code.clone())
            .map(Code::Js)
            .map_err(|_| refused("the JavaScript is not UTF-8")),
        What::Code { .. } | What::Command(_) => {
            Err(refused("an isolate runs JavaScript and nothing else"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::job::Job;

    fn job(what: What) -> Work {
        Work::Job(Arc::new(Job { what, ..Job::default() }))
    }

    #[test]
    fn only_javascript_comes_in() {
        let js = |code: &[u8]| job(What::Code { runtime: Runtime::Js, code: code.to_vec() });
        assert_eq!(code(&js(b"1 + 1")).unwrap(), Code::Js("1 + 1".to_owned()));
        assert!(code(&js(b"\xff")).is_err());
        assert!(code(&job(What::Command(vec!["true".to_owned()]))).is_err());
        let python = What::Code { runtime: Runtime::Python, code: b"1".to_vec() };
        assert!(code(&job(python)).is_err());
    }
}
