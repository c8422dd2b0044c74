//! How the model of a DreamServer is served.
//!
//! Where it passes on vLLM's counters, the rate is made from them here. Where it gives a rate of its
//! own, that is an estimate (mean tokens of a request over a minute) and told as one.

use serde_json::Value;
use tokio::time::Instant;

use crate::model::reading::Why;
use crate::model::serving::{Engine, Serving};
use crate::model::unit::PerSecond;
use crate::source::foreign::Rate;
use crate::source::foreign::value::{self, reading};

/// The totals before.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    generated: Rate,
    prompt: Rate,
}

impl Tokens {
    /// How the model is served, from who says what; `None` if nobody says anything.
    pub(super) fn take(
        &mut self,
        vllm: Option<&Value>,
        status: Option<&Value>,
        camel: Option<&Value>,
        metrics: Option<&Value>,
    ) -> Option<Serving> {
        let model = |answer: Option<&Value>| value::text(answer?.get("model")?, "name");
        let model = model(status).or_else(|| model(camel));
        let estimate = estimate(camel, metrics);
        if vllm.is_none() && model.is_none() && estimate.is_none() {
            return None;
        }
        let mut serving = Serving {
            tokens_per_second: reading(estimate.map(PerSecond)),
            estimated: estimate.is_some(),
            ..Serving::silent(model.unwrap_or_else(|| "model".into()))
        };
        if let Some(vllm) = vllm {
            self.count(vllm, &mut serving);
        }
        Some(serving)
    }

    /// Takes vLLM's own numbers in, which go before any estimate.
    fn count(&mut self, vllm: &Value, serving: &mut Serving) {
        let now = Instant::now();
        let rate = |rate: &mut Rate, key| rate.take(now, value::number(vllm, key)).map(PerSecond);
        serving.engine = Some(Engine::Vllm);
        serving.tokens_total = reading(value::number(vllm, "tokens_generated_total"));
        serving.prompt_tokens_total = reading(value::number(vllm, "prompt_tokens_total"));
        serving.running = reading(value::number(vllm, "requests_running"));
        serving.waiting = reading(value::number(vllm, "requests_waiting"));
        serving.prompt_tokens_per_second = rate(&mut self.prompt, "prompt_tokens_total");
        let measured = rate(&mut self.generated, "tokens_generated_total");
        if measured.why() != Some(&Why::NotSupported) {
            (serving.tokens_per_second, serving.estimated) = (measured, false);
        }
    }
}

/// The rate a server gives by itself.
fn estimate(camel: Option<&Value>, metrics: Option<&Value>) -> Option<f64> {
    let of = |answer: Option<&Value>, part, key| value::above_zero(answer?.get(part)?, key);
    of(metrics, "agent", "tokens_per_second").or_else(|| of(camel, "model", "tokensPerSecond"))
}
