//! `isomon bench --model URL`: a load on a model's server.
//!
//! It is a workflow that isomon writes itself, with a case for each rate, so that it is kept, listed,
//! compared, drawn and gone on with as any other. Its one stage is isomon again, which does the measuring:
//! what is called within a workflow, or with `--tables`, measures, and anything else makes the workflow.

use std::path::PathBuf;

use super::super::Outcome;
use super::super::advice::Advise;
use super::super::setting::Setting;
use super::super::sources::of_settings;
use super::args::BenchArgs;
use crate::bench::serving::plan::{AT_ONCE, SECONDS};
use crate::bench::serving::{Api, Arrivals, Plan};
use crate::config::Source;
use crate::config::address::Address;
use crate::config::source::Url;
use crate::source::Spec;
use color_eyre::eyre::{Result, WrapErr, eyre};

mod flow;
mod inner;
mod outlook;
mod told;

const HEADING: &str = "The server of a model, in place of sandboxes";
/// Where a workflow says that it runs something.
const WITHIN: &str = "ISOMON_RUN_DIR";
/// Tokens of a prompt and of an answer unless somebody says.
const TOKENS: (u32, u32) = (128, 64);
/// Requests before the counting begins unless somebody says.
const WARMUP: u32 = 3;
/// Time that a request has unless somebody says.
const TIMEOUT: std::time::Duration = std::time::Duration::from_mins(2);

/// Which server, and what is asked of it.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ModelArgs {
    /// The server of a model that speaks OpenAI's API (vLLM, SGLang, llama.cpp, TGI, Ollama, …): measure how
    /// it answers at --rate for --duration, with at most -C requests at once
    #[arg(long, help_heading = HEADING, value_name = "URL", value_parser = server, conflicts_with_all = [
        "backends", "file", "resume", "preset", "measure", "payload", "cmd", "code", "bundle", "start",
        "min_runs", "max_runs", "runs", "budget", "target", "memory", "cpus", "kernel", "tune",
        "export_csv", "export_markdown", "export_hyperfine", "export_bmf", "export_prometheus",
        "save_baseline", "baseline", "source", "hosts", "hostfile"])]
    model: Option<Address>,
    /// The model's name there; the first it has unless set
    #[arg(long, help_heading = HEADING, value_name = "NAME", requires = "model", value_parser = plain)]
    model_name: Option<String>,
    /// How it is asked; completions where it has them, else chat
    #[arg(long, help_heading = HEADING, value_enum, value_name = "API", requires = "model")]
    api: Option<Api>,
    /// Have answers come as a whole, not token by token
    #[arg(long, help_heading = HEADING, requires = "model")]
    no_stream: bool,
    /// How arrivals are spread [default: poisson]
    #[arg(long, help_heading = HEADING, value_enum, value_name = "HOW", requires = "model")]
    arrivals: Option<Arrivals>,
    /// Requests at most for each rate; without --duration as long as they take
    #[arg(long, help_heading = HEADING, value_name = "NUMBER", requires = "model",
        value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    requests: Option<u64>,
    /// Tokens of a prompt, about [default: 128]
    #[arg(long, help_heading = HEADING, value_name = "NUMBER", requires = "model",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    prompt_tokens: Option<u32>,
    /// Tokens of an answer [default: 64]
    #[arg(long, help_heading = HEADING, value_name = "NUMBER", requires = "model",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    output_tokens: Option<u32>,
    /// The environment variable that holds the token it asks for
    #[arg(long, help_heading = HEADING, value_name = "NAME", requires = "model", value_parser = plain,
        conflicts_with = "token_file")]
    token_env: Option<String>,
    /// A file with that token, which nobody but its owner may read
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "model")]
    token_file: Option<PathBuf>,
    /// Certificates (PEM) that vouch for it, in place of the system's
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "model")]
    ca: Option<PathBuf>,
    /// Take any certificate from it: whoever stands between can read and change everything
    #[arg(long, help_heading = HEADING, requires = "model")]
    insecure: bool,
    /// Measure here and now, keep no run, and write the tables there; {} is the name of one: load-{}.csv
    #[arg(long, help_heading = HEADING, value_name = "PATTERN", requires = "model")]
    tables: Option<String>,
}

impl ModelArgs {
    /// Whether there is a server.
    pub(super) const fn is_named(&self) -> bool {
        self.model.is_some()
    }

