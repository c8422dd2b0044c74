//! The one protocol of all hosts of isolates and instances: JSON, a line each way, many at once.
//!
//! A host is a process that holds any number of isolates (V8, in isomon itself or in `deno`) or
//! instances (wasm). It says [`Tell::Hello`] first. Whatever comes out of an isolate reaches the
//! launcher only inside these words; times are taken by the launcher when a line arrives. Numbers
//! that JavaScript could not hold are text: a nonce is 16 hexadecimal digits, a result a decimal
//! number. `assets/isolate-host.js` speaks the same words.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Error;
use super::trial::Work;
use crate::model::backend::Start;
use crate::model::bench::Payload;
use crate::model::job::{Runtime, Stream, What};

/// What runs in every JavaScript isolate, whatever its host: a function of what that lends.
pub(super) const INSIDE: &str = include_str!("../../assets/isolate-inside.js");

/// What a host is asked. `id` is the isolate's, given by the asker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Ask {
    /// Make an isolate; answered by `Created`.
    Create {
        /// Its id from now on.
        id: u64,
        /// How: `cold`, `snapshot`, `cached`, `pooled`.
        start: Start,
        /// Memory it may have.
        heap_bytes: u64,
    },
    /// Run code in it; answered by `Ready` when the code's first instruction says so, and by `Done`
    /// or `Failed`.
    Run {
        /// Which isolate.
        id: u64,
        /// 16 hexadecimal digits.
        nonce: String,
        /// What to run.
        code: Code,
        /// Its input.
        input: Option<Value>,
        /// Time after which it is stopped.
        deadline_ms: u64,
        /// Output passed on; the rest is counted in `Done` and `Failed`.
        output_bytes: u64,
    },
    /// Tell how much memory it has; answered by `Memory`.
    Memory {
        /// Which isolate.
        id: u64,
    },
    /// Take it away; answered by `Disposed`.
    Dispose {
        /// Which isolate.
        id: u64,
    },
}

/// What is run in an isolate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    /// A kernel of ours, which the host holds in the isolate's language.
    Payload(Payload),
    /// A look around; the result is an [`crate::model::backend::Inside`] as JSON.
    Look,
    /// JavaScript of the user's: `input` is a global, `console.log` is output, the result is what
    /// `main(input)` gives if there is one, else the value of the last expression, as JSON.
    Js(String),
    /// A WebAssembly module of the user's, binary or text: `_start` with WASI, or `run`. On the wire
    /// in hexadecimal digits.
    Wasm(#[serde(with = "hex")] Vec<u8>),
}

/// What a host answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Tell {
    /// It is up.
    Hello {
        /// The engine and its version: `V8 15.0.245.2`, `wasmtime 48.0.8`.
        engine: String,
        /// What holds it: `deno_core 0.413.0`, `deno 2.9.8 worker`.
        host: String,
    },
    /// The isolate is there.
    Created {
        /// Which.
        id: u64,
    },
    /// The first instruction inside ran.
    Ready {
        /// Which.
        id: u64,
        /// As it was given.
        nonce: String,
    },
    /// Output; not more than was allowed.
    Output {
        /// Of which isolate.
        id: u64,
        /// On which stream.
        stream: Stream,
        /// What was said.
        text: String,
    },
    /// The code ended well.
    Done {
        /// Which.
        id: u64,
        /// The result.
        value: String,
        /// Output that was dropped.
        dropped_bytes: u64,
    },
    /// The code did not end well; the isolate can only be disposed of.
    Failed {
        /// Which.
        id: u64,
        /// In which way.
        kind: Fault,
        /// The first line that tells a person what happened.
        message: String,
        /// Exit status, where the code gave one.
        status: Option<i32>,
        /// Output that was dropped.
        dropped_bytes: u64,
    },
    /// Memory of an isolate.
    Memory {
        /// Which.
        id: u64,
        /// Bytes it holds.
        used_bytes: u64,
    },
    /// It is gone.
    Disposed {
        /// Which.
        id: u64,
    },
}

/// How code in an isolate fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    /// The isolate could not be made.
    Create,
    /// It took longer than it may.
    Deadline,
    /// It had more memory than it may.
    Memory,
    /// It threw, trapped, or gave a status other than 0.
    Error,
}

/// What a host that runs `speaks` is given to do `work`, and its input.
pub(super) fn code(work: &Work, speaks: Runtime) -> Result<(Code, Option<Value>), Error> {
    let job = match work {
        Work::Payload(payload) => return Ok((Code::Payload(*payload), None)),
        Work::Look => return Ok((Code::Look, None)),
        // It is there when this is done, and stays.
        Work::Hold => return Ok((Code::Payload(Payload::Noop), None)),
        Work::Job(job) => job,
    };
    let refuse = |why: &str| Err(Error::refused(why));
    let code = match &job.what {
        What::Command(_) => return refuse("an isolate runs code, not commands"),
        What::Code { runtime, .. } if *runtime != speaks => {
            return refuse(&format!("it runs {speaks}, not {runtime}"));
        }
        What::Code { runtime: Runtime::Wasm, code } => Code::Wasm(code.clone()),
        What::Code { code, .. } => match String::from_utf8(code.clone()) {
            Ok(text) => Code::Js(text),
            Err(_) => return refuse("the code is not UTF-8"),
        },
    };
    Ok((code, job.input.clone()))
}

/// Bytes as hexadecimal digits: a list of numbers would be thirty times as large in memory.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    const DIGITS: &[u8; 16] = b"0123456789abcdef";

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
        let text: String = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect();
        to.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(value(*high)? << 4 | value(*low)?),
            _ => None,
        });
        pairs.collect::<Option<_>>().ok_or_else(|| D::Error::custom("no hexadecimal digits"))
    }

    const fn value(digit: u8) -> Option<u8> {
        match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_goes_over_the_wire_whole() {
        let code = Code::Wasm((0..=255).collect());
        let text = serde_json::to_string(&code).unwrap();
        assert!(text.contains("00010203") && text.len() < 600, "{text}");
        assert_eq!(serde_json::from_str::<Code>(&text).unwrap(), code);
        assert!(serde_json::from_str::<Code>(r#"{"wasm":"0g"}"#).is_err());
        assert!(serde_json::from_str::<Code>(r#"{"wasm":"000"}"#).is_err());
    }
}