    /// The server, with what lets us in.
    fn server(&self) -> Result<Spec> {
        let address = self.model.clone().ok_or_else(|| eyre!("no server is named"))?;
        of_settings(&Source {
            url: Some(Url(address)),
            token_env: self.token_env.clone(),
            token_file: self.token_file.clone(),
            ca: self.ca.clone(),
            insecure: self.insecure,
            ..Source::default()
        })
    }
}

/// Reads the address of a server; `/v1` at its end is what is asked for there anyway.
fn server(word: &str) -> Result<Address, String> {
    let bare = word.trim_end_matches('/');
    let bare = bare.strip_suffix("/v1").unwrap_or(bare);
    if bare.contains("{{") {
        return Err("an address has no {{".to_owned());
    }
    // With a kind before it, the port that is left out is the web's own and not isomon's.
    let web = Address::parse(&format!("prom+{bare}"));
    match web.map_err(|_| "write http://HOST:PORT or https://HOST".to_owned())? {
        Address::Http { tls, host, port, base, .. } => {
            Ok(Address::Http { kind: None, tls, host, port, base })
        }
        _ => Err("write http://HOST:PORT or https://HOST".to_owned()),
    }
}

/// A text that means itself in a workflow too.
fn plain(word: &str) -> Result<String, String> {
    let bad = word.is_empty() || word.contains("{{") || word.chars().any(char::is_control);
    if bad { Err("a name, without {{ and on one line".to_owned()) } else { Ok(word.to_owned()) }
}

/// The plan for one of the rates.
fn plan(wish: &BenchArgs, rate: f64, seed: u64) -> Result<Plan> {
    let model = &wish.model;
    let at_once = match wish.concurrency {
        None => AT_ONCE,
        Some(crowd) if crowd.least == crowd.most => crowd.most,
        Some(_) => {
            return Err(eyre!("-C is one number for a model: the most requests at once")
                .advise("several rates stand beside each other: --rate 1,2,4"));
        }
    };
    Ok(Plan {
        server: model.server()?,
        model: model.model_name.clone(),
        api: model.api,
        stream: !model.no_stream,
        rate,
        arrivals: model.arrivals.unwrap_or_default(),
        seconds: wish.duration.or_else(|| model.requests.is_none().then_some(SECONDS)),
        requests: model.requests,
        prompt_tokens: model.prompt_tokens.unwrap_or(TOKENS.0),
        output_tokens: model.output_tokens.unwrap_or(TOKENS.1),
        at_once,
        warmup: wish.warmup.unwrap_or(WARMUP),
        timeout: wish.timeout.map_or(TIMEOUT, |span| span.0),
        seed: wish.seed.unwrap_or(seed),
    })
}

/// The rates that are asked for; one a second unless somebody says.
fn rates(wish: &BenchArgs) -> Vec<f64> {
    if wish.rate.is_empty() { vec![1.0] } else { wish.rate.clone() }
}

pub(super) fn run(wish: &BenchArgs, setting: &Setting, random: u64) -> Outcome {
    let within = std::env::var_os(WITHIN).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let rates = rates(wish);
    match (&wish.model.tables, within) {
        (None, None) => flow::run(wish, setting, &rates, random),
        (tables, within) => {
            let [rate] = rates[..] else {
                return Err(eyre!("several rates are measured one after another")
                    .advise("name one rate, or leave --tables out"));
            };
            let plan = plan(wish, rate, random).wrap_err("cannot ask the server")?;
            inner::run(wish, plan, tables.as_deref(), within.as_deref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_the_server_however_it_is_written() {
        let read = |word| server(word).map(|address| address.to_string());
        assert_eq!(read("http://gpu-1:8000/v1/"), Ok("http://gpu-1:8000".to_owned()));
        assert_eq!(read("http://gpu-1:8000"), Ok("http://gpu-1:8000".to_owned()));
        assert_eq!(read("https://models.example"), Ok("https://models.example:443".to_owned()));
        assert_eq!(
            read("https://models.example/a/v1"),
            Ok("https://models.example:443/a".to_owned())
        );
        for bad in [
            "",
            "gpu-1:8000",
            "ssh://gpu-1",
            "http://a:b@gpu-1",
            "http://gpu-1/?a=b",
            "http://{{x}}",
        ] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }
}
